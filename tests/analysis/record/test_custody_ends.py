"""Where custody was begun and ended, by the box's own fixes and else by the event."""

from dataclasses import replace

import numpy as np
import pytest

from coldwitness.analysis.record.case import case_of
from coldwitness.analysis.record.custody_ends import UnsureEnds
from coldwitness.domain.map_datums import from_wgs84
from tests.analysis.building import Given, Series, terms_of, tracks_of
from tests.analysis.stops.stop_journeys import (
    DOOR_M,
    NUMBERS,
    ORIGIN_M,
    Fixed,
    Journey,
    degrees,
    spot,
)

ALLOWED_M = 400.0
"""The radius of 100 m and the pack's 300 m."""


def doubts(
    fixed: Fixed,
    *,
    start: float,
    end: float,
    events: list[tuple[str, float]] | None = None,
    at_m: tuple[float, float] | None = None,
    datum: str | None = None,
    accuracy_m: float = np.nan,
) -> UnsureEnds:
    """Doubts about a journey whose custody events are `packed` and `delivered` unless said; at_m :
    the position that every event states, in `datum`."""
    lat, lon = degrees(fixed.x_m, fixed.y_m)
    tracks = tracks_of(Series(fixed.time_s, 5.0, lat=lat, lon=lon))
    tracks = replace(tracks, accuracy_m=np.full(fixed.time_s.size, accuracy_m))
    terms = terms_of(
        Given(
            start=start,
            end=end,
            by_event=True,
            events=events or [("packed", start), ("delivered", end)],
            origin=spot(ORIGIN_M),
            destination=spot(DOOR_M),
        )
    )
    if at_m is not None:
        place = tuple(map(float, degrees(*at_m)))
        if datum is not None:
            place = from_wgs84(*place, datum=datum)
        count = terms.events.time_s.size
        terms = replace(
            terms,
            events=replace(
                terms.events, lat_deg=np.full(count, place[0]), lon_deg=np.full(count, place[1])
            ),
        )
    return case_of(tracks, terms, NUMBERS).unsure_ends


def trip(*, short_m: float = 0.0, stand_s: float = 900.0) -> Fixed:
    """From the origin to a place so far short of the door, where the box stands."""
    ride = Journey().stand(600).ride((DOOR_M[0] - short_m, 0.0)).stand(stand_s)
    return ride.fixes(every_s=60.0)


@pytest.mark.parametrize(("short_m", "found"), [(390.0, 0), (ALLOWED_M - 1, 0), (402.0, 1)])
def test_delivered_further_than_radius_and_slack_from_the_door_is_doubted(
    short_m: float, found: int
) -> None:
    fixed = trip(short_m=short_m)
    seen = doubts(fixed, start=0, end=float(fixed.time_s[-1]))
    assert seen.shipment.size == found
    if found:
        assert seen.away_m[0] == pytest.approx(short_m, abs=1)
        assert seen.allowed_m[0] == ALLOWED_M


@pytest.mark.parametrize("pressed_s", [1500.0, 1800.0])
def test_delivered_at_a_depot_where_the_box_stands_is_doubted_though_it_goes_on(
    pressed_s: float,
) -> None:
    fixed = Journey().stand(600).ride((3000.0, 0.0)).stand(3000).ride(DOOR_M).stand(300).fixes()
    assert doubts(fixed, start=0, end=pressed_s).away_m == pytest.approx([3000.0], abs=1)


@pytest.mark.parametrize(("late_s", "found"), [(120.0, 0), (290.0, 0), (480.0, 1)])
def test_delivered_pressed_late_by_a_courier_who_rides_on_is_no_doubt_for_five_minutes(
    late_s: float, found: int
) -> None:
    ride = Journey().stand(600).ride(DOOR_M).stand(240)
    left_s = ride.now_s
    fixed = ride.ride((12_000.0, 0.0)).stand(600).fixes(every_s=60.0)
    assert doubts(fixed, start=0, end=left_s + late_s).shipment.size == found


def test_packed_pressed_at_a_depot_on_the_way_is_doubted() -> None:
    fixed = Journey().stand(300).ride((2000.0, 0.0)).stand(3000).ride(DOOR_M).stand(300).fixes()
    seen = doubts(fixed, start=3000, end=float(fixed.time_s[-1]))
    assert seen.away_m == pytest.approx([2000.0], abs=1)


def test_stated_accuracy_is_taken_off_the_distance() -> None:
    fixed = trip(short_m=600.0)
    end = float(fixed.time_s[-1])
    assert doubts(fixed, start=0, end=end, accuracy_m=150.0).shipment.size == 1
    assert doubts(fixed, start=0, end=end, accuracy_m=250.0).shipment.size == 0


def test_a_receiver_that_wakes_late_is_granted_the_road() -> None:
    fixed = trip()
    late = fixed.without(fixed.time_s < 150 + 600)
    assert doubts(late, start=600, end=float(fixed.time_s[-1])).shipment.size == 0


