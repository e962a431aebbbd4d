"""Reading objects to the flat table and back, and tables joined."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.domain.channels import CHANNELS
from coldwitness.domain.columns import take
from coldwitness.domain.reading import Reading
from coldwitness.domain.reading_table import joined, reading_table, readings_of

names = st.sampled_from(["A", "B", "C"])
readings = st.builds(
    Reading,
    logger=names,
    time_ms=st.integers(0, 4_000_000_000_000),
    temperature_c=st.dictionaries(
        st.sampled_from(["drug", "drug.2", "ambient"]), st.floats(-100, 100), min_size=1
    ),
    box=st.none() | names,
    shipment=st.none() | names,
    **{
        channel.name: {
            "count": st.none() | st.integers(0, 2**62),
            "flag": st.none() | st.booleans(),
            "real": st.none() | st.floats(-100, 100),
        }[channel.kind]
        for channel in CHANNELS
    },
)


@settings(max_examples=60, deadline=None)
@given(st.lists(readings, max_size=8), st.lists(readings, max_size=8))
def test_rows_come_back_as_the_readings_that_made_them_joined_or_not(
    first: list[Reading], second: list[Reading]
) -> None:
    table = joined([reading_table(first, None), reading_table(second, None)])
    assert readings_of(table) == first + second
    assert (table.received_ms == -1).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(readings, min_size=1, max_size=8))
def test_selected_rows_keep_their_names(rows: list[Reading]) -> None:
    keep = np.arange(len(rows)) % 2 == 0
    assert readings_of(take(reading_table(rows, None), keep)) == rows[::2]


def test_given_shipments_fix_the_order_and_none_stays_unassigned() -> None:
    rows = [
        Reading(logger="L", time_ms=1, temperature_c={"drug": 4.0}, shipment="B"),
        Reading(logger="L", time_ms=2, temperature_c={"drug": 4.0}),
    ]
    table = reading_table(rows, [10, 20], shipments=("A", "B"))
    assert table.shipments == ("A", "B")
    assert table.shipment.tolist() == [1, -1]
    assert table.received_ms.tolist() == [10, 20]


def test_a_row_without_logger_gets_the_name_asked_for() -> None:
    table = reading_table([Reading(logger="L", time_ms=1, temperature_c={"drug": 4.0})], None)
    nameless = type(table)(**{**table.__dict__, "logger": np.array([-1])})
    assert readings_of(nameless, unknown_logger="file-1")[0].logger == "file-1"


def test_nothing_joined_is_an_empty_table() -> None:
    table = joined([])
    assert len(table) == 0
    assert table.temperature_c == {}
    assert table.lid_open.dtype == np.int8
