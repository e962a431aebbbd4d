"""Planned, in transit, ended: as of when, and what is judged meanwhile."""

import dataclasses

import numpy as np
import pytest

from coldwitness.analysis.judge import judge
from coldwitness.analysis.record.build import build_tracks
from coldwitness.analysis.record.case import case_of
from coldwitness.analysis.verdict.record_reasons import RecordReason
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.result import CheckResult
from coldwitness.domain.words import Status
from coldwitness.judging.results import check_results
from tests.analysis.building import START_S, Given, Series, table, terms_of
from tests.analysis.judging import NUMBERS, PACK, minutes

DAY_S = 86_400.0
PACKED = Given(start=0, by_event=True, events=(("packed", 0), ("picked_up", 60)))
ONE_HOUR = Series(minutes(61), np.full(61, 5.0))


def result_of(*series: Series, given: Given, as_of_s: float | None) -> CheckResult:
    """as_of_s : seconds after START_S; None: as ended."""
    readings = table(*series) if series else table(Series([], []))
    tracks = build_tracks(readings, shipments=("S1",))
    terms = terms_of(given)
    case = case_of(tracks, terms, NUMBERS, as_of_s=None if as_of_s is None else START_S + as_of_s)
    (result,) = check_results(judge(case, PACK), tracks, terms, PACK, software="test")
    return result


def statuses(result: CheckResult) -> dict[str, str]:
    return {line.id: line.status for line in result.requirements}


def test_without_an_instant_every_record_has_ended() -> None:
    result = result_of(ONE_HOUR, given=PACKED, as_of_s=None)
    assert result.state == "ended"
    assert statuses(result)["ANNEX6-10"] == "insufficient_evidence"


@pytest.mark.parametrize(
    ("after_last_s", "state"),
    [(0, "in_transit"), (DAY_S - 1, "in_transit"), (DAY_S, "in_transit"), (DAY_S + 1, "ended")],
)
def test_silence_beyond_the_setting_ends_a_shipment(after_last_s: float, state: str) -> None:
    assert result_of(ONE_HOUR, given=PACKED, as_of_s=3600 + after_last_s).state == state


@pytest.mark.parametrize(
    ("begins_s", "state"), [(-1, "in_transit"), (0, "in_transit"), (1, "planned")]
)
def test_a_shipment_without_readings_is_planned_until_its_dispatch(
    begins_s: float, state: str
) -> None:
    assert result_of(given=Given(start=begins_s), as_of_s=0).state == state


def test_one_that_never_spoke_ends_a_day_after_it_was_to_begin_or_was_due() -> None:
    assert result_of(given=Given(start=0), as_of_s=DAY_S).state == "in_transit"
    assert result_of(given=Given(start=0), as_of_s=DAY_S + 1).state == "ended"
    due = Given(start=0, due=3600)
    assert result_of(given=due, as_of_s=DAY_S + 3600).state == "in_transit"
    assert result_of(given=due, as_of_s=DAY_S + 3601).state == "ended"


def test_an_ending_event_ends_it_and_a_stated_delivery_once_it_has_passed() -> None:
    ended = dataclasses.replace(PACKED, end=3600)
    assert result_of(ONE_HOUR, given=ended, as_of_s=3600).state == "ended"
    stated = Given(start=0, end=7200)
    assert result_of(ONE_HOUR, given=stated, as_of_s=3600).state == "in_transit"
    assert result_of(ONE_HOUR, given=stated, as_of_s=7200).state == "ended"


def test_a_clean_delivery_on_its_way_is_not_short_of_evidence() -> None:
    result = result_of(ONE_HOUR, given=PACKED, as_of_s=3600)
    lines = statuses(result)
    for line in ("ANNEX6-10", "ANNEX6-11", "ANNEX3-06", "ANNEX3-08", "ANNEX6-02"):
        assert lines[line] == "compliant", line
    assert [finding.subtype for finding in result.findings] == ["no_position"]


@pytest.mark.parametrize(("silent_s", "told"), [(299, False), (300, False), (301, True)])
def test_silence_is_missing_only_once_the_permitted_interval_is_over(
    silent_s: float, told: bool
) -> None:
    result = result_of(ONE_HOUR, given=PACKED, as_of_s=3600 + silent_s)
    gaps = [one for one in result.findings if one.subtype == "no_readings"]
    assert bool(gaps) is told
    assert not [one for one in result.findings if one.subtype == "early_end"]
    assert (statuses(result)["ANNEX6-11"] == "insufficient_evidence") is told


