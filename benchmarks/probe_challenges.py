"""How often a replayed stream passes for a live probe, and an honest one does not.

    python -m benchmarks.probe_challenges [--trials 20000] [--seed 3]

Replayed: the stream that is watched is another delivery's, of any of the scoreboard's families
whose record is true. Looped: half an hour of a delivery again and again. The order comes at a
random moment. Honest: at that moment the probe is taken into a hand of 28 to 34 °C, or laid on a
pack of -2 to 2 °C, after 5 to 40 s, for two minutes, and follows with a time constant of 30 to
240 s.
"""

import argparse
from collections import Counter
from typing import NamedTuple

import numpy as np

from benchmarks.limit_warnings import Trip, trips_of
from coldwitness.analysis.integrity.probe_step import probe_step
from coldwitness.domain.tracks import FloatArray

WATCH_S = 240.0
LOOP_S = 1800.0
HELD_S = 120.0


class Tried(NamedTuple):
    """A stream and when the order came in it."""

    time_s: FloatArray
    drug_c: FloatArray
    ordered_s: float


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--trials", type=int, default=20_000)
    asked.add_argument("--boxes", type=int, default=8, help="of each family")
    asked.add_argument("--seed", type=int, default=3)
    told = asked.parse_args()
    rng = np.random.default_rng(told.seed)
    trips = [
        trip
        for trip in trips_of(boxes=told.boxes, seed=told.seed)
        if trip.time_s.size and trip.time_s[-1] - trip.time_s[0] > 2400.0
    ]
    print(f"{told.trials} trials over {len(trips)} deliveries")
    print("stream     order     alive  not alive  inconclusive")
    for stream in ("replayed", "looped", "honest"):
        for upwards in (True, False):
            outcomes = Counter(
                _outcome(stream, trips[rng.integers(len(trips))], rng, upwards=upwards)
                for _ in range(told.trials // 2)
            )
            names = ("alive", "not_alive", "inconclusive")
            shares = [outcomes[name] / (told.trials // 2) for name in names]
            way = "warm" if upwards else "cool"
            print(f"{stream:10s} {way:5s} {shares[0]:9.4f} {shares[1]:10.4f} {shares[2]:13.4f}")


def _outcome(stream: str, trip: Trip, rng: np.random.Generator, *, upwards: bool) -> str:
    tried = _tried(trip, rng)
    if stream == "looped":
        tried = _looped(tried, rng)
    if stream == "honest":
        tried = _warmed(tried, rng, upwards=upwards)
    step = probe_step(
        tried.time_s,
        value_c=tried.drug_c,
        ordered_s=tried.ordered_s,
        until_s=tried.ordered_s + WATCH_S,
        upwards=upwards,
    )
    return step.outcome


def _tried(trip: Trip, rng: np.random.Generator) -> Tried:
    begin, end = trip.time_s[0] + 600.0, trip.time_s[-1] - WATCH_S - 600.0
    return Tried(trip.time_s, trip.drug_c, float(rng.uniform(begin, max(end, begin + 60.0))))


def _looped(tried: Tried, rng: np.random.Generator) -> Tried:
    """The half hour before three times, and the order somewhere in the second one."""
    part = (tried.time_s <= tried.ordered_s) & (tried.time_s > tried.ordered_s - LOOP_S)
    time_s, drug_c = tried.time_s[part], tried.drug_c[part]
    ordered_s = time_s[0] + LOOP_S * (1.0 + rng.random())
    again = np.concatenate([time_s + LOOP_S * n for n in range(3)])
    return Tried(again, np.tile(drug_c, 3), float(ordered_s))


def _warmed(tried: Tried, rng: np.random.Generator, *, upwards: bool) -> Tried:
    """What the probe says while it is held, with its lag."""
    lag_s = rng.uniform(30.0, 240.0)
    held_c = rng.uniform(28.0, 34.0) if upwards else rng.uniform(-2.0, 2.0)
    begin_s = tried.ordered_s + rng.uniform(5.0, 40.0)
    at = tried.time_s - begin_s
    towards = 1.0 - np.exp(-np.clip(at, 0.0, HELD_S) / lag_s)
    towards = towards * np.exp(-np.clip(at - HELD_S, 0.0, None) / lag_s)
    return Tried(tried.time_s, tried.drug_c + towards * (held_c - tried.drug_c), tried.ordered_s)


if __name__ == "__main__":
    main()
