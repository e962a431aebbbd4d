"""Report and result say the same of what was seen, whatever two loggers recorded."""

import json
from typing import Any

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.analysis.judge import judge
from coldwitness.analysis.record.case import case_of
from coldwitness.api.reports.drawn.view import View
from coldwitness.api.reports.made.instants import epoch_s
from coldwitness.api.reports.made.model import Origin, Report
from coldwitness.api.reports.made.report import build_report
from coldwitness.api.reports.made.twin import read_json, render_json
from coldwitness.domain.coverage import CoveredProbe
from coldwitness.judging.results import check_results
from coldwitness.judging.words.packs import evidence_to_see
from tests.analysis.building import Given, Series, terms_of, tracks_of
from tests.analysis.judging import PACK

WINDOW = Given(start=0, end=7200)

stretches = st.lists(
    st.tuples(st.integers(0, 60), st.integers(1, 70), st.sampled_from([0.0, 4.0, 7.9, 8.2, 9.5])),
    min_size=0,
    max_size=5,
)


@st.composite
def loggers(draw: st.DrawFn, name: str) -> Series:
    """Minutes of readings and of silence in turn, from an hour before the window to one after;
    counted or not, with a position, none, or 0°, 0°."""
    minute, at, value, place = draw(st.integers(-60, 120)), [], [], []
    for silent, lasting, warm in draw(stretches):
        minute += silent
        place += [draw(st.sampled_from([0.0, np.nan, 36.8]))] * lasting
        value += [4.0 + warm * (k % 3 == 0) if warm == 7.9 else warm for k in range(lasting)]
        at += [60.0 * (minute + k) + draw(st.sampled_from([0.0, 30.0])) for k in range(lasting)]
        minute += lasting
    kept = np.array(at) < 10_800
    seconds = np.sort(np.array(at))[kept]
    counted = draw(st.booleans())
    return Series(
        seconds,
        np.array(value)[kept],
        logger=name,
        probes={"ambient": 20.0} if draw(st.booleans()) else {},
        seq=np.round(seconds / 60).astype(int) + 100 if counted else None,
        lat=np.array(place)[kept],
        lon=np.array(place)[kept] * 3,
    )


def reported(*series: Series) -> tuple[dict[str, Any], Report]:
    tracks, terms = tracks_of(*series), terms_of(WINDOW)
    judgement = judge(case_of(tracks, terms, PACK.numbers), PACK)
    (result,) = check_results(judgement, tracks, terms, PACK, software="test")
    report = build_report(
        result,
        tracks=tracks,
        manifest=None,
        events=(),
        pack=PACK,
        terms=terms,
        judgement=judgement,
        shipment=0,
        origin=Origin(software="test", readings_from=("test",)),
    )
    return json.loads(msgspec.json.encode(result)), read_json(render_json(report))


@settings(max_examples=20, deadline=None)
@given(loggers("LG-1"), loggers("LG-2"))
def test_the_report_tells_what_the_result_tells(one: Series, other: Series) -> None:
    result, report = reported(one, other)
    told, said = result["coverage"], json.loads(render_json(report))
    assert said["probes"] == told["probes"]
    assert said["gaps"] == told["gaps"]
    assert said["route"]["positions"] == told["positions"]["fixes"]
    assert said["route"]["position_gaps"] == told["positions"]["gaps"]
    for probe in report.probes:
        lengths = [epoch_s(span.end) - epoch_s(span.start) for span in probe.spans]
        assert round(sum(lengths), 3) == 7200
        assert probe.recorded_s + probe.unseen_s == 7200
    (worst,) = (probe for probe in report.probes if probe.worst)
    assert abs(worst.recorded_s / 7200 - result["metrics"]["coverage"]) < 1e-6
    assert (worst.min_c, worst.max_c) == (result["metrics"]["min_c"], result["metrics"]["max_c"])
    assert worst.readings == result["metrics"]["readings"]
    if report.distribution is not None:
        seconds = sum(one.seconds for one in report.distribution.bins)
        assert abs(seconds + report.distribution.unseen_s - 7200) < 0.1


@settings(max_examples=20, deadline=None)
@given(loggers("LG-1"), loggers("LG-2"))
def test_a_line_is_drawn_over_recorded_time_and_over_nothing_else(
    one: Series, other: Series
) -> None:
    _, report = reported(one, other)
    view = View(report, "zh")
    start, end = view.window
    for probe in report.probes:
        line = view.line(probe)
        inside = [run for run in line.runs() if start <= line.time_s[run.start] <= end]
        drawn = [(float(line.time_s[r.start]), float(line.time_s[r.stop - 1])) for r in inside]
        assert _joined([span for span in drawn if span[1] > span[0]]) == _recorded(probe)
    placed = view.way
    for gap in report.route.position_gaps:
        assert not ((placed.time_s > epoch_s(gap.start)) & (placed.time_s < epoch_s(gap.end))).any()
    assert not (placed.lat_deg == 0).any()


def _recorded(probe: CoveredProbe) -> list[tuple[float, float]]:
    """Stretches of time that are not unseen, as long as may be."""
    seen = [span for span in probe.spans if span.state != "unseen"]
    return _joined([(epoch_s(span.start), epoch_s(span.end)) for span in seen])


def _joined(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Spans that touch as one; a line is cut where two loggers read at one moment."""
    found: list[tuple[float, float]] = []
    for begin, end in spans:
        if found and found[-1][1] == begin:
            found[-1] = (found[-1][0], end)
        else:
            found.append((begin, end))
    return found


def test_a_line_has_its_facts_and_its_source_apart_and_the_result_both_in_one() -> None:
    result, report = reported(Series(np.arange(0.0, 10_800.0, 60.0), np.full(180, 4.0)))
    said = {line["id"]: line["basis"] for line in result["requirements"]}
    requirements = {line.id: line for line in PACK.requirements}
    sources = {id_: line.source for id_, line in requirements.items()}
    for line in report.requirements:
        source = sources[line.id]
        see = evidence_to_see(requirements[line.id])  # said once a line, as what would settle it
        told_zh = said[line.id]["zh"].replace(f"；{see.zh}；依据", "；依据")
        told_en = said[line.id]["en"].replace(f"; {see.en}; source", "; source")
        assert told_zh == f"{line.basis.zh}；依据：{source.zh}。"
        assert told_en == f"{line.basis.en}; source: {source.en}."