@pytest.mark.parametrize("datum", [None, "GCJ02", "BD09"])
def test_without_fixes_the_events_own_position_counts_in_whichever_datum(datum: str | None) -> None:
    blind = trip().without(np.ones(trip().time_s.size, dtype=bool))
    end = float(blind.time_s[-1])
    near = [("delivered", end)]
    assert doubts(blind, start=0, end=end, events=near, at_m=DOOR_M, datum=datum).away_m.size == 0
    far = doubts(blind, start=0, end=end, events=near, at_m=(3000.0, 3000.0), datum=datum)
    assert far.shipment.size == 1


def test_without_fix_and_position_nothing_is_doubted() -> None:
    blind = trip().without(np.ones(trip().time_s.size, dtype=bool))
    assert doubts(blind, start=0, end=float(blind.time_s[-1])).shipment.size == 0


@pytest.mark.parametrize(
    ("endings", "found"),
    [
        (["delivered"], 0),
        (["refused", "delivered"], 1),
        (["delivered", "delivered"], 1),
        (["delivered", "returned"], 1),
        (["refused", "returned", "delivered"], 1),
    ],
)
def test_a_second_ending_event_contradicts(endings: list[str], found: int) -> None:
    fixed = trip()
    end = float(fixed.time_s[-1])
    events = [("packed", 0.0), *((name, end + 60.0 * n) for n, name in enumerate(endings))]
    seen = doubts(fixed, start=0, end=end, events=events)
    assert int(np.isnan(seen.away_m).sum()) == found


def test_refused_and_then_returned_is_one_ending_measured_from_the_origin() -> None:
    fixed = (
        Journey().stand(300).ride(DOOR_M).stand(300).ride(ORIGIN_M).stand(300).fixes(every_s=60.0)
    )
    end = float(fixed.time_s[-1])
    events = [("packed", 0.0), ("refused", 1300.0), ("returned", end)]
    assert doubts(fixed, start=0, end=end, events=events).shipment.size == 0
    elsewhere = trip()
    end = float(elsewhere.time_s[-1])
    events = [("packed", 0.0), ("refused", 1000.0), ("returned", end)]
    assert doubts(elsewhere, start=0, end=end, events=events).away_m == pytest.approx([6000], abs=1)


@pytest.mark.parametrize(
    ("short_m", "kept_until_s", "unseen"),
    [
        (0.0, None, False),
        (300.0, None, False),
        (3000.0, -200.0, True),
        (3000.0, -900.0, True),
        (390.0, -200.0, False),
        (450.0, -200.0, True),
    ],
)
def test_an_end_without_a_fix_near_its_place_may_have_been_pressed_elsewhere(
    short_m: float, kept_until_s: float | None, unseen: bool
) -> None:
    """Positions around a depot taken out of the record show nothing of where `delivered` was."""
    whole = trip(short_m=short_m)
    end = float(whole.time_s[-1])
    rows = whole.time_s <= end + (0.0 if kept_until_s is None else kept_until_s)
    fixed = replace(
        whole, **{name: getattr(whole, name)[rows] for name in ("time_s", "x_m", "y_m")}
    )
    found = doubts(fixed, start=0.0, end=end)
    assert (found.unseen.tolist() == [0]) is (unseen and found.shipment.size == 0)


def test_the_events_own_position_shows_an_end_that_no_fix_does() -> None:
    whole = trip(short_m=3000.0)
    end = float(whole.time_s[-1])
    rows = whole.time_s <= end - 200.0
    fixed = replace(
        whole, **{name: getattr(whole, name)[rows] for name in ("time_s", "x_m", "y_m")}
    )
    assert doubts(fixed, start=0.0, end=end).unseen.tolist() == [0]
    there = doubts(fixed, start=0.0, end=end, events=[("delivered", end)], at_m=DOOR_M)
    assert there.unseen.tolist() == []


@pytest.mark.parametrize(("decimals", "doubted"), [(2, 0), (6, 1)])
def test_a_rounded_position_is_no_further_away_than_its_digits_say(
    decimals: int, doubted: int
) -> None:
    """545 m from the door as rounded to two decimals, which may be off by 786 m."""
    door_m = (6450.0, 500.0)
    stated_m = door_m if decimals == 2 else (6236.0, 0.0)
    fixed = Journey().stand(300).ride(stated_m).stand(300).fixes()
    lat, lon = (np.round(one, decimals) for one in degrees(fixed.x_m, fixed.y_m))
    tracks = tracks_of(Series(fixed.time_s, 5.0, lat=lat, lon=lon))
    end = float(fixed.time_s[-1])
    given = Given(
        start=0.0,
        end=end,
        by_event=True,
        events=[("packed", 0.0), ("delivered", end)],
        destination=spot(door_m),
    )
    found = case_of(tracks, terms_of(given), NUMBERS).unsure_ends
    assert found.shipment.size == doubted
