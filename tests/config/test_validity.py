"""Which lines of a pack a shipment is held against, by its own day."""

import datetime as dt
from dataclasses import replace
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from msgspec import structs

from coldwitness.analysis.verdict.requirements import lines_in_force, verdict_of
from coldwitness.config.rules import load_packs
from coldwitness.domain.words import Status

PACK = load_packs()[0]
IDS = [line.id for line in PACK.requirements]


def in_force(day: str) -> dict[str, bool]:
    start = dt.datetime.fromisoformat(day).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    (row,) = lines_in_force(PACK, np.array([start.timestamp()]))
    return dict(zip(IDS, row.tolist(), strict=True))


def test_a_shipment_older_than_the_whole_pack_is_held_against_all_of_its_lines() -> None:
    for day in ("2012-06-01T08:00", "2022-05-01T08:00", "2022-12-31T23:59"):
        assert all(in_force(day).values()), day


def test_inside_the_packs_validity_a_line_applies_from_its_own_first_day() -> None:
    lines = in_force("2023-01-01T00:00")
    assert lines["ANNEX6-10"]
    assert not lines["SD-IMPL-30"]
    assert not lines["LZ-PLAN-5.storage"]
    assert in_force("2023-12-01T00:00")["SD-IMPL-30"]
    assert not in_force("2024-01-24T23:59")["LZ-PLAN-5.storage"]
    assert in_force("2024-01-25T00:00")["LZ-PLAN-5.storage"]


def test_a_line_applies_to_the_end_of_its_last_day() -> None:
    assert in_force("2028-11-30T23:59")["SD-IMPL-14"]
    assert not in_force("2028-12-01T00:00")["SD-IMPL-14"]


def test_a_shipment_without_a_time_is_held_against_every_line() -> None:
    assert lines_in_force(PACK, np.array([np.nan])).all()


def test_the_plan_whose_term_ended_stands_by_the_bureaus_setting_alone() -> None:
    plan = {line.id: line for line in PACK.requirements}["LZ-PLAN-5.storage"]
    assert (plan.source_kind, plan.valid_to, plan.carried_on) == (
        "inspection_focus",
        dt.date(2024, 10, 31),
        True,
    )
    assert in_force("2024-10-31T12:00")["LZ-PLAN-5.storage"]
    assert in_force("2026-11-01T12:00")["LZ-PLAN-5.storage"]
    ended = replace(
        PACK,
        requirements=tuple(
            structs.replace(line, carried_on=False) if line.id == plan.id else line
            for line in PACK.requirements
        ),
    )
    start_s = dt.datetime(2024, 11, 1, 12, tzinfo=ZoneInfo("Asia/Shanghai")).timestamp()
    (row,) = lines_in_force(ended, np.array([start_s]))
    assert not row[IDS.index(plan.id)]


def test_papers_alone_make_no_shipment_compliant() -> None:
    status = np.zeros((1, len(IDS)), dtype=np.int8)
    status[0, IDS.index("ANNEX6-02")] = Status.COMPLIANT
    assert verdict_of(status, PACK) == [Status.INSUFFICIENT_EVIDENCE]
    status[0, IDS.index("ANNEX6-10")] = Status.COMPLIANT
    assert verdict_of(status, PACK) == [Status.COMPLIANT]


@pytest.mark.parametrize(
    ("line", "says", "verdict"),
    [
        ("ANNEX6-02", Status.TO_CHECK, Status.COMPLIANT),
        ("ANNEX6-09", Status.ASSERTED, Status.COMPLIANT),
        ("ANNEX6-02", Status.INSUFFICIENT_EVIDENCE, Status.INSUFFICIENT_EVIDENCE),
        ("ANNEX3-17", Status.SUSPECTED, Status.SUSPECTED),
        ("ANNEX6-12", Status.ASSERTED, Status.ASSERTED),
        ("ANNEX6-13", Status.TO_CHECK, Status.ASSERTED),
        ("ANNEX6-12", Status.INSUFFICIENT_EVIDENCE, Status.INSUFFICIENT_EVIDENCE),
        ("ANNEX6-10", Status.BREACH, Status.BREACH),
    ],
)
def test_papers_move_the_verdict_only_from_insufficient_up(
    line: str, says: Status, verdict: Status
) -> None:
    status = np.full((1, len(IDS)), Status.COMPLIANT, dtype=np.int8)
    status[0, IDS.index(line)] = says
    assert verdict_of(status, PACK) == [verdict]
