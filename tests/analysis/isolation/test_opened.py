"""What an opened lid leaves out of the exchange: by sensor and by events, short and long."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pytest

from coldwitness.analysis.isolation.curves import exchange_curves
from coldwitness.analysis.isolation.isolation_judgement import judge_isolation
from coldwitness.analysis.isolation.opened import (
    LONG_SETTLE_S,
    PACKING_SETTLE_S,
    SETTLE_S,
    disturbed,
)
from coldwitness.analysis.isolation.zone_verdict import IsolationReason
from coldwitness.analysis.record.case import Case, case_of
from coldwitness.config.rules import load_packs
from tests.analysis.building import START_S, Given, Series, terms_of, tracks_of

NUMBERS = load_packs()[0].numbers


def case(
    seconds: np.ndarray,
    given: Given | None = None,
    lid: np.ndarray | None = None,
    more: Mapping[str, np.ndarray] = MappingProxyType({}),
) -> Case:
    probes = {"coolant": np.full(seconds.size, 1.0), "ambient": np.full(seconds.size, 25.0), **more}
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


def test_a_probe_that_comes_out_of_the_room_is_no_drug_that_follows_its_pack() -> None:
    """By a clock two minutes ahead; out of range until 270 s, and following for four minutes."""
    t = np.arange(-600.0, 7800.0, 30.0)
    drug = np.round(5.0 + 17.0 * np.exp(-np.clip(t - 120.0, 0.0, None) / 90.0), 1)
    probes = {"coolant": np.full(t.size, 4.8), "ambient": np.full(t.size, 21.5)}
    made = case_of(
        tracks_of(Series(t, drug=drug, probes=probes)),
        terms_of(Given(start=0.0, end=7200.0)),
        NUMBERS,
    )
    assert exchange_curves(made).time_s[0] - START_S == 540.0


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


@pytest.mark.parametrize(
    ("goods", "settle_s"), [(False, PACKING_SETTLE_S), (True, 0.0)], ids=["drugs alone", "goods"]
)
@pytest.mark.parametrize("shut_s", [100.0, 200.0])
def test_the_opening_in_which_the_box_was_packed_leaves_out_less(
    goods: bool, settle_s: float, shut_s: float
) -> None:
    """Custody begins at 150 s; the lid was open from the first reading until before or after it.
    The load begins at a temperature of its own; with goods aboard the start alone tells them from
    the outside."""
    more = {"goods": np.full(EVERY_5_S.size, 20.0)} if goods else {}
    made = case(EVERY_5_S, Given(start=150.0), shut_s > EVERY_5_S, more)
    last_open_s = shut_s - 5.0
    assert left_out(made) == (0.0, last_open_s + settle_s)


def test_a_packing_told_by_events_is_one_too() -> None:
    events = [("opened", 10.0), ("closed", 100.0)]
    made = case(EVERY_5_S, Given(start=150.0, events=events))
    assert left_out(made) == (10.0, 100.0 + PACKING_SETTLE_S - 5.0)


def test_a_route_that_is_opened_every_ten_minutes_says_why_it_is_not_judged() -> None:
    seconds = np.arange(0.0, 7200.0, 60.0)
    judged = judge_isolation(case(seconds, lid=seconds % 600.0 == 0.0))
    assert judged.coolant.reason.tolist() == [IsolationReason.OPENED_OFTEN]
