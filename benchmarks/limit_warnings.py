"""How early and how rightly a box is said to be near its limit, replayed minute by minute.

    python -m benchmarks.limit_warnings [--boxes 20] [--seed 5]

Deliveries of the scoreboard's honest and violating families are replayed: at each reading the
forecast (`analysis/temperature/nearing_limit.py`) sees what had come until then. Lead: from
the first warning of a run of warnings without a pause of two minutes to the first of three readings
outside. False: a warning in a trip that never has three readings outside in a row.
"""

import argparse
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from benchmarks.scoreboard_classes import CLASSES
from benchmarks.scoreboard_run import END_MS
from coldwitness.analysis.temperature.nearing_limit import nearing
from coldwitness.domain.tracks import FloatArray
from coldwitness.simulators.fleet import simulate_fleet
from coldwitness.simulators.scenario import scenario
from coldwitness.simulators.truth import HIGH_C, LOW_C

PAUSE_S = 120.0
SETTINGS_MIN = (10.0, 15.0, 20.0)


class Trip(NamedTuple):
    """Times [s] and drug's temperatures of one trip in custody."""

    time_s: FloatArray
    drug_c: FloatArray

    @property
    def crossing_s(self) -> float:
        """The first of three readings outside in a row, as one alone may be no temperature at all;
        inf: there is none."""
        outside = (self.drug_c > HIGH_C) | (self.drug_c < LOW_C)
        outside = outside[:-2] & outside[1:-1] & outside[2:]
        return float(self.time_s[np.argmax(outside)]) if outside.any() else np.inf


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--boxes", type=int, default=20, help="of each family")
    asked.add_argument("--seed", type=int, default=5)
    told = asked.parse_args()
    trips = [trip for trip in trips_of(boxes=told.boxes, seed=told.seed) if trip.time_s.size > 5]
    to_limit_s = [forecasts(trip) for trip in trips]
    crossing = np.array([trip.crossing_s for trip in trips])
    crosses = np.isfinite(crossing)
    # One that is outside from the start, or from before a pace can be known, nobody can warn of.
    known = np.array([trip.crossing_s - trip.time_s[0] >= 600.0 for trip in trips])
    print(f"{len(trips)} trips, {int((crosses & known).sum())} leave their limits later than")
    print(f"10 min after packing, {int((~crosses).sum())} never do")
    print("setting  median lead  lead >= 6 min  not warned  false of 20 trips")
    for minutes in SETTINGS_MIN:
        leads = np.array(
            [
                lead_s(trip, its <= minutes * 60.0)
                for trip, its in zip(trips, to_limit_s, strict=True)
            ]
        )
        warned = np.array([bool((its <= minutes * 60.0).any()) for its in to_limit_s])
        mine = leads[crosses & known] / 60.0
        false = warned[~crosses].mean() * 20
        print(
            f"{minutes:4.0f} min {np.median(mine):9.1f} min {(mine >= 6).mean():12.2f}"
            f" {(mine <= 0).mean():12.2f} {false:14.2f}"
        )


def trips_of(*, boxes: int, seed: int) -> Iterator[Trip]:
    """Trips of all families whose record is true."""
    for number, scored in enumerate(CLASSES):
        if scored.kind == "forged":
            continue
        fleet = simulate_fleet(
            [scenario(scored.scenario)], boxes=boxes, seed=seed + number, end_ms=END_MS
        )
        for shipment in fleet.shipments:
            record, trip = shipment.record, shipment.trip
            held = (record.true_s >= trip.packed_s) & (record.true_s <= trip.delivered_s)
            drug_c = record.probes["drug"][held]
            spoke = ~np.isnan(drug_c)
            yield Trip(record.true_s[held][spoke], drug_c[spoke])


def forecasts(trip: Trip) -> FloatArray:
    """(n,) seconds to the limit as seen at each reading, by those until then; all in one call."""
    count = trip.time_s.size
    # A forecast looks back ten minutes: of each reading the 90 before it are enough.
    begin = np.maximum(np.arange(count) - 90, 0)
    rows = np.concatenate([np.arange(b, e + 1) for e, b in enumerate(begin)])
    first = np.concatenate([[0], np.cumsum(np.arange(count) - begin + 1)]).astype(np.int64)
    its = nearing(
        first,
        time_s=trip.time_s[rows],
        value_c=trip.drug_c[rows],
        low_c=np.full(count, LOW_C),
        high_c=np.full(count, HIGH_C),
    )
    return np.where(np.isnan(its.to_limit_s), np.inf, its.to_limit_s)


def lead_s(trip: Trip, warned: np.ndarray) -> float:
    """From the begin of the warning that holds at the crossing until the crossing; 0: none does."""
    before = trip.time_s[warned & (trip.time_s < trip.crossing_s)]
    if not before.size or trip.crossing_s - before[-1] > PAUSE_S:
        return 0.0
    pauses = np.flatnonzero(np.diff(before) > PAUSE_S)
    begin = before[pauses[-1] + 1] if pauses.size else before[0]
    return float(trip.crossing_s - begin)


if __name__ == "__main__":
    main()
