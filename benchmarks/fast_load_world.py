"""A world for drawn curves, built unlike the simulator and unlike the detector: a load that comes
to itself within minutes, a lid opened two or three times, and a heat of which no probe tells.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.columns import empty
from coldwitness.domain.tracks import FloatArray, Tracks
from tests.analysis.building import START_S

STEP_S, READING_S, READINGS = 5.0, 60.0, 90
STEPS = int(READINGS * READING_S / STEP_S)
LOW_C, HIGH_C = 2.0, 8.0


@dataclass(frozen=True)
class Boxes:
    """(s, n) readings of s boxes, the drug not yet rounded; lid_open is told at any opening within
    the reading's minute."""

    drug_c: FloatArray
    coolant_c: FloatArray
    ambient_c: FloatArray
    lid_open: NDArray[np.bool_]

    def tracks(self, drug_c: FloatArray, *, lid_told: bool = True, grid_c: float = 0.1) -> Tracks:
        """As a logger of that grid writes it down, with this drug's curve."""
        boxes, size = drug_c.shape

        def read(value_c: FloatArray) -> FloatArray:
            return np.asarray(np.round(np.round(value_c.ravel() / grid_c) * grid_c, 4))

        return empty(
            Tracks,
            boxes * size,
            shipments=tuple(f"F{n}" for n in range(boxes)),
            loggers=("LG",),
            first=size * np.arange(boxes + 1),
            time_s=START_S + np.tile(READING_S * np.arange(size), boxes),
            logger=np.zeros(boxes * size, dtype=np.int64),
            temperature_c={
                "drug": read(drug_c),
                "coolant": read(self.coolant_c),
                "ambient": read(self.ambient_c),
            },
            lid_open=np.where(lid_told, self.lid_open.ravel(), -1).astype(np.int8),
        )


def fast_loads(boxes: int, *, seed: int, broken: bool, openings: tuple[int, int]) -> Boxes:
    """Trips of an hour and a half. broken : an unseen heat of 20 to 40 minutes warms the drug to 10
    to 15 °C, and it comes back. openings : least and most, 20 to 150 s each."""
    random = np.random.default_rng(seed)

    def even(low: float, high: float) -> FloatArray:
        return random.uniform(low, high, boxes)

    at_s = STEP_S * np.arange(STEPS)[:, None]
    end_s = at_s[-1, 0]
    ambient = _outside(random, at_s, boxes)
    lid = _opened(random, at_s, boxes, openings)
    total = even(4.0, 9.0) if broken else even(2.0, 8.0)
    share = even(0.5, 0.85)
    to_coolant, to_outside = total * share, 0.25 * total * (1.0 - share)
    surface = np.where(random.random(boxes) < 0.6, even(0.2, 0.5), 1.0)
    inside = np.where(surface < 1.0, even(2.0, 8.0), 0.0)
    pack = even(3.0, 5.5) + even(0.0, 0.6) * at_s / end_s
    start_s, long_s, ramp_s = end_s * even(0.1, 0.3), even(1200.0, 2400.0), even(500.0, 1000.0)
    heat = np.clip(np.minimum(at_s - start_s, start_s + long_s - at_s) / ramp_s, 0.0, 1.0)
    begun, core_off = even(3.2, 6.5), random.normal(0.0, 0.4, boxes)
    coolant = pack + _bumped(lid, np.sign(ambient - pack))

    def follow(heat_per_h: FloatArray, start_c: FloatArray, off_c: FloatArray) -> FloatArray:
        """The drug's course; from a start of 0 °C between zones at 0 °C that of the heat alone."""
        driven = 1.0 if start_c.any() else 0.0
        drug, core = start_c.copy(), start_c + off_c
        out = np.empty((STEPS, boxes))
        for step in range(STEPS):
            out[step] = drug
            gain = to_outside + 3.0 * lid[step]
            flow = to_coolant * (driven * coolant[step] - drug)
            flow += gain * (driven * ambient[step] - drug) + heat_per_h[step]
            hours = STEP_S / 3600.0
            inner = inside * (core - drug)
            core = core - hours * inner / np.maximum(1.0 - surface, 0.5)
            drug = drug + hours * (flow + inner) / surface
        return out

    nothing = np.zeros(boxes)
    drug = follow(np.zeros((STEPS, boxes)), begun, core_off)
    if broken:  # the course is linear in the heat
        warmed, target = follow(heat, nothing, nothing), even(10.0, 15.0)
        low, high = np.zeros(boxes), np.full(boxes, 1000.0)
        for _ in range(40):
            middle = (low + high) / 2.0
            less = (drug + middle * warmed).max(axis=0) < target
            low, high = np.where(less, middle, low), np.where(less, high, middle)
        drug = drug + high * warmed
    at = (READING_S * np.arange(READINGS) / STEP_S).astype(np.int64)
    per_reading = int(READING_S / STEP_S)
    told = lid.reshape(READINGS, per_reading, boxes).any(axis=1)

    def probe(true_c: FloatArray) -> FloatArray:
        keep = STEP_S / even(30.0, 120.0)
        seen = true_c.copy()
        for step in range(1, STEPS):
            seen[step] = seen[step - 1] + keep * (true_c[step] - seen[step - 1])
        noise = even(0.03, 0.08) * random.standard_normal((READINGS, boxes))
        return np.asarray((seen[at] + even(-0.3, 0.3) + noise).T)

    return Boxes(probe(drug), probe(coolant), probe(ambient), told.T)


