"""Stops of ColdWitness beside trackintel, scikit-mobility and movingpandas: agreement and speed.

    python -m benchmarks.stops [TRACK.csv …] [--trips 100] [--positions 1000000]

A track file has the columns time, lat, lon. The three libraries are no part of the project: they
need `pip install trackintel scikit-mobility movingpandas` in an environment of their own, and
where one is missing the table says so and goes on without it.
"""

import argparse
import csv
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.case import case_of
from coldwitness.analysis.record.geodesy import EARTH_RADIUS_M
from coldwitness.analysis.stops.fixes import positions
from coldwitness.analysis.stops.stays import find_stays
from coldwitness.analysis.stops.stop_judgement import judge_stops
from coldwitness.analysis.terms import Terms
from coldwitness.config.numbers import Numbers
from coldwitness.config.rules import load_packs
from coldwitness.domain.columns import empty
from coldwitness.domain.tracks import Tracks
from tests.analysis.building import START_S, Given, terms_of

FloatArray = NDArray[np.float64]
Interval = tuple[int, float, float]
"""Track, start and end [s]."""

SETTINGS = ((100.0, 300.0), (50.0, 600.0))


@dataclass(frozen=True)
class Trips:
    """Positions of several tracks, one after the other; all (n,)."""

    name: str
    track: NDArray[np.int64]
    time_s: FloatArray
    lat_deg: FloatArray
    lon_deg: FloatArray

    @property
    def tracks(self) -> int:
        return int(self.track[-1]) + 1


def simulated(trips: int, *, seed: int = 7, every_s: float = 30.0, noise_m: float = 8.0) -> Trips:
    """Town rides of eight legs with stops of 0 to 40 minutes between them, GPS noise and lost
    fixes; the noise hangs together over a minute, as that of receivers does."""
    random = np.random.default_rng(seed)
    columns: list[list[FloatArray]] = [[], [], [], []]
    for trip in range(trips):
        at = np.cumsum(random.normal(0.0, 1200.0, (9, 2)), axis=0)
        ride_s = np.hypot(*np.diff(at, axis=0).T) / random.uniform(3.0, 12.0, 8)
        stand_s = random.choice([0.0, 60.0, 240.0, 480.0, 900.0, 2400.0], 8)
        knot_s = np.concatenate(([0.0], np.cumsum(np.column_stack((ride_s, stand_s)).ravel())))
        place = np.repeat(at, 2, axis=0)[1:]
        time_s = np.arange(0.0, knot_s[-1], every_s)
        time_s = time_s[random.uniform(size=time_s.size) > 0.03]
        drift = random.normal(0.0, noise_m, (2, time_s.size))
        drift[:, 1:] = (drift[:, 1:] + drift[:, :-1]) / np.sqrt(2.0)
        x, y = (np.interp(time_s, knot_s, place[:, axis]) + drift[axis] for axis in (0, 1))
        columns[0].append(np.full(time_s.size, trip, dtype=np.float64))
        columns[1].append(time_s + START_S)
        columns[2].append(36.8 + np.degrees(y / EARTH_RADIUS_M))
        columns[3].append(118.1 + np.degrees(x / (EARTH_RADIUS_M * np.cos(np.radians(36.8)))))
    track, time_s, lat_deg, lon_deg = (np.concatenate(column) for column in columns)
    return Trips(f"simulated, {trips} trips", track.astype(np.int64), time_s, lat_deg, lon_deg)


def read(path: Path) -> Trips:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    time_s = np.array([datetime.fromisoformat(row["time"]).timestamp() for row in rows])
    lat, lon = (np.array([float(row[name]) for row in rows]) for name in ("lat", "lon"))
    return Trips(path.name, np.zeros(time_s.size, dtype=np.int64), time_s, lat, lon)


def repeated(trips: Trips, positions_wanted: int) -> Trips:
    """The same trips again and again until there are as many positions."""
    times = max(round(positions_wanted / trips.time_s.size), 1)
    track = np.concatenate([trips.track + i * trips.tracks for i in range(times)])
    again = (np.tile(column, times) for column in (trips.time_s, trips.lat_deg, trips.lon_deg))
    return Trips(f"{trips.name} × {times}", track, *again)


def as_tracks(trips: Trips) -> tuple[Tracks, Terms]:
    """Our input: tracks without anything but positions, custody over the whole of each."""
    n, shipments = trips.time_s.size, trips.tracks
    first = np.searchsorted(trips.track, np.arange(shipments + 1))
    names = tuple(str(i) for i in range(shipments))
    tracks = empty(
        Tracks,
        n,
        shipments=names,
        loggers=("logger",),
        first=first,
        time_s=trips.time_s,
        logger=np.zeros(n, dtype=np.int64),
        temperature_c={},
        lat_deg=trips.lat_deg,
        lon_deg=trips.lon_deg,
    )
    begin_s, end_s = trips.time_s[first[:-1]] - START_S, trips.time_s[first[1:] - 1] - START_S
    custody = (Given(start=a, end=b) for a, b in zip(begin_s, end_s, strict=True))
    return tracks, terms_of(*custody, shipments=names)


