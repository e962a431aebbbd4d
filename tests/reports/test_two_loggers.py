"""Reports of a box with several loggers, as their users ask for them."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from coldwitness.cli.main import main
from coldwitness.domain.instants import rfc3339

START_MS = 1_795_225_800_000


def _reading(logger: str, minute: float, drug_c: float, seq: int | None) -> dict[str, Any]:
    said = {
        "shipment": "S-3",
        "logger": logger,
        "time": rfc3339(START_MS + round(minute * 60_000)),
        "temperature": {"drug": drug_c},
    }
    return said if seq is None else said | {"seq": seq}


def write_delivery(folder: Path, readings: list[dict[str, Any]], *, minutes: float) -> list[str]:
    """Telemetry and manifest of one delivery; the arguments that name them."""
    manifest = {
        "id": "S-3",
        "items": [{"name": "胰岛素", "category": "drug", "storage": "refrigerated"}],
        "dispatched_at": rfc3339(START_MS),
        "delivered_at": rfc3339(START_MS + round(minutes * 60_000)),
    }
    (folder / "trip.ndjson").write_text("\n".join(map(json.dumps, readings)), "utf-8")
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    return ["--from", str(folder / "trip.ndjson"), "--manifest", str(folder / "manifest.json")]


@pytest.mark.parametrize("ending", ["json", "html", "pdf"])
def test_two_numbered_loggers_that_alternate_have_a_report(tmp_path: Path, ending: str) -> None:
    rng = np.random.default_rng(5)
    readings = [
        _reading(f"LG-{which}", minute + which / 2, round(5 + rng.normal(0, 0.1), 1), minute)
        for minute in range(60)
        for which in (0, 1)
    ]
    told = write_delivery(tmp_path, readings, minutes=60)
    made = tmp_path / f"report.{ending}"
    assert main(["report", "S-3", *told, "-o", str(made)]) == 0
    assert made.stat().st_size > 1000


def report_of(folder: Path, readings: list[dict[str, Any]], *, minutes: float) -> dict[str, Any]:
    told = write_delivery(folder, readings, minutes=minutes)
    made = folder / "report.json"
    assert main(["report", "S-3", *told, "-o", str(made)]) == 0
    loaded: dict[str, Any] = json.loads(made.read_bytes())
    return loaded


def test_loggers_that_alternate_are_two_lines_each_seen_to_its_own_end(tmp_path: Path) -> None:
    readings = [
        _reading(f"LG-{which}", minute + which / 2, 5.0 + which, minute)
        for minute in range(60)
        for which in (0, 1)
    ]
    report = report_of(tmp_path, readings, minutes=60)
    assert [probe["name"] for probe in report["probes"]] == ["drug (LG-0)", "drug (LG-1)"]
    assert [probe["unseen_s"] for probe in report["probes"]] == [60.0, 60.0]
    assert report["lines"]["drug (LG-1)"]["begins"] == [0]
    assert report["lines"]["drug (LG-1)"]["rows"] == [[row, row] for row in range(1, 120, 2)]


@pytest.mark.parametrize("overlap_min", [-4, 0, 1, 5])
def test_a_logger_replaced_on_the_way_is_seen_all_the_way_as_the_verdict_says(
    tmp_path: Path, overlap_min: int
) -> None:
    readings = [_reading("LG-0", minute, 5.0, None) for minute in range(61)]
    readings += [_reading("LG-1", minute, 5.0, None) for minute in range(60 - overlap_min, 121)]
    report = report_of(tmp_path, readings, minutes=120)
    assert report["result"]["metrics"]["coverage"] == 1.0
    (probe,) = report["probes"]
    assert (probe["name"], probe["loggers"]) == ("drug", ["LG-0", "LG-1"])
    assert [span["state"] for span in probe["spans"]] == ["in"]
    assert report["gaps"] == []
    assert report["lines"]["drug"]["begins"] == [0]


def test_a_logger_that_runs_beside_another_for_longer_is_a_line_of_its_own(
    tmp_path: Path,
) -> None:
    readings = [_reading("LG-0", minute, 5.0, None) for minute in range(61)]
    readings += [_reading("LG-1", minute, 5.0, None) for minute in range(54, 121)]
    report = report_of(tmp_path, readings, minutes=120)
    assert [probe["name"] for probe in report["probes"]] == ["drug (LG-0)", "drug (LG-1)"]
    assert max(gap["length_s"] for gap in report["gaps"]) == 3600


def test_an_episode_is_drawn_at_the_logger_that_saw_it(tmp_path: Path) -> None:
    readings = [_reading("LG-0", minute, 5.0, None) for minute in range(61)]
    readings += [
        _reading("LG-1", minute + 0.5, 12.0 if 20 < minute < 40 else 5.0, None)
        for minute in range(60)
    ]
    report = report_of(tmp_path, readings, minutes=60)
    assert [episode["logger"] for episode in report["episodes"]] == ["LG-1"]
    assert report["worst_probe"] == "drug (LG-1)"
    cool, warm = report["probes"]
    assert (cool["out_s"], warm["out_s"] > 1000) == (0.0, True)


def test_positions_at_nought_degrees_are_neither_drawn_nor_counted(tmp_path: Path) -> None:
    readings = [
        _reading("LG-0", minute, 5.0, None)
        | {
            "position": {"lat": 0.0, "lon": 0.0}
            if 20 <= minute <= 40
            else {"lat": 36.8 + minute / 1000, "lon": 118.3}
        }
        for minute in range(61)
    ]
    report = report_of(tmp_path, readings, minutes=60)
    route = report["route"]
    assert route["positions"] == 40
    assert route["way"]["rows"] == [[0, 19], [41, 60]]
    assert route["way"]["begins"] == [0, 20]
    (gap,) = route["position_gaps"]
    (told,) = (f for f in report["result"]["findings"] if f["subtype"] == "no_position")
    assert (gap["start"], gap["end"]) == (told["start"], told["end"])
    assert gap["hidden_stop_max_s"] == pytest.approx(told["measures"]["hidden_stop_max_s"])
