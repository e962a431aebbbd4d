"""How long it takes to look for copies among many stored shipments: `python -m
benchmarks.archived_copies [SHIPMENTS]`, on an SQLite register in a temporary folder."""

import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from coldwitness.analysis.record.curves import CurveIndex, curve_index
from coldwitness.judging.copies import ArchivedCurves, keep_curves
from coldwitness.storage.register import open_register

READINGS = 240
CHUNK = 400


def curves(seeds: range, prefix: str = "S", *, start_s: float = 1.76e9) -> CurveIndex:
    """Honest curves: a drift with a sensor's noise on its 0.1 °C grid, one a seed."""
    values = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        drift = 5 + np.sin(np.arange(READINGS) / 40 + seed)
        values.append(np.round(drift + rng.normal(0, 0.1, READINGS), 1))
    count = len(seeds)
    return curve_index(
        shipments=tuple(f"{prefix}-{seed}" for seed in seeds),
        shipment=np.arange(count),
        probe=np.full(count, "drug"),
        logger=np.array([f"L-{prefix}-{seed}" for seed in seeds]),
        first=np.arange(count + 1) * READINGS,
        time_s=np.tile(start_s + np.arange(READINGS) * 60.0, count),
        value_c=np.concatenate(values),
    )


def main(stored: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "register.sqlite"
        register = open_register(f"sqlite:///{file}")
        looking = ArchivedCurves(register.copies)
        began = time.perf_counter()
        strangers = 0
        for first in range(0, stored, CHUNK):
            index = curves(range(first, min(first + CHUNK, stored)))
            found = looking(index)
            keep_curves(register.copies, index)
            strangers += 0 if found is None else len(found.shipments)
        print(f"stored {stored} shipments: {time.perf_counter() - began:.1f} s")
        print(f"candidates among honest curves: {strangers}")
        size = sum(part.stat().st_size for part in Path(folder).iterdir())
        print(f"register with its log: {size / stored / 1000:.1f} kB a shipment")
        rng = np.random.default_rng(1)
        for batch in (1, 33, 400):
            took = []
            hits = 0
            for _ in range(20 if batch < 400 else 3):
                begin = int(rng.integers(0, stored - batch))
                copy = curves(range(begin, begin + batch), "C", start_s=1.77e9)
                started = time.perf_counter()
                found = looking(copy)
                took.append(time.perf_counter() - started)
                hits += 0 if found is None else len(found.shipments)
            fresh = curves(range(stored, stored + batch), "N", start_s=1.77e9)
            started = time.perf_counter()
            looking(fresh)
            none = time.perf_counter() - started
            print(
                f"look-up of {batch}: copies {np.median(took) * 1000:.1f} ms (median), "
                f"{hits / len(took) / batch:.2f} partners each; honest {none * 1000:.1f} ms"
            )
        register.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)
