"""Lines of papers and custody: shown, asserted by the company alone, absent, or falling short."""

import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.analysis.terms import Delegation
from coldwitness.analysis.verdict.record_reasons import RecordReason
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.words import Status
from coldwitness.judging.words.record import _REASONS
from tests.analysis.building import Given, Series, table
from tests.analysis.judging import PACK, Seen, minutes, seen, seen_of

HOUR: dict[str, Any] = {"start": 0.0, "end": 3600.0, "platform_named": True}
CORE = (
    "ANNEX6-10", "ANNEX6-11", "ANNEX6-12", "ANNEX6-13", "ANNEX6-14", "ANNEX3-06", "ANNEX3-08",
    "ANNEX3-15", "LZ-PLAN-5.isolation", "LZ-PLAN-5.storage", "LZ-PLAN-5.cold-chain",
)  # fmt: skip
CUSTODY = (("packed", 0.0), ("picked_up", 300.0), ("arrived", 3500.0), ("delivered", 3600.0))
ORIGIN, DESTINATION = (36.8, 118.0, 100.0), (36.8, 118.3, 100.0)


def hour(drug: float = 5.0, *, shipment: str = "S1", **more: Any) -> Series:
    """A reading a minute for an hour, on the way from ORIGIN to DESTINATION."""
    n = minutes(61)
    return Series(
        n, drug, shipment, lat=np.full(61, 36.8), lon=118.0 + 0.3 * n / 3600, seq=range(61), **more
    )


def line(id_: str, *, series: Series | None = None, **terms: Any) -> tuple[str, str]:
    """Status and Chinese basis of one line of an hour's delivery."""
    found = seen(series or hour(), given=Given(**{**HOUR, **terms})).line(id_)
    return found["status"], found["basis"]["zh"]


@pytest.mark.parametrize("id_", ["ANNEX6-02", "ANNEX6-17"])
def test_custody_events_complete_and_in_order_show_the_steps(id_: str) -> None:
    assert line(id_, events=CUSTODY)[0] == "compliant"


@pytest.mark.parametrize(
    ("events", "said"),
    [
        ((), "没有交接事件"),
        ((("packed", 0.0), ("delivered", 3600.0)), "事件不全"),
        ((("packed", 0.0), ("picked_up", 300.0)), "事件不全"),
        ((("packed", 60.0), ("picked_up", 0.0), ("delivered", 3600.0)), "次序不合"),
        (
            (("packed", 0.0), ("picked_up", 60.0), ("delivered", 3600.0), ("arrived", 3700.0)),
            "次序",
        ),
        ((("packed", 600.0), ("picked_up", 700.0), ("delivered", 300.0)), "次序不合"),
    ],
)
def test_missing_or_disordered_events_send_an_officer_and_accuse_nobody(
    events: tuple[tuple[str, float], ...], said: str
) -> None:
    status, basis = line("ANNEX6-02", events=events)
    assert status == "to_check"
    assert said in basis
    assert "需现场核查" in basis


@pytest.mark.parametrize(
    ("due", "status", "said"),
    [
        (3601.0, "compliant", "在时限内"),
        (3600.0, "compliant", "在时限内"),
        (3599.0, "to_check", "晚 1 秒"),
        (3000.0, "to_check", "晚 10 分"),
        (None, "to_check", "运单未载送达时限"),
    ],
)
def test_a_delivery_is_held_against_its_own_time_limit(
    due: float | None, status: str, said: str
) -> None:
    found, basis = line("ANNEX6-08", due=due)
    assert (found, said in basis) == (status, True), basis


@pytest.mark.parametrize(
    ("hold_h", "status", "said"),
    [
        (1.0, "asserted", "未超过"),
        (0.5, "suspected", "多 30 分"),
        (None, "to_check", "没有验证的保温时长"),
    ],
)
def test_the_time_in_the_box_is_held_against_its_validated_hold_time(
    hold_h: float | None, status: str, said: str
) -> None:
    found, basis = line("ANNEX1-03", hold_h=hold_h)
    assert (found, said in basis) == (status, True), basis


