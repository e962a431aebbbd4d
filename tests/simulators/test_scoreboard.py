"""The scoreboard counts what it says it counts."""

from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec import UNSET, structs

from benchmarks.scoreboard_aims import aims
from benchmarks.scoreboard_baseline import PlainReadings, PlainVerdict, correlation, judge_plainly
from benchmarks.scoreboard_classes import (
    CLASSES,
    break_beyond_uncertainty,
    clearly_wrong,
    truly_in_contact,
    truly_stored,
)
from benchmarks.scoreboard_page import page
from benchmarks.scoreboard_risk import risks
from benchmarks.scoreboard_run import Answer, Answers, run_class
from benchmarks.scoreboard_score import detection, false_findings, score_class, upper_bound
from coldwitness.config.risks import load_risks
from coldwitness.config.risks import risks as risks_of_kinds
from coldwitness.domain.result import Risk

PLACES: dict[str, Any] = {
    "origin": {"lat": 36.82, "lon": 118.30, "radius_m": 100},
    "destination": {"lat": 36.80, "lon": 118.02, "radius_m": 100},
    "sites": [],
}


def scored(name: str) -> Any:
    return next(c for c in CLASSES if c.name == name)


@cache
def ran(name: str) -> Answers:
    return run_class(scored(name), boxes=3, seed=5)


def readings(drug_c: list[float], lat: float = 36.81) -> PlainReadings:
    n = len(drug_c)
    return PlainReadings(
        time_s=60.0 * np.arange(n),
        drug_c=np.array(drug_c),
        coolant_c=np.zeros(n),
        goods_c=np.full(n, np.nan),
        lat_deg=np.full(n, lat),
        lon_deg=np.linspace(118.1, 118.2, n),
    )


def truth(**changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "scenario": "clean",
        "drug": {"min_c": 4.0, "max_c": 6.0, "seconds_above": 0.0, "seconds_below": 0.0},
        "stops": [],
        "isolation": {
            "coolant": {"separated": True, "coupling_per_h": 0.3, "limit_per_h": 0.8},
            "goods": None,
        },
    }
    return told | changes


def halt(minutes: float, *, declared: bool = False, limit: float | None = None) -> dict[str, Any]:
    return {
        "kind": "halt",
        "duration_s": 60.0 * minutes,
        "declared": declared,
        "max_minutes": limit,
    }


def test_there_are_at_least_twelve_classes_and_each_name_once() -> None:
    names = [c.name for c in CLASSES]
    assert len(names) == len(set(names)) >= 12


def test_the_upper_bound_is_clopper_and_pearsons() -> None:
    assert upper_bound(0, 3000) == pytest.approx(1 - 0.05 ** (1 / 3000), rel=1e-9)
    assert upper_bound(10, 10) == 1.0
    assert upper_bound(0, 0) == 1.0
    assert upper_bound(1, 100) > upper_bound(0, 100) > 0.0


@pytest.mark.parametrize(
    ("stops", "stored"),
    [
        ([halt(14.9)], False),
        ([halt(15.1)], True),
        ([halt(9.0, declared=True, limit=10.0)], False),
        ([halt(11.0, declared=True, limit=10.0)], True),
        ([halt(90.0, declared=True)], False),
        ([halt(60.0) | {"kind": "door"}], False),
    ],
)
def test_storage_is_a_halt_longer_than_setting_or_site_allow(
    stops: list[dict[str, Any]], stored: bool
) -> None:
    assert truly_stored(truth(stops=stops)) is stored


@pytest.mark.parametrize(
    ("max_c", "wrong", "asked"), [(8.4, False, False), (8.6, True, False), (9.1, True, True)]
)
def test_a_break_counts_beyond_the_uncertainty_and_is_asked_for_beyond_twice_it(
    max_c: float, wrong: bool, asked: bool
) -> None:
    told = truth(drug={"min_c": 4.0, "max_c": max_c})
    assert clearly_wrong(told) is wrong
    assert break_beyond_uncertainty(told) is asked


def test_contact_needs_a_missing_part_and_a_rate_above_the_limit() -> None:
    part = {"separated": False, "coupling_per_h": 1.2, "limit_per_h": 0.8}
    for changes, contact in (
        ({}, True),
        ({"separated": True}, False),
        ({"coupling_per_h": 0.7}, False),
    ):
        told = truth(isolation={"coolant": part | changes, "goods": None})
        assert truly_in_contact(told, "coolant") is contact
        assert not truly_in_contact(told, "goods")


def test_the_plain_monitor_accuses_any_reading_outside_and_any_long_stay() -> None:
    assert judge_plainly(readings([8.0, 2.0, 5.0]), PLACES) == PlainVerdict("compliant", None, 0.0)
    broken = judge_plainly(readings([5.0, 8.1, 8.2, 5.0]), PLACES)
    assert broken == PlainVerdict("breach", 60.0, 60.0)
    still = replace(readings([5.0] * 20), lon_deg=np.full(20, 118.15))
    assert judge_plainly(still, PLACES).verdict == "suspected"
    site = {"lat": 36.81, "lon": 118.15, "radius_m": 80}
    assert judge_plainly(still, PLACES | {"sites": [site]}).verdict == "compliant"


