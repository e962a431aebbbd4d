"""Stays of many shipments at once: the same as each alone, however many fixes there are."""

from dataclasses import fields, replace

import numpy as np
import pytest

from coldwitness.analysis.record.case import case_of
from coldwitness.analysis.stops import pieces
from coldwitness.analysis.stops.fixes import Fixes, positions
from coldwitness.analysis.stops.stays import Stays, find_stays
from tests.analysis.building import Series, terms_of, tracks_of
from tests.analysis.stops.stop_journeys import NUMBERS, Fixed, custody, degrees, delivery


def fixes_of_all(journeys: list[Fixed]) -> Fixes:
    names = tuple(f"S{i}" for i in range(len(journeys)))
    series = []
    for name, fixed in zip(names, journeys, strict=True):
        lat, lon = degrees(fixed.x_m, fixed.y_m)
        series.append(Series(fixed.time_s, drug=5.0, lat=lat, lon=lon, shipment=name))
    tracks = tracks_of(*series, shipments=names)
    terms = terms_of(*[custody(fixed) for fixed in journeys], shipments=names)
    return positions(case_of(tracks, terms, NUMBERS))


def assert_same(stays: Stays, others: Stays) -> None:
    for field in fields(Stays):
        np.testing.assert_allclose(getattr(stays, field.name), getattr(others, field.name))


def test_a_long_stretch_in_parts_has_the_stays_that_it_has_in_one_piece(monkeypatch):
    fixes = fixes_of_all([delivery(1200).fixes(every_s=2.0, noise_m=9.0, seed=4)])
    whole = find_stays(fixes, NUMBERS)
    assert len(whole)
    monkeypatch.setattr(pieces, "AT_ONCE", 50)
    assert_same(find_stays(fixes, NUMBERS), whole)


def test_a_hundred_thousand_fixes_lose_no_stay_and_repeat_none():
    """More fixes than are worked on at a time."""
    kinds = [delivery(s).fixes(every_s=1.0, noise_m=6.0, seed=s) for s in (400, 1200, 2400)]
    journeys = [kinds[i % 3] for i in range(48)]
    fixes = fixes_of_all(journeys)
    assert len(fixes) > 100_000
    together = find_stays(fixes, NUMBERS)
    alone = [find_stays(fixes_of_all([kind]), NUMBERS) for kind in kinds]
    counts = np.bincount(together.shipment, minlength=48)
    assert counts.tolist() == [len(alone[i % 3]) for i in range(48)]
    dwell_s = np.concatenate([alone[i % 3].dwell_s for i in range(48)])
    np.testing.assert_allclose(together.dwell_s, dwell_s)
    assert (np.diff(together.first_fix) > 0).all()


def test_positions_that_jump_between_two_masts_are_no_stay_and_no_error():
    """All within a square of two radii, none within a radius of their middle."""
    time_s = np.arange(0.0, 1800.0, 60.0)
    mast_m = np.where(np.arange(time_s.size) % 2 == 0, 0.0, 170.0)
    assert len(find_stays(fixes_of_all([Fixed(time_s, mast_m, mast_m)]), NUMBERS)) == 0


def stays_at(seconds: list[float], x_m: list[float], **numbers: float) -> Stays:
    fixed = Fixed(np.array(seconds), np.array(x_m), np.zeros(len(x_m)))
    return find_stays(fixes_of_all([fixed]), replace(NUMBERS, **numbers))


RIDE_S = [0.0, 60.0, 120.0, 180.0]
RIDE_M = [-3200.0, -2400.0, -1600.0, -800.0]


@pytest.mark.parametrize(("step_s", "found"), [(60.0, 0), (120.0, 0), (181.0, 1), (300.0, 1)])
def test_two_minutes_seen_before_a_step_that_may_hold_another_are_a_stay(step_s, found):
    """A sliding window counts the step to the first fix outside as dwelling; here the stay is
    found as well, and lasts what was seen."""
    seconds = [*RIDE_S, 240.0, 300.0, 360.0, 360.0 + step_s, 420.0 + step_s]
    stays = stays_at(seconds, [*RIDE_M, 0.0, 10.0, 5.0, 800.0, 1600.0])
    assert len(stays) == found
    assert stays.dwell_s.tolist() == [120.0] * found


def test_two_minutes_seen_after_a_long_step_are_a_stay_as_well():
    seconds = [*RIDE_S, 361.0, 421.0, 481.0, 541.0, 601.0]
    stays = stays_at(seconds, [*RIDE_M, 0.0, 10.0, 5.0, 800.0, 1600.0])
    assert stays.dwell_s.tolist() == [120.0]


def test_a_step_longer_than_the_packs_gap_is_no_dwelling_but_a_gap():
    seconds = [*RIDE_S, 240.0, 300.0, 360.0, 541.0, 601.0]
    place_m = [*RIDE_M, 0.0, 10.0, 5.0, 800.0, 1600.0]
    assert len(stays_at(seconds, place_m)) == 1
    assert len(stays_at(seconds, place_m, position_gap_s=180.0)) == 0


def test_a_long_step_that_the_ride_itself_takes_up_makes_no_stay():
    """181 s for 5.6 km at 120 km/h at most leave 14 s of standing."""
    seconds = [*RIDE_S, 240.0, 300.0, 360.0, 541.0, 601.0]
    assert len(stays_at(seconds, [*RIDE_M, 0.0, 10.0, 5.0, 5660.0, 6500.0])) == 0


def test_a_single_fix_between_long_steps_is_no_stay():
    seconds = [0.0, 60.0, 300.0, 540.0, 600.0]
    assert len(stays_at(seconds, [-1600.0, -800.0, 0.0, 800.0, 1600.0])) == 0