def test_without_a_known_custody_end_neither_time_limit_nor_hold_time_is_shown() -> None:
    for id_ in ("ANNEX6-08", "ANNEX1-03"):
        status, basis = line(id_, due=9999.0, hold_h=8.0, end=None)
        assert (status, "监测起止时间不明" in basis) == ("to_check", True)


@pytest.mark.parametrize(("known", "status"), [(1, "asserted"), (0, "to_check"), (-1, "to_check")])
def test_a_box_model_on_record_is_the_companys_word_and_none_is_to_be_checked(
    known: int, status: str
) -> None:
    assert line("ANNEX6-09", box_known=known)[0] == status


def lid(open_minutes: list[int], *, told: slice = slice(None)) -> Series:
    column = np.full(61, -1)
    column[told] = 0
    column[open_minutes] = 1
    return hour(lid_open=column)


@pytest.mark.parametrize(
    ("series", "status", "said"),
    [
        (lid([]), "compliant", "未见途中开箱"),
        (lid([0, 60]), "compliant", "未见途中开箱"),
        (lid([30]), "to_check", "起点和收货点以外开过箱"),
        (lid([], told=slice(0, 30)), "to_check", "未覆盖全程"),
        (hour(), "to_check", "没有开箱传感器数据"),
    ],
)
def test_the_seal_is_shown_only_by_a_lid_sensor_that_covers_the_way(
    series: Series, status: str, said: str
) -> None:
    found, basis = line("ANNEX6-15", series=series, origin=ORIGIN, destination=DESTINATION)
    assert (found, said in basis) == (status, True), basis


def test_an_opened_event_of_unknown_place_is_told_as_such() -> None:
    status, basis = line("ANNEX6-15", series=lid([]), events=(*CUSTODY, ("opened", 900.0)))
    assert (status, "地点不明" in basis) == ("to_check", True)


@pytest.mark.parametrize(
    ("papers", "status", "said"),
    [
        (Delegation.NOT_SAID, "to_check", "未载是否委托"),
        (Delegation.OWN, "not_applicable", "同一企业"),
        (Delegation.OWN_STATED, "asserted", "未载双方统一社会信用代码"),
        (Delegation.OTHER_COMPANY, "to_check", "另一企业"),
        (Delegation.NO_AGREEMENT, "to_check", "审核记录和质量协议不在本记录内"),
        (Delegation.STATED, "asserted", "协议编号和审核日期"),
        (Delegation.STATED_UNAUDITED, "asserted", "未载审核日期"),
        (Delegation.STATED_LATER, "to_check", "晚于本次配送"),
        (Delegation.REGISTERED, "compliant", "已在办案机关登记"),
        (Delegation.NOT_IN_FORCE, "to_check", "未生效或已期满"),
        (Delegation.NOT_AUDITED, "to_check", "没有在配送当日有效的审核登记"),
        (Delegation.SUB_CARRIER_UNNAMED, "to_check", "未列入该企业"),
        (Delegation.DAY_UNKNOWN, "to_check", "监测起止时间不明"),
    ],
)
def test_an_entrusted_delivery_is_shown_by_the_register_alone(
    papers: Delegation, status: str, said: str
) -> None:
    found, basis = line("ANNEX6-18", delegation=papers)
    assert (found, said in basis) == (status, True), basis
    assert ("需现场核查" in basis) is (status == "to_check")


@pytest.mark.parametrize(
    ("first_c", "status", "said"),
    [
        (8.0, "compliant", "在标示范围内"),
        (2.0, "compliant", "在标示范围内"),
        (8.1, "to_check", "8.1 °C"),
        (1.5, "to_check", "1.5 °C"),
        (12.0, "to_check", "12.0 °C"),
    ],
)
def test_the_first_reading_at_packing_is_held_against_the_range(
    first_c: float, status: str, said: str
) -> None:
    drug = np.full(61, 5.0)
    drug[0] = first_c
    series = Series(minutes(61), drug)
    found, basis = line("ANNEX1-05", series=series)
    assert (found, said in basis) == (status, True), basis


