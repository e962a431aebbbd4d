"""Reports of shipments that were really judged: the pictures say what the verdict says."""

import numpy as np
import pytest

from coldwitness.api.reports.drawn.html import render_html
from coldwitness.api.reports.made.evidence import tracks_of
from coldwitness.api.reports.made.instants import epoch_s
from coldwitness.api.reports.made.model import Report
from coldwitness.api.reports.made.twin import read_json, render_json
from coldwitness.api.reports.made.wording import percent
from tests.reports.fleet import STORIES, report_of


def window_s_of(report: Report) -> float:
    window = report.result.window
    assert window.start is not None
    assert window.end is not None
    return epoch_s(window.end) - epoch_s(window.start)


stories = pytest.mark.parametrize("story", STORIES)


@stories
def test_result_stands_in_the_report_unchanged(story: str) -> None:
    report = report_of(story)
    assert read_json(render_json(report)).result == report.result
    assert len(report.requirements) == len(report.result.requirements)


@stories
def test_seen_time_of_the_worst_probe_is_the_coverage_of_the_result(story: str) -> None:
    report = report_of(story)
    probe = next(p for p in report.probes if p.name == report.worst_probe)
    window_s = window_s_of(report)
    assert probe.recorded_s / window_s == pytest.approx(report.result.metrics.coverage, abs=1e-3)


@stories
def test_spans_of_each_probe_fill_the_window_once(story: str) -> None:
    report = report_of(story)
    for probe in report.probes:
        assert probe.spans[0].start == report.terms.start
        assert probe.spans[-1].end == report.terms.end
        for before, after in zip(probe.spans, probe.spans[1:], strict=False):
            assert before.end == after.start


@stories
def test_time_at_temperature_and_unseen_time_add_up_to_the_window(story: str) -> None:
    report = report_of(story)
    found = report.distribution
    assert found is not None
    window_s = window_s_of(report)
    total = sum(b.seconds for b in found.bins) + found.unseen_s
    assert total == pytest.approx(window_s, abs=0.1)


@stories
def test_time_above_the_limit_is_the_same_in_the_bars_and_in_the_result(story: str) -> None:
    report = report_of(story)
    found = report.distribution
    assert found is not None
    high, low = report.terms.high_c, report.terms.low_c
    above = sum(b.seconds for b in found.bins if high is not None and b.low_c >= high)
    below = sum(b.seconds for b in found.bins if low is not None and b.high_c <= low)
    metrics = report.result.metrics
    assert above == pytest.approx(metrics.seconds_above, abs=1.0)
    assert below == pytest.approx(metrics.seconds_below, abs=1.0)


@stories
def test_every_break_and_every_storage_finding_is_drawn_with_its_number(story: str) -> None:
    report = report_of(story)
    breaks = {f.id for f in report.result.findings if f.kind == "cold_chain_break"}
    stored = {f.id for f in report.result.findings if f.kind == "temporary_storage"}
    assert {e.finding for e in report.episodes} == breaks
    assert {s.finding for s in report.route.stops if s.finding} == stored
    assert [e.number for e in report.episodes] == list(range(1, len(report.episodes) + 1))


@stories
def test_readings_come_back_out_of_the_report_as_they_went_in(story: str) -> None:
    report = report_of(story)
    tracks = tracks_of(report.readings, report.shipment)
    assert tracks.time_s.size == len(report.readings.time)
    for name, column in report.readings.temperature_c.items():
        given = np.array([np.nan if v is None else v for v in column])
        np.testing.assert_array_equal(tracks.temperature_c[name], given)


@stories
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_page_prints_verdict_and_coverage_of_the_result(story: str, lang: str) -> None:
    report = report_of(story)
    page = render_html(report, lang="zh" if lang == "zh" else "en")
    word = report.decision.word
    assert (word.zh if lang == "zh" else word.en) in page
    assert percent(report.result.metrics.coverage) in page


def test_the_coordinates_of_the_consignee_are_not_printed() -> None:
    report = report_of("clean")
    destination = (report.manifest or {})["destination"]
    page = render_html(report, lang="zh")
    assert f"{destination['lat']:.5f}" not in page
    assert f"{destination['lon']:.5f}" not in page
