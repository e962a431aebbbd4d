"""Two ways in which missing separators and warm drugs were once washed clean, and no longer are."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from coldwitness.api.reports.made.judged import report_of_judged
from coldwitness.api.reports.made.model import Origin
from coldwitness.api.reports.made.twin import render_json
from coldwitness.api.reports.packed.package_check import verify_any
from coldwitness.config.settings import JudgingSettings
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.office import OfficeFacts
from coldwitness.domain.result import CheckResult, RequirementLine
from coldwitness.domain.tracks import ReadingTable
from coldwitness.ingest.files import read_files
from coldwitness.ingest.manifests import read_manifest_files
from coldwitness.judging import in_parts
from coldwitness.judging.evidence import Evidence
from coldwitness.judging.in_parts import told_in_parts
from coldwitness.judging.rulebook import load_rulebook
from coldwitness.judging.run import Judged, judge_shipments
from coldwitness.simulators.fleet import simulate_fleet
from coldwitness.simulators.scenario import scenario
from coldwitness.simulators.writer import write_fleet

BOOK = load_rulebook(JudgingSettings())
BOXES = 6
END_MS = instant_ms("2026-06-18T03:30:00Z")
ISOLATION = "ANNEX6-12"


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """Six boxes without a separator, and the clean trips of the same boxes the day before."""
    told = {"ZB": ("missing_separator", END_MS), "YD": ("clean", END_MS - 86_400_000)}
    files: list[Path] = []
    manifests = []
    for prefix, (story, end_ms) in told.items():
        folder = tmp_path_factory.mktemp(prefix)
        fleet = simulate_fleet(
            [scenario(story)], boxes=BOXES, seed=41, end_ms=end_ms, prefix=prefix
        )
        write_fleet(fleet, folder)
        files.append(folder / "telemetry.ndjson")
        manifests += read_manifest_files([folder / "manifests.ndjson"], classes=BOOK.classes)[0]
    by_id = {manifest.id: manifest for manifest in manifests}
    recorded = read_files(files, timezone=None, reader=None, shipments=tuple(by_id))
    events: dict[str, list[Any]] = {name: [] for name in by_id}
    for event in recorded.events:
        events[event.shipment or ""].append(event)
    return Evidence(tuple(by_id), recorded.table, by_id, events)


def contact_trips(evidence: Evidence) -> Evidence:
    """The six boxes alone, without their history."""
    mine = {name: its for name, its in evidence.manifests.items() if name.startswith("ZB")}
    return evidence.of_manifests(mine)


def without(evidence: Evidence, probe: str, share: float = 1.0) -> Evidence:
    """The probe taken out of the last part of each of the six boxes' records."""
    table = evidence.readings
    column = table.temperature_c[probe].copy()
    for code, name in enumerate(table.shipments):
        rows = np.flatnonzero(table.shipment == code)
        if name.startswith("ZB"):
            column[rows[round(rows.size * (1 - share)) :]] = np.nan
    changed: ReadingTable = replace(table, temperature_c={**table.temperature_c, probe: column})
    return replace(evidence, readings=changed)


def judged(evidence: Evidence) -> dict[str, CheckResult]:
    found = [one for group in judge_shipments(evidence, rulebook=BOOK) for one in group.results]
    return {one.shipment: one for one in found if one.shipment.startswith("ZB")}


def line(result: CheckResult, id_: str = ISOLATION) -> RequirementLine:
    return next(one for one in result.requirements if one.id == id_)


def silent(result: CheckResult) -> list[str]:
    return [str(one.measures.probe) for one in result.findings if one.subtype == "probe_missing"]


def test_with_their_record_whole_the_boxes_are_suspected_or_open_and_none_is_cleared(
    evidence: Evidence,
) -> None:
    found = judged(evidence)
    assert len(found) == BOXES
    assert [line(one).status for one in found.values()].count("suspected") >= 4
    assert not [one for one in found.values() if line(one).status == "compliant"]
    assert not [one for one in found.values() if silent(one)]


@pytest.mark.parametrize("probe", ["coolant", "ambient"])
@pytest.mark.parametrize("share", [1.0, 0.5])
def test_a_probe_that_the_logger_had_is_missed_when_it_is_taken_out(
    evidence: Evidence, probe: str, share: float
) -> None:
    for result in judged(without(evidence, probe, share)).values():
        assert silent(result) == [probe]
        its = line(result)
        assert its.status in ("insufficient_evidence", "suspected")
        assert {one.id for one in result.findings if one.subtype == "probe_missing"} <= set(
            its.findings
        )
        assert result.isolation.coolant.reason in ("probe_silent", "above_limit")


def test_a_probe_of_which_nothing_was_ever_recorded_leaves_the_company_s_word_and_no_more(
    evidence: Evidence,
) -> None:
    for result in judged(without(contact_trips(evidence), "coolant")).values():
        assert (line(result).status, silent(result)) == ("asserted", [])
        assert result.verdict in ("asserted", "insufficient_evidence", "suspected", "breach")


def test_neither_look_nor_register_stands_in_for_a_probe_that_was_taken_out(
    evidence: Evidence,
) -> None:
    looked = OfficeFacts(isolation_seen_at="2026-06-18T02:00:00Z")
    office = dict.fromkeys(evidence.shipments, looked)
    for result in judged(replace(without(evidence, "coolant"), office=office)).values():
        assert line(result).status == "insufficient_evidence"


def test_what_another_process_knows_of_a_logger_s_probes_counts_like_the_run_s_own(
    evidence: Evidence,
) -> None:
    washed = without(contact_trips(evidence), "coolant")
    table = washed.readings
    known = {
        (box, logger): {"coolant": END_MS - 90 * 86_400_000}
        for box, logger in zip(table.boxes, table.loggers, strict=True)
    }
    assert all(
        silent(one) == ["coolant"] for one in judged(replace(washed, carried=known)).values()
    )
    elsewhere = {("BX-other", logger): its for (_, logger), its in known.items()}
    for result in judged(replace(washed, carried=elsewhere)).values():
        assert silent(result) == [], "in another box it had another probe"


def test_what_a_logger_sent_in_other_parts_of_a_large_call_counts_like_in_one_run(
    evidence: Evidence, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_parts, "PART_SHIPMENTS", BOXES)
    told = told_in_parts(
        without(evidence, "coolant"),
        rulebook=BOOK,
        assumed_storage=None,
        tell=msgspec.json.encode,
        processes=2,
    )
    results = [msgspec.json.decode(text, type=CheckResult) for _, text in told]
    assert {one.shipment: one for one in results if one.shipment.startswith("ZB")} == judged(
        without(evidence, "coolant")
    )


def test_a_report_that_misses_a_probe_is_judged_anew_to_the_same(evidence: Evidence) -> None:
    (group,) = judge_shipments(without(evidence, "coolant"), rulebook=BOOK)
    assert isinstance(group, Judged)
    name = next(one for one in group.case.tracks.shipments if one.startswith("ZB"))
    report = report_of_judged(group, name, origin=Origin(software="test", readings_from=("a",)))
    found = verify_any(render_json(report), rulebook=BOOK)
    assert [one.code for one in found.problems] == []
    told = msgspec.json.decode(render_json(report))["result"]["findings"]
    assert [one["subtype"] for one in told if one["kind"] == "evidence_gap"] == ["probe_missing"]