def _outside(random: np.random.Generator, at_s: FloatArray, boxes: int) -> FloatArray:
    """A room, the street for most, a room again; the change takes minutes."""

    def even(low: float, high: float) -> FloatArray:
        return random.uniform(low, high, boxes)

    room, street = even(18.0, 24.0), even(-2.0, 34.0)
    rides = (at_s > even(300.0, 800.0)) & (at_s < at_s[-1, 0] - even(-200.0, 600.0))
    out = np.where(rides & (random.random(boxes) < 0.8), street, room)
    for step in range(1, STEPS):
        out[step] = out[step - 1] + STEP_S / 150.0 * (out[step] - out[step - 1])
    return np.asarray(out)


def _opened(
    random: np.random.Generator, at_s: FloatArray, boxes: int, openings: tuple[int, int]
) -> NDArray[np.bool_]:
    lid = np.zeros((STEPS, boxes), dtype=np.bool_)
    count = random.integers(openings[0], openings[1] + 1, boxes)
    for number in range(openings[1]):
        begin_s = at_s[-1, 0] * random.uniform(0.15, 0.9, boxes)
        length_s = random.uniform(20.0, 150.0, boxes)
        lid |= (number < count) & (at_s >= begin_s) & (at_s < begin_s + length_s)
    return lid


def _bumped(lid: NDArray[np.bool_], way: FloatArray) -> FloatArray:
    """What an opening does to the coolant's probe."""
    out = np.zeros(lid.shape)
    for step in range(1, lid.shape[0]):
        out[step] = out[step - 1] + STEP_S / 120.0 * (0.6 * lid[step] - out[step - 1])
    return np.asarray(out * way)


def _over_the_break(drug: FloatArray, random: np.random.Generator, noise_c: float) -> FloatArray:
    out = drug.copy()
    beyond = np.flatnonzero((drug > HIGH_C) | (drug < LOW_C))
    if beyond.size:
        first = max(int(beyond[0]) - 5, 0)
        last = min(int(beyond[-1]) + 5, drug.size - 1)
        ends = np.clip(drug[[first, last]], LOW_C + 0.5, HIGH_C - 0.5)
        count = last - first + 1
        out[first : last + 1] = np.linspace(*ends, count) + random.normal(0.0, noise_c, count)
    return out


def _clipped(drug: FloatArray, random: np.random.Generator) -> FloatArray:
    held = np.clip(drug, LOW_C + 0.5, HIGH_C - 0.5)
    return np.where(held == drug, drug, held + random.normal(0.0, 0.06, drug.size))


def _scaled(drug: FloatArray, random: np.random.Generator) -> FloatArray:
    share = 0.7 / max(float(drug.max()) - 7.0, 0.7) * random.uniform(0.6, 1.0)
    return np.where(drug > 7.0, 7.0 + share * (drug - 7.0), drug)


def _smoothed(drug: FloatArray, random: np.random.Generator) -> FloatArray:
    held = np.pad(np.clip(drug, LOW_C + 0.5, HIGH_C - 0.5), 7, mode="edge")
    mean = np.convolve(held, np.ones(15) / 15.0, "valid")
    return np.asarray(mean + random.normal(0.0, 0.03, drug.size))


def _walk(drug: FloatArray, random: np.random.Generator) -> FloatArray:
    steps = random.normal(0.0, random.uniform(0.1, 0.2), drug.size)
    return np.asarray(2.3 + np.abs((5.0 + np.cumsum(steps) - 2.3) % 10.8 - 5.4))


def _cycle(drug: FloatArray, random: np.random.Generator, low: float, high: float) -> FloatArray:
    period, cooling = random.uniform(18.0, 45.0), random.uniform(0.25, 0.45)
    share = (np.arange(drug.size) / period + random.random()) % 1.0
    saw = np.where(share < cooling, 1.0 - share / cooling, (share - cooling) / (1.0 - cooling))
    swing = random.uniform(low, high) * (saw - 0.5)
    return np.asarray(random.uniform(3.8, 5.8) + swing + random.normal(0.0, 0.03, drug.size))


FORGERIES: Mapping[str, Callable[[FloatArray, np.random.Generator], FloatArray]] = {
    "straight line over the break": lambda drug, random: _over_the_break(drug, random, 0.0),
    "noisy line over the break": lambda drug, random: _over_the_break(drug, random, 0.05),
    "clipped": _clipped,
    "pressed below the limit": _scaled,
    "clipped, mean of fifteen": _smoothed,
    "random walk": _walk,
    "digits drawn evenly": lambda drug, random: random.uniform(2.5, 7.5, drug.size),
    "typed": lambda drug, random: 5.0 + random.uniform(-0.9, 0.9, drug.size),
    "refrigerator's cycle": lambda drug, random: _cycle(drug, random, 0.3, 1.4),
    "glass in a refrigerator": lambda drug, random: _cycle(drug, random, 0.1, 0.3),
    "half the swing": lambda drug, random: 5.0 + (drug - drug.mean()) / random.uniform(2.0, 4.0),
}
