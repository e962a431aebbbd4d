"""The four files: repeatable, complete, whole or not at all."""

import json
from pathlib import Path

import pytest

from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import instant_ms
from coldwitness.simulators.fleet import Fleet, simulate_fleet
from coldwitness.simulators.scenario import scenario
from coldwitness.simulators.writer import write_fleet


def fleet() -> Fleet:
    stories = [scenario("late_backlog"), scenario("clean")]
    return simulate_fleet(stories, boxes=2, seed=9, end_ms=instant_ms("2026-06-18T03:30:00Z"))


def test_the_same_fleet_writes_the_same_bytes(tmp_path: Path) -> None:
    write_fleet(fleet(), tmp_path / "one")
    write_fleet(fleet(), tmp_path / "two")
    for name in ("telemetry.ndjson", "manifests.ndjson", "office.ndjson", "truth.ndjson"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_every_reading_is_a_line_with_its_box_and_courier(tmp_path: Path) -> None:
    made = fleet()
    write_fleet(made, tmp_path)
    lines = [
        json.loads(line) for line in (tmp_path / "telemetry.ndjson").read_text("utf-8").splitlines()
    ]
    readings = [line for line in lines if "event" not in line]
    assert len(readings) == made.reading_count
    assert {line["box"] for line in lines} == {s.box for s in made.shipments}
    assert {line["courier"] for line in lines} == {s.courier for s in made.shipments}
    truths = [
        json.loads(line) for line in (tmp_path / "truth.ndjson").read_text("utf-8").splitlines()
    ]
    manifests = [
        json.loads(line) for line in (tmp_path / "manifests.ndjson").read_text("utf-8").splitlines()
    ]
    assert [t["shipment"] for t in truths] == [m["id"] for m in manifests]


def test_nothing_but_the_four_files_is_left_behind(tmp_path: Path) -> None:
    write_fleet(fleet(), tmp_path)
    write_fleet(fleet(), tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["manifests.ndjson", "office.ndjson", "telemetry.ndjson", "truth.ndjson"]


def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, not a folder")
    with pytest.raises(BadInput, match="cannot be written"):
        write_fleet(fleet(), tmp_path / "taken")
