"""Packages whose report is out of shape are told as such, problem by problem, and stop nothing."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from coldwitness.api.reports.made.seal import canonical
from coldwitness.api.reports.packed.package_check import verify_any
from tests.reports.packages import files_of, honest, packed, rulebook, unsealed_edit


def _time_that_is_none(readings: dict[str, Any]) -> None:
    readings["time"][3] = "2026-06-18T01:49:42T01:49:42T01:49:42.444Z"


def _unknown_logger(readings: dict[str, Any]) -> None:
    readings["logger"][3] = 7


def _shorter_column(readings: dict[str, Any]) -> None:
    del readings["temperature_c"]["drug"][-1]


def _fewer_times(readings: dict[str, Any]) -> None:
    del readings["time"][-1]


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "hurt", [_time_that_is_none, _unknown_logger, _shorter_column, _fewer_times]
)
def test_readings_out_of_shape_are_told_beside_a_journal(
    hurt: Callable[[dict[str, Any]], None],
) -> None:
    files = files_of(honest())
    files["report.json"] = unsealed_edit(
        files["report.json"], lambda values: hurt(values["readings"])
    )
    verified = verify_any(packed(files), rulebook=rulebook())
    told = {problem.code for problem in verified.problems}
    assert {"file_altered", "digest_mismatch", "evidence_unreadable"} <= told
    assert any(one.detail.startswith("readings: ") for one in verified.problems)


def test_a_head_of_no_time_that_nobody_signed_is_told() -> None:
    """Without the package's signature no key is known that heads could be held against."""
    files = files_of(honest())
    del files["package.sig.json"]
    journal = json.loads(files["journal.json"])
    for day in journal["completeness"]["tallies"]:
        day["head"]["time_ms"] = 10**15
    files["journal.json"] = canonical(journal) + b"\n"
    verified = verify_any(packed(files), rulebook=rulebook())
    assert verified.complete is None
    assert "head_invalid" in {problem.code for problem in verified.problems}


def test_a_day_s_root_that_is_no_digest_is_told() -> None:
    files = files_of(honest())
    journal = json.loads(files["journal.json"])
    for day in journal["days"]:
        day["root"] = day["root"][:-1] + "g"
    files["journal.json"] = canonical(journal) + b"\n"
    verified = verify_any(packed(files), rulebook=rulebook())
    told = {problem.code for problem in verified.problems}
    assert {"file_altered", "head_invalid", "proof_invalid"} <= told
