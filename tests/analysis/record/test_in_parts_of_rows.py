"""What is looked for a part of the rows at a time is found at the seams of the parts too."""

import numpy as np
import pytest

from coldwitness.analysis.record.case import case_of
from coldwitness.analysis.record.sequence import changes_of
from coldwitness.analysis.record.steps import DENSE_ROWS
from coldwitness.config.rules import load_packs
from tests.analysis.building import Given, Series, terms_of, tracks_of

NUMBERS = load_packs()[0].numbers
BLOCK = 32_768


@pytest.mark.parametrize("by", [0, 1])
@pytest.mark.parametrize("row", [1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 2 * BLOCK + 1])
def test_a_change_is_found_on_both_sides_of_a_seam(row: int, by: int) -> None:
    column = np.arange(2 * BLOCK + 2) * by
    column[row:] += 5
    assert changes_of(column, by=by).tolist() == [row]


@pytest.mark.parametrize("rows", [0, 1])
def test_a_column_of_no_step_has_no_change(rows: int) -> None:
    assert changes_of(np.zeros(rows, dtype=np.int64)).size == 0


@pytest.mark.parametrize("row", [DENSE_ROWS - 1, DENSE_ROWS, DENSE_ROWS + 1])
def test_a_lone_reading_is_found_on_both_sides_of_a_seam(row: int) -> None:
    seconds = np.arange(DENSE_ROWS + 3) * 60.0
    drug = np.full(seconds.size, 5.0)
    drug[row] = 60.0
    tracks = tracks_of(Series(seconds, drug))
    case = case_of(tracks, terms_of(Given(start=0.0), shipments=tracks.shipments), NUMBERS)
    assert case.lone.tolist() == [row]


def test_some_shipments_series_of_one_value_a_reading_keep_one_column() -> None:
    tracks = tracks_of(
        *(Series(np.arange(5) * 60.0, np.full(5, 5.0), shipment=name) for name in ("S1", "S2")),
        shipments=("S1", "S2"),
    )
    terms = terms_of(Given(start=0.0), Given(start=0.0), shipments=tracks.shipments)
    part = case_of(tracks, terms, NUMBERS).series.of_shipments(1, 2)
    assert part.high_c is part.low_c


def test_of_one_shipment_the_owner_of_each_row_is_kept_once_and_cannot_be_written() -> None:
    tracks = tracks_of(Series(np.arange(5) * 60.0, np.full(5, 5.0)))
    assert tracks.shipment.tolist() == [0, 0, 0, 0, 0]
    assert tracks.shipment.strides == (0,)
    assert not tracks.shipment.flags.writeable
