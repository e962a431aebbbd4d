"""Columns that say one thing are kept as one value, and mean the same."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from coldwitness.domain.columns import concatenated, is_said_once, said_once, stack, thinned
from coldwitness.domain.reading import Reading
from coldwitness.domain.reading_table import joined, reading_table
from coldwitness.domain.tracks import ReadingTable

T0 = 1_795_219_200_000


def table(start: int, count: int, **said: object) -> ReadingTable:
    more = {"shipment": "S-1", "temperature_c": {"drug": 5.0}} | said
    return reading_table(
        [Reading(logger="L-1", time_ms=T0 + n, **more) for n in range(start, start + count)],  # type: ignore[arg-type]
        None,
    )


@pytest.mark.parametrize(
    ("column", "once"),
    [
        ([5.0, 5.0, 5.0], True),
        ([np.nan, np.nan], True),
        ([5.0, 6.0, 5.0], False),
        ([5.0, np.nan, 5.0], False),
        ([np.nan, 5.0, np.nan], False),
        ([5.0], False),
        ([], False),
    ],
)
def test_a_column_of_one_value_is_kept_once(column: list[float], *, once: bool) -> None:
    kept = said_once(np.array(column))
    assert_array_equal(kept, np.array(column))
    assert (is_said_once(kept) and len(column) > 1) == once


def test_columns_are_put_after_each_other_and_kept_once_where_they_agree() -> None:
    five, six = said_once(np.full(3, 5)), said_once(np.full(2, 6))
    assert is_said_once(concatenated([five, five, np.empty(0, np.int64)]))
    assert_array_equal(concatenated([five, six]), [5, 5, 5, 6, 6])
    assert_array_equal(concatenated([five, np.array([5, 7])]), [5, 5, 5, 5, 7])


def test_thinned_tables_join_to_the_same_rows() -> None:
    parts = [
        table(0, 5),
        table(5, 5, seq=1, lat_deg=36.0, lon_deg=118.0),
        table(10, 5, shipment="S-2", temperature_c={"coolant": 1.0}),
    ]
    plain, thin = joined(parts), joined([thinned(part) for part in parts])
    assert is_said_once(thinned(parts[0]).humidity_pct)
    assert is_said_once(thin.humidity_pct)
    assert plain.shipments == thin.shipments
    for name in ("shipment", "logger", "time_ms", "seq", "lat_deg", "lid_open", "received_ms"):
        assert_array_equal(getattr(plain, name), getattr(thin, name))
    for probe, column in plain.temperature_c.items():
        assert_array_equal(column, thin.temperature_c[probe])
    assert len(stack(ReadingTable, [thinned(parts[0])] * 2, **names(parts[0]))) == 10


def names(one: ReadingTable) -> dict[str, object]:
    return {name: getattr(one, name) for name in ("shipments", "couriers", "boxes", "loggers")}
