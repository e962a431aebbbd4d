"""Journeys on a plane in metres, turned into positions: what the stop tests judge."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.case import case_of
from coldwitness.analysis.record.geodesy import EARTH_RADIUS_M
from coldwitness.analysis.stops.stop_judgement import StopJudgement, judge_stops
from coldwitness.config.numbers import Numbers
from coldwitness.config.rules import load_packs
from tests.analysis.building import Given, Series, terms_of, tracks_of

NUMBERS: Numbers = load_packs()[0].numbers
LAT0_DEG, LON0_DEG = 36.80, 118.10
ORIGIN_M = (0.0, 0.0)
DEPOT_M = (3000.0, 0.0)
DOOR_M = (6000.0, 0.0)


def degrees(x_m: Any, y_m: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Latitude and longitude of a point east and north of (LAT0_DEG, LON0_DEG)."""
    lat = LAT0_DEG + np.degrees(np.asarray(y_m, dtype=float) / EARTH_RADIUS_M)
    scale = EARTH_RADIUS_M * np.cos(np.radians(LAT0_DEG))
    return lat, LON0_DEG + np.degrees(np.asarray(x_m, dtype=float) / scale)


def spot(place_m: tuple[float, float], radius_m: float = 100.0) -> tuple[float, float, float]:
    lat, lon = degrees(*place_m)
    return float(lat), float(lon), radius_m


@dataclass
class Journey:
    """A box that stands and rides; seconds count from START_S, places are metres."""

    at_m: tuple[float, float] = ORIGIN_M
    knots: list[tuple[float, float, float]] = field(default_factory=list)
    now_s: float = 0.0

    def __post_init__(self) -> None:
        self.knots.append((self.now_s, *self.at_m))

    def stand(self, seconds: float) -> "Journey":
        self.now_s += seconds
        self.knots.append((self.now_s, *self.at_m))
        return self

    def ride(self, to_m: tuple[float, float], *, kmh: float = 30.0) -> "Journey":
        way_m = float(np.hypot(to_m[0] - self.at_m[0], to_m[1] - self.at_m[1]))
        self.now_s += way_m / (kmh / 3.6)
        self.at_m = to_m
        self.knots.append((self.now_s, *to_m))
        return self

    def fixes(self, *, every_s: float = 30.0, noise_m: float = 0.0, seed: int = 1) -> "Fixed":
        time_s = np.arange(0.0, self.now_s + 1e-6, every_s)
        knot_s, x_m, y_m = (np.array(column) for column in zip(*self.knots, strict=True))
        random = np.random.default_rng(seed)
        return Fixed(
            time_s=time_s,
            x_m=np.interp(time_s, knot_s, x_m) + noise_m * random.standard_normal(time_s.size),
            y_m=np.interp(time_s, knot_s, y_m) + noise_m * random.standard_normal(time_s.size),
        )


@dataclass(frozen=True)
class Fixed:
    time_s: NDArray[np.float64]
    x_m: NDArray[np.float64]
    y_m: NDArray[np.float64]

    def without(self, gone: NDArray[np.bool_]) -> "Fixed":
        """The same readings with some positions deleted (NaN)."""
        return replace(
            self, x_m=np.where(gone, np.nan, self.x_m), y_m=np.where(gone, np.nan, self.y_m)
        )


def judge(
    fixed: Fixed,
    *,
    given: Given | None = None,
    accuracy_m: float | Sequence[float] | None = None,
    numbers: Numbers = NUMBERS,
    event_places_m: Sequence[tuple[float, float] | None] | None = None,
    **columns: Any,
) -> StopJudgement:
    """Judge one journey; without `given`: custody from first to last reading, origin and
    destination as above."""
    lat, lon = degrees(fixed.x_m, fixed.y_m)
    probes = columns.pop("probes", {})
    series = Series(fixed.time_s, drug=5.0, lat=lat, lon=lon, probes=probes, **columns)
    tracks = tracks_of(series)
    if accuracy_m is not None:
        stated = np.broadcast_to(np.asarray(accuracy_m, dtype=float), fixed.time_s.shape)
        tracks = replace(tracks, accuracy_m=stated.copy())
    terms = terms_of(given or custody(fixed))
    if event_places_m is not None:
        nowhere = (np.nan, np.nan)
        places = [nowhere if p is None else tuple(map(float, degrees(*p))) for p in event_places_m]
        events = replace(
            terms.events,
            lat_deg=np.array([place[0] for place in places]),
            lon_deg=np.array([place[1] for place in places]),
        )
        terms = replace(terms, events=events)
    return judge_stops(case_of(tracks, terms, numbers))


def custody(fixed: Fixed, **fields: Any) -> Given:
    """Custody over the whole journey between origin and door."""
    base: dict[str, Any] = {
        "start": float(fixed.time_s[0]),
        "end": float(fixed.time_s[-1]),
        "origin": spot(ORIGIN_M),
        "destination": spot(DOOR_M),
        "interval_s": float(np.median(np.diff(fixed.time_s))) if fixed.time_s.size > 1 else None,
    }
    return Given(**{**base, **fields})


def delivery(stop_s: float, *, at_m: tuple[float, float] = DEPOT_M) -> Journey:
    """Origin, a stop on the way, the door."""
    return Journey().stand(300).ride(at_m).stand(stop_s).ride(DOOR_M).stand(300)
