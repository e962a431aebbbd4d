"""Before departure: each question below, at and beyond its limit; what is unknown is red."""

from datetime import date
from typing import Any

import pytest

from coldwitness.config.storage_classes import load_box_models, load_storage_classes
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.manifest import Qualification
from coldwitness.domain.office import Calibration, RegisteredBoxModel, RegisteredDevice
from coldwitness.domain.reading import Reading
from coldwitness.domain.reading_table import reading_table
from coldwitness.ingest.manifests import parse_manifest
from coldwitness.judging.departure import DepartureFacts, DepartureLimits, departure_lines

NOW_S = 1_795_000_000.0  # 2026-11-18, evening in Beijing
LIMITS = DepartureLimits(live_minutes=5.0, precooled_minutes=10.0)
COOLED = {float(ago): 5.0 for ago in range(12)}


def told(
    values: dict[float, float],
    *,
    planned: float | None = 60.0,
    until: date | None = None,
    hold_h: float | None = None,
    probe: str = "drug",
    **more: Any,
) -> dict[str, tuple[bool, str]]:
    """values : °C by minutes before now. until : of the registered calibration. hold_h : of the
    registered model. Answers by question: whether it is ok, and what is said."""
    readings = [
        Reading(
            logger="LG-1",
            time_ms=round((NOW_S - 60 * ago) * 1000),
            temperature_c={probe: value},
            shipment="ZB-1",
        )
        for ago, value in values.items()
    ]
    classes, models = load_storage_classes(), load_box_models()
    manifest, _ = parse_manifest(
        {
            "id": "ZB-1",
            "items": [{"name": "x", "storage": "refrigerated"}],
            "box": {"id": "BX-1", "model": "EPS-18L"},
            "logger": {"id": "LG-1", "calibrated_until": "2027-03-01"},
            **more,
        },
        classes=classes,
    )
    model = None
    if hold_h is not None:
        model = RegisteredBoxModel("passive", "built_in", Qualification(hold_h=hold_h))
    facts = DepartureFacts(
        manifest=manifest,
        readings=reading_table(readings, None, shipments=["ZB-1"]),
        devices={}
        if until is None
        else {"LG-1": RegisteredDevice(None, (Calibration("C-1", date(2025, 1, 1), until),))},
        model=model,
        stated_model=models.get(manifest.box.model or ""),
        planned_minutes=planned,
        now_s=NOW_S,
    )
    lines = departure_lines(facts, classes, LIMITS)
    return {line.question: (line.ok, line.text.zh) for line in lines}


def test_all_is_well() -> None:
    assert {ok for ok, _ in told(COOLED).values()} == {True}


@pytest.mark.parametrize(("ago", "ok"), [(4.9, True), (5.0, True), (5.1, False)])
def test_a_probe_is_live_up_to_the_setting(ago: float, ok: bool) -> None:
    values = {minutes + ago: 5.0 for minutes in range(12)}
    assert told(values)["probe_live"][0] is ok


def test_without_a_reading_nothing_is_known_and_nothing_green() -> None:
    answers = told({})
    assert answers["probe_live"] == (False, "近两小时未收到该箱药品测点的读数")
    assert answers["precooled"][0] is False
    assert told(COOLED, probe="ambient")["probe_live"][0] is False, "the drug's place counts"
    assert told({200.0 + ago: 5.0 for ago in COOLED})["probe_live"][0] is False, "of long ago"


@pytest.mark.parametrize(("value", "ok"), [(1.9, False), (2.0, True), (8.0, True), (8.1, False)])
def test_precooled_means_within_the_limits_all_the_time(value: float, ok: bool) -> None:
    assert told({**COOLED, 9.0: value})["precooled"][0] is ok
    assert told({**COOLED, 10.5: value})["precooled"][0] is True, "before that time"


def test_two_readings_of_just_now_are_no_ten_minutes() -> None:
    assert told({0.0: 5.0, 1.0: 5.0})["precooled"] == (False, "近 10 分的读数不足，无法判断")
    assert told({0.0: 5.0, 5.0: 5.0})["precooled"][0] is True
    assert told({0.0: 5.0, 5.1: 5.0})["precooled"][0] is True


@pytest.mark.parametrize(
    ("until", "ok"),
    [(date(2026, 11, 17), False), (date(2026, 11, 18), True), (date(2027, 1, 1), True)],
)
def test_a_registered_calibration_goes_before_the_manifest_s(until: date, ok: bool) -> None:
    answer = told(COOLED, until=until)["calibrated"]
    assert answer[0] is ok
    assert until.isoformat() in answer[1]


def test_a_stated_calibration_says_that_it_is_stated_and_none_is_red() -> None:
    assert "书面申报" in told(COOLED)["calibrated"][1]
    gone = told(COOLED, logger={"id": "LG-1", "calibrated_until": "2026-11-17"})
    assert gone["calibrated"][0] is False
    none = told(COOLED, logger={"id": "LG-1"})
    assert none["calibrated"] == (False, "没有校准日期（LG-1）")


@pytest.mark.parametrize(("planned", "ok"), [(479.0, True), (480.0, True), (481.0, False)])
def test_the_planned_time_lies_within_what_the_box_holds(planned: float, ok: bool) -> None:
    assert told(COOLED, planned=planned)["time_against_hold"][0] is ok


def test_where_planned_time_and_hold_time_come_from() -> None:
    question = "time_against_hold"
    assert told(COOLED, planned=100.0, hold_h=1.0)[question][0] is False, "the registered model"
    planned = {"delivery": {"planned_minutes": 500}}
    assert told(COOLED, planned=None, **planned)[question][0] is False, "the manifest's plan"
    due = {"due_at": rfc3339(round((NOW_S + 9 * 3600) * 1000))}
    assert "540" in told(COOLED, planned=None, **due)[question][1], "until it is due"
    assert told(COOLED, planned=None)[question] == (False, "没有计划时长，也没有应送达时间")
    assert told(COOLED, box={"id": "BX-1"})[question][0] is False, "nothing says how long it holds"
    active = {"box": {"id": "BX-1", "cooling": "active"}}
    assert told(COOLED, **active)[question][0] is True
    stated = {"box": {"id": "BX-1", "qualification": {"hold_h": 0.5}}}
    assert told(COOLED, **stated)[question][0] is False


def test_a_range_may_be_open_at_one_side() -> None:
    items = [{"name": "x", "limits": {"high": 25.0}}]
    assert "≤ 25 °C" in told(COOLED, items=items)["precooled"][1]
