"""The record itself: counts, conflicts, clocks, late imports."""

import numpy as np
import pytest

from coldwitness.analysis.record.sequence import sequence_breaks
from coldwitness.analysis.verdict.record_reasons import RecordReason
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.words import Status
from tests.analysis.building import Given, Series
from tests.analysis.judging import BREAKS, minutes, seen

TWO_HOURS = Given(start=0, end=7200, interval_s=60)


def breaks_of(seq: list[int]) -> tuple[list[int], list[bool], list[bool], list[bool]]:
    n = len(seq)
    found = sequence_breaks(
        np.array([0, n]),
        logger=np.zeros(n, dtype=np.int64),
        seq=np.array(seq),
        time_s=np.arange(n) * 60.0,
    )
    return (
        found.missing.tolist(),
        found.reset.tolist(),
        found.repeated.tolist(),
        found.disordered.tolist(),
    )


@pytest.mark.parametrize(
    ("seq", "missing", "resets", "repeated", "disordered"),
    [
        ([0, 1, 2, 3], 0, 0, 0, 0),
        ([5, 6, 9], 2, 0, 0, 0),
        ([7, 8, 0, 1], 0, 1, 0, 0),
        ([7, 8, 1, 2], 0, 1, 0, 0),
        ([7, 8, 9, 7, 8], 6, 1, 0, 0),
        ([3, 4, 4, 5], 0, 0, 1, 0),
        ([1, 2, 4, 3, 5], 0, 0, 0, 1),
        ([0, 1, 3, 4, 0, 1, 2, 3, 4], 1, 1, 0, 0),
        ([-1, -1, -1], 0, 0, 0, 0),
        ([1, -1, 2, -1, 4], 1, 0, 0, 0),
        ([0, 2**62], 2**62 - 1, 0, 0, 0),
    ],
)
def test_what_a_count_shows(
    seq: list[int], missing: int, resets: int, repeated: int, disordered: int
) -> None:
    found = breaks_of(seq)
    assert (sum(found[0]), sum(found[1]), sum(found[2]), sum(found[3])) == (
        missing,
        resets,
        repeated,
        disordered,
    )


def test_each_logger_has_a_count_of_its_own() -> None:
    t = minutes(121)
    found = seen(
        Series(t, 5.0, seq=np.arange(121)),
        Series(t, 5.0, seq=np.arange(121) + 5000, logger="LG-2"),
        given=TWO_HOURS,
    )
    assert not found.found(code_of("data_integrity/sequence"))


def test_missing_numbers_are_told_and_weigh_on_nothing_where_the_range_could_not_be_left() -> None:
    seq = np.arange(121)
    seq[60:] += 3
    found = seen(Series(minutes(121), 5.0, seq=seq), given=TWO_HOURS)
    (finding,) = found.found(code_of("data_integrity/sequence"))
    assert (finding["measures"]["missing"], finding["measures"]["harmless"]) == (3, True)
    assert finding["requirements"] == []
    assert found.status("integrity") == Status.COMPLIANT


def test_one_number_lost_where_it_hides_something_makes_all_of_them_weigh() -> None:
    t, seq = minutes(121), np.arange(121)
    lost = [20, *range(60, 66)]
    found = seen(Series(np.delete(t, lost), 5.0, seq=np.delete(seq, lost)), given=TWO_HOURS)
    (finding,) = found.found(code_of("data_integrity/sequence"))
    assert finding["measures"]["missing"] == 7
    assert "harmless" not in finding["measures"]
    assert found.status("integrity") == Status.INSUFFICIENT_EVIDENCE


def test_a_missing_number_is_found_and_the_record_is_not_complete() -> None:
    seq = np.arange(121)
    seq[60:] += 3
    found = seen(Series(minutes(121), 7.9, seq=seq), given=TWO_HOURS)
    (finding,) = found.found(code_of("data_integrity/sequence"))
    assert finding["measures"]["missing"] == 3
    assert "harmless" not in finding["measures"]
    assert finding["measures"]["breaks"] == [{"after_seq": 59, "next_seq": 63}]
    assert finding["requirements"] == ["ANNEX3-08", "ANNEX6-21"]
    assert (finding["start_s"], finding["end_s"]) == (59 * 60, 60 * 60)
    assert found.status("integrity") == Status.INSUFFICIENT_EVIDENCE


