"""Silence: which holes are found, what they weigh on, and what can hide in them."""

import numpy as np
import pytest

from coldwitness.config.finding_kinds import code_of, kind_of
from coldwitness.domain.words import Certainty, Status
from coldwitness.judging.words.findings import explanation
from tests.analysis.building import Drug, Given, Series
from tests.analysis.judging import BREAKS, GAPS, minutes, seen

TWO_HOURS = Given(start=0, end=7200)


def without(start: float, end: float) -> np.ndarray:
    """Two hours of minutes without those strictly between start and end [s]."""
    t = minutes(121)
    return t[(t <= start) | (t >= end)]


def test_a_whole_record_has_no_gap_and_full_coverage() -> None:
    found = seen(Series(minutes(121), 5.0), given=TWO_HOURS)
    assert not found.found(*GAPS)
    assert found.metric("coverage") == 1.0
    assert found.metric("longest_gap_s") == 60.0
    for question in ("range", "recording", "intervals"):
        assert found.status(question) == Status.COMPLIANT


def test_five_minutes_exactly_is_permitted() -> None:
    found = seen(Series(minutes(25, every=300), 5.0), given=TWO_HOURS)
    assert not found.found(*GAPS)
    assert found.metric("coverage") == 1.0


def test_a_longer_silence_is_a_gap_from_reading_to_reading() -> None:
    found = seen(Series(without(1800, 2101), 5.0), given=TWO_HOURS)
    (gap,) = found.found(*GAPS)
    assert gap["subtype"] == "no_readings"
    assert gap["certainty"] == "certain"
    assert (gap["start_s"], gap["end_s"]) == (1800, 2160)
    assert gap["measures"]["length_s"] == 360
    assert gap["measures"]["could_leave_range"] is False
    assert {"ANNEX6-11", "ANNEX3-06", "ANNEX3-08"} <= set(gap["requirements"])
    assert "ANNEX6-10" not in gap["requirements"]
    assert found.metric("coverage") == pytest.approx(1 - 360 / 7200)
    assert found.status("range") == Status.COMPLIANT
    assert found.status("intervals") == Status.INSUFFICIENT_EVIDENCE
    assert found.status("recording") == Status.INSUFFICIENT_EVIDENCE


def test_where_no_time_is_known_nothing_is_said_to_have_lasted_no_seconds() -> None:
    kind = kind_of(code_of("evidence_gap/no_readings"))
    measures = {"could_leave_range": True, "length_s": 0.0, "hidden_stop_max_s": 0.0}
    told = explanation(kind, Certainty.CERTAIN, measures)
    assert told.zh == "没有任何温度记录；温度是否在范围内不明。"
    assert explanation(kind, Certainty.CERTAIN, {**measures, "length_s": 60.0}).zh == (
        "无温度记录 1 分；期间温度可能超出范围。"
    )


def test_a_hole_in_which_the_range_could_have_been_left_is_no_compliance() -> None:
    found = seen(Series(without(1800, 4200), 5.0), given=TWO_HOURS)
    (gap,) = found.found(*GAPS)
    assert gap["measures"]["could_leave_range"] is True
    assert "ANNEX6-10" in gap["requirements"]
    assert found.status("range") == Status.INSUFFICIENT_EVIDENCE
    least, most = found.metric("seconds_above_bounds")
    assert least == 0
    # From 5 °C at 0.3 °C/min up to 7.5 °C and back: 500 s each way of the 2400 s.
    assert most == pytest.approx(2400 - 2 * 500)


def test_the_box_models_own_slew_limit_is_used() -> None:
    slow = Given(start=0, end=7200, slew=0.1)
    found = seen(Series(without(1800, 4200), 5.0), given=slow)
    assert found.status("range") == Status.COMPLIANT


def test_two_steeper_readings_raise_the_slew_limit_between_them() -> None:
    seconds = [0, 60, 120, 520, 580, 640]
    found = seen(
        Series(seconds, [5.0, 5.0, 2.5, 7.5, 5.0, 5.0]), given=Given(start=0, end=640, slew=0.3)
    )
    (gap,) = found.found(*GAPS)
    assert gap["measures"]["could_leave_range"] is False
    assert found.metric("seconds_above_bounds")[1] == 0


