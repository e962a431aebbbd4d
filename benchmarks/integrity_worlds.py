"""How often the record's truth is doubted, of true and of forged records of several worlds.

    python -m benchmarks.integrity_worlds [--boxes 40] [--seed 1] [--only TEXT]

Each line gives the share of boxes with each `data_integrity` finding that a look at the curve
makes: curves that nothing explains, values held, copies. The worlds are the simulator's, those of
the isolation tests and `benchmarks.fast_load_world`.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.fast_load_world import FORGERIES, fast_loads
from benchmarks.scoreboard_run import END_MS
from coldwitness.analysis.integrity.copied import copied_findings
from coldwitness.analysis.integrity.implausible import implausible_findings
from coldwitness.analysis.integrity.stuck import stuck_findings
from coldwitness.analysis.record.build import build_tracks
from coldwitness.analysis.record.case import case_of
from coldwitness.config.rules import load_packs
from coldwitness.domain.tracks import FloatArray, Tracks
from coldwitness.simulators.fleet import simulate_fleet
from coldwitness.simulators.scenario import scenario
from tests.analysis.building import Given, Series, table, terms_of
from tests.analysis.isolation.isolation_layers import layered_world
from tests.analysis.isolation.isolation_pcm import pcm_world
from tests.analysis.isolation.isolation_world import world

NUMBERS = load_packs()[0].numbers
SIMULATED_TRUE = (
    "clean",
    "clean_long",
    "winter_cold",
    "active_box",
    "small_payload",
    "lid_opened_briefly",
    "many_drops",
    "near_limit",
    "clean_with_meal",
    "clean_with_drinks",
    "missing_separator",
    "missing_separator_ice",
)
SIMULATED_FORGED = (
    "forged_line",
    "forged_noisy_line",
    "forged_clipped",
    "forged_scaled",
    "forged_random_walk",
    "forged_typed",
    "forged_fridge_cycle",
    "forged_office_fridge",
    "edited_break",
    "forged_squeezed",
    "smoothed_break",
)
WORLDS: Mapping[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "melting, apart": (pcm_world, {"warmer_c": (2.0, 4.5)}),
    "melting, contact": (pcm_world, {"warmer_c": (2.0, 4.5), "contact": True}),
    "melting, lid open 2.5 to 12 min": (pcm_world, {"lid_min": (2.5, 12.0)}),
    "melting, small load": (pcm_world, {"payload_j_per_k": (300.0, 900.0)}),
    "melting, goods apart": (pcm_world, {"goods_contact": False}),
    "one mass, apart": (world, {}),
    "one mass, contact": (world, {"k_coolant": (2.0, 4.0)}),
    "one mass, lid opened twice": (world, {"lid_events": 2.0}),
    "one mass, probe in the air": (world, {"body": "air"}),
    "one mass behind a wall, contact": (world, {"body": "payload", "k_coolant": (2.0, 4.0)}),
    "layers, apart": (layered_world, {"contact": False, "hours": (1.0, 2.5)}),
    "layers, contact": (layered_world, {"contact": True, "hours": (1.0, 2.5)}),
    "layers, goods apart": (layered_world, {"contact": False, "goods_contact": False}),
}


def told(tracks: Tracks, given: Sequence[Given]) -> dict[str, FloatArray]:
    """(s,) by finding, whether it was made of each shipment."""
    case = case_of(tracks, terms_of(*given, shipments=tracks.shipments), NUMBERS)
    found = {}
    for name, findings in (
        ("implausible", implausible_findings(case)),
        ("stuck", stuck_findings(case)),
        ("copied", copied_findings(case.curves)),
    ):
        found[name] = np.isin(np.arange(len(tracks.shipments)), findings.shipment) * 1.0
    return found


def of_simulator(name: str, boxes: int, seed: int) -> tuple[Tracks, list[Given]]:
    """The readings of custody of one scenario's deliveries."""
    fleet = simulate_fleet([scenario(name)], boxes=boxes, seed=seed, end_ms=END_MS)
    series, given = [], []
    for shipment in fleet.shipments:
        record, trip = shipment.record, shipment.trip
        held = (record.true_s >= trip.packed_s) & (record.true_s <= trip.delivered_s)
        probes = {role: value[held] for role, value in record.probes.items()}
        drug = probes.pop("drug")
        series.append(
            Series(
                record.true_s[held] - trip.packed_s,
                drug,
                shipment=shipment.id,
                logger=f"LG-{shipment.id}",
                probes=probes,
                lid_open=record.lid_open[held].astype(int),
            )
        )
        given.append(
            Given(
                start=0.0,
                end=trip.delivered_s - trip.packed_s,
                goods_aboard=int("goods" in probes),
            )
        )
    ids = tuple(shipment.id for shipment in fleet.shipments)
    return build_tracks(table(*series), shipments=ids), given


def of_world(
    make: Callable[..., Any], options: Mapping[str, Any], boxes: int, seed: int
) -> tuple[Tracks, list[Given]]:
    made = make(boxes, seed=seed, **options)
    tracks: Tracks = getattr(made, "tracks", made)
    goods = int("goods" in tracks.temperature_c)
    return tracks, [Given(start=0.0, goods_aboard=goods)] * boxes