def test_a_restart_is_told_and_allowed() -> None:
    seq = np.concatenate([np.arange(60) + 900, np.arange(61)])
    found = seen(Series(minutes(121), 5.0, seq=seq), given=TWO_HOURS)
    (finding,) = found.found(code_of("data_integrity/sequence"))
    assert finding["requirements"] == []
    assert finding["severity"] == "info"
    assert found.status("integrity") == Status.COMPLIANT


def test_a_record_without_count_and_interval_says_what_it_cannot_show() -> None:
    bare = seen(Series(minutes(121), 5.0), given=Given(start=0, end=7200))
    assert "被删" in bare.line("ANNEX3-08")["basis"]["zh"]
    assert bare.status("integrity") == Status.COMPLIANT
    with_count = seen(Series(minutes(121), 5.0, seq=np.arange(121)), given=Given(start=0, end=7200))
    assert "被删" not in with_count.line("ANNEX3-08")["basis"]["zh"]


def conflicting(*values: float) -> Series:
    """Two hours at 5 °C; at one hour the logger says each of `values`."""
    t = np.concatenate([minutes(121), np.full(len(values) - 1, 3600.0)])
    drug = np.concatenate([np.full(121, 5.0), values[1:]])
    drug[60] = values[0]
    return Series(t, drug)


def test_both_of_two_conflicting_values_are_kept_and_told() -> None:
    found = seen(conflicting(5.0, 5.2), given=TWO_HOURS)
    (finding,) = found.found(code_of("data_integrity/duplicate_conflict"))
    assert finding["measures"]["difference_max_c"] == pytest.approx(0.2)
    assert finding["measures"]["readings"] == 2
    assert found.status("integrity") == Status.INSUFFICIENT_EVIDENCE
    assert found.status("range") == Status.COMPLIANT
    assert found.metric("coverage") == 1.0


@pytest.mark.parametrize(
    ("values", "status", "certainty"),
    [
        ((5.0, 12.0), Status.INSUFFICIENT_EVIDENCE, "possible"),
        ((12.0, 5.0), Status.INSUFFICIENT_EVIDENCE, "possible"),
        ((12.0, 14.0), Status.BREACH, "certain"),
        ((12.0, 8.2), Status.INSUFFICIENT_EVIDENCE, "possible"),
        ((5.0, 12.0, -3.0), Status.INSUFFICIENT_EVIDENCE, "possible"),
    ],
)
def test_a_verdict_that_depends_on_which_value_is_true_is_insufficient(
    values: tuple[float, ...], status: Status, certainty: str
) -> None:
    found = seen(conflicting(*values), given=TWO_HOURS)
    assert found.status("range") == status
    assert {f["certainty"] for f in found.found(*BREAKS)} == {certainty}


def test_readings_from_after_their_receipt_show_a_wrong_clock() -> None:
    t = minutes(121)
    ok = seen(Series(t, 5.0, received=t - 300), given=TWO_HOURS)
    assert not ok.found(code_of("data_integrity/clock"))
    ahead = seen(Series(t, 5.0, received=t - 301), given=TWO_HOURS)
    (finding,) = ahead.found(code_of("data_integrity/clock"))
    assert finding["measures"]["cause"] == "ahead_of_receipt"
    assert finding["measures"]["readings"] == 121
    assert ahead.status("integrity") == Status.INSUFFICIENT_EVIDENCE
    assert (ok.status("intervals"), ahead.status("intervals")) == (
        Status.COMPLIANT,
        Status.INSUFFICIENT_EVIDENCE,
    )


@pytest.mark.parametrize(
    ("ahead_s", "reason"),
    [(0.0, RecordReason.LID_STAYED_CLOSED), (301.0, RecordReason.LID_UNSURE)],
)
def test_a_wrong_clock_does_not_show_that_the_lid_stayed_closed(
    ahead_s: float, reason: RecordReason
) -> None:
    t = minutes(121)
    lid = np.zeros(121, dtype=np.int8)
    found = seen(Series(t, 5.0, received=t - ahead_s, lid_open=lid), given=TWO_HOURS)
    assert RecordReason(int(found.judgement.record["seal"].reason[0])) is reason


def test_events_and_manifest_that_differ_by_more_than_five_minutes() -> None:
    t = minutes(121)
    for mismatch_s, expected in ((300.0, 0), (301.0, 1)):
        found = seen(
            Series(t, 5.0), given=Given(start=0, end=7200, interval_s=60, mismatch_s=mismatch_s)
        )
        assert len(found.found(code_of("data_integrity/clock"))) == expected