def by_coldwitness(trips: Trips, numbers: Numbers) -> Callable[[], list[Interval]]:
    """All stays the product itself would report, whatever the others call long enough: they
    count the ride to the first fix outside as dwelling, we count what was seen."""
    tracks, terms = as_tracks(trips)

    def run() -> list[Interval]:
        stays = find_stays(positions(case_of(tracks, terms, numbers)), numbers)
        return list(
            zip(stays.shipment.tolist(), stays.start_s.tolist(), stays.end_s.tolist(), strict=True)
        )

    return run


def by_trackintel(trips: Trips, radius_m: float, min_s: float) -> Callable[[], list[Interval]]:
    import geopandas
    import pandas as pd
    import trackintel

    frame = geopandas.GeoDataFrame(
        {
            "user_id": trips.track,
            "tracked_at": pd.to_datetime(trips.time_s, unit="s", utc=True),
        },
        geometry=geopandas.points_from_xy(trips.lon_deg, trips.lat_deg),
        crs="EPSG:4326",
    )
    fixes = trackintel.Positionfixes(frame.rename_geometry("geom"))

    def run() -> list[Interval]:
        _, stays = fixes.generate_staypoints(
            method="sliding",
            dist_threshold=radius_m,
            time_threshold=min_s / 60.0,
            gap_threshold=15.0,
            include_last=True,
            print_progress=False,
            n_jobs=1,
        )
        start, end = (stays[name].map(datetime.timestamp) for name in ("started_at", "finished_at"))
        return list(zip(stays["user_id"].tolist(), start.tolist(), end.tolist(), strict=True))

    return run


def by_scikit_mobility(trips: Trips, radius_m: float, min_s: float) -> Callable[[], list[Interval]]:
    import shapely.ops

    if not hasattr(shapely.ops, "cascaded_union"):  # gone since shapely 2, still imported there
        shapely.ops.cascaded_union = shapely.ops.unary_union
    import pandas as pd
    import skmob
    from skmob.preprocessing import detection

    frame = pd.DataFrame(
        {
            "uid": trips.track,
            "lat": trips.lat_deg,
            "lng": trips.lon_deg,
            "datetime": pd.to_datetime(trips.time_s, unit="s"),
        }
    )
    table = skmob.TrajDataFrame(frame)

    def run() -> list[Interval]:
        stays = (getattr(detection, "stay_locations", None) or detection.stops)(
            table,
            minutes_for_a_stop=min_s / 60.0,
            spatial_radius_km=radius_m / 1000.0,
            leaving_time=True,
            no_data_for_minutes=1e12,
        )
        start, end = (
            stays[name].map(lambda at: at.replace(tzinfo=UTC).timestamp())
            for name in ("datetime", "leaving_datetime")
        )
        track = stays["uid"].tolist() if len(stays) else []
        return list(zip(track, start.tolist(), end.tolist(), strict=True))

    return run


def by_movingpandas(trips: Trips, radius_m: float, min_s: float) -> Callable[[], list[Interval]]:
    from datetime import timedelta

    import geopandas
    import movingpandas
    import pandas as pd

    frame = geopandas.GeoDataFrame(
        {"track": trips.track, "t": pd.to_datetime(trips.time_s, unit="s")},
        geometry=geopandas.points_from_xy(trips.lon_deg, trips.lat_deg),
        crs="EPSG:4326",
    )
    collection = movingpandas.TrajectoryCollection(frame.set_index("t"), "track")

    def run() -> list[Interval]:
        detector = movingpandas.TrajectoryStopDetector(collection)
        found: list[Interval] = []
        for stop in detector.get_stop_time_ranges(
            max_diameter=2.0 * radius_m, min_duration=timedelta(seconds=min_s)
        ):
            start, end = (at.replace(tzinfo=UTC).timestamp() for at in (stop.t_0, stop.t_n))
            found.append((int(stop.traj_id), start, end))
        return found

    return run


LIBRARIES = {
    "trackintel": by_trackintel,
    "scikit-mobility": by_scikit_mobility,
    "movingpandas": by_movingpandas,
}


def overlap(a: Interval, b: Interval) -> float:
    """Common time as a share of the shorter of two stays of the same track."""
    if a[0] != b[0]:
        return 0.0
    common = min(a[2], b[2]) - max(a[1], b[1])
    return max(common, 0.0) / max(min(a[2] - a[1], b[2] - b[1]), 1.0)


