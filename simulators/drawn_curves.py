"""Curves that are put in place of the measured one: what a forger draws, by kind.

Each takes the true record and gives the drug's new values before they are rounded to the
logger's grid. The other probes are left as they were: they are seldom thought of.
"""

from collections.abc import Callable, Mapping

import numpy as np

from coldwitness.domain.tracks import FloatArray
from coldwitness.simulators.recorder import Record

LOW_C, HIGH_C = 2.0, 8.0
_SENSOR_NOISE_C = 0.05
_MARGIN = 5
"""Readings beside the break that are drawn over with it."""


def _line(record: Record, rng: np.random.Generator) -> FloatArray:
    """The break drawn over by a straight line."""
    return _over_the_break(record, 0.0, rng)


def _noisy_line(record: Record, rng: np.random.Generator) -> FloatArray:
    """The same, with noise like the sensor's."""
    return _over_the_break(record, _SENSOR_NOISE_C, rng)


def _over_the_break(record: Record, noise_c: float, rng: np.random.Generator) -> FloatArray:
    drug = record.probes["drug"].copy()
    beyond = np.flatnonzero((drug > HIGH_C) | (drug < LOW_C))
    if beyond.size == 0:
        return drug
    first, last = max(beyond[0] - _MARGIN, 0), min(beyond[-1] + _MARGIN, drug.size - 1)
    ends = np.clip(drug[[first, last]], LOW_C + 0.5, HIGH_C - 0.5)
    count = last - first + 1
    drug[first : last + 1] = np.linspace(ends[0], ends[1], count) + rng.normal(0.0, noise_c, count)
    return drug


def _clipped(record: Record, rng: np.random.Generator) -> FloatArray:
    """What is beyond the limits is held just inside, with a little noise."""
    drug = record.probes["drug"]
    held = np.clip(drug, LOW_C + 0.3, HIGH_C - 0.3)
    return np.where(held == drug, drug, held + rng.normal(0.0, _SENSOR_NOISE_C, drug.size))


def _scaled(record: Record, rng: np.random.Generator) -> FloatArray:
    """What comes near the upper limit is pressed together until it stays below."""
    drug, from_c = record.probes["drug"], HIGH_C - 1.0
    share = 0.7 / max(float(drug.max()) - from_c, 0.7) * rng.uniform(0.6, 1.0)
    return np.where(drug > from_c, from_c + share * (drug - from_c), drug)


def _squeezed(record: Record, rng: np.random.Generator) -> FloatArray:
    """The whole curve pressed into the range: as a box with a lesser exchange would give it."""
    drug = record.probes["drug"]
    shape = (drug - drug.min()) / max(float(np.ptp(drug)), 1e-6)
    return np.asarray(rng.uniform(2.5, 3.5) + shape * rng.uniform(3.0, 4.0))


def _random_walk(record: Record, rng: np.random.Generator) -> FloatArray:
    """Small steps to and fro, thrown back at the limits."""
    n = len(record)
    walk = 5.0 + np.cumsum(rng.normal(0.0, rng.uniform(0.1, 0.2), n))
    folded = np.abs((walk - 2.3) % 10.8 - 5.4)
    return np.asarray(2.3 + folded)


def _typed(record: Record, rng: np.random.Generator) -> FloatArray:
    """Numbers out of a person's head, each by itself, none twice in a row."""
    n = len(record)
    middle, spread = rng.uniform(4.5, 5.5), rng.uniform(0.6, 1.2)
    return np.asarray(middle + rng.uniform(-spread, spread, n))


def _fridge_cycle(record: Record, rng: np.random.Generator) -> FloatArray:
    """The probe near the wall of a household fridge whose compressor comes and goes."""
    return _cycle(record, rng, rng.uniform(0.3, 1.4))


def _office_fridge(record: Record, rng: np.random.Generator) -> FloatArray:
    """The probe in a glass of water in the office fridge."""
    return _cycle(record, rng, rng.uniform(0.1, 0.3))


def _cycle(record: Record, rng: np.random.Generator, swing_c: float) -> FloatArray:
    """A saw with a steeper fall than rise, half of `swing_c` to each side."""
    period_s, cooling = 60.0 * rng.uniform(18.0, 45.0), rng.uniform(0.25, 0.45)
    share = (record.true_s / period_s + rng.random()) % 1.0
    saw = np.where(share < cooling, 1.0 - share / cooling, (share - cooling) / (1.0 - cooling))
    level = rng.uniform(3.8, 5.8)
    return np.asarray(level + swing_c * (saw - 0.5) + rng.normal(0.0, 0.03, len(record)))


DRAWN: Mapping[str, Callable[[Record, np.random.Generator], FloatArray]] = {
    "line": _line,
    "noisy_line": _noisy_line,
    "clipped": _clipped,
    "scaled": _scaled,
    "squeezed": _squeezed,
    "random_walk": _random_walk,
    "typed": _typed,
    "fridge_cycle": _fridge_cycle,
    "office_fridge": _office_fridge,
}
