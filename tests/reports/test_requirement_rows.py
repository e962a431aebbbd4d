"""The table of requirements asks each question once, however many bases stand behind it."""

import pytest

from coldwitness.api.reports.drawn.chapters.requirements import requirements
from coldwitness.api.reports.drawn.document import Bullets, Table
from coldwitness.api.reports.drawn.view import View
from coldwitness.api.reports.made.wording import say, tell
from coldwitness.config.rules import load_packs
from tests.reports.shipments import warm_and_stopped, without_readings

PACK = next(pack for pack in load_packs() if pack.id == "cn-retail-delivery")
QUESTIONS = {line.id: line.questions for line in PACK.requirements}
BINDS = {line.id: line.binds for line in PACK.requirements}


@pytest.fixture(params=["seen", "unseen"])
def view(request: pytest.FixtureRequest) -> View:
    hand = warm_and_stopped()
    report = (hand if request.param == "seen" else without_readings(hand)).report()
    return View(report, "zh")


def _rows(view: View) -> list[list[str]]:
    tables = [block for block in requirements(view).blocks if isinstance(block, Table)]
    joint = view.say("and")
    return [row[0].aside.split(joint) for table in tables for row in table.rows]


def test_lines_of_one_question_and_status_stand_in_one_row(view: View) -> None:
    status = {line.id: line.status for line in view.report.requirements}
    rows = _rows(view)
    row_of = {id_: number for number, ids in enumerate(rows) for id_ in ids}
    assert sorted(row_of) == sorted(QUESTIONS), "none left out"
    asked: dict[tuple[object, ...], set[int]] = {}
    for id_, questions in QUESTIONS.items():
        asked.setdefault((questions, status[id_], BINDS[id_]), set()).add(row_of[id_])
    assert {key: rows for key, rows in asked.items() if len(rows) > 1} == {}
    assert len(rows) < len(QUESTIONS)


def test_every_line_names_its_source_its_kind_and_whom_it_binds(view: View) -> None:
    (sources,) = [block for block in requirements(view).blocks if isinstance(block, Bullets)]
    told = " ".join(sources.items)
    for line in PACK.requirements:
        assert line.id in told
        assert tell(line.source, "zh") in told
    for kind in {line.source_kind for line in PACK.requirements}:
        assert say(f"source_{kind}", "zh") in told
    for who in {who for line in PACK.requirements for who in line.duty}:
        assert say(f"duty_{who}", "zh") in told
