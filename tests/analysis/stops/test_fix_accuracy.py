"""Positions that say less than they seem to: rounded, repeated, of masts, or good to kilometres."""

from dataclasses import replace

import numpy as np
import pytest

from coldwitness.analysis.record.case import case_of
from coldwitness.analysis.record.position_digits import digits_m
from coldwitness.analysis.stops.stop_judgement import StopJudgement, judge_stops
from coldwitness.domain.words import Status
from tests.analysis.building import Series, terms_of, tracks_of
from tests.analysis.stops.stop_journeys import (
    DEPOT_M,
    DOOR_M,
    NUMBERS,
    Fixed,
    Journey,
    custody,
    degrees,
    delivery,
    judge,
)

FIRST = np.array([0, 4])
NEW = np.zeros(4, dtype=np.bool_)


@pytest.mark.parametrize(("decimals", "off_m"), [(2, 786.0), (3, 78.6), (4, 0.0), (6, 0.0)])
def test_positions_of_few_decimals_are_as_good_as_their_digits(decimals: int, off_m: float) -> None:
    lat = np.round(np.array([36.123456, 36.234567, 36.345678, 36.456789]), decimals)
    lon = np.round(np.array([118.123456, 118.234567, 118.345678, 118.456789]), decimals)
    assert digits_m(first=FIRST, same=NEW, lat_deg=lat, lon_deg=lon).tolist() == pytest.approx(
        [off_m] * 4, rel=0.01
    )


def test_a_round_position_among_others_is_chance() -> None:
    lat = np.array([36.12, 36.234567, 36.345678, 36.456789])
    lon = np.array([118.12, 118.234567, 118.345678, 118.456789])
    assert not digits_m(first=FIRST, same=NEW, lat_deg=lat, lon_deg=lon).any()


def rounded(fixed: Fixed, decimals: int) -> StopJudgement:
    lat, lon = (np.round(one, decimals) for one in degrees(fixed.x_m, fixed.y_m))
    tracks = tracks_of(Series(fixed.time_s, 5.0, lat=lat, lon=lon))
    return judge_stops(case_of(tracks, terms_of(custody(fixed)), NUMBERS))


def test_two_decimals_neither_accuse_one_quarter_of_consumers_nor_acquit_a_depot() -> None:
    quarter = Journey().stand(300)
    for n in range(5):
        quarter.ride((3000.0 + 250.0 * n, 0.0)).stand(420)
    for journey in (quarter.ride(DOOR_M).stand(300), delivery(2400)):
        judged = rounded(journey.fixes(every_s=60.0, noise_m=5.0), 2)
        assert Status(judged.status[0]) is Status.INSUFFICIENT_EVIDENCE


def stale(fixed: Fixed, *, from_s: float, until_s: float) -> Fixed:
    """The receiver repeats its last fix to the last digit."""
    held = (fixed.time_s >= from_s) & (fixed.time_s < until_s)
    at = int(np.argmax(held))
    return replace(
        fixed,
        x_m=np.where(held, fixed.x_m[at], fixed.x_m),
        y_m=np.where(held, fixed.y_m[at], fixed.y_m),
    )


@pytest.mark.parametrize(("tunnel_s", "fine"), [(840.0, True), (1200.0, True), (2400.0, False)])
def test_a_fix_repeated_in_a_tunnel_is_no_stay(tunnel_s: float, fine: bool) -> None:
    journey = Journey().stand(300).ride((30_000.0, 0.0), kmh=60.0 if fine else 36.0)
    fixed = journey.stand(300).fixes(every_s=60.0, noise_m=4.0)
    there = custody(fixed, destination=(*map(float, degrees(30_000.0, 0.0)), 100.0))
    judged = judge(stale(fixed, from_s=360.0, until_s=360.0 + tunnel_s), given=there)
    assert Status(judged.status[0]) is (Status.COMPLIANT if fine else Status.INSUFFICIENT_EVIDENCE)


@pytest.mark.parametrize("seed", range(12))
def test_a_repeated_fix_does_not_acquit_where_other_fixes_are_taken_out(seed: int) -> None:
    """The motion sensor says that the box rode, the positions that it stood: neither counts."""
    random = np.random.default_rng(seed)
    journey = Journey().stand(300).ride((14_000.0, 0.0), kmh=20.0).stand(300)
    fixed = stale(journey.fixes(every_s=60.0, noise_m=4.0), from_s=360.0, until_s=1500.0)
    there = custody(fixed, destination=(*map(float, degrees(14_000.0, 0.0)), 100.0))
    moving = ((fixed.time_s > 300) & (fixed.time_s < fixed.time_s[-1] - 300)).astype(np.int8)
    gone = random.random(len(fixed.time_s)) < random.uniform(0.5, 0.8)
    for one in (fixed, fixed.without(gone)):
        judged = judge(one, given=there, moving=moving)
        assert Status(judged.status[0]) is not Status.COMPLIANT


def test_a_receiver_that_always_repeats_itself_where_it_stands_shows_a_stay() -> None:
    judged = judge(delivery(2400).fixes(every_s=60.0))
    assert Status(judged.status[0]) is Status.SUSPECTED


@pytest.mark.parametrize("seed", range(5))
def test_masts_of_the_phone_network_neither_accuse_nor_acquit(seed: int) -> None:
    random = np.random.default_rng(seed)
    held = np.repeat(random.uniform(-900.0, 900.0, (8, 2)), random.integers(4, 22, 8), axis=0)
    fixed = Fixed(60.0 * np.arange(len(held)), held[:, 0] + 3000.0, held[:, 1])
    assert Status(judge(fixed).status[0]) is Status.INSUFFICIENT_EVIDENCE


@pytest.mark.parametrize("accuracy_m", [2000.0, 3000.0, 5000.0])
def test_a_depot_in_fixes_good_to_kilometres_is_not_acquitted(accuracy_m: float) -> None:
    fixed = (
        Journey()
        .stand(300)
        .ride(DEPOT_M)
        .stand(5400)
        .ride(DOOR_M)
        .stand(300)
        .fixes(every_s=60.0, noise_m=200.0)
    )
    judged = judge(fixed, accuracy_m=accuracy_m)
    assert Status(judged.status[0]) is Status.INSUFFICIENT_EVIDENCE