@pytest.mark.parametrize(("packed_for_s", "told"), [(300, False), (301, True)])
def test_before_the_first_reading_is_due_none_is_missing(packed_for_s: float, told: bool) -> None:
    result = result_of(given=PACKED, as_of_s=packed_for_s)
    assert result.state == "in_transit"
    assert (
        any(one.kind == "evidence_gap" and one.subtype == "no_readings" for one in result.findings)
        is told
    )
    assert statuses(result)["ANNEX6-10"] == "insufficient_evidence", "nothing is fine without data"


def test_a_backlog_of_the_morning_is_no_silence() -> None:
    late = Series(minutes(61), np.full(61, 5.0), received=np.full(61, 9000.0))
    result = result_of(late, given=PACKED, as_of_s=9200)
    assert not [one for one in result.findings if one.subtype == "no_readings"]
    silent = result_of(late, given=PACKED, as_of_s=9400)
    (gap,) = [one for one in silent.findings if one.subtype == "no_readings"]
    assert gap.duration_s == 9400 - 3600, "until now, not only for as long as nothing came"
    assert silent.window.end == rfc3339(round((START_S + 9400) * 1000))


def test_a_break_under_way_is_certain_and_not_doubted_as_the_end_of_custody() -> None:
    warm = Series(minutes(61), np.r_[np.full(59, 5.0), 12.0, 12.0])
    result = result_of(warm, given=PACKED, as_of_s=3600)
    assert statuses(result)["ANNEX6-10"] == "breach"


def test_a_planned_shipment_has_no_findings_and_nothing_is_fine() -> None:
    result = result_of(given=Given(start=3600), as_of_s=0)
    assert (result.state, result.verdict, result.findings) == (
        "planned",
        "insufficient_evidence",
        (),
    )
    assert (result.window.start, result.window.end) == (None, None)
    lines = statuses(result)
    assert "compliant" not in lines.values()
    assert lines["ANNEX6-02"] == "not_applicable"


@pytest.mark.parametrize(
    ("due_s", "status", "said"),
    [(3600, "compliant", "尚未到送达时限"), (3599, "to_check", "尚未签收")],
)
def test_the_time_limit_of_one_on_its_way(due_s: float, status: str, said: str) -> None:
    given = dataclasses.replace(PACKED, due=due_s)
    result = result_of(ONE_HOUR, given=given, as_of_s=3600)
    (line,) = [one for one in result.requirements if one.id == "ANNEX6-08"]
    assert line.status == status
    assert said in line.basis.zh


@pytest.mark.parametrize(
    ("planned_h", "hold_h", "status"),
    [(2.0, 2.0, "asserted"), (2.1, 2.0, "to_check"), (None, 2.0, "to_check")],
)
def test_planned_time_is_held_against_hold_time_before_departure(
    planned_h: float | None, hold_h: float, status: str
) -> None:
    given = Given(
        start=3600, hold_h=hold_h, planned_s=None if planned_h is None else planned_h * 3600
    )
    assert statuses(result_of(given=given, as_of_s=0))["ANNEX1-03"] == status


def test_the_same_present_makes_the_same_of_the_same_record() -> None:
    """A report tells the present it was made by, from which it is made again."""
    for as_of_s in (3600.0, 3700.0, 5000.0):
        first = result_of(ONE_HOUR, given=PACKED, as_of_s=as_of_s)
        assert isinstance(first.as_of, str)
        again_s = np.datetime64(first.as_of.removesuffix("Z"), "ms").astype(float) / 1000 - START_S
        assert result_of(ONE_HOUR, given=PACKED, as_of_s=again_s) == first


def test_every_record_reason_of_the_way_is_reached() -> None:
    case = case_of(
        build_tracks(table(ONE_HOUR), shipments=("S1",)),
        terms_of(PACKED),
        NUMBERS,
        as_of_s=START_S + 3600,
    )
    record = judge(case, PACK).record
    assert record["custody_events"].reason[0] == RecordReason.EVENTS_SO_FAR
    assert int(judge(case, PACK).status_of("range")[0]) == Status.COMPLIANT
