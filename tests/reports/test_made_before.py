"""A report in the form that was made before, `coldwitness.report/1`, is verified like any other:
its seal always, its rules and its result on request; its pages are no longer drawn."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from coldwitness.api.reports.made.seal import canonical, sha256_hex
from coldwitness.api.reports.made.twin import render_json
from coldwitness.api.reports.packed.package_check import verify_any
from coldwitness.api.reports.packed.standalone_verify import check_report
from coldwitness.domain.digests import sm3
from tests.reports.fleet import report_of
from tests.reports.packages import rulebook

Values = dict[str, Any]


def as_before(values: Values) -> None:
    """The form of then: no coverage in the result, what was seen worked out by the report."""
    values["schema"] = "coldwitness.report/1"
    del values["result"]["coverage"], values["lines"], values["route"]["way"]
    for episode in values["episodes"]:
        del episode["logger"]
    for probe in values["probes"]:
        del probe["probe"], probe["loggers"], probe["worst"]
    for gap in values["gaps"]:
        for name in ("probe", "start_c", "end_c", "lowest_at", "highest_at"):
            del gap[name]
    values["route"]["position_gaps"] = [
        {"start": gap["start"], "end": gap["end"], "state": "unseen"}
        for gap in values["route"]["position_gaps"]
    ]


def sealed_anew(data: bytes, *edits: Callable[[Values], object]) -> bytes:
    """The report after edits of its JSON, with the digests of what it says then."""
    values = json.loads(data)
    for edit in edits:
        edit(values)
    content = canonical({name: said for name, said in values.items() if name != "seal"})
    values["seal"] |= {"sha256": sha256_hex(content), "sm3": sm3(content)}
    return canonical(values) + b"\n"


def made_before(story: str = "warm_break") -> bytes:
    return sealed_anew(render_json(report_of(story)), as_before)


def codes(data: bytes, *, anew: bool = True) -> set[str]:
    return {problem.code for problem in verify_any(data, rulebook=rulebook(), anew=anew).problems}


@pytest.mark.parametrize("story", ["warm_break", "logger_silent", "no_positions"])
def test_an_honest_report_made_before_holds(story: str) -> None:
    data = made_before(story)
    assert codes(data) == set()
    found: list[Any] = []
    check_report(data, {}, found)
    assert found == []


@pytest.mark.parametrize("anew", [False, True])
def test_a_reading_changed_in_a_report_made_before_is_found_by_its_digest(anew: bool) -> None:
    data = made_before()
    values = json.loads(data)
    values["readings"]["temperature_c"]["drug"][5] += 0.5
    assert "digest_mismatch" in codes(canonical(values) + b"\n", anew=anew)


def test_a_report_made_before_is_not_judged_by_this_version_unless_asked() -> None:
    data = sealed_anew(made_before(), acquitted)
    found = verify_any(data, rulebook=rulebook())
    assert found.problems == ()
    assert found.unjudged is not None
    assert found.unjudged.schema == "coldwitness.report/1"
    assert found.unjudged.rules.startswith("cn-retail-delivery ")
    assert found.unjudged.software == "coldwitness test"
    assert "result_differs" in codes(data)


def test_a_report_of_today_is_judged_again_without_being_asked() -> None:
    found = verify_any(render_json(report_of("clean")), rulebook=rulebook())
    assert (found.problems, found.unjudged) == ((), None)


def cooled(values: Values) -> None:
    column = values["readings"]["temperature_c"]["drug"]
    column[:] = [None if value is None else min(value, 7.0) for value in column]


def acquitted(values: Values) -> None:
    values["result"]["verdict"] = values["decision"]["verdict"] = "compliant"


def silent_in_words(values: Values) -> None:
    values["decision"]["sentences"][0]["zh"] = "未发现问题。"


def other_slew(values: Values) -> None:
    values["terms"]["slew_max_c_per_min"] = 0.01


def other_number(values: Values) -> None:
    values["rules"]["numbers"][0]["value"] += 1


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (cooled, "result_differs"),
        (acquitted, "result_differs"),
        (silent_in_words, "report_differs"),
        (other_slew, "report_differs"),
        (other_number, "rules_edited"),
    ],
)
def test_a_report_made_before_and_sealed_anew_after_an_edit_is_found(edit: Any, code: str) -> None:
    assert code in codes(sealed_anew(made_before(), edit))


def test_a_report_of_today_cannot_shed_what_it_saw_by_calling_itself_older() -> None:
    def renamed(values: Values) -> None:
        values["schema"] = "coldwitness.report/1"
        values["result"]["coverage"]["probes"][0]["unseen_s"] = 0.0

    data = sealed_anew(render_json(report_of("logger_silent")), renamed)
    assert codes(data) == {"result_differs"}


@pytest.mark.parametrize("schema", ["coldwitness.report/0", "coldwitness.report/3", ""])
def test_a_form_that_never_was_is_not_read(schema: str) -> None:
    def renamed(values: Values) -> None:
        values["schema"] = schema

    data = sealed_anew(render_json(report_of("clean")), renamed)
    assert codes(data) == {"not_readable"}


def test_an_extra_space_in_a_report_made_before_is_found() -> None:
    assert codes(made_before().replace(b'":', b'": ', 1)) == {"not_canonical"}


def test_pages_of_a_report_made_before_are_said_to_be_drawn_by_an_earlier_version() -> None:
    twin = made_before()
    pdf = b"%%PDF-1.7\n<</Type /EmbeddedFile /Length %d>>\nstream\n%s" % (len(twin), twin)
    assert verify_any(pdf, rulebook=rulebook()).problems == ()
    (problem,) = verify_any(pdf, rulebook=rulebook(), anew=True).problems
    assert problem.code == "pages_differ"
    assert "coldwitness.report/1" in problem.detail
