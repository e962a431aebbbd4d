"""Limits of box models that nobody has qualified, learned from compliant trips: live, in files,
in reports, and verified without the trips."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from coldwitness.api.http.reports import report_of
from coldwitness.api.reports.made.model import Report
from coldwitness.api.reports.made.seal import sealed
from coldwitness.api.reports.made.twin import render_json
from coldwitness.api.reports.packed.verification import verify_bytes
from coldwitness.cli.judge_files import judge_files
from coldwitness.config.rules import load_packs
from coldwitness.domain.instants import instant_ms, rfc3339
from coldwitness.domain.reach import EVERYTHING
from coldwitness.domain.reading import Reading
from coldwitness.domain.reading_table import readings_of
from coldwitness.domain.result import CheckResult
from coldwitness.ingest.files import read_files
from coldwitness.judging.fleet_limits import RegisterTrips, model_trips
from coldwitness.storage.ports import ModelTrip
from tests.analysis.building import START_S
from tests.analysis.isolation.isolation_world import world as world_of_boxes
from tests.api.world import World

END_MS = round(START_S * 1000)
DAY_MS = 86_400_000
LEAST = int(load_packs()[0].numbers.fleet_least_trips)
MODEL = "SOFT-30L"


def fleet(
    folder: Path, *, boxes: int, seed: int, day: int = 0, rates: tuple[float, float] = (0.15, 0.35)
) -> Path:
    """Files of deliveries, in order all but for the exchange, in boxes nobody has qualified. The
    drug may be of any temperature, so that only isolation is judged."""
    folder.mkdir()
    made = world_of_boxes(boxes, seed=seed, k_coolant=rates, coolant_hold_h=(6.0, 12.0))
    tracks, shift_s = made.tracks, day * 86_400.0
    readings, manifests = [], []
    for i in range(boxes):
        name = f"D{day}-{i}"
        rows = range(int(tracks.first[i]), int(tracks.first[i + 1]))
        for seq, row in enumerate(rows):
            reading = {
                "shipment": name,
                "logger": f"LG-{name}",
                "seq": seq,
                "time": round((tracks.time_s[row] + shift_s) * 1000),
                "temperature": {
                    probe: round(float(column[row]), 2)
                    for probe, column in tracks.temperature_c.items()
                },
                "position": {"lat": 36.8, "lon": 118.0 + 0.005 * seq},
            }
            readings.append(json.dumps(reading))
        ends_s = [tracks.time_s[row] + shift_s for row in (rows[0], rows[-1])]
        manifest = {
            "id": name,
            "items": [{"name": "insulin", "storage": "room", "limits": {"low": -90, "high": 90}}],
            "box": {"model": MODEL, "cooling": "passive", "isolation": {"coolant": True}},
            "logger": {"id": f"LG-{name}", "calibrated_until": "2031-01-01"},
            "dispatched_at": rfc3339(round(ends_s[0] * 1000)),
            "delivered_at": rfc3339(round(ends_s[1] * 1000)),
        }
        manifests.append(json.dumps(manifest))
    (folder / "telemetry.ndjson").write_text("\n".join(readings), encoding="utf-8")
    (folder / "manifests.ndjson").write_text("\n".join(manifests), encoding="utf-8")
    return folder


def sent(world: World, folder: Path) -> list[str]:
    """Bring a fleet into the stores as ingest would, and judge it live."""
    named = []
    for text in (folder / "manifests.ndjson").read_text(encoding="utf-8").splitlines():
        name = json.loads(text)["id"]
        assert world.client.put(f"/v1/shipments/{name}", content=text).status_code in (200, 201)
        named.append(name)
    recorded = read_files([folder / "telemetry.ndjson"], timezone=None, reader=None, shipments=())
    readings: list[Reading] = list(readings_of(recorded.table))
    world.store.append(readings, [reading.time_ms + 500 for reading in readings])
    world.register.custody.add_events(recorded.events, [event.time_ms for event in recorded.events])
    world.judge.touch(named)
    while not world.judge.idle:
        world.judge.tick()
    return named


def result_of(world: World, name: str) -> dict[str, Any]:
    """The result on record as JSON objects."""
    result = world.register.results.of(name)
    assert result is not None
    told: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(result))
    return told


def taught(world: World, rate_per_h: float, *, trips: int = LEAST, model: str = MODEL) -> None:
    """As if so many compliant trips had ended days before."""
    world.register.trips.keep(
        {
            f"{model}-{n}": [
                ModelTrip(
                    f"{model}-{n}",
                    "coolant",
                    model,
                    END_MS - 3 * DAY_MS + n,
                    rate_per_h,
                    0.9 * rate_per_h,
                    1.1 * rate_per_h,
                )
            ]
            for n in range(trips)
        }
    )


def test_compliant_trips_of_the_days_before_give_the_next_trip_its_limit(
    world: World, tmp_path: Path
) -> None:
    before = sent(world, fleet(tmp_path / "one", boxes=LEAST + 4, seed=5))
    assert {result_of(world, name)["isolation"]["coolant"]["limit_source"] for name in before} == {
        "setting"
    }
    (name,) = sent(world, fleet(tmp_path / "two", boxes=1, seed=6, day=1))
    result = result_of(world, name)
    facet = result["isolation"]["coolant"]
    evidence = result["evidence"]["fleet_limits"]["coolant"]
    assert facet["limit_source"] == "fleet"
    assert facet["limit_trips"] == evidence["trips"] >= LEAST
    assert facet["limit_per_h"] == evidence["limit_per_h"]
    assert evidence["typical_per_h"] < facet["limit_per_h"] <= 0.8
    assert evidence["model"] == MODEL
    assert instant_ms(evidence["last_ended"]) < instant_ms(result["window"]["start"])
    assert result["verdict"] in ("asserted", "compliant")
    (line,) = [one for one in result["requirements"] if one["id"] == "ANNEX6-12"]
    assert f"{evidence['trips']} compliant deliveries" in line["basis"]["en"]
    assert line["setting"]["values"]["fleet_least_trips"] == LEAST


def test_only_compliant_trips_whose_heat_shows_the_separation_teach(
    world: World, tmp_path: Path
) -> None:
    named = sent(world, fleet(tmp_path / "one", boxes=3, seed=5))
    kept = world.register.trips.latest(MODEL, "coolant", before_ms=END_MS * 2, limit=99)
    assert {trip.shipment for trip in kept} == {
        name
        for name in named
        if result_of(world, name)["isolation"]["coolant"]["status"] == "isolated"
    }
    for verdict in ("breach", "suspected", "insufficient_evidence"):
        said = {**result_of(world, named[0]), "verdict": verdict}
        result = msgspec.convert(said, CheckResult)
        manifests = world.register.manifests.newest(named)
        assert model_trips([result], manifests) == {named[0]: []}
    # A trip that turns out to be no good is forgotten when it is judged again.
    world.send(named[0], [95.0] * 9, start_ms=kept[0].ended_ms - 20 * 60_000)
    again = world.register.trips.latest(MODEL, "coolant", before_ms=END_MS * 2, limit=99)
    assert result_of(world, named[0])["verdict"] not in ("asserted", "compliant")
    assert named[0] not in {trip.shipment for trip in again}


@pytest.mark.parametrize(
    ("change", "source"),
    [
        ({"qualification": {"coolant_coupling_max_per_h": 0.5}}, "manifest"),
        ({"model": "EPS-18L"}, "model"),
        ({}, "fleet"),
        ({"model": "OTHER"}, "setting"),
        ({"model": None}, "setting"),
    ],
)
def test_manifest_then_model_then_fleet_then_setting(
    world: World, tmp_path: Path, change: dict[str, Any], source: str
) -> None:
    taught(world, 0.3)
    taught_too = "EPS-18L"
    world.register.trips.keep(
        {
            f"U-{n}": [
                ModelTrip(f"U-{n}", "coolant", taught_too, END_MS - 3 * DAY_MS, 0.1, 0.1, 0.1)
            ]
            for n in range(LEAST)
        }
    )
    folder = fleet(tmp_path / "one", boxes=1, seed=6)
    manifest = json.loads((folder / "manifests.ndjson").read_text(encoding="utf-8"))
    manifest["box"].update(change)
    (folder / "manifests.ndjson").write_text(json.dumps(manifest), encoding="utf-8")
    (name,) = sent(world, folder)
    assert result_of(world, name)["isolation"]["coolant"]["limit_source"] == source


@pytest.mark.parametrize(("trips", "source"), [(LEAST - 1, "setting"), (LEAST, "fleet")])
def test_fewer_trips_than_the_rule_pack_demands_give_no_limit(
    world: World, tmp_path: Path, trips: int, source: str
) -> None:
    taught(world, 0.3, trips=trips)
    (name,) = sent(world, fleet(tmp_path / "one", boxes=1, seed=6))
    assert result_of(world, name)["isolation"]["coolant"]["limit_source"] == source


def test_a_report_by_a_learned_limit_is_verified_without_the_trips(
    world: World, tmp_path: Path
) -> None:
    """A fleet that exchanges far less than this box: suspected, and so says whoever verifies."""
    taught(world, 0.05)
    (name,) = sent(world, fleet(tmp_path / "one", boxes=1, seed=6, rates=(2.0, 3.0)))
    result = result_of(world, name)
    (found,) = [f for f in result["findings"] if f["subtype"] == "coolant_contact"]
    assert found["measures"]["limit_source"] == "fleet"
    assert "同型号箱" in found["explanation"]["zh"]
    report = report_of(world.services, name, reach=EVERYTHING)
    told = msgspec.json.decode(msgspec.json.encode(report.result.isolation))
    assert told == result["isolation"]
    rulebook = world.services.rulebook
    assert verify_bytes(render_json(report), rulebook=rulebook).problems == ()
    for figure, value in (("typical_per_h", 0.3), ("limit_per_h", 0.6), ("trips", LEAST - 1)):
        values = msgspec.json.decode(render_json(report))
        values["result"]["evidence"]["fleet_limits"]["coolant"][figure] = value
        edited = sealed(msgspec.convert({**values, "seal": None}, Report))
        assert not verify_bytes(render_json(edited), rulebook=rulebook).holds, figure


def test_judging_again_gives_the_same_limit_whatever_ended_since(
    world: World, tmp_path: Path
) -> None:
    taught(world, 0.3)
    (name,) = sent(world, fleet(tmp_path / "one", boxes=1, seed=6))
    world.register.trips.keep(
        {"V-1": [ModelTrip("V-1", "coolant", MODEL, END_MS + DAY_MS, 0.7, 0.6, 0.75)]}
    )
    world.judge.judge_now([name])
    assert len(world.register.results.versions(name)) == 1


def test_the_registers_trips_of_a_day_are_asked_for_once() -> None:
    asked: list[tuple[str, str, int]] = []

    class Counting:
        def keep(self, trips: Mapping[str, Sequence[ModelTrip]]) -> None:
            raise AssertionError("nothing is kept by asking")

        def latest(self, model: str, zone: str, *, before_ms: int, limit: int) -> list[ModelTrip]:
            asked.append((model, zone, before_ms))
            return []

    trips = RegisterTrips(Counting())
    start = instant_ms("2026-11-20T17:00:00Z")  # 21 November in China
    for begun in (start, start + 3_600_000):
        trips(MODEL, "coolant", begun_ms=begun)
    assert asked == [(MODEL, "coolant", instant_ms("2026-11-20T16:00:00Z"))]


@pytest.mark.parametrize(("boxes", "source"), [(LEAST + 4, "fleet"), (10, "setting")])
def test_files_judged_together_are_each_others_fleet(
    tmp_path: Path, boxes: int, source: str, world: World
) -> None:
    folder = fleet(tmp_path / "files", boxes=boxes, seed=8)
    judged = judge_files(
        [folder / "telemetry.ndjson"],
        manifest_paths=[folder / "manifests.ndjson"],
        rulebook=world.services.rulebook,
        storage=None,
        timezone=None,
        reader=None,
    )
    results = [result for group in judged.groups for result in group.results]
    assert {result.isolation.coolant.limit_source for result in results} == {source}
    assert all(line_of(result, "ANNEX6-12") in ("asserted", "compliant") for result in results)


def test_a_box_that_exchanges_twice_as_much_as_its_fleet_is_in_doubt_where_the_setting_allows_it(
    world: World, tmp_path: Path
) -> None:
    sent(world, fleet(tmp_path / "one", boxes=LEAST + 4, seed=5, rates=(0.14, 0.17)))
    named = sent(world, fleet(tmp_path / "two", boxes=6, seed=6, day=1, rates=(0.6, 0.65)))
    facets = [result_of(world, name)["isolation"]["coolant"] for name in named]
    assert {facet["limit_source"] for facet in facets} == {"fleet"}
    assert {facet["status"] for facet in facets} == {"indeterminate"}
    assert {facet["reason"] for facet in facets} <= {"between_limits", "small_load"}
    assert all(facet["interval_95"][0] < 0.8 for facet in facets)


def line_of(result: CheckResult, id_: str) -> str:
    """Status of one requirement line."""
    return next(line.status for line in result.requirements if line.id == id_)