def test_late_start_and_early_end_are_holes_of_the_custody_window() -> None:
    t = minutes(121)
    found = seen(Series(t[(t >= 660) & (t <= 6600)], 5.0), given=TWO_HOURS)
    late, early = found.found(*GAPS)
    assert (late["subtype"], late["start_s"], late["end_s"]) == ("late_start", 0, 660)
    assert (early["subtype"], early["start_s"], early["end_s"]) == ("early_end", 6600, 7200)
    assert found.metric("coverage") == pytest.approx(5940 / 7200)
    assert found.metric("longest_gap_s") == 660
    assert found.status("range") == Status.INSUFFICIENT_EVIDENCE


def test_the_edge_opens_one_cone() -> None:
    t = minutes(121)
    found = seen(Series(t[t >= 540], 5.0), given=TWO_HOURS)
    # 9 min at 0.3 °C/min from 5 °C reach 7.7 °C: inside, so the range is kept.
    assert found.found(*GAPS)[0]["measures"]["could_leave_range"] is False
    assert found.status("range") == Status.COMPLIANT
    hot = np.where(t[t >= 540] == 540, 5.4, 5.0)
    assert seen(Series(t[t >= 540], hot), given=TWO_HOURS).status("range") == (
        Status.INSUFFICIENT_EVIDENCE
    )


def test_a_probe_silent_while_its_logger_is_alive_is_its_own_gap() -> None:
    t = minutes(121)
    drug = np.where((t > 1800) & (t < 4200), np.nan, 5.0)
    found = seen(Series(t, drug, probes={"coolant": np.full(121, -2.0)}), given=TWO_HOURS)
    (gap,) = found.found(*GAPS)
    assert gap["subtype"] == "probe_missing"
    assert (gap["start_s"], gap["end_s"]) == (1800, 4200)
    assert found.status("range") == Status.INSUFFICIENT_EVIDENCE


def test_a_logger_without_any_drug_value_is_a_missing_probe_over_the_whole_window() -> None:
    found = seen(Series(minutes(121), probes={"ambient": np.full(121, 25.0)}), given=TWO_HOURS)
    (gap,) = found.found(*GAPS)
    assert gap["subtype"] == "probe_missing"
    assert gap["duration_s"] == 7200
    assert found.metric("coverage") == 0
    assert found.status("range") == Status.INSUFFICIENT_EVIDENCE


def test_a_second_drug_probe_that_falls_silent_leaves_its_place_unseen() -> None:
    t = minutes(121)
    second = np.where(t > 1800, np.nan, 5.0)
    found = seen(Series(t, 5.0, probes={"drug.2": second}), given=TWO_HOURS)
    (gap,) = found.found(*GAPS)
    assert (gap["subtype"], gap["measures"]["probe"]) == ("probe_missing", "drug.2")
    assert found.status("range") == Status.INSUFFICIENT_EVIDENCE


def test_out_of_range_two_minutes_are_demanded_and_more_is_a_gap_only() -> None:
    value = np.full(25, 5.0)
    value[10:14] = 8.3
    found = seen(Series(minutes(25, every=300), value), given=TWO_HOURS)
    (gap,) = found.found(*GAPS)
    assert gap["measures"]["length_s"] == 300
    assert gap["measures"]["gaps"] == 4
    assert (gap["start_s"], gap["end_s"]) == (3000, 4200)
    assert gap["requirements"] == ["ANNEX3-06"]
    assert found.status("recording") == Status.COMPLIANT


