"""What an opened lid leaves out of the exchange: by sensor and by events, short and long."""

import numpy as np
import pytest

from coldwitness.analysis.isolation.isolation_judgement import judge_isolation
from coldwitness.analysis.isolation.opened import LONG_SETTLE_S, SETTLE_S, disturbed
from coldwitness.analysis.isolation.zone_verdict import IsolationReason
from coldwitness.analysis.record.case import Case, case_of
from coldwitness.config.rules import load_packs
from tests.analysis.building import START_S, Given, Series, terms_of, tracks_of

NUMBERS = load_packs()[0].numbers


def case(seconds: np.ndarray, given: Given | None = None, lid: np.ndarray | None = None) -> Case:
    probes = {"coolant": np.full(seconds.size, 1.0), "ambient": np.full(seconds.size, 25.0)}
    tracks = tracks_of(Series(seconds, drug=5.0, probes=probes, lid_open=lid))
    return case_of(tracks, terms_of(given or Given(start=0.0)), NUMBERS)


def left_out(made: Case) -> tuple[float, float]:
    """First and last instant left out [s]."""
    seconds = made.tracks.time_s[disturbed(made)] - START_S
    return float(seconds.min()), float(seconds.max())


EVERY_5_S = np.arange(0.0, 7200.0, 5.0)


@pytest.mark.parametrize(
    ("open_s", "settle_s"), [(20.0, SETTLE_S), (25.0, LONG_SETTLE_S), (60.0, LONG_SETTLE_S)]
)
def test_twenty_minutes_are_left_out_after_an_opening_that_may_have_been_over_half_a_minute(
    open_s: float, settle_s: float
) -> None:
    """Open at 600 s to open_s later; the readings around say at most 10 s more."""
    since_s = EVERY_5_S - 600.0
    lid = (since_s >= 0.0) & (since_s <= open_s)
    assert left_out(case(EVERY_5_S, lid=lid)) == (600.0, 600.0 + open_s + settle_s)


def test_a_lone_open_reading_of_a_minute_logger_counts_as_long() -> None:
    seconds = np.arange(0.0, 7200.0, 60.0)
    assert left_out(case(seconds, lid=seconds == 600.0)) == (600.0, 600.0 + LONG_SETTLE_S)


@pytest.mark.parametrize(("open_s", "settle_s"), [(30.0, SETTLE_S), (35.0, LONG_SETTLE_S)])
def test_openings_told_by_events_settle_by_their_length(open_s: float, settle_s: float) -> None:
    events = [("opened", 600.0), ("closed", 600.0 + open_s)]
    made = case(EVERY_5_S, Given(start=0.0, events=events))
    assert left_out(made) == (600.0, 600.0 + open_s + settle_s - 5.0)


def test_an_opening_without_its_closing_counts_as_long() -> None:
    made = case(EVERY_5_S, Given(start=0.0, events=[("opened", 600.0)]))
    assert left_out(made)[1] >= 600.0 + LONG_SETTLE_S


def test_a_route_that_is_opened_every_ten_minutes_says_why_it_is_not_judged() -> None:
    seconds = np.arange(0.0, 7200.0, 60.0)
    judged = judge_isolation(case(seconds, lid=seconds % 600.0 == 0.0))
    assert judged.coolant.reason.tolist() == [IsolationReason.OPENED_OFTEN]
