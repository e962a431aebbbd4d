"""How well isolation is judged in three simulated worlds of different structure.

    python -m benchmarks.isolation_worlds [--boxes 200] [--seed 1]

The worlds are those of the tests (tests/analysis/isolation/): one mass behind a wall, foam in
layers with a stack of cartons, eight nodes with packs that melt near the drug's own temperature.
Each line gives, for boxes of one kind, the share named, the share surely isolated, the share whose
declaration is not believed, how often the 95 % interval holds the true rate, and the processor
time a box.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from coldwitness.analysis.isolation.isolation_judgement import Facet, judge_isolation
from coldwitness.analysis.record.case import case_of
from coldwitness.config.rules import load_packs
from coldwitness.domain.tracks import FloatArray, Tracks
from coldwitness.domain.words import Isolation, Status
from tests.analysis.building import Given, terms_of
from tests.analysis.isolation.isolation_layers import layered_world
from tests.analysis.isolation.isolation_pcm import pcm_world
from tests.analysis.isolation.isolation_world import Probes, world

NUMBERS = load_packs()[0].numbers
APART, TOUCHING = (0.1, 0.5), (2.0, 4.0)
NEAR: dict[str, Any] = {"coolant_start_c": (2.0, 5.0), "melt_c": 5.0, "hours": (1.0, 2.5)}


@dataclass(frozen=True)
class Drawn:
    """true_per_h and limit_per_h : (s,) by zone; no true rate where the world has none."""

    tracks: Tracks
    true_per_h: dict[str, FloatArray]
    limit_per_h: dict[str, FloatArray]


def plain(boxes: int, seed: int, **options: Any) -> Drawn:
    made = world(boxes, seed=seed, **options)
    limits = {"coolant": np.full(boxes, 0.8), "goods": np.full(boxes, 0.6)}
    return Drawn(made.tracks, {"coolant": made.k_coolant, "goods": made.k_goods}, limits)


def layered(boxes: int, seed: int, **options: Any) -> Drawn:
    limits = {"coolant": np.full(boxes, 0.8), "goods": np.full(boxes, 0.6)}
    tracks = layered_world(boxes, seed=seed, **options)
    return Drawn(tracks, {}, limits)


def melting(boxes: int, seed: int, **options: Any) -> Drawn:
    made = pcm_world(boxes, seed=seed, **options)
    return Drawn(
        made.tracks,
        {"coolant": made.coolant_per_h, "goods": made.goods_per_h},
        {"coolant": made.coolant_limit_per_h, "goods": made.goods_limit_per_h},
    )


WARM: dict[str, Any] = {"warmer_c": (2.0, 4.5)}
KINDS: dict[str, tuple[Callable[..., Drawn], dict[str, Any]]] = {
    "melting, warm start, apart": (melting, WARM),
    "melting, warm start, contact": (melting, {**WARM, "contact": True}),
    "melting, any start, apart": (melting, {}),
    "melting, any start, contact": (melting, {"contact": True}),
    "melting, lid open 2.5 to 12 min": (melting, {"lid_min": (2.5, 12.0)}),
    "melting, a reading in 5 min": (melting, {"interval_s": 300.0}),
    "melting, small load": (melting, {"payload_j_per_k": (300.0, 900.0)}),
    "melting, goods apart": (melting, {"goods_contact": False}),
    "melting, goods in contact": (melting, {"goods_contact": True}),
    "melting, goods apart, contact": (melting, {"contact": True, "goods_contact": False}),
    "melting, warm box, apart": (melting, {"warm_box": 1.0}),
    "melting, warm box, contact": (melting, {"warm_box": 1.0, "contact": True}),
    "melting, warm box, goods apart": (melting, {"warm_box": 1.0, "goods_contact": False}),
    "melting, warm box, goods in contact": (melting, {"warm_box": 1.0, "goods_contact": True}),
    "one mass, apart": (plain, {"k_coolant": APART}),
    "one mass, contact": (plain, {"k_coolant": TOUCHING}),
    "one mass, pack at 5 °C, apart": (plain, {"k_coolant": APART, **NEAR}),
    "one mass, pack at 5 °C, contact": (plain, {"k_coolant": TOUCHING, **NEAR}),
    "one mass, half an hour, apart": (plain, {"k_coolant": APART, "hours": (0.45, 0.75)}),
    "one mass, half an hour, contact": (plain, {"k_coolant": TOUCHING, "hours": (0.45, 0.75)}),
    "one mass, grid of 0.5 °C, apart": (plain, {"k_coolant": APART, "probes": Probes(grid_c=0.5)}),
    "one mass, lid opened, apart": (plain, {"k_coolant": APART, "lid_events": 2.0}),
    "one mass, goods apart": (plain, {"k_coolant": APART, "k_goods": (0.05, 0.3)}),
    "one mass, goods in contact": (plain, {"k_coolant": APART, "k_goods": (1.5, 3.0)}),
    "probe in the air, apart": (plain, {"k_coolant": APART, "body": "air"}),
    "layers, apart": (layered, {"contact": False, "hours": (1.0, 2.5)}),
    "layers, contact": (layered, {"contact": True, "hours": (1.0, 2.5)}),
    "layers, grid of 0.5 °C, apart": (layered, {"contact": False, "grid_c": 0.5}),
    "layers, goods apart": (layered, {"contact": False, "goods_contact": False}),
    "layers, goods in contact": (layered, {"contact": False, "goods_contact": True}),
}


def lines(name: str, drawn: Drawn) -> Iterator[str]:
    """One line a zone."""
    shipments = drawn.tracks.shipments
    aboard = int("goods" in drawn.tracks.temperature_c)
    given = [
        Given(
            start=0.0,
            isolation_coolant=1,
            isolation_goods=1,
            goods_aboard=aboard,
            coolant_limit=coolant,
            goods_limit=goods,
        )
        for coolant, goods in zip(*drawn.limit_per_h.values(), strict=True)
    ]
    terms = terms_of(*given, shipments=shipments)
    case = case_of(drawn.tracks, terms, NUMBERS)
    begin = time.process_time()
    judged = judge_isolation(case)
    took_ms = (time.process_time() - begin) * 1e3 / len(shipments)
    facets: dict[str, Facet] = {"coolant": judged.coolant}
    if aboard:
        facets["goods"] = judged.goods
    for zone, facet in facets.items():
        named = (facet.isolation == Isolation.MISSING).mean()
        isolated = (facet.isolation == Isolation.ISOLATED).mean()
        doubted = (facet.status == Status.INSUFFICIENT_EVIDENCE).mean()
        cover = "     "
        if zone in drawn.true_per_h:
            true, known = drawn.true_per_h[zone], np.isfinite(facet.low_per_h)
            held = ((facet.low_per_h <= true) & (true <= facet.high_per_h))[known]
            cover = f"{held.mean():5.3f}"
        yield (
            f"| {name}: {zone} | {named:.3f} | {isolated:.3f} | {doubted:.3f} | {cover} "
            f"| {took_ms:.2f} |"
        )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boxes", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    print("| boxes: zone | named | isolated | in doubt | interval covers | ms a box |")
    print("|---|---|---|---|---|---|")
    for name, (make, options) in KINDS.items():
        for line in lines(name, make(chosen.boxes, chosen.seed, **options)):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
