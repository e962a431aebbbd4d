"""A page draws from the arrays of the judging run what a report draws from its own columns."""

from dataclasses import fields

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.api.reports.drawn.charts import canvas
from coldwitness.api.reports.drawn.view import Drawable
from coldwitness.api.reports.made.evidence import readings_of
from coldwitness.domain.tracks import FloatArray
from tests.reports.shipments import tracks

absent = st.sampled_from([np.nan, 1.5, 36.123456])
coordinates = st.one_of(
    st.floats(-999.0, 999.0), st.sampled_from([0.0, -0.0, -0.001, 0.005, 10.0, 100.1, 2.675])
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(absent, absent, st.sampled_from([-1, 0, 1])), min_size=1, max_size=30))
def test_arrays_and_the_columns_of_the_report_draw_the_same(
    rows: list[tuple[float, float, int]],
) -> None:
    drug, place, lid = (np.array(column) for column in zip(*rows, strict=True))
    judged = tracks(
        np.arange(len(rows)) * 1.0123,
        {"drug": drug, "ambient": np.full(len(rows), 20.0)},
        lat=place,
        lon=place * 3,
        lid_open=lid.astype(np.int8),
    )
    at_hand, read = Drawable.of_tracks(judged), Drawable.of_report(readings_of(judged))
    for field in fields(Drawable):
        if field.name != "temperature_c":
            its: FloatArray = getattr(at_hand, field.name)
            np.testing.assert_array_equal(its, getattr(read, field.name))
    for probe, value in read.temperature_c.items():
        np.testing.assert_array_equal(at_hand.temperature_c[probe], value)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(coordinates, coordinates), max_size=20))
def test_a_line_is_written_as_its_coordinates_are_one_by_one(
    points: list[tuple[float, float]],
) -> None:
    steps = "L".join(f"{canvas.number(x)} {canvas.number(y)}" for x, y in points)
    assert canvas.polyline(points) == (f"M{steps}" if steps else "")
