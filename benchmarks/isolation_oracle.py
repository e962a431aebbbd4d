"""How far contact could be told by somebody who knows the whole box but for the one conductance.

    python -m benchmarks.isolation_oracle [--boxes 100] [--seed 1]

The same box is integrated twice, in contact and with the rate at its limit, all else alike. z is
the difference of the drug's two curves at the readings, its mean left out (the probe's offset is
not known), over the noise of a reading with its rounding: the root of the likelihood ratio that
separates the two. Told is z > 4, which an honest box at its limit passes three times in 100,000.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from coldwitness.domain.tracks import FloatArray, Tracks
from coldwitness.simulators.climate import surround
from coldwitness.simulators.journey import draw_trip
from coldwitness.simulators.packing import box_model, pack_box
from coldwitness.simulators.scenario import scenario
from coldwitness.simulators.thermal import (
    STEP_S,
    BoxPhysics,
    effective_exchange_per_h,
    integrate,
)
from tests.analysis.isolation.isolation_pcm import pcm_world
from tests.analysis.isolation.isolation_world import world

GRID_C, READING_S = 0.1, 60.0
TOLD_Z = 4.0


def z_of(apart_c: FloatArray, *, noise_c: float) -> float:
    """(n,) difference of two curves without noise -> z."""
    spread_c = np.sqrt(noise_c**2 + GRID_C**2 / 12.0)
    return float(np.sqrt(((apart_c - apart_c.mean()) ** 2).sum()) / spread_c)


def of_simulator(name: str, zone: str, boxes: int, seed: int) -> FloatArray:
    """(s,) z of the simulator's boxes of one scenario, readings of custody."""
    story = scenario(name)
    rngs = [
        [np.random.default_rng(child) for child in np.random.SeedSequence([seed, n]).spawn(3)]
        for n in range(boxes)
    ]
    trips = [draw_trip(story, rng[1]) for rng in rngs]
    packed = [
        pack_box(story, rng[0], goods_from_s=trip.goods_from_s)
        for trip, rng in zip(trips, rngs, strict=True)
    ]
    outside = surround(trips, [story] * boxes, [rng[2] for rng in rngs])
    model = box_model(story.pack.model)
    limit_per_h = getattr(model, f"{zone}_coupling_max_per_h")
    at_limit = _at_limit(packed, zone, limit_per_h)
    curves = [integrate(its, outside).probe_drug_c for its in (packed, at_limit)]
    noise_c = float(np.mean(story.logger.noise_c))
    out = np.empty(boxes)
    for box, trip in enumerate(trips):
        steps = np.arange(trip.packed_s, trip.delivered_s, READING_S) / STEP_S
        apart_c = curves[0][steps.astype(int), box] - curves[1][steps.astype(int), box]
        out[box] = z_of(apart_c, noise_c=noise_c)
    return out


def _at_limit(packed: Sequence[BoxPhysics], zone: str, limit_per_h: float) -> list[BoxPhysics]:
    """The same boxes with the direct path to the zone such that the rate is the limit."""
    name = f"g_drug_{zone}"
    low, high = np.zeros(len(packed)), np.array([getattr(box, name) for box in packed])
    for _ in range(30):
        middle = (low + high) / 2.0
        tried = [replace(box, **{name: g}) for box, g in zip(packed, middle, strict=True)]
        above = effective_exchange_per_h(tried)[zone] > limit_per_h
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return [replace(box, **{name: g}) for box, g in zip(packed, low, strict=True)]


def of_tracks(contact: Tracks, at_limit: Tracks, *, noise_c: float) -> FloatArray:
    """(s,) z of two runs of one world with the same errors of the probes; what rounding adds to
    their difference, twice a grid's, is taken off."""
    out = []
    for box in range(len(contact.shipments)):
        rows = slice(contact.first[box], contact.first[box + 1])
        apart_c = contact.temperature_c["drug"][rows] - at_limit.temperature_c["drug"][rows]
        z = z_of(apart_c, noise_c=noise_c)
        added = apart_c.size * GRID_C**2 / 6.0 / (noise_c**2 + GRID_C**2 / 12.0)
        out.append(np.sqrt(max(z**2 - added, 0.0)))
    return np.array(out)


def melting(boxes: int, seed: int, zone: str) -> FloatArray:
    """Packs near the drug's temperature; both runs draw the same numbers."""
    touching = {"contact": True} if zone == "coolant" else {"goods_contact": True}
    runs = [pcm_world(boxes, seed=seed, at_limit=held, **touching).tracks for held in (False, True)]
    return of_tracks(*runs, noise_c=0.05)


def one_mass(boxes: int, seed: int, zone: str) -> FloatArray:
    apart = {"k_coolant": (0.1, 0.5), "k_goods": None}
    contact = {"coolant": {"k_coolant": (2.0, 4.0)}, "goods": {"k_goods": (1.5, 3.0)}}[zone]
    limit = {"coolant": {"k_coolant": (0.8, 0.8)}, "goods": {"k_goods": (0.6, 0.6)}}[zone]
    runs = [world(boxes, seed=seed, **{**apart, **its}).tracks for its in (contact, limit)]
    return of_tracks(*runs, noise_c=0.05)


KINDS: Mapping[str, Callable[[int, int], FloatArray]] = {
    **{
        f"simulator, {name}: {zone}": lambda boxes, seed, name=name, zone=zone: of_simulator(
            name, zone, boxes, seed
        )
        for name, zone in (
            ("missing_separator", "coolant"),
            ("missing_separator_ice", "coolant"),
            ("hot_meal", "goods"),
            ("drinks_contact", "goods"),
        )
    },
    **{
        f"{name}: {zone}": lambda boxes, seed, made=made, zone=zone: made(boxes, seed, zone)
        for name, made in (("melting, any start", melting), ("one mass", one_mass))
        for zone in ("coolant", "goods")
    },
}


def table(boxes: int, seed: int) -> Iterator[str]:
    yield "| contact: zone | told | z, 5 % | z, median |"
    yield "|---|---|---|---|"
    for name, made in KINDS.items():
        z = made(boxes, seed)
        low, middle = np.quantile(z, (0.05, 0.5))
        yield f"| {name} | {(z > TOLD_Z).mean():.3f} | {low:.1f} | {middle:.1f} |"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boxes", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args(arguments)
    for line in table(chosen.boxes, chosen.seed):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
