"""A repeat is no eraser: what was received first counts, a later contradiction makes it worse."""

from pathlib import Path

import numpy as np
import pytest

from coldwitness.cli.judge_files import judge_files
from coldwitness.config.settings import JudgingSettings
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.reading import Event, Reading
from coldwitness.domain.result import CheckResult, Finding
from coldwitness.ingest.manifests import parse_manifest
from coldwitness.judging.evidence import Evidence
from coldwitness.judging.rulebook import load_rulebook
from coldwitness.judging.run import judge_shipments
from coldwitness.storage.telemetry.memory import MemoryTelemetry

RULEBOOK = load_rulebook(JudgingSettings())
T0 = 1_795_000_000_000
MINUTE = 60_000
LONG = 61
HOT = range(20, 30)


def reading(minute: int, drug_c: float) -> Reading:
    return Reading(
        logger="LG-1",
        time_ms=T0 + minute * MINUTE,
        seq=minute,
        temperature_c={"drug": drug_c},
        shipment="S-1",
        courier="ql",
        box="BX-1",
    )


def judged(
    *sent: tuple[int, float, int], first_c: float = 5.0, known: bool = True, reverse: bool = False
) -> CheckResult:
    """An hour at 5 °C, `first_c` in minutes 20 to 29; then (minute, °C, seconds after) each."""
    told = [(reading(minute, first_c if minute in HOT else 5.0), 0) for minute in range(LONG)]
    told += [(reading(minute, drug_c), after_s * 1000) for minute, drug_c, after_s in sent]
    if reverse:
        told.reverse()
    store = MemoryTelemetry()
    received = [one.time_ms + after if known else -1 for one, after in told]
    store.append([one for one, _ in told], received)
    manifest, _ = parse_manifest(
        {"id": "S-1", "items": [{"storage": "refrigerated"}], "logger": {"interval_s": 60}},
        classes=RULEBOOK.classes,
    )
    events = [
        Event(event=name, time_ms=T0 + minute * MINUTE, shipment="S-1", courier="ql", box="BX-1")
        for name, minute in (("packed", 0), ("delivered", LONG - 1))
    ]
    manifests: dict[str, Manifest] = {"S-1": manifest}
    evidence = Evidence(("S-1",), store.readings(["S-1"], []), manifests, {"S-1": events})
    (group,) = judge_shipments(evidence, rulebook=RULEBOOK)
    return group.results[0]


def status(result: CheckResult, line: str = "ANNEX6-10") -> str:
    return next(one.status for one in result.requirements if one.id == line)


def conflict(result: CheckResult) -> Finding:
    (found,) = [one for one in result.findings if one.subtype == "duplicate_conflict"]
    return found


def cold_again(after_s: int) -> list[tuple[int, float, int]]:
    return [(minute, 5.0, after_s) for minute in HOT]


@pytest.mark.parametrize("reverse", [False, True])
def test_a_breach_stands_though_the_same_minutes_are_sent_again_cold(reverse: bool) -> None:
    result = judged(*cold_again(600), first_c=15.0, reverse=reverse)
    assert status(result) == "breach"
    assert result.verdict == "breach"
    (episode,) = [one for one in result.findings if one.kind == "cold_chain_break"]
    assert (episode.certainty, episode.measures.peak_c) == ("certain", 15.0)


def test_the_contradiction_is_a_finding_that_names_its_sender() -> None:
    found = conflict(judged(*cold_again(600), first_c=15.0))
    assert found.measures.sender == "ql/BX-1"
    assert "ql/BX-1" in found.explanation.zh
    assert "never better" in found.explanation.en
    assert status(judged(*cold_again(600), first_c=15.0), "ANNEX3-08") == "insufficient_evidence"


def test_a_later_value_out_of_range_makes_the_line_doubtful_and_no_more() -> None:
    result = judged(*[(minute, 15.0, 600) for minute in HOT])
    assert status(result) == "insufficient_evidence"
    assert conflict(result).measures.sender == "ql/BX-1"


@pytest.mark.parametrize("after_s", [0])
def test_what_was_received_at_once_is_doubted_on_both_sides(after_s: int) -> None:
    result = judged(*cold_again(after_s), first_c=15.0)
    assert status(result) == "insufficient_evidence"
    assert not isinstance(conflict(result).measures.sender, str)


def test_without_receive_times_both_are_doubted() -> None:
    assert status(judged(*cold_again(600), first_c=15.0, known=False)) == "insufficient_evidence"


def test_a_contradiction_is_told_beside_a_shipment_without_readings(tmp_path: Path) -> None:
    manifests, telemetry = tmp_path / "manifests.ndjson", tmp_path / "telemetry.ndjson"
    manifests.write_text(
        "".join(
            f'{{"id":"S-{number}","items":[{{"storage":"refrigerated"}}]}}\n' for number in (1, 2)
        )
    )
    telemetry.write_text(
        "".join(
            f'{{"logger":"L","shipment":"S-1","time":"2026-11-21T08:0{minute}:00Z",'
            f'"temperature":{{"drug":{drug_c}}}}}\n'
            for minute, drug_c in ((0, 5.0), (0, 9.0), (1, 5.0))
        )
    )
    files = judge_files(
        [telemetry],
        manifest_paths=[manifests],
        rulebook=RULEBOOK,
        storage=None,
        timezone=None,
        reader=None,
    )
    results = [one for group in files.groups for one in group.results]
    assert [one.shipment for one in results] == ["S-1", "S-2"]
    assert conflict(results[0])


def test_a_later_repetition_of_the_same_values_changes_nothing() -> None:
    again = [(minute, 15.0 if minute in HOT else 5.0, 900) for minute in range(LONG)]
    assert judged(*again, first_c=15.0) == judged(first_c=15.0)


def test_no_order_of_contradictions_makes_a_line_better() -> None:
    rank = {"compliant": 0, "asserted": 1, "insufficient_evidence": 2, "suspected": 3, "breach": 4}
    draw = np.random.default_rng(8)
    for _ in range(25):
        first_c = float(draw.choice([5.0, 8.2, 12.0, -3.0]))
        sent = [
            (int(minute), float(draw.choice([5.0, 8.2, 12.0, -3.0])), int(draw.integers(1, 900)))
            for minute in draw.choice(LONG, size=8, replace=False)
        ]
        honest, contradicted = judged(first_c=first_c), judged(*sent, first_c=first_c)
        for line in ("ANNEX6-10", "ANNEX3-08"):
            assert rank[status(contradicted, line)] >= rank[status(honest, line)], (first_c, sent)
