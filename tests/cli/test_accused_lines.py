"""Every line that accuses gives bounds, what speaks against it and what would settle it."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

from coldwitness.cli.main import main
from coldwitness.simulators.fleet import simulate_fleet
from coldwitness.simulators.scenario import scenario
from coldwitness.simulators.writer import write_fleet
from tests.reports.fleet import END_MS

STORIES = ("warm_break", "depot_storage", "missing_separator_ice", "one_compartment", "door_wait")
ACCUSED = {"breach", "suspected"}
Result = dict[str, Any]


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Result]:
    """Story to result."""
    folder: Path = tmp_path_factory.mktemp("accused")
    stories = [scenario(name) for name in STORIES]
    write_fleet(simulate_fleet(stories, boxes=len(STORIES), seed=4, end_ms=END_MS), folder)
    said = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with contextlib.redirect_stdout(said):
        files = (str(folder / "telemetry.ndjson"), "--manifest", str(folder / "manifests.ndjson"))
        main(["check", *files, "--json"])
    told = sorted(
        map(json.loads, said.buffer.getvalue().splitlines()), key=lambda one: one["shipment"]
    )
    return dict(zip(STORIES, told, strict=True))


def line(result: Result, id_: str) -> Result:
    found: Result = next(one for one in result["requirements"] if one["id"] == id_)
    return found


def test_what_speaks_against_it_and_what_would_settle_it_stand_on_every_line_that_accuses(
    results: dict[str, Result],
) -> None:
    accused = [
        one
        for result in results.values()
        for one in result["requirements"]
        if one["status"] in ACCUSED
    ]
    assert len(accused) >= 10
    for one in accused:
        assert one["against"]["zh"], one["id"]
        assert one["against"]["en"], one["id"]
        assert one["would_settle"]["zh"], one["id"]
        assert one["would_settle"]["en"], one["id"]


@pytest.mark.parametrize(
    ("story", "id_", "bounds_of", "limit"),
    [
        ("warm_break", "ANNEX6-10", "range", 0.0),
        ("warm_break", "LZ-PLAN-5.cold-chain", "range", 0.0),
        ("depot_storage", "ANNEX6-14", "storage_on_the_way", 900.0),
        ("depot_storage", "SD-IMPL-30", "storage_on_the_way", 900.0),
        ("missing_separator_ice", "ANNEX6-12", "coolant_isolation", 0.8),
        ("missing_separator_ice", "LZ-PLAN-5.isolation", "coolant_isolation", 0.8),
    ],
)
def test_the_bounds_of_a_line_are_those_of_the_question_that_accuses(
    results: dict[str, Result], story: str, id_: str, bounds_of: str, limit: float
) -> None:
    accused = line(results[story], id_)
    assert accused["status"] in ACCUSED
    assert accused["bounds_of"] == bounds_of
    assert limit < accused["least"] <= accused["most"]


def test_a_line_in_order_gives_no_dwell_and_no_exchange(results: dict[str, Result]) -> None:
    fine = line(results["door_wait"], "ANNEX6-14")
    assert (fine["status"], fine["least"], fine["most"]) == ("compliant", None, None)
    assert fine["bounds_of"] is None


def test_a_line_on_the_companys_word_gives_the_exchange_and_what_would_settle_it(
    results: dict[str, Result],
) -> None:
    said = line(results["one_compartment"], "ANNEX6-12")
    assert (said["status"], said["bounds_of"]) == ("asserted", "coolant_isolation")
    assert said["least"] <= said["most"]
    assert said["would_settle"]["zh"]
