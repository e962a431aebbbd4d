"""The result object, held against the published schema and the contract's words."""

import json
from typing import Any

import msgspec
import numpy as np
import pytest

from coldwitness.analysis.judge import judge
from coldwitness.analysis.record import digest as digest_module
from coldwitness.analysis.record.case import case_of
from coldwitness.analysis.record.digest import readings_digests
from coldwitness.config.rules import RECORD_QUESTIONS, load_packs
from coldwitness.domain.result import CheckResult, Finding, RequirementLine
from coldwitness.judging.results import check_results
from tests.analysis.building import START_S, Drug, Given, Series, terms_of, tracks_of
from tests.published_schema import CHECK_RESULT

PACK = load_packs()[0]


def results_of(
    *series: Series, given: tuple[Given, ...] = (Given(),), shipments: tuple[str, ...] = ("S1",)
) -> list[CheckResult]:
    tracks = tracks_of(*series, shipments=shipments)
    terms = terms_of(*given, shipments=shipments)
    return check_results(
        judge(case_of(tracks, terms, PACK.numbers), PACK),
        tracks,
        terms,
        PACK,
        software="coldwitness test",
    )


def line(result: CheckResult, id_: str) -> RequirementLine:
    return next(one for one in result.requirements if one.id == id_)


MINUTES = np.arange(0, 7201, 60.0)


def warm_break() -> np.ndarray[Any, Any]:
    value = np.full(MINUTES.size, 5.0)
    value[40:60] = 9.0
    return value


@pytest.mark.parametrize(
    ("series", "given"),
    [
        ((), Given()),
        ((), Given(start=0, end=3600)),
        ((Series([0], [5.0]),), Given()),
        ((Series(MINUTES, warm_break()),), Given(start=0, end=7200)),
        ((Series(MINUTES, probes={"coolant": MINUTES * 0}),), Given(start=0, end=7200)),
        ((Series([0, 0, 60], [5.0, 12.0, 5.0]),), Given(start=0, end=60)),
        (
            (Series(MINUTES, warm_break(), seq=np.arange(121) * 2),),
            Given(
                start=-900,
                end=9000,
                items=(Drug(freeze_sensitive=True, budget=((8, 25, 5),)), Drug(high=25)),
                calibrated_until=60,
            ),
        ),
    ],
)
def test_every_result_keeps_the_published_schema(series: tuple[Series, ...], given: Given) -> None:
    result = results_of(*series, given=(given,))[0]
    text = json.dumps(msgspec.to_builtins(result), allow_nan=False)
    CHECK_RESULT.validate(json.loads(text))
    assert msgspec.json.decode(text, type=CheckResult) == result


def test_a_warm_break_is_a_certain_finding_with_crossings_and_the_lines_it_weighs_on() -> None:
    result = results_of(
        Series(MINUTES, warm_break(), seq=np.arange(121)), given=(Given(start=0, end=7200),)
    )[0]
    (finding,) = [f for f in result.findings if f.kind == "cold_chain_break"]
    assert finding.subtype == "above_range"
    assert finding.certainty == "certain"
    assert finding.start == "2025-11-21T02:39:45Z"
    assert finding.end == "2025-11-21T02:59:15Z"
    assert finding.duration_s == 1170.0
    assert finding.measures.limit_c == 8.0
    assert finding.measures.peak_c == 9.0
    assert finding.measures.probe == "drug"
    assert finding.measures.degree_minutes == pytest.approx(19.25)
    assert finding.requirements == (
        "ANNEX6-10",
        "LZ-PLAN-5.cold-chain",
        "GSP-2",
        "GSP-3",
        "SD-IMPL-30",
    )
    assert finding.would_settle is None
    assert "待核查" in finding.explanation.zh
    assert result.verdict == "breach"
    assert line(result, "ANNEX6-10").status == "breach"
    assert line(result, "ANNEX6-10").findings == (finding.id,)
    assert result.metrics.seconds_above == 1170.0
    assert result.metrics.coverage == 1.0
    assert result.items[0].status == "breach"
    assert result.items[0].findings == (finding.id,)


def test_all_lines_of_the_contract_are_there() -> None:
    ids = {one.id for one in results_of()[0].requirements}
    assert ids >= {
        "ANNEX6-10",
        "ANNEX6-11",
        "ANNEX6-12",
        "ANNEX6-13",
        "ANNEX6-14",
        "ANNEX3-06",
        "ANNEX3-08",
        "ANNEX3-17",
        "LZ-PLAN-5.isolation",
        "LZ-PLAN-5.storage",
        "LZ-PLAN-5.cold-chain",
    }


