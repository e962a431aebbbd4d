"""A report of many readings is made in bounded memory and space, and says what it leaves out."""

import json

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from benchmarks.reports import judged_day, report_of, second_by_second
from coldwitness.api.reports.drawn.charts.axes import TimeAxis
from coldwitness.api.reports.drawn.charts.marks import MOST_APART, Mark, drawable
from coldwitness.api.reports.drawn.charts.track import _standing
from coldwitness.api.reports.drawn.html import render_html
from coldwitness.api.reports.drawn.layout import lay_out
from coldwitness.api.reports.drawn.most_rows import MOST_ROWS
from coldwitness.api.reports.made.columns import ROWS_AT_ONCE, canonical_numbers
from coldwitness.api.reports.made.model import Report
from coldwitness.api.reports.made.seal import canonical
from coldwitness.api.reports.made.twin import json_parts, read_json, render_json
from coldwitness.api.reports.packed.package import readings_parts
from coldwitness.config.settings import JudgingSettings
from coldwitness.judging.rulebook import load_rulebook

READINGS = 20_000


@pytest.fixture(scope="module")
def report() -> Report:
    table, manifest = second_by_second(READINGS)
    return report_of(judged_day(table, manifest, load_rulebook(JudgingSettings())), manifest)


def test_no_part_of_the_twin_is_longer_than_a_columns_rows_at_once(report: Report) -> None:
    lengths = [len(part) for part in json_parts(report)]
    assert sum(lengths) > 70 * READINGS
    assert max(lengths) < ROWS_AT_ONCE * len('"2026-11-21T01:30:00.000Z",')


def test_its_parts_are_the_canonical_bytes_and_are_read_back(report: Report) -> None:
    twin = render_json(report)
    assert canonical(json.loads(twin)) + b"\n" == twin
    assert read_json(twin) == report


def test_lines_made_from_a_pattern_are_those_made_one_by_one(report: Report) -> None:
    columns = report.readings
    short = replace(
        columns,
        **{
            name: column[:2_000]
            for name in columns.__struct_fields__
            if name not in {"loggers", "temperature_c"}
            for column in (getattr(columns, name),)
        },
        temperature_c={name: column[:2_000] for name, column in columns.temperature_c.items()},
    )
    one_by_one = b"".join(readings_parts(replace(report, readings=short)))
    by_pattern = b"".join(readings_parts(report))
    assert by_pattern.count(b"\n") == READINGS
    assert by_pattern.startswith(one_by_one)


@given(st.lists(st.floats(allow_infinity=False), min_size=1, max_size=20))
def test_usual_numbers_are_written_as_rfc_8785_has_them(values: list[float]) -> None:
    ours = canonical_numbers(values)
    if ours is not None:
        told = [None if np.isnan(value) else value for value in values]
        assert msgspec.json.encode(ours) == canonical(told)


def test_many_stops_are_listed_by_their_weight_and_the_others_counted(report: Report) -> None:
    stop = report.route.stops[0]
    stops = tuple(replace(stop, number=n, duration_s=float(n)) for n in range(1, 1_001))
    many = replace(report, route=replace(report.route, stops=stops))
    page = render_html(many, lang="en")
    assert f"Of 1000 rows the weightiest are listed; {1_000 - MOST_ROWS} more" in page
    assert ">P1000<" in page
    assert ">P1<" not in page
    rows = [
        block.rows
        for chapter in lay_out(many, "zh").chapters
        for block in chapter.blocks
        if type(block).__name__ == "Table"
    ]
    assert max(map(len, rows)) == MOST_ROWS
    assert len(page) < 400_000


def test_few_marks_are_drawn_as_they_are_and_many_as_what_can_be_told_apart() -> None:
    time = TimeAxis(0.0, 1_000_000.0, 0.0, 600.0)
    marks = [Mark(float(at), at + 1.0, number=at) for at in range(0, 1_000_000, 100)]
    assert drawable(marks[:MOST_APART], time) == marks[:MOST_APART]
    assert drawable(marks, time) == [Mark(0.0, 999_901.0)]
    apart = [Mark(float(at), at + 1.0) for at in range(0, 1_000_000, 2_000)]
    assert drawable(apart, time) == apart
    doubted = Mark(500.0, 501.0, certain=False)
    assert doubted in drawable([*marks, doubted], time)


@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=30).map(sorted),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 10)), max_size=6),
)
def test_steps_within_one_stop_stand(at: list[int], stops: list[tuple[int, int]]) -> None:
    time_s = np.array(at, dtype=np.float64)
    marks = [Mark(float(start), float(start + lasting)) for start, lasting in stops]
    expected = np.zeros(time_s.size - 1, dtype=np.bool_)
    for mark in marks:
        inside = (time_s >= mark.start_s) & (time_s <= mark.end_s)
        expected |= inside[1:] & inside[:-1]
    assert _standing(time_s, marks).tolist() == expected.tolist()