def test_a_declared_interval_narrows_what_is_permitted_and_never_widens_it() -> None:
    t = np.delete(minutes(121), 50)
    lossy = seen(Series(t, 5.0), given=Given(start=0, end=7200, interval_s=60))
    assert lossy.metric("coverage") == pytest.approx(1 - 120 / 7200)
    assert lossy.metric("missing_readings") == 1
    sparse = Series(minutes(13, every=600), 5.0)
    found = seen(sparse, given=Given(start=0, end=7200, interval_s=600))
    assert found.metric("coverage") == 0
    (seldom,) = found.found(*GAPS)
    assert seldom["measures"]["gaps"] == 12


@pytest.mark.parametrize(
    ("lost", "status"),
    [
        ([], Status.COMPLIANT),
        ([50], Status.COMPLIANT),
        ([10, 50, 51, 52, 90], Status.COMPLIANT),
        ([50, 51, 52, 53], Status.COMPLIANT),  # a step of 300 s
        ([50, 51, 52, 53, 54], Status.INSUFFICIENT_EVIDENCE),
    ],
)
@pytest.mark.parametrize("as_null", [False, True])
def test_lost_readings_weigh_on_nothing_up_to_the_permitted_interval(
    lost: list[int], status: Status, as_null: bool
) -> None:
    t, seq = minutes(121), np.arange(121)
    drug = np.full(121, 5.0)
    if as_null:
        drug[lost] = np.nan
        series = Series(t, drug, seq=seq, probes={"ambient": np.full(121, 20.0)})
    else:
        series = Series(np.delete(t, lost), np.delete(drug, lost), seq=np.delete(seq, lost))
    found = seen(series, given=Given(start=0, end=7200, interval_s=60))
    assert found.metric("missing_readings") == len(lost)
    for question in ("range", "recording", "intervals"):
        assert found.status(question) in (Status.COMPLIANT, status)
    assert found.status("recording") == status
    if not as_null:
        assert found.status("integrity") == status


@pytest.mark.parametrize(
    ("level_c", "status"),
    [
        (7.4, Status.COMPLIANT),
        (7.7, Status.COMPLIANT),  # 60 s up and 60 s down at 0.3 °C/min just reach the limit
        (7.71, Status.INSUFFICIENT_EVIDENCE),
    ],
)
@pytest.mark.parametrize("freezes", [False, True])
def test_a_lost_reading_weighs_where_a_cone_leaves_the_range(
    level_c: float, status: Status, freezes: bool
) -> None:
    t, seq = minutes(121), np.arange(121)
    value = np.full(121, level_c)
    items = (Drug(freeze_sensitive=freezes),)
    series = Series(np.delete(t, 50), np.delete(value, 50), seq=np.delete(seq, 50))
    found = seen(series, given=Given(start=0, end=7200, interval_s=60, items=items))
    for question in ("range", "recording", "integrity"):
        assert found.status(question) == status


def test_lost_readings_are_counted_at_the_pace_of_those_there() -> None:
    t = minutes(61, every=120)
    late = t[(t >= 240) & (t != 3600) & (t != 3720)]
    found = seen(Series(late, 5.0), given=Given(start=0, end=7200, interval_s=120))
    assert found.metric("missing_readings") == 2 + 2  # at 0 s and 120 s, and in the middle
    assert found.status("recording") == Status.INSUFFICIENT_EVIDENCE  # 360 s in the middle


def test_a_reading_lost_at_the_edge_of_custody_weighs_where_one_cone_leaves_the_range() -> None:
    t, seq = minutes(121), np.arange(1, 122)
    for level_c, status in ((7.4, Status.COMPLIANT), (7.95, Status.INSUFFICIENT_EVIDENCE)):
        kept = t >= 120
        found = seen(
            Series(t[kept], np.full(kept.sum(), level_c), seq=seq[kept]),
            given=Given(start=0, end=7200, interval_s=60),
        )
        assert found.status("recording") == status


def test_ninety_seconds_at_a_minutes_interval_is_still_whole() -> None:
    t = minutes(121)
    t[50] += 30
    found = seen(Series(t, 5.0), given=Given(start=0, end=7200, interval_s=60))
    assert found.metric("coverage") == 1.0


