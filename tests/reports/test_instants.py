"""Times of a report, read back only from what this program writes."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldwitness.api.reports.made.instants import epochs_s, instants


@given(st.lists(st.none() | st.integers(0, 4_102_444_800_000), max_size=20))
def test_what_is_written_is_read_back(times_ms: list[int | None]) -> None:
    time_s = np.array([np.nan if one is None else one / 1000.0 for one in times_ms])
    np.testing.assert_array_equal(epochs_s(instants(time_s)), time_s)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Z",
        "2026-06-18",
        "2026-06-18T01:49:42",
        "2026-06-18T01:49:42T01:49:42T01:49:42.444Z",
        "2026-06-18T01:49:42T01Z",
        "2026-06-18T01:49:42.1Z",
        "2026-06-18T01:49:42ZZ",
        "2026-06-18T01:49:+8Z",
        "2026-06-18T01:49:42Z\x00\x00\x00\x00",
        "２０２６-06-18T01:49:42Z",
        "2026-13-18T01:49:42Z",
    ],
)
def test_anything_else_is_refused_without_a_warning(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=r"."):
            epochs_s(["2026-06-18T01:49:42Z", None, text])
