"""What a courier with a bad conscience does to the record before it is sent."""

from collections.abc import Mapping

import numpy as np

from coldwitness.domain.tracks import FloatArray
from coldwitness.simulators.drawn_curves import DRAWN
from coldwitness.simulators.recorder import Record, on_grid
from coldwitness.simulators.scenario import Scenario


def tamper(
    scenario: Scenario, record: Record, source: Mapping[str, FloatArray] | None, *, seed: int
) -> None:
    """Change `record` in place as the scenario says; `source` are the probes to copy from."""
    rng = np.random.default_rng(seed)
    drug = record.probes["drug"]
    if scenario.fraud == "copied" and source is not None:
        for role in record.probes:
            if role in source:
                record.probes[role] = _stretched(source[role], len(record))
    elif scenario.fraud == "smoothed":
        record.probes["drug"] = on_grid(_smoothed(drug, rng), scenario.logger.quantum_c)
    elif scenario.fraud == "edited":
        outside = (drug > 7.9) | (drug < 2.1)
        made_up = np.clip(drug, 2.6, 7.3) + rng.uniform(-0.4, 0.4, drug.size)
        record.probes["drug"] = np.where(outside, np.round(made_up, 1), drug)
        record.faults.append({"kind": "edited", "readings": int(outside.sum())})
        return
    elif scenario.fraud == "deleted":
        inside = (drug <= 8.0) & (drug >= 2.0)
        record.faults.append({"kind": "deleted", "readings": int((~inside).sum())})
        first = int(record.seq[0])
        record.keep(inside)
        record.seq = first + np.arange(len(record), dtype=np.int64)  # so that none seems to lack
        return
    elif scenario.fraud in DRAWN:
        curve = DRAWN[scenario.fraud](record, rng)
        record.probes["drug"] = on_grid(curve, scenario.logger.quantum_c)
    if scenario.fraud != "none":
        record.faults.append({"kind": scenario.fraud})


def _stretched(values: FloatArray, n: int) -> FloatArray:
    """The first n values of a curve; a longer journey gets the end of it mirrored."""
    if values.size < n:
        values = np.pad(values, (0, n - values.size), mode="symmetric")
    return values[:n].copy()


def _smoothed(values: FloatArray, rng: np.random.Generator) -> FloatArray:
    """A curve drawn through the middle of the range, faintly like the real one."""
    kernel = np.ones(15) / 15.0
    padded = np.pad(values, 7, mode="edge")
    shape = np.convolve(padded, kernel, mode="valid")
    spread = max(float(np.ptp(shape)), 1e-6)
    curve = 5.0 + 1.6 * (shape - shape.mean()) / spread + rng.normal(0.0, 0.02, values.size)
    return np.asarray(curve)
