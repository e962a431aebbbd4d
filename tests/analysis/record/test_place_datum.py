"""Places picked on a Chinese map, and positions taken from one, are recognised by both ends."""

from collections.abc import Callable

import numpy as np
import pytest

from coldwitness.analysis.record.case import Case, case_of
from coldwitness.analysis.record.geodesy import haversine_m
from coldwitness.analysis.record.place_datum import PlaceDatum
from coldwitness.config.rules import load_packs
from coldwitness.domain.map_datums import from_wgs84, to_wgs84
from tests.analysis.building import Given, Series, terms_of, tracks_of

NUMBERS = load_packs()[0].numbers
FROM, TO, SITE = (36.82, 118.30), (36.80, 118.02), (36.81, 118.15)
Point = tuple[float, float]


def as_sent(point: Point) -> Point:
    return point


def in_map(datum: str) -> Callable[[Point], Point]:
    return lambda point: from_wgs84(*point, datum=datum)


def judged(
    place: Callable[[Point], Point],
    fix: Callable[[Point], Point],
    *,
    start: Point = FROM,
    end: Point = TO,
    thrown: int = 0,
) -> Case:
    """A ride from FROM to TO: places and fixes as somebody states them, true ends as given, at
    which the box stands for three readings; `thrown` of them are off by 400 m at both."""
    share = np.clip(np.linspace(-0.06, 1.06, 41), 0.0, 1.0)
    way = np.outer(1.0 - share, start) + np.outer(share, end)
    way[:thrown, 0] += 400.0 / 111_195.0
    way[way.shape[0] - thrown :, 0] += 400.0 / 111_195.0
    lat, lon = np.array([fix((float(at[0]), float(at[1]))) for at in way]).T
    return case_of(
        tracks_of(Series(60.0 * np.arange(41), 5.0, lat=lat, lon=lon)),
        terms_of(
            Given(
                start=0,
                end=2400,
                origin=(*place(FROM), 100.0),
                destination=(*place(TO), 100.0),
                sites=[("s", *place(SITE), 80.0, 0, np.nan)],
            )
        ),
        NUMBERS,
    )


@pytest.mark.parametrize(
    ("place", "fix", "datum"),
    [
        (as_sent, as_sent, PlaceDatum.AS_GIVEN),
        (in_map("GCJ02"), as_sent, PlaceDatum.PLACES_GCJ02),
        (in_map("BD09"), as_sent, PlaceDatum.PLACES_BD09),
        (as_sent, in_map("GCJ02"), PlaceDatum.POSITIONS_GCJ02),
        (as_sent, in_map("BD09"), PlaceDatum.POSITIONS_BD09),
        (in_map("GCJ02"), in_map("GCJ02"), PlaceDatum.AS_GIVEN),
    ],
)
def test_both_ends_off_by_the_shift_of_a_map_are_judged_as_converted(
    place: Callable[[Point], Point], fix: Callable[[Point], Point], datum: PlaceDatum
) -> None:
    case = judged(place, fix)
    assert case.place_datum.tolist() == [datum]
    wanted = np.array([fix(FROM), fix(TO), fix(SITE)])
    terms = case.terms
    lat = np.r_[terms.origin_lat_deg, terms.destination_lat_deg, terms.sites.lat_deg]
    lon = np.r_[terms.origin_lon_deg, terms.destination_lon_deg, terms.sites.lon_deg]
    off_m = haversine_m(lat_deg=lat, lon_deg=lon, to_lat_deg=wanted[:, 0], to_lon_deg=wanted[:, 1])
    assert off_m.max() < 1.0


def test_one_end_alone_that_lies_off_by_the_shift_is_no_datum() -> None:
    moved = to_wgs84(*TO, datum="GCJ02")
    assert judged(as_sent, as_sent, end=moved).place_datum.tolist() == [PlaceDatum.AS_GIVEN]


@pytest.mark.parametrize(
    ("off_m", "datum"),
    [(140.0, PlaceDatum.PLACES_GCJ02), (160.0, PlaceDatum.AS_GIVEN)],
)
def test_a_place_may_lie_fifty_metres_beyond_its_radius(off_m: float, datum: PlaceDatum) -> None:
    end = (TO[0] + off_m / 111_195.0, TO[1])
    assert judged(in_map("GCJ02"), as_sent, end=end).place_datum.tolist() == [datum]


@pytest.mark.parametrize(
    ("thrown", "datum"), [(2, PlaceDatum.PLACES_GCJ02), (3, PlaceDatum.AS_GIVEN)]
)
def test_of_three_fixes_at_an_end_the_nearest_says_where_the_box_was(
    thrown: int, datum: PlaceDatum
) -> None:
    assert judged(in_map("GCJ02"), as_sent, thrown=thrown).place_datum.tolist() == [datum]


def test_fixes_thrown_aside_at_both_ends_are_no_datum() -> None:
    """Two of three lie off by chance as a map would move them; the third is at its place."""
    case = judged(as_sent, as_sent, thrown=2)
    assert case.place_datum.tolist() == [PlaceDatum.AS_GIVEN]