def test_a_clock_set_back_shows_against_the_count() -> None:
    t = minutes(121)
    t[60:90] -= 1800.5
    found = seen(Series(t, 5.0, seq=np.arange(121)), given=Given(start=0, end=7200))
    causes = {f["measures"]["cause"] for f in found.found(code_of("data_integrity/clock"))}
    assert causes == {"time_against_count"}
    assert not found.found(code_of("data_integrity/sequence"))


def test_readings_that_arrive_live_with_an_old_time_show_a_clock_behind() -> None:
    t = minutes(121)
    found = seen(Series(t, 5.0, received=t + 1800), given=TWO_HOURS)
    (finding,) = found.found(code_of("data_integrity/clock"))
    assert finding["measures"]["cause"] == "behind_receipt"
    assert finding["measures"]["behind_s"] == pytest.approx(1800)
    assert not seen(Series(t, 5.0, received=t + 250), given=TWO_HOURS).found(
        code_of("data_integrity/clock")
    )


@pytest.mark.parametrize(
    ("at", "by_s", "told"), [(60, 480.0, True), (3, 480.0, True), (60, 290.0, False)]
)
def test_a_slow_clock_that_is_set_ahead_on_the_way_shows_against_the_other_live_readings(
    at: int, by_s: float, told: bool
) -> None:
    t = minutes(121)
    received = t + 240
    t[at:] += by_s
    found = seen(Series(t, 5.0, seq=np.arange(121), received=received), given=Given(0, 7200))
    causes = [f["measures"]["cause"] for f in found.found(code_of("data_integrity/clock"))]
    assert causes == ["moved"] * told
    assert (found.status("range") == Status.INSUFFICIENT_EVIDENCE) == told


@pytest.mark.parametrize(("off_s", "told"), [(90.0, True), (0.0, False), (-90.0, True)])
def test_a_reading_out_of_range_that_the_clock_puts_outside_custody_stays_in_doubt(
    off_s: float, told: bool
) -> None:
    """Its receipt says that it was measured before the end, or after the start."""
    t = minutes(123) - 60
    temperature = np.full(123, 5.0)
    temperature[[1, 121] if told else [0, 122]] = 20.0
    found = seen(
        Series(t + off_s, temperature, seq=np.arange(123), received=t), given=Given(0, 7200)
    )
    causes = [f["measures"]["cause"] for f in found.found(code_of("data_integrity/clock"))]
    assert causes == ["past_the_end"] * told
    assert (found.status("range") == Status.COMPLIANT) != told


def test_a_clock_that_drifts_beyond_five_minutes_is_found() -> None:
    t = minutes(361)
    given = Given(start=0, end=21600, interval_s=60)
    fast, slow = (
        seen(Series(t, 5.0, received=1 + t * pace), given=given).found(
            code_of("data_integrity/clock")
        )
        for pace in (0.97, 1.03)
    )
    assert [f["measures"]["cause"] for f in fast] == ["ahead_of_receipt"]
    assert [f["measures"]["cause"] for f in slow] == ["behind_receipt"]


def test_a_backlog_drained_one_by_one_is_honest() -> None:
    t = minutes(121)
    dead_zone = (t > 1200) & (t < 6000)
    received = np.where(dead_zone, 6000 + (t - 1200) / 60 * 2, t + 1)
    assert not seen(Series(t, 5.0, received=received), given=TWO_HOURS).found(
        code_of("data_integrity/clock")
    )


def test_hourly_uploads_and_backlogs_are_honest() -> None:
    t = minutes(121)
    hourly = np.ceil((t + 1) / 3600) * 3600
    found = seen(Series(t, 5.0, received=hourly), given=TWO_HOURS)
    assert not found.found(code_of("data_integrity/clock"), code_of("data_integrity/late_import"))
    assert found.status("integrity") == Status.COMPLIANT


@pytest.mark.parametrize(("delay_s", "findings"), [(86400.0, 0), (86401.0, 1)])
def test_readings_received_later_than_the_setting_are_a_late_import(
    delay_s: float, findings: int
) -> None:
    t = minutes(121)
    found = seen(Series(t, 5.0, received=np.full(121, delay_s)), given=TWO_HOURS)
    assert len(found.found(code_of("data_integrity/late_import"))) == findings
    assert not found.found(code_of("data_integrity/clock"))
    expected = Status.INSUFFICIENT_EVIDENCE if findings else Status.COMPLIANT
    assert found.status("integrity") == expected
