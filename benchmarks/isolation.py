"""How well the exchange fit covers, finds and spares: measured on seeded physical boxes.

    python -m benchmarks.isolation [--boxes 1000] [--seed 1]

The boxes are those of the tests (tests/analysis/isolation/): coolant that melts, weather,
goods, probes with offset, lag, noise and grid. With `body="one"` the true rates exist and the
interval can be scored; with the other bodies the fitted model is only an approximation, and what
counts is that nobody is accused wrongly and contact is not called isolation. So it is in the
second, independent world (isolation_layers.py beside it), of layers and without any one rate.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from coldwitness.analysis.isolation.isolation_judgement import IsolationReason, judge_isolation
from coldwitness.analysis.record.case import case_of
from coldwitness.config.rules import load_packs
from coldwitness.domain.tracks import Tracks
from coldwitness.domain.words import Isolation
from tests.analysis.building import Given, terms_of
from tests.analysis.isolation.isolation_layers import layered_world
from tests.analysis.isolation.isolation_world import Probes, World, world

ISOLATED, CONTACT = (0.1, 0.5), (1.5, 4.0)
CONDITIONS: dict[str, dict[str, Any]] = {
    "3 to 6 h, every minute, 0.1 °C": {},
    "1 to 2 h": {"hours": (1.0, 2.0)},
    "25 to 40 minutes": {"hours": (0.42, 0.67)},
    "every 5 minutes": {"probes": Probes(interval_s=300.0, jitter=0.0)},
    "grid of 0.5 °C": {"probes": Probes(grid_c=0.5)},
    "with other goods": {"k_goods": (0.1, 0.4)},
    "with the lid opened": {"lid_events": 2.0},
    "probes of equal lag": {"probes": Probes(lag_s=(60.0, 60.0))},
    "coolant that keeps 5 °C": {"coolant_start_c": (2.0, 5.0), "melt_c": 5.0},
    "probe in the air, payload behind": {"body": "air"},
    "payload touched, air between": {"body": "payload"},
    "no outside probe": {"with_ambient": False},
}


LAYERED: dict[str, dict[str, Any]] = {
    "2 to 5 h, 0.1 °C": {},
    "1 to 2 h": {"hours": (1.0, 2.0)},
    "grid of 0.5 °C": {"grid_c": 0.5},
}


def judged(made: World) -> Any:
    return judged_tracks(made.tracks)


def judged_tracks(tracks: Tracks) -> Any:
    given = Given(start=0.0, goods_aboard=int("goods" in tracks.temperature_c))
    terms = terms_of(*[given] * len(tracks.shipments), shipments=tracks.shipments)
    return judge_isolation(case_of(tracks, terms, load_packs()[0].numbers))


def swapped(made: World, one: str, other: str) -> World:
    temperature = dict(made.tracks.temperature_c)
    temperature[one], temperature[other] = temperature[other], temperature[one]
    return replace(made, tracks=replace(made.tracks, temperature_c=temperature))


def line(name: str, made: World, *, scored: bool) -> float:
    facet = judged(made).coolant
    low, high, true = facet.low_per_h, facet.high_per_h, made.k_coolant
    known = np.isfinite(low)
    covered = ((low <= true) & (true <= high))[known]
    cover = f"{covered.mean():.3f}" if scored and known.any() else "     "
    width = np.median((high - low)[known]) if known.any() else np.nan
    share = {state: (facet.isolation == state).mean() for state in Isolation}
    why = Counter(
        IsolationReason(int(r)).name.lower()
        for r in facet.reason[facet.isolation == Isolation.INDETERMINATE]
    )
    print(
        f"  {name:38} {cover} {width:6.2f}  {share[Isolation.ISOLATED]:6.3f} "
        f"{share[Isolation.MISSING]:6.3f} {share[Isolation.INDETERMINATE]:6.3f}  "
        + ", ".join(f"{word} {n}" for word, n in why.most_common(2))
    )
    return float(covered.mean()) if scored and known.any() else np.nan


def layered(boxes: int, seed: int) -> None:
    """The second world: shares called isolated and missing, of boxes in order and in contact."""
    print("\nsecond world, of layers: isolated, missing, indeterminate")
    for name, options in LAYERED.items():
        for contact in (False, True):
            tracks = layered_world(boxes, seed=seed, contact=contact, **options)
            shares(f"{name}, {'contact' if contact else 'in order'}", judged_tracks(tracks).coolant)
    for contact, goods in ((False, False), (False, True), (True, False), (True, True)):
        tracks = layered_world(boxes, seed=seed, contact=contact, goods_contact=goods)
        found = judged_tracks(tracks)
        which = f"{'contact' if contact else 'in order'}, goods {'against' if goods else 'apart'}"
        shares(f"{which}: coolant", found.coolant)
        shares(f"{which}: goods", found.goods)


def shares(name: str, facet: Any) -> None:
    states = (Isolation.ISOLATED, Isolation.MISSING, Isolation.INDETERMINATE)
    print(f"  {name:46}", *(f"{(facet.isolation == state).mean():.4f}" for state in states))


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boxes", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    covers = []
    for title, rates in (("in order", ISOLATED), ("in contact with the coolant", CONTACT)):
        print(f"\n{title}: true rate {rates[0]} to {rates[1]} per h, limit 0.8 per h")
        print(f"  {'':38} cover  width  isolated missing indeterminate")
        for name, options in CONDITIONS.items():
            made = world(chosen.boxes, seed=chosen.seed, k_coolant=rates, **options)
            scored = "body" not in options and options.get("with_ambient", True)
            covers.append(line(name, made, scored=scored))
        made = world(chosen.boxes, seed=chosen.seed + 1, k_coolant=rates)
        for pair in (("drug", "coolant"), ("drug", "ambient"), ("coolant", "ambient")):
            line(f"{pair[0]} and {pair[1]} swapped", swapped(made, *pair), scored=False)
    layered(chosen.boxes, chosen.seed)
    print(f"\nmean cover of the 95 % interval: {np.nanmean(covers):.3f}")
    made = world(chosen.boxes, seed=chosen.seed)
    begin = time.perf_counter()
    judged(made)
    took_s = time.perf_counter() - begin
    print(f"{made.tracks.time_s.size / took_s:,.0f} readings per second, both zones, both halves")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