def test_a_missing_number_makes_the_step_unknown() -> None:
    seq = np.arange(121)
    seq[60:] += 1
    found = seen(Series(minutes(121), 5.0, seq=seq), given=TWO_HOURS)
    assert found.metric("coverage") == pytest.approx(1 - 60 / 7200)
    assert not found.found(*GAPS)
    near = np.full(121, 7.95)
    near[:50] = 5.0
    doubtful = seen(Series(minutes(121), near, seq=seq), given=TWO_HOURS)
    (gap,) = doubtful.found(*GAPS)
    assert gap["measures"]["could_leave_range"] is True
    assert doubtful.status("range") == Status.INSUFFICIENT_EVIDENCE


def test_numbers_of_messages_without_the_drug_are_not_missing() -> None:
    t = minutes(241, every=30)
    drug = np.where(np.arange(241) % 2 == 0, 5.0, np.nan)
    found = seen(
        Series(t, drug, seq=np.arange(241), probes={"ambient": np.full(241, 20.0)}),
        given=TWO_HOURS,
    )
    assert found.metric("coverage") == 1.0
    assert found.status("integrity") == Status.COMPLIANT


def test_two_loggers_are_two_series_and_both_have_to_be_whole() -> None:
    t = minutes(121)
    one, other = Series(t, 5.0), Series(t[t <= 3600], 5.0, logger="LG-2")
    found = seen(one, other, given=TWO_HOURS)
    assert [f["subtype"] for f in found.found(*GAPS)] == ["early_end"]
    assert found.metric("coverage") == pytest.approx(0.5)
    hot = seen(one, Series(t, 9.0, logger="LG-2"), given=TWO_HOURS)
    assert hot.status("range") == Status.BREACH
    assert hot.metric("mean_c") == pytest.approx(9.0)


@pytest.mark.parametrize("overlap_s", [-60, 0, 240])
def test_a_logger_replaced_on_the_way_leaves_no_hole(overlap_s: float) -> None:
    t = minutes(121)
    first = Series(t[t <= 3600], 5.0, seq=np.arange(61))
    second = Series(
        t[t >= 3600 - overlap_s], 5.0, logger="LG-2", seq=(t[t >= 3600 - overlap_s] / 60)
    )
    found = seen(first, second, given=TWO_HOURS)
    assert not found.found(*GAPS)
    assert found.metric("coverage") == 1.0
    assert found.status("range") == Status.COMPLIANT


def test_a_hole_between_two_loggers_in_turn_is_a_hole() -> None:
    t = minutes(121)
    found = seen(
        Series(t[t <= 1800], 5.0), Series(t[t >= 5400], 5.0, logger="LG-2"), given=TWO_HOURS
    )
    (gap,) = found.found(*GAPS)
    assert (gap["subtype"], gap["duration_s"]) == ("no_readings", 3600)


def test_heat_seen_by_the_first_of_two_loggers_stays_seen() -> None:
    t = minutes(121)
    value = np.where((t > 1000) & (t < 2000), 9.5, 5.0)
    found = seen(
        Series(t[t <= 3600], value[t <= 3600]),
        Series(t[t >= 3600], 5.0, logger="LG-2"),
        given=TWO_HOURS,
    )
    assert found.status("range") == Status.BREACH
    assert len(found.found(*BREAKS)) == 1


def test_an_unknown_custody_window_is_insufficient() -> None:
    for given in (Given(), Given(start=0), Given(end=7200)):
        found = seen(Series(minutes(121), 5.0), given=given)
        assert found.status("recording") == Status.INSUFFICIENT_EVIDENCE
        assert found.status("range") == Status.INSUFFICIENT_EVIDENCE
        assert "监测起止时间" in found.line("ANNEX6-11")["basis"]["zh"]


def test_an_unknown_window_does_not_hide_a_break() -> None:
    found = seen(Series(minutes(121), 9.0), given=Given())
    assert found.status("range") == Status.BREACH


