"""Does the interval of a spot check hold the true share as often as it says?

For each method, and size of frame and sample: many draws by the program itself, each by a seed of
its own; for each share, how often the interval holds the truth. 95 of 100 are promised, 94 asked.
Of the sequential stop: how often the interval holds the truth at every step of a sample at once.

    python -m benchmarks.spot_checks [--draws 20000] [--processes 2]
"""

import argparse
import sys
import time
from fractions import Fraction
from itertools import product
from multiprocessing import Pool
from random import Random

import numpy as np

from coldwitness.domain.spot_checks import Method
from coldwitness.judging.sampling.draws import draw
from coldwitness.judging.sampling.estimates import estimate
from coldwitness.judging.sampling.frames import Frame, Unit
from coldwitness.judging.sampling.sequential import log_ratio

METHODS: tuple[Method, ...] = ("simple", "stratified", "weighted")
SIZES = ((40, 10), (120, 20), (300, 40))
SHARES = (0.0, 0.05, 0.2, 0.5, 0.9)
ASKED = 0.94


def frame_of_size(count: int) -> Frame:
    """Five strata of unlike sizes, weights 1 to 10."""
    units = [Unit(f"S-{n}", "abcde"[n * n % 5], Fraction(1 + n % 10)) for n in range(count)]
    return Frame(tuple(units), "00")


def coverage(case: tuple[Method, tuple[int, int], int]) -> list[tuple[float, float]]:
    """Of each share, how often the interval held the truth, and how wide it was on average. A draw
    does not know what will be found: the same draws serve all shares."""
    method, (count, size), draws = case
    frame = frame_of_size(count)
    names = [unit.id for unit in frame.units]
    hits = [set(Random(1).sample(names, round(share * count))) for share in SHARES]
    held, width = np.zeros(len(SHARES)), np.zeros(len(SHARES))
    for n in range(draws):
        found = draw(frame, seed=f"{method} {count} {n}", size=size, method=method)
        for which, concerned in enumerate(hits):
            told = estimate(frame, found, {one.id: one.id in concerned for one in found.drawn})
            held[which] += told.low <= len(concerned) / count <= told.high
            width[which] += told.high - told.low
    return list(zip((held / draws).tolist(), (width / draws).tolist(), strict=True))


def sequential_cover(count: int, *, share: float, draws: int, risk: float = 0.05) -> float:
    """In which share of samples, looked at to their end, the interval of no step misses."""
    hits = round(share * count)
    rng = np.random.default_rng(count * 1000 + hits)
    order = rng.permuted(np.tile(np.arange(count) < hits, (draws, 1)), axis=1)
    truth, holds = np.array([hits]), np.ones(draws, dtype=bool)
    for step, found in enumerate(np.cumsum(order, axis=1).T, start=1):
        for seen in np.unique(found):
            ratio = log_ratio(count, truth, looked_at=step, found=int(seen))[0]
            holds &= (found != seen) | (ratio < -np.log(risk))
    return float(holds.mean())


def main() -> int:
    """Print a table; 1 if one case falls short."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=20_000)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    cases = [(*one, arguments.draws) for one in product(METHODS, SIZES)]
    started, least = time.perf_counter(), 1.0
    with Pool(arguments.processes) as pool:
        for case, told in zip(cases, pool.imap(coverage, cases), strict=True):
            method, (count, size), _ = case
            for share, (held, width) in zip(SHARES, told, strict=True):
                least = min(least, held)
                what = f"{method:10} {size:3} of {count:3}  share {share:4.2f}"
                print(f"{what}  {held:.4f}  ±{width / 2:.3f}", flush=True)
    for (count, _), share in product(SIZES, SHARES):
        held = sequential_cover(count, share=share, draws=arguments.draws)
        least = min(least, held)
        print(f"sequential {count:6} in order  share {share:4.2f}  {held:.4f}", flush=True)
    took_s = time.perf_counter() - started
    print(f"least coverage {least:.4f} in {arguments.draws} draws each; {took_s:.0f} s")
    return 1 if least < ASKED else 0


if __name__ == "__main__":
    sys.exit(main())