def also_in(stays: Sequence[Interval], others: Sequence[Interval]) -> list[Interval]:
    by_track: dict[int, list[Interval]] = {}
    for other in others:
        by_track.setdefault(other[0], []).append(other)
    return [s for s in stays if any(overlap(s, o) >= 0.25 for o in by_track.get(s[0], []))]


def timed(run: Callable[[], Any]) -> tuple[Any, float]:
    begin = time.process_time()  # what the machine does beside is not ours
    result = run()
    return result, time.process_time() - begin


def compare(trips: Trips, numbers: Numbers, radius_m: float, min_s: float) -> tuple[int, int]:
    """Print who finds what; how many stays both sliding windows agree on, and how many of these
    are found here."""
    print(f"\n{trips.name}: {trips.time_s.size} positions, {radius_m:g} m / {min_s / 60:g} min")
    mine = by_coldwitness(trips, replace(numbers, dwell_radius_m=radius_m))()
    long = sum(end_s - start_s >= min_s for _, start_s, end_s in mine)
    print(f"  {'coldwitness':16} {long:6} stays; {len(mine)} with the shorter ones")
    found: dict[str, list[Interval]] = {}
    for name, prepare in LIBRARIES.items():
        try:
            found[name] = prepare(trips, radius_m, min_s)()
        except ImportError as error:
            print(f"  {name:16} not installed ({error.name or error}); left out")
            continue
        again = len(also_in(found[name], mine))
        print(f"  {name:16} {len(found[name]):6} stays; {again} of them found by coldwitness too")
    if not {"trackintel", "scikit-mobility"} <= found.keys():
        return 0, 0
    agreed = also_in(found["trackintel"], found["scikit-mobility"])
    missed = [stay for stay in agreed if stay not in also_in(agreed, mine)]
    print(f"  agreed by both sliding windows: {len(agreed)}; missed by coldwitness: {len(missed)}")
    for track, start_s, end_s in missed[:5]:
        print(f"    missed: track {track}, {end_s - start_s:.0f} s from {start_s:.0f}")
    return len(agreed), len(agreed) - len(missed)


def race(trips: Trips, numbers: Numbers, *, wanted: int, rounds: int) -> None:
    """Processor time of each in turn, several rounds; the libraries on the trips themselves,
    ours on the same trips again and again, because it takes a quarter of a second for a million.
    """
    radius_m, min_s = SETTINGS[0]
    many = repeated(trips, wanted)
    tracks, terms = as_tracks(many)
    runs: dict[str, tuple[Callable[[], Any], int]] = {
        "stays": (
            lambda: find_stays(positions(case_of(tracks, terms, numbers)), numbers),
            many.time_s.size,
        ),
        "whole judgement": (
            lambda: judge_stops(case_of(tracks, terms, numbers)),
            many.time_s.size,
        ),
    }
    for name, prepare in LIBRARIES.items():
        try:
            runs[name] = prepare(trips, radius_m, min_s), trips.time_s.size
        except ImportError:
            continue
    rates: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, (run, size) in runs.items():
            rates[name].append(size / timed(run)[1])
    print(f"\nspeed in one run, {rounds} rounds in turn, one thread, positions per CPU second")
    print(f"  coldwitness on {many.name} ({many.time_s.size}), the others on {trips.name}")
    for name, seen in rates.items():
        print(f"  {name:16} median {median(seen):12,.0f}   {min(seen):12,.0f} to {max(seen):,.0f}")
    others = [rates[name] for name in LIBRARIES if name in rates]
    if others:
        fastest = max(others, key=median)
        times = sorted(mine / other for mine, other in zip(rates["stays"], fastest, strict=True))
        print(
            f"  stays: {median(rates['stays']) / median(fastest):.0f} times the fastest of them "
            f"(rounds {times[0]:.0f} to {times[-1]:.0f}); "
            f"whole judgement: {median(rates['whole judgement']) / median(fastest):.0f} times"
        )


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--trips", type=int, default=100)
    parser.add_argument("--positions", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    chosen = parser.parse_args(arguments)
    numbers = load_packs()[0].numbers
    town = simulated(chosen.trips)
    both = [
        compare(trips, numbers, radius_m, min_s)
        for trips in [*map(read, chosen.files), town]
        for radius_m, min_s in SETTINGS
    ]
    agreed, found = (sum(column) for column in zip(*both, strict=True))
    print(f"\nagreed by both sliding windows: {agreed}; of these found by coldwitness: {found}")
    race(town, numbers, wanted=chosen.positions, rounds=chosen.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
