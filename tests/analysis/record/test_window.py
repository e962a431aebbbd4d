"""Which time is judged."""

import numpy as np
import pytest

from coldwitness.analysis.record.window import judged_window
from tests.analysis.building import START_S, Given, Series, terms_of, tracks_of
from tests.analysis.judging import NUMBERS


def test_events_or_manifest_bound_the_window_and_both_ends_belong_to_it() -> None:
    tracks = tracks_of(Series([-60, 0, 60, 120, 180], 5.0))
    window = judged_window(tracks, terms_of(Given(start=0, end=120)), NUMBERS)
    assert (window.start_s - START_S).tolist() == [0]
    assert window.length_s.tolist() == [120]
    assert window.rows.tolist() == [False, True, True, True, False]
    assert window.start_known.all()
    assert window.end_known.all()


def test_with_neither_event_nor_manifest_the_readings_bound_it_and_it_is_not_known() -> None:
    window = judged_window(tracks_of(Series([30, 60, 90], 5.0)), terms_of(Given()), NUMBERS)
    assert (window.start_s - START_S).tolist() == [30]
    assert window.length_s.tolist() == [60]
    assert not window.start_known.any()
    assert not window.end_known.any()


def test_a_shipment_on_its_way_is_judged_to_its_last_reading() -> None:
    window = judged_window(tracks_of(Series([30, 60, 90], 5.0)), terms_of(Given(start=0)), NUMBERS)
    assert (window.end_s - START_S).tolist() == [90]
    assert window.start_known.tolist() == [True]
    assert window.end_known.tolist() == [False]


def test_a_shipment_without_readings_has_the_window_it_was_given() -> None:
    tracks = tracks_of(shipments=("A", "B", "C"))
    given = (Given(start=0, end=60), Given(start=5), Given())
    window = judged_window(tracks, terms_of(*given, shipments=("A", "B", "C")), NUMBERS)
    np.testing.assert_array_equal(window.length_s, [60, 0, np.nan])


@pytest.mark.parametrize("given", [Given(start=100, end=50), Given(start=500), Given(end=-50)])
def test_a_window_is_never_of_negative_length(given: Given) -> None:
    window = judged_window(tracks_of(Series([0, 60], 5.0)), terms_of(given), NUMBERS)
    assert window.length_s.tolist() == [0]
    assert not window.rows.any()
