"""What was seen of a shipment: series, holes and what they leave possible, states, positions."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.domain.instants import instant_ms
from tests.analysis.building import START_S, Drug, Given, Series
from tests.analysis.judging import Seen, minutes, seen

HOUR = Given(start=0, end=3600)


def coverage(found: Seen, shipment: int = 0) -> dict[str, Any]:
    told: dict[str, Any] = found.results[shipment]["coverage"]
    return told


def seconds(text: str | None) -> float:
    assert text is not None
    return instant_ms(text) / 1000.0 - START_S


def spans(probe: dict[str, Any]) -> list[tuple[float, float, str]]:
    return [(seconds(one["start"]), seconds(one["end"]), one["state"]) for one in probe["spans"]]


def with_hole(first_c: float, then_c: float, **given: Any) -> dict[str, Any]:
    """The gap of half an hour between two readings of these values, 0.3 °C/min at most."""
    at = [0, 60, 120, 1920, 1980, 2040]
    found = seen(Series(at, [first_c] * 3 + [then_c] * 3), given=Given(start=0, end=2040, **given))
    (gap,) = coverage(found)["gaps"]
    return gap


def test_a_hole_between_equal_readings_reaches_half_its_length_up_and_down() -> None:
    gap = with_hole(5.0, 5.0)
    assert (seconds(gap["start"]), seconds(gap["end"]), gap["length_s"]) == (120, 1920, 1800)
    assert (gap["start_c"], gap["end_c"]) == (5.0, 5.0)
    assert gap["highest_c"] == pytest.approx(5.0 + 0.3 * 15)
    assert gap["lowest_c"] == pytest.approx(5.0 - 0.3 * 15)
    assert seconds(gap["highest_at"]) == seconds(gap["lowest_at"]) == 1020


def test_a_hole_between_unequal_readings_is_highest_nearer_to_the_higher_one() -> None:
    gap = with_hole(3.0, 6.0)
    assert gap["highest_c"] == pytest.approx((3 + 6 + 0.3 * 30) / 2)
    assert gap["lowest_c"] == pytest.approx((3 + 6 - 0.3 * 30) / 2)
    # 0.3 °C/min from 3 °C at 2 min; 9 °C, 6 °C and 3 °C of rise in 20, of fall in 10 minutes
    assert seconds(gap["highest_at"]) == 120 + 20 * 60
    assert seconds(gap["lowest_at"]) == 120 + 10 * 60


def test_a_hole_steeper_than_the_box_reaches_no_further_than_its_readings() -> None:
    gap = with_hole(3.0, 6.0, slew=0.05)
    assert (gap["lowest_c"], gap["highest_c"]) == (3.0, 6.0)
    assert (seconds(gap["lowest_at"]), seconds(gap["highest_at"])) == (120, 1920)


@pytest.mark.parametrize(("value", "leaves"), [(4.2, False), (4.25, False), (4.3, True)])
def test_the_upper_limit_can_be_left_only_from_beyond_it(value: float, leaves: bool) -> None:
    gap = with_hole(value, value, slew=0.25, items=(Drug(low=None, high=8.0),))
    assert gap["could_leave_range"] is leaves


@pytest.mark.parametrize(("value", "leaves"), [(5.7, True), (5.75, False), (5.8, False)])
def test_the_lower_limit_can_be_left_only_from_beyond_it(value: float, leaves: bool) -> None:
    gap = with_hole(value, value, slew=0.25, items=(Drug(low=2.0, high=None),))
    assert gap["could_leave_range"] is leaves


def test_at_the_windows_edges_the_temperature_can_have_come_from_and_gone_anywhere() -> None:
    found = seen(Series(minutes(11) + 1200, 5.0), given=HOUR)
    before, after = coverage(found)["gaps"]
    assert (seconds(before["start"]), seconds(before["end"])) == (0, 1200)
    assert (before["start_c"], before["end_c"]) == (None, 5.0)
    assert (before["lowest_c"], before["highest_c"]) == (-1.0, 11.0)
    assert seconds(before["lowest_at"]) == seconds(before["highest_at"]) == 0
    assert (seconds(after["start"]), seconds(after["end"])) == (1800, 3600)
    assert (after["start_c"], after["end_c"]) == (5.0, None)
    assert (after["lowest_c"], after["highest_c"]) == (-4.0, 14.0)
    assert seconds(after["lowest_at"]) == seconds(after["highest_at"]) == 3600


def test_a_logger_replaced_on_the_way_that_overlaps_leaves_no_hole() -> None:
    early, late = minutes(32), minutes(30) + 1860 - 60
    found = seen(Series(early, 5.0, logger="LG-1"), Series(late, 5.0, logger="LG-2"), given=HOUR)
    (probe,) = coverage(found)["probes"]
    assert probe["name"] == "drug"
    assert probe["loggers"] == ["LG-1", "LG-2"]
    assert spans(probe)[0] == (0, 3540, "in")
    assert probe["recorded_s"] == 3540
    assert found.metric("coverage") == pytest.approx(3540 / 3600)


def test_two_loggers_side_by_side_are_two_series_named_by_their_loggers() -> None:
    found = seen(
        Series(minutes(61), 5.0, logger="LG-1"),
        Series(minutes(61) + 30, 9.0, logger="LG-2"),
        given=HOUR,
    )
    one, other = coverage(found)["probes"]
    assert (one["name"], other["name"]) == ("drug (LG-1)", "drug (LG-2)")
    assert (one["out_s"], one["worst"]) == (0.0, False)
    assert (other["out_s"], other["worst"]) == (3540.0, True)


def test_other_probes_are_seen_alike_but_nothing_bounds_their_holes() -> None:
    at = np.r_[minutes(11), minutes(11) + 3000]
    found = seen(Series(at, 5.0, probes={"ambient": 20.0, "coolant": -3.0}), given=HOUR)
    told = coverage(found)
    assert [one["name"] for one in told["probes"]] == ["drug", "coolant", "ambient"]
    assert [one["judged"] for one in told["probes"]] == [True, False, False]
    assert spans(told["probes"][2]) == [
        (0, 600, "recorded"),
        (600, 3000, "unseen"),
        (3000, 3600, "recorded"),
    ]
    assert {gap["probe"] for gap in told["gaps"]} == {"drug"}


def test_out_of_range_beyond_the_uncertainty_is_out_and_within_it_doubtful() -> None:
    value = np.full(61, 5.0)
    value[10:21], value[40:51] = 9.0, 8.2
    found = seen(Series(minutes(61), value), given=HOUR)
    (probe,) = coverage(found)["probes"]
    assert [state for *_, state in spans(probe)] == ["in", "out", "in", "doubtful", "in"]
    assert probe["out_s"] == pytest.approx(found.metric("seconds_above") - probe["doubtful_s"])


def test_a_drug_that_may_have_frozen_is_not_told_to_be_in_range() -> None:
    value = np.full(61, 1.0)
    value[20:31] = -2.0
    frozen = Given(start=0, end=3600, items=(Drug(low=None, high=8.0, freeze_sensitive=True),))
    (probe,) = coverage(seen(Series(minutes(61), value), given=frozen))["probes"]
    assert [state for *_, state in spans(probe)] == ["in", "out", "in"]


def test_a_drug_without_limits_is_recorded_never_in_range() -> None:
    unknown = Given(start=0, end=3600, items=(Drug(low=None, high=None),), limits_known=False)
    (probe,) = coverage(seen(Series(minutes(61), 5.0), given=unknown))["probes"]
    assert spans(probe) == [(0, 3600, "recorded")]


def test_a_shipment_without_any_drug_value_has_a_drug_probe_that_saw_nothing() -> None:
    found = seen(Series(minutes(61), probes={"ambient": 20.0}), given=HOUR)
    told = coverage(found)
    drug, ambient = told["probes"]
    assert (drug["name"], drug["loggers"], drug["readings"]) == ("drug", [], 0)
    assert (drug["worst"], ambient["worst"]) == (True, False)
    assert (drug["first"], drug["min_c"], drug["mean_c"]) == (None, None, None)
    assert spans(drug) == [(0, 3600, "unseen")]
    (gap,) = told["gaps"]
    assert gap["could_leave_range"]
    assert gap["lowest_c"] is gap["highest_at"] is gap["start_c"] is None


def test_a_shipment_without_readings_or_window_has_nothing_to_tell() -> None:
    (probe,) = coverage(seen(given=Given()))["probes"]
    assert probe["spans"] == []
    assert coverage(seen(given=Given()))["gaps"] == []


def test_nought_degrees_is_no_fix_and_leaves_a_gap() -> None:
    at = minutes(61)
    lat, lon = np.full(61, 36.8), np.full(61, 118.3)
    lat[20:41], lon[20:41] = 0.0, 0.0
    positions = coverage(seen(Series(at, 5.0, lat=lat, lon=lon), given=HOUR))["positions"]
    assert positions["fixes"] == 40
    (gap,) = positions["gaps"]
    assert (seconds(gap["start"]), seconds(gap["end"])) == (1140, 2460)
    assert gap["hidden_stop_max_s"] == gap["length_s"] == 1320


many = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 1), st.integers(5, 120)), min_size=1, max_size=6
)


@settings(max_examples=20, deadline=None)
@given(many)
def test_many_shipments_are_seen_as_each_alone(kinds: list[tuple[int, int, int]]) -> None:
    series, terms = [], []
    for i, (loggers, ambient, count) in enumerate(kinds):
        end = Given(start=0, end=60.0 * count + 400 * (i % 2))
        terms.append(end)
        for k in range(loggers):
            begin = k * 40.0 * count if i % 2 else 20.0 * k
            at = minutes(count) + begin
            series.append(
                Series(
                    at[(at // 900) % 3 != 1] if k else at,
                    5.0 + i,
                    shipment=f"S{i}",
                    logger=f"LG-{i}-{k}",
                    probes={"ambient": 20.0} if ambient else {},
                )
            )
    names = tuple(f"S{i}" for i in range(len(kinds)))
    together = seen(*series, given=tuple(terms), shipments=names)
    for i, name in enumerate(names):
        mine = [one for one in series if one.shipment == name]
        alone = seen(*mine, given=terms[i], shipments=(name,))
        assert coverage(together, i) == coverage(alone)
        (worst,) = [one for one in coverage(alone)["probes"] if one["worst"]]
        length_s = sum(end - start for start, end, _ in spans(worst))
        assert worst["recorded_s"] / length_s == pytest.approx(alone.metric("coverage"), abs=1e-6)