@pytest.mark.parametrize(
    ("minutes_out", "warm_c", "status"),
    [(5, 9.0, "to_check"), (6, 9.0, "suspected"), (6, 8.5, "to_check"), (6, 8.6, "suspected")],
)
def test_packed_out_of_range_is_suspected_only_beyond_error_and_clock_tolerance(
    minutes_out: int, warm_c: float, status: str
) -> None:
    """A probe that comes back inside within 300 s of packing may have been packed only then."""
    drug = np.full(61, 5.0)
    drug[:minutes_out] = warm_c
    assert line("ANNEX1-05", series=Series(minutes(61), drug))[0] == status


@pytest.mark.parametrize(
    ("minutes_out", "status"), [(1, "to_check"), (5, "to_check"), (6, "suspected")]
)
def test_the_tolerance_of_the_clocks_is_no_shorter_for_a_logger_that_reads_each_minute(
    minutes_out: int, status: str
) -> None:
    """A logger three minutes slow was accused, and so was one corrupt first reading."""
    drug = np.full(61, 5.0)
    drug[:minutes_out] = 18.0
    assert line("ANNEX1-05", series=Series(minutes(61), drug), interval_s=60.0)[0] == status


def test_a_second_probe_out_of_range_at_packing_counts_too() -> None:
    second = np.full(61, 5.0)
    second[0] = 12.0
    status, basis = line("ANNEX1-05", series=hour(probes={"drug.2": second}))
    assert (status, "12.0 °C" in basis) == ("to_check", True)


def test_a_late_start_says_nothing_about_packing() -> None:
    late = Series(minutes(50) + 600, 5.0)
    status, basis = line("ANNEX1-05", series=late)
    assert (status, "装箱时没有读数" in basis) == ("to_check", True)


@pytest.mark.parametrize(
    ("lag_s", "status"), [(1.0, "compliant"), (300.0, "compliant"), (301.0, "to_check")]
)
def test_readings_received_within_the_setting_were_sent_live(lag_s: float, status: str) -> None:
    assert line("ANNEX1-09", series=hour(received=minutes(61) + lag_s))[0] == status


def test_files_without_times_of_receipt_say_nothing_about_live_upload() -> None:
    status, basis = line("ANNEX1-09")
    assert (status, "接收时间不全" in basis) == ("to_check", True)


@pytest.mark.parametrize(
    ("accuracy_c", "status"),
    [(0.5, "asserted"), (0.6, "suspected"), (None, "to_check")],
)
def test_a_stated_error_is_held_against_the_permissible_one(
    accuracy_c: float | None, status: str
) -> None:
    assert line("ANNEX3-05", accuracy_c=accuracy_c)[0] == status


def test_a_box_without_a_drug_probe_is_said_to_have_none() -> None:
    blind = Series(minutes(61), probes={"coolant": np.full(61, 1.0)})
    assert line("ANNEX3-15")[0] == "compliant"
    assert line("ANNEX3-15", series=blind)[0] == "insufficient_evidence"


@pytest.mark.parametrize(
    ("id_", "same_as"),
    [
        ("ANNEX6-03", "ANNEX6-11"),
        ("ANNEX6-21", "ANNEX3-08"),
        ("SD-IMPL-14", "ANNEX3-08"),
        ("ANNEX1-02d", "ANNEX6-12"),
        ("ANNEX1-07", "ANNEX6-12"),
        ("ANNEX1-08", "ANNEX6-11"),
    ],
)
def test_a_line_that_asks_the_same_gets_the_same_answer(id_: str, same_as: str) -> None:
    for series in (hour(), hour(20.0), Series(minutes(20) + 900, 5.0)):
        assert line(id_, series=series)[0] == line(same_as, series=series)[0]