def test_correlation_of_equal_steps_is_one_and_of_nothing_zero() -> None:
    steps = np.cumsum(np.random.default_rng(1).normal(size=50))
    assert correlation(steps, steps + 3.0) == pytest.approx(1.0)
    assert correlation(steps, np.full(50, np.nan)) == 0.0
    assert correlation(steps, np.ones(50)) == 0.0


def test_wrong_answers_are_counted_and_named_with_their_seed() -> None:
    run = ran("warm_break")
    blind = [
        replace(answer, result=structs.replace(answer.result, verdict="compliant", findings=()))
        for answer in run.answers
    ]
    score = score_class(replace(run, answers=tuple(blind)))
    assert score.found == 0
    assert score.of > 0
    assert len(score.wrong_compliant) == sum(clearly_wrong(a.truth) for a in run.answers) > 0
    assert "warm_break, seed 5" in score.wrong_compliant[0]


def test_a_false_finding_is_counted_against_the_shipment_it_is_not_true_of() -> None:
    run = ran("clean")
    broken = ran("warm_break").answers[0].result.findings[0]
    lie = structs.replace(
        broken, kind="missing_isolation", subtype="coolant_contact", certainty="probable"
    )

    def accused(answer: Answer) -> Answer:
        return replace(answer, result=structs.replace(answer.result, findings=(lie,)))

    lied = replace(run, answers=(accused(run.answers[0]), *run.answers[1:]))
    counts = {f.subtype: f for f in false_findings([lied])}
    assert counts["coolant_contact"].untrue == 1
    assert counts["coolant_contact"].shipments == 3
    assert counts["goods_contact"].untrue == 0


def test_the_page_shows_every_class_and_the_isolation_at_fixed_false_alarms() -> None:
    runs = [ran("clean"), ran("warm_break"), ran("missing_separator"), ran("logger_silent")]
    scores = [score_class(run) for run in runs]
    zones = [detection(runs, zone) for zone in ("coolant", "goods")]
    text = page(scores, runs, false_findings(runs), zones)
    for run in runs:
        assert f"| {run.scored.name} |" in text
    assert "at 0.1 %" in text
    aimed = text[text.index("## What was aimed at") :]
    assert "{" not in aimed
    (separated, contact) = zones[0].covers
    assert (separated[1], contact[1]) == (zones[0].isolated, zones[0].contact)
    assert "known (`isolation_oracle`)" in aimed
    assert zones[0].isolated + zones[0].contact == 9


def test_a_run_is_the_same_when_run_again() -> None:
    again = run_class(scored("clean"), boxes=3, seed=5)
    assert [a.result for a in again.answers] == [a.result for a in ran("clean").answers]


def test_a_risk_counts_the_deliveries_found_and_those_found_wrongly(tmp_path: Path) -> None:
    run = ran("clean")
    contact, broken = ran("missing_separator"), ran("warm_break").answers[0].result.findings[0]
    lie = structs.replace(
        broken, kind="missing_isolation", subtype="coolant_contact", certainty="probable"
    )
    first = run.answers[0]
    said = replace(first, result=structs.replace(first.result, findings=(lie, lie)))
    lied = replace(run, answers=(said,))
    truly = sum(
        any(f.subtype == "coolant_contact" and f.certainty == "probable" for f in a.result.findings)
        for a in contact.answers
    )
    file = tmp_path / "risks.toml"
    text = risks([lied, contact], scoreboard="seed 5", day=date(2026, 11, 29), version="1")
    file.write_text(text, encoding="utf-8")
    assert load_risks(file) == {
        ("missing_isolation", "coolant_contact"): Risk(
            found_wrong=1, n=1 + truly, scoreboard="2026-11-29, seed 5", version="1"
        )
    }


def test_what_is_inferred_carries_its_risk_and_what_is_measured_none() -> None:
    findings = [
        finding
        for name in ("missing_separator", "warm_break")
        for answer in ran(name).answers
        for finding in answer.result.findings
    ]
    assert {finding.certainty for finding in findings} >= {"probable", "certain"}
    for finding in findings:
        known = risks_of_kinds().get((finding.kind, finding.subtype), UNSET)
        assert finding.risk == (known if finding.certainty == "probable" else UNSET)


def test_the_aims_count_the_classes_they_name() -> None:
    runs = [ran("clean"), ran("missing_separator"), ran("logger_silent")]
    scores = [score_class(run) for run in runs]
    text = aims(scores, [detection(runs, zone) for zone in ("coolant", "goods")])
    of = len(runs[1].answers)
    found = next(s.found for s in scores if s.name == "missing_separator")
    assert f"| {found} of {of}, false 0 of" in text
    assert "accused not run" in text
    wrong = sum(len(s.wrong_compliant) for s in scores)
    assert f"| {wrong} of {of + len(runs[2].answers)}; second world of stops" in text
