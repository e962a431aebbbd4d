"""A lone reading, steeper than a box can change on both sides, is told; what lasts is not."""

from typing import Any

import numpy as np
import pytest

from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.words import Status
from tests.analysis.building import Given, Series
from tests.analysis.judging import BREAKS, NUMBERS, Seen, seen

SPIKE = code_of("data_integrity/spike")


def judged(
    *values: float, every_s: float = 60.0, accuracy: float | None = 0.5, slew: float = 0.3
) -> Seen:
    time_s = np.arange(len(values)) * every_s
    lasts = Given(start=0, end=float(time_s[-1]), accuracy_c=accuracy, slew=slew)
    return seen(Series(time_s, np.array(values)), given=lasts)


def told(*values: float, **given: Any) -> list[float]:
    return [one["measures"]["value_c"] for one in judged(*values, **given).found(SPIKE)]


def test_a_failed_conversion_among_good_readings_is_named_and_doubts_the_record() -> None:
    found = judged(5.0, 5.0, 5.0, 0.0, 5.0, 5.0, 5.0)
    (finding,) = found.found(SPIKE)
    assert finding["measures"]["value_c"] == 0.0
    assert finding["measures"]["before_c"] == finding["measures"]["after_c"] == 5.0
    assert finding["measures"]["stands"] == "between"
    assert finding["start_s"] == finding["end_s"] == 180.0
    assert "0 °C" in finding["explanation"]["en"]
    assert found.status("integrity") == Status.INSUFFICIENT_EVIDENCE


@pytest.mark.parametrize(("peak", "spikes"), [(6.9, 0), (7.0, 0), (7.1, 1)])
def test_a_step_of_a_minute_has_to_be_steeper_than_two_degrees(peak: float, spikes: int) -> None:
    assert len(told(5.0, 5.0, peak, 5.0, 5.0)) == spikes


@pytest.mark.parametrize(("peak", "spikes"), [(7.9, 0), (8.0, 0), (8.1, 1)])
def test_a_box_that_changes_fast_needs_five_times_its_slew_limit(peak: float, spikes: int) -> None:
    assert len(told(5.0, 5.0, peak, 5.0, 5.0, slew=0.6)) == spikes


def test_a_slew_limit_tighter_than_the_packs_counts_as_the_packs() -> None:
    assert NUMBERS.slew_max_c_per_min == 0.3
    assert told(5.0, 5.0, 6.9, 5.0, 5.0, slew=0.01) == []


@pytest.mark.parametrize(("every_s", "peak", "spikes"), [(120.0, 8.9, 0), (120.0, 9.1, 1)])
def test_two_minutes_still_count_as_short(every_s: float, peak: float, spikes: int) -> None:
    assert len(told(5.0, 5.0, peak, 5.0, 5.0, every_s=every_s)) == spikes


@pytest.mark.parametrize(("peak", "spikes"), [(9.4, 0), (9.6, 1)])
def test_a_longer_step_needs_three_times_the_slew_limit(peak: float, spikes: int) -> None:
    assert len(told(5.0, 5.0, peak, 5.0, 5.0, every_s=300.0)) == spikes


@pytest.mark.parametrize(("peak", "spikes"), [(8.0, 0), (8.1, 1)])
def test_the_step_has_to_be_larger_than_twice_the_uncertainty(peak: float, spikes: int) -> None:
    assert len(told(5.0, 5.0, peak, 5.0, 5.0, accuracy=1.5)) == spikes


def test_below_zero_the_packs_wider_uncertainty_counts() -> None:
    every = {"every_s": 30.0, "accuracy": None}
    assert told(-20.0, -20.0, -18.1, -20.0, -20.0, **every) == []
    assert told(-20.0, -20.0, -17.9, -20.0, -20.0, **every) == [-17.9]


@pytest.mark.parametrize(("steps", "spikes"), [(2, 0), (3, 1)])
def test_the_step_has_to_be_larger_than_two_steps_of_the_sensors_grid(
    steps: int, spikes: int
) -> None:
    course = 4.0 + np.round(np.arange(60) % 7 / 3)  # a sensor of whole degrees
    course[29:32] = 5.0
    course[30] += steps
    assert told(*course, every_s=30.0).count(course[30]) == spikes