def held(boxes: int, seed: int, noise_c: tuple[float, float]) -> tuple[Tracks, list[Given]]:
    """A logger of a 0.1 °C grid whose drug's probe hangs for 70 to 120 minutes."""
    random = np.random.default_rng(seed)
    series = []
    for box in range(boxes):
        size, noise = 180, random.uniform(*noise_c)
        drift = np.linspace(0.0, 1.0, size)

        def read(level: float, by: float, drift: FloatArray = drift, noise: float = noise) -> Any:
            return np.round(level + by * drift + random.normal(0.0, noise, drift.size), 1)

        drug = read(random.uniform(3.0, 7.0), random.uniform(-1.0, 1.0))
        begin, length = int(random.integers(20, 50)), int(random.integers(70, 121))
        drug[begin : begin + length] = drug[begin]
        others = {
            "coolant": read(random.uniform(2.0, 5.0), random.uniform(0.0, 0.6)),
            "ambient": read(random.uniform(5.0, 30.0), random.uniform(-3.0, 3.0)),
        }
        name = f"H{box}"
        series.append(
            Series(60.0 * np.arange(size), drug, shipment=name, logger=name, probes=others)
        )
    ids = tuple(one.shipment for one in series)
    given = [Given(start=0.0, end=60.0 * 179)] * boxes
    return build_tracks(table(*series), shipments=ids), given


def copied(boxes: int, seed: int, readings: int) -> tuple[Tracks, list[Given]]:
    """Every second record holds so many readings of the one before, 0.2 °C higher; a quiet probe
    on a 0.1 °C grid that drifts, a reading in 5 minutes."""
    random = np.random.default_rng(seed)
    series: list[Series] = []
    size = readings + 40
    for box in range(2 * boxes):
        drift = np.cumsum(random.normal(0.0, 0.01, size))
        drug = np.round(5.0 + drift + random.normal(0.0, random.uniform(0.03, 0.08), size), 1)
        if box % 2:
            source = np.asarray(series[-1].drug)
            drug[20 : 20 + readings] = np.round(source[10 : 10 + readings] + 0.2, 1)
        name = f"C{box}"
        times = 86_400.0 * box + 300.0 * np.arange(size)
        series.append(Series(times, drug, shipment=name, logger=name))
    ids = tuple(one.shipment for one in series)
    given = [
        Given(start=86_400.0 * box, end=86_400.0 * box + 300.0 * (size - 1))
        for box in range(2 * boxes)
    ]
    return build_tracks(table(*series), shipments=ids), given


def kinds(boxes: int, seed: int) -> Iterator[tuple[str, Callable[[], tuple[Tracks, list[Given]]]]]:
    """Name and maker of every row, the true ones first."""
    whole = [Given(start=0.0, end=60.0 * 89)] * boxes
    for name in SIMULATED_TRUE:
        yield f"true: simulator, {name}", lambda name=name: of_simulator(name, boxes, seed)
    for name, (make, options) in WORLDS.items():
        yield (
            f"true: {name}",
            lambda make=make, options=options: of_world(make, options, boxes, seed),
        )
    for name, openings, lid_told, grid_c in (
        ("fast load, never opened", (0, 0), True, 0.1),
        ("fast load, opened", (2, 3), True, 0.1),
        ("fast load, opened unseen", (2, 3), False, 0.1),
        ("fast load, opened, grid of 0.5 °C", (2, 3), True, 0.5),
    ):
        yield (
            f"true: {name}",
            lambda openings=openings, lid_told=lid_told, grid_c=grid_c: (
                (made := fast_loads(boxes, seed=seed, broken=False, openings=openings)).tracks(
                    made.drug_c, lid_told=lid_told, grid_c=grid_c
                ),
                whole,
            ),
        )
    for name in SIMULATED_FORGED:
        yield f"forged: simulator, {name}", lambda name=name: of_simulator(name, boxes, seed)
    for openings, said in (((0, 0), "never opened"), ((2, 3), "opened")):
        for name, forge in FORGERIES.items():

            def made(
                openings: tuple[int, int] = openings,
                forge: Callable[[FloatArray, np.random.Generator], FloatArray] = forge,
            ) -> tuple[Tracks, list[Given]]:
                true = fast_loads(boxes, seed=seed + 1, broken=True, openings=openings)
                random = np.random.default_rng(seed)
                drawn = np.stack([forge(one, random) for one in true.drug_c])
                return true.tracks(drawn), whole

            yield f"forged: fast load, {said}, {name}", made
    for noise_c in ((0.03, 0.05), (0.05, 0.08)):
        yield (
            f"held 70 to 120 min, noise {noise_c[0]} to {noise_c[1]} °C",
            lambda noise_c=noise_c: held(boxes, seed, noise_c),
        )
    for readings in (60, 120, 240):
        yield f"copy of {readings} readings", lambda n=readings: copied(boxes, seed, n)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boxes", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args(arguments)
    print("| records | n | implausible | stuck | copied | ms each |\n|---|---|---|---|---|---|")
    for name, make in kinds(chosen.boxes, chosen.seed):
        if chosen.only not in name:
            continue
        tracks, given = make()
        begun = time.process_time()
        found = told(tracks, given)
        each_ms = (time.process_time() - begun) * 1e3 / len(given)
        shares = " | ".join(f"{share.mean():.3f}" for share in found.values())
        print(f"| {name} | {len(given)} | {shares} | {each_ms:.2f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