@pytest.mark.parametrize(
    ("until", "status"), [(3599.0, "suspected"), (3600.0, "asserted"), (None, "to_check")]
)
def test_a_calibration_has_to_last_to_the_end_and_is_the_companys_word(
    until: float | None, status: str
) -> None:
    assert line("ANNEX3-17", calibrated_until=until)[0] == status
    found = seen(hour(), given=Given(**HOUR, calibrated_until=until))
    assert len(found.found(code_of("record/calibration"))) == (status == "suspected")


def test_the_platforms_own_line_binds_only_where_the_manifest_names_one() -> None:
    assert line("SD-IMPL-14")[0] == "compliant"
    status, basis = line("SD-IMPL-14", platform_named=False)
    assert (status, "运单未载第三方平台" in basis) == ("not_applicable", True)


def test_every_reason_has_its_words() -> None:
    assert set(_REASONS) == {int(reason) for reason in RecordReason}
    for text in _REASONS.values():
        assert set(re.findall(r"\{(\w*)\}", text.zh)) <= {"lasting", "celsius"}, text


@st.composite
def any_given(draw: st.DrawFn) -> Given:
    names = st.sampled_from(["packed", "picked_up", "arrived", "delivered", "opened", "refused"])
    return Given(
        start=draw(st.sampled_from([None, 0.0, 600.0])),
        end=draw(st.sampled_from([None, 1800.0, 3600.0])),
        due=draw(st.sampled_from([None, 0.0, 3600.0])),
        hold_h=draw(st.sampled_from([None, 0.1, 8.0])),
        box_known=draw(st.sampled_from([-1, 0, 1])),
        delegation=draw(st.sampled_from(Delegation)),
        accuracy_c=draw(st.sampled_from([None, 0.2, 0.9])),
        calibrated_until=draw(st.sampled_from([None, 1e6])),
        limits_known=draw(st.booleans()),
        isolation_coolant=draw(st.sampled_from([-1, 1])),
        isolation_goods=draw(st.sampled_from([-1, 1])),
        origin=draw(st.sampled_from([None, ORIGIN])),
        destination=draw(st.sampled_from([None, DESTINATION])),
        events=draw(st.lists(st.tuples(names, st.floats(-100, 4000)), max_size=5)),
    )


@st.composite
def any_hour(draw: st.DrawFn, shipment: str) -> Series:
    levels = st.sampled_from([-3.0, 1.8, 5.0, 8.2, 12.0, np.nan])
    drug = np.repeat(draw(st.lists(levels, min_size=4, max_size=4)), [15, 15, 15, 16])
    opened = np.repeat(
        draw(st.lists(st.sampled_from([-1, 0, 1]), min_size=2, max_size=2)), [30, 31]
    )
    lag = draw(st.sampled_from([None, 5.0, 5000.0]))
    received = None if lag is None else minutes(61) + lag
    return Series(
        minutes(61), drug, shipment, logger=f"L-{shipment}", lid_open=opened, received=received
    )


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_papers_move_the_verdict_only_where_they_fall_short_and_shipments_stay_apart(
    data: st.DataObject,
) -> None:
    names = ("S1", "S2", "S3")
    series = [data.draw(any_hour(name)) for name in names]
    terms = tuple(data.draw(any_given()) for _ in names)
    together = seen_of(table(*series), given=terms, shipments=names)
    for i, name in enumerate(names):
        core = max(Status[together.line(id_, i)["status"].upper()] for id_ in CORE)
        papers = [
            Status[together.line(requirement.id, i)["status"].upper()]
            for requirement in PACK.requirements
            if requirement.asks == "record"
        ]
        short = [status for status in papers if status >= Status.INSUFFICIENT_EVIDENCE]
        assert together.verdict(i) == max([core, *short])
        assert Status.BREACH not in papers
        alone: Seen = seen(series[i], given=terms[i], shipments=(name,))
        assert alone.result["requirements"] == together.results[i]["requirements"]


def test_every_line_says_what_evidence_it_needs_in_both_languages() -> None:
    for requirement in PACK.requirements:
        assert requirement.evidence.zh
        assert requirement.evidence.en