def test_two_readings_in_a_row_are_no_spike() -> None:
    assert told(5.0, 5.0, 0.0, 0.0, 5.0, 5.0) == []
    assert told(5.0, 5.0, 0.0, 5.0, 0.0, 5.0, 5.0) == []


def test_a_rise_that_stays_is_no_spike() -> None:
    assert told(5.0, 5.0, 5.0, 15.0, 15.0, 15.0) == []
    assert told(5.0, 5.0, 8.0, 11.0, 14.0, 14.0) == []


def test_the_first_and_the_last_reading_are_measured_by_their_one_neighbour() -> None:
    first = judged(0.0, 5.0, 5.0, 5.0).found(SPIKE)
    last = judged(5.0, 5.0, 5.0, 0.0).found(SPIKE)
    assert [one["measures"]["stands"] for one in (*first, *last)] == ["first", "last"]
    assert "before_c" not in first[0]["measures"]
    assert "after_c" not in last[0]["measures"]


def test_beside_a_spike_the_end_of_the_record_is_none() -> None:
    assert told(5.0, 0.0, 5.0, 5.0) == [0.0]
    assert told(5.0, 5.0, 0.0, 5.0) == [0.0]


def test_a_record_of_one_reading_has_none() -> None:
    assert told(5.0) == []


def test_a_shipment_without_readings_has_none() -> None:
    assert seen(Series([]), given=Given(start=0, end=600.0)).found(SPIKE) == []


def test_a_second_shipment_is_no_neighbour() -> None:
    time_s = np.arange(4) * 60.0
    lasts = Given(start=0, end=180.0)
    found = seen(
        Series(time_s, np.full(4, 5.0), shipment="S1"),
        Series(time_s, np.full(4, 15.0), shipment="S2"),
        given=(lasts, lasts),
        shipments=("S1", "S2"),
    )
    for shipment in (0, 1):
        assert found.found(SPIKE, shipment=shipment) == []


def test_a_break_carried_by_a_lone_reading_alone_is_possible_at_most() -> None:
    found = judged(*[5.0] * 10, 15.0, *[5.0] * 10)
    (finding,) = found.found(code_of("cold_chain_break/above_range"))
    assert finding["certainty"] == "possible"
    assert finding["measures"]["doubted"] is True
    assert finding["measures"]["peak_c"] == 15.0
    assert "not certain" in finding["explanation"]["en"]
    assert "error of measuring" in finding["against"]["en"]
    assert found.status("range") == Status.INSUFFICIENT_EVIDENCE


@pytest.mark.parametrize("value", [0.0, -40.0])
def test_a_lone_reading_freezes_nothing_for_certain(value: float) -> None:
    found = judged(*[5.0] * 10, value, *[5.0] * 10)
    assert {one["certainty"] for one in found.found(*BREAKS)} == {"possible"}
    assert found.verdict() == Status.INSUFFICIENT_EVIDENCE


def test_a_lone_reading_stands_in_the_numbers_and_never_in_the_least() -> None:
    metrics = judged(*[5.0] * 10, 15.0, *[5.0] * 10).result["metrics"]
    assert metrics["max_c"] == 15.0
    assert metrics["mean_c"] == pytest.approx(5.0 + 10.0 / 20)
    assert metrics["seconds_above"] == pytest.approx(2 * 60 * 0.7)
    least, most = metrics["seconds_above_bounds"]
    assert least == 0.0
    assert most >= metrics["seconds_above"]


def test_two_readings_out_of_range_in_a_row_are_certain() -> None:
    found = judged(*[5.0] * 10, 15.0, 15.0, *[5.0] * 10)
    (finding,) = found.found(code_of("cold_chain_break/above_range"))
    assert finding["certainty"] == "certain"
    assert "doubted" not in finding["measures"]


def test_a_lone_reading_inside_a_break_leaves_the_break_certain() -> None:
    found = judged(*[5.0] * 5, 15.0, 15.0, 25.0, 15.0, 15.0, *[5.0] * 5)
    (finding,) = found.found(code_of("cold_chain_break/above_range"))
    assert finding["certainty"] == "certain"
    assert finding["measures"]["peak_c"] == 25.0
    assert [one["measures"]["value_c"] for one in found.found(SPIKE)] == [25.0]
