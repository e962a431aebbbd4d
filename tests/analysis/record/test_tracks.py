"""Sorting, repetition and conflict: what a set of readings is, whatever way it came."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.analysis.record.build import build_tracks, rows_of
from coldwitness.domain.tracks import Tracks
from tests.analysis.building import START_S, Series, reordered, table, tracks_of


def same(one: Tracks, other: Tracks) -> None:
    assert one.shipments == other.shipments
    np.testing.assert_array_equal(one.first, other.first)
    np.testing.assert_array_equal(one.time_s, other.time_s)
    np.testing.assert_array_equal(one.received_s, other.received_s)
    np.testing.assert_array_equal(one.conflict, other.conflict)
    np.testing.assert_array_equal(one.seq, other.seq)
    np.testing.assert_array_equal(
        np.array(one.loggers)[one.logger], np.array(other.loggers)[other.logger]
    )
    for name, column in one.temperature_c.items():
        np.testing.assert_array_equal(column, other.temperature_c[name])


def test_rows_are_sorted_by_shipment_and_time_and_empty_shipments_keep_their_place() -> None:
    tracks = tracks_of(
        Series([120, 0, 60], [7, 5, 6], shipment="B"),
        Series([30], [4], shipment="A"),
        shipments=("A", "EMPTY", "B"),
    )
    assert tracks.first.tolist() == [0, 1, 1, 4]
    assert (tracks.time_s - START_S).tolist() == [30, 0, 60, 120]
    assert tracks.temperature_c["drug"].tolist() == [4, 5, 6, 7]
    assert tracks.shipment.tolist() == [0, 2, 2, 2]


def test_a_shipment_that_is_not_asked_for_is_left_out() -> None:
    tracks = tracks_of(Series([0], [5], shipment="A"), Series([0], [6]), shipments=("S1",))
    assert tracks.temperature_c["drug"].tolist() == [6]


def test_an_exact_repetition_is_one_reading_and_keeps_its_first_receipt() -> None:
    tracks = tracks_of(
        Series([0, 60], [5, 6], seq=[1, 2], received=[9, 70]),
        Series([0, 60], [5, 6], seq=[1, 2], received=[1, 3600]),
        Series([0], [5], seq=[1]),
    )
    assert (tracks.time_s - START_S).tolist() == [0, 60]
    assert (tracks.received_s - START_S).tolist() == [1, 70]
    assert not tracks.conflict.any()


def test_two_values_of_one_logger_at_one_time_are_both_kept_and_in_conflict() -> None:
    tracks = tracks_of(Series([0, 60, 60, 120], [5, 6, 12, 5]))
    assert tracks.temperature_c["drug"].tolist() == [5, 6, 12, 5]
    assert tracks.conflict.tolist() == [False, True, True, False]


def test_two_loggers_at_one_time_are_not_in_conflict() -> None:
    tracks = tracks_of(Series([0, 60], [5, 6]), Series([0, 60], [9, 9], logger="LG-2"))
    assert not tracks.conflict.any()


def test_rows_that_complete_each_other_are_not_in_conflict() -> None:
    tracks = tracks_of(Series([0, 60], [5, 6]), Series([0, 60], probes={"coolant": [-1, -1]}))
    assert tracks.time_s.size == 4
    assert not tracks.conflict.any()


def test_what_is_no_temperature_was_not_measured() -> None:
    tracks = tracks_of(Series([0, 60, 120, 180], [np.inf, -273.15, -300.0, 5]))
    assert np.isnan(tracks.temperature_c["drug"][:3]).all()
    assert tracks.temperature_c["drug"][3] == 5


def test_rows_of_some_shipments_share_the_columns() -> None:
    tracks = tracks_of(
        Series([0, 60], [5, 6], shipment="A"),
        Series([0], [7], shipment="B"),
        Series([0, 60], [8, 9], shipment="C"),
        shipments=("A", "B", "C"),
    )
    part = rows_of(tracks, 1, 3)
    assert part.shipments == ("B", "C")
    assert part.first.tolist() == [0, 1, 3]
    assert part.temperature_c["drug"].tolist() == [7, 8, 9]
    assert np.shares_memory(part.time_s, tracks.time_s)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_order_and_repetition_of_the_rows_do_not_matter(data: st.DataObject) -> None:
    rows = data.draw(
        st.lists(
            st.tuples(
                st.sampled_from([0, 60, 120]),
                st.sampled_from([4.0, 5.0, np.nan]),
                st.sampled_from(["A", "B"]),
                st.sampled_from(["L1", "L2"]),
                st.sampled_from([-1, 1, 2]),
            ),
            min_size=1,
            max_size=12,
        )
    )
    readings = table(
        *(Series([t], [v], shipment=s, logger=logger, seq=[q]) for t, v, s, logger, q in rows)
    )
    n = len(readings)
    order = np.array(
        [
            *data.draw(st.permutations(range(n))),
            *data.draw(st.lists(st.integers(0, n - 1), max_size=8)),
        ]
    )
    expected = build_tracks(readings, shipments=("A", "B"))
    same(expected, build_tracks(reordered(readings, order), shipments=("A", "B")))