def test_a_freeze_sensitive_item_could_freeze_unseen() -> None:
    items = (Drug(low=None, high=25.0, freeze_sensitive=True),)
    found = seen(Series(without(1800, 4200), 4.0), given=Given(start=0, end=7200, items=items))
    assert found.status("range") == Status.INSUFFICIENT_EVIDENCE
    hardy = Given(start=0, end=7200, items=(Drug(low=None, high=25.0),))
    assert seen(Series(without(1800, 4200), 4.0), given=hardy).status("range") == Status.COMPLIANT


@pytest.mark.parametrize(("last", "told"), [(9.0, 0), (8.1, 0), (7.95, 1), (7.0, 0)])
def test_a_break_at_the_edge_is_not_told_again_as_a_gap_within_a_permitted_step(
    last: float, told: int
) -> None:
    value = np.append(np.full(30, 7.0), np.linspace(7.0, last, 11))
    given = Given(start=0, end=40 * 60 + 30.0, interval_s=60)
    found = seen(Series(minutes(41), value), given=given)
    assert len(found.found(*GAPS)) == told
    assert (found.status("range") == Status.COMPLIANT) == (last == 7.0)


def test_a_break_at_the_edge_leaves_a_gap_that_is_longer_than_permitted() -> None:
    value = np.append(np.full(30, 7.0), np.linspace(7.0, 9.0, 11))
    given = Given(start=0, end=40 * 60 + 100.0, interval_s=60)
    assert seen(Series(minutes(41), value), given=given).found(*GAPS)


@pytest.mark.parametrize(("every", "count"), [(301, 5), (600, 425)])
def test_a_logger_that_records_too_seldom_makes_one_finding_for_its_interval(
    every: int, count: int
) -> None:
    seconds = minutes(count, every=every)
    end = int(seconds[-1])
    found = seen(Series(seconds, 5.0), given=Given(start=0, end=end))
    (gap,) = found.found(*GAPS)
    assert (gap["subtype"], gap["start_s"], gap["end_s"]) == ("no_readings", 0, end)
    assert gap["measures"]["length_s"] == gap["measures"]["pace_s"] == every
    assert gap["measures"]["gaps"] == count - 1
    assert gap["measures"]["could_leave_range"] is False
    assert found.status("intervals") == Status.INSUFFICIENT_EVIDENCE
    assert found.status("recording") == Status.INSUFFICIENT_EVIDENCE
    assert found.status("range") == Status.COMPLIANT


def test_one_long_step_that_could_leave_the_range_makes_the_interval_s_finding_say_so() -> None:
    value = np.full(25, 5.0)
    value[12:14] = 7.9
    found = seen(Series(minutes(25, every=600), value), given=Given(start=0, end=14_400))
    (gap,) = found.found(*GAPS)
    assert gap["measures"]["could_leave_range"] is True
    assert found.status("range") == Status.INSUFFICIENT_EVIDENCE


def test_a_silence_longer_than_the_logger_s_pace_keeps_its_own_finding() -> None:
    seconds = minutes(25, every=600)
    seconds = seconds[(seconds < 6000) | (seconds >= 8400)]
    found = seen(Series(seconds, 5.0), given=Given(start=0, end=14_400))
    pace, silence = sorted(found.found(*GAPS), key=lambda gap: gap["measures"]["length_s"])
    assert (pace["measures"]["gaps"], pace["measures"]["pace_s"]) == (len(seconds) - 2, 600)
    assert "gaps" not in silence["measures"]
    assert silence["measures"]["length_s"] == 3000


def test_a_few_silences_of_a_dense_logger_are_told_one_by_one() -> None:
    t = minutes(121)
    t = t[((t <= 1200) | (t >= 1800)) & ((t <= 3000) | (t >= 3600)) & ((t <= 4800) | (t >= 5400))]
    assert len(seen(Series(t, 5.0), given=TWO_HOURS).found(*GAPS)) == 3


def test_readings_of_one_instant_have_no_pace() -> None:
    drug, beside = [5.0, np.nan, 5.0], [5.0, 5.0, 5.0]
    record = Series([60.0, 60.0, 1800.0], drug, probes={"drug.2": beside})
    assert seen(record).metric("missing_readings") == 1