def test_a_shipment_without_readings_is_insufficient_everywhere() -> None:
    result = results_of(given=(Given(start=0, end=3600, goods_aboard=1, platform_named=True),))[0]
    assert result.verdict == "insufficient_evidence"
    facts = {line.id for line in PACK.requirements if line.questions[0] in RECORD_QUESTIONS}
    status = {one.id: one.status for one in result.requirements}
    later = {"IMPL828-44"}  # in force only since May 2026
    assert {status[id_] for id_ in status.keys() - facts - later} == {"insufficient_evidence"}
    assert {status[id_] for id_ in later} == {"not_applicable"}
    told_by_the_manifest = {"DAL-61"}  # its drugs are named, and none of them is banned
    assert {status[id_] for id_ in facts - told_by_the_manifest} == {"to_check"}
    assert {status[id_] for id_ in told_by_the_manifest} == {"asserted"}
    assert result.metrics.readings == 0
    assert result.metrics.coverage == 0.0
    assert result.metrics.longest_gap_s == 3600.0
    assert result.metrics.seconds_above is None
    assert result.metrics.seconds_above_bounds == (0.0, 3600.0)


def test_a_finding_keeps_its_id_while_its_end_moves() -> None:
    value = warm_break()
    now, later = (
        results_of(Series(MINUTES[:n], value[:n]), given=(Given(start=0),))[0] for n in (50, 58)
    )

    def episode(result: CheckResult) -> Finding:
        return next(f for f in result.findings if f.subtype == "above_range")

    assert episode(now).id == episode(later).id
    assert episode(now).end < episode(later).end
    other = results_of(
        Series(MINUTES, value, shipment="S2"), given=(Given(start=0),), shipments=("S2",)
    )[0]
    assert episode(other).id != episode(now).id


def test_two_loggers_that_see_one_break_give_two_findings_each_with_its_logger() -> None:
    value = np.full(121, 9.0)
    result = results_of(
        Series(MINUTES, value),
        Series(MINUTES, value, logger="LG-2"),
        given=(Given(start=0, end=7200),),
    )[0]
    breaks = [f for f in result.findings if f.kind == "cold_chain_break"]
    assert {f.measures.logger for f in breaks} == {"LG-1", "LG-2"}
    assert len({f.id for f in breaks}) == 2
    assert breaks[0].start == breaks[1].start


def test_the_digest_of_a_large_record_is_that_of_one_made_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tracks = tracks_of(
        Series(MINUTES, np.linspace(2.0, 8.0, len(MINUTES))),
        Series(MINUTES, np.full(len(MINUTES), 5.0), shipment="S2", logger="LG-2"),
        shipments=("S1", "S2", "S3"),
    )
    every = np.ones(tracks.time_s.size, dtype=np.bool_)
    at_once = readings_digests(tracks, every)
    assert len(set(at_once)) == 3
    for rows in (1, 7, len(MINUTES)):
        monkeypatch.setattr(digest_module, "AT_ONCE_ROWS", rows)
        assert readings_digests(tracks, every) == at_once
        assert readings_digests(tracks, every & (tracks.time_s > tracks.time_s[3])) != at_once


def test_the_digest_names_the_readings_judged_whatever_their_order() -> None:
    value = warm_break()
    rows = np.random.default_rng(1).permutation(MINUTES.size)
    given = (Given(start=0, end=7200),)

    def digest(*series: Series) -> str:
        return str(results_of(*series, given=given)[0].evidence.readings_sha256)

    straight = digest(Series(MINUTES, value))
    assert digest(Series(MINUTES[rows], value[rows])) == straight
    assert digest(Series(MINUTES, value), Series(MINUTES, value)) == straight
    assert digest(Series([*MINUTES, 9000], [*value, 5.0])) == straight
    assert digest(Series(MINUTES[1:], value[1:])) != straight
    assert digest(Series(MINUTES, value + 0.1)) != straight
    assert digest(Series(MINUTES, value, logger="LG-2")) != straight


def test_the_window_is_printed_in_utc() -> None:
    assert START_S == 1_763_690_400.0
    result = results_of(Series([0, 60], [5, 5]), given=(Given(start=0, end=60.5),))[0]
    assert msgspec.to_builtins(result.window) == {
        "start": "2025-11-21T02:00:00Z",
        "end": "2025-11-21T02:01:00.500Z",
    }


def test_numbers_in_lists_are_rounded_as_all_others() -> None:
    hours = np.arange(180) / 60
    coolant = -8 + 6 * np.sin(hours * 2)
    drug = np.full(180, 5.0)
    for i in range(1, 180):
        drug[i] = drug[i - 1] + 3.0 * (coolant[i] - drug[i - 1]) / 60
    ambient = 25 + np.cos(hours * 3)
    tracks = tracks_of(Series(hours * 3600, drug, probes={"coolant": coolant, "ambient": ambient}))
    terms = terms_of(Given(start=0, end=179 * 60.0))
    pack = load_packs()[0]
    (result,) = check_results(
        judge(case_of(tracks, terms, pack.numbers), pack), tracks, terms, pack, software="test"
    )
    (finding,) = [f for f in result.findings if f.subtype == "coolant_contact"]
    interval = finding.measures.interval_95
    assert interval == result.isolation.coolant.interval_95
    assert all(end == round(end, 6) for end in interval)
