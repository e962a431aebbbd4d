"""Mean kinetic temperature, against published and computed examples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.analysis.record.kinetic_temperature import (
    ageing_rate,
    mean_kinetic_temperature,
)
from tests.analysis.building import Given, Series
from tests.analysis.judging import seen

DH = 83_144.0


def weighted(temperature_c: list[float], weight: list[float]) -> float:
    rate = ageing_rate(np.array(temperature_c, dtype=float), activation_energy_j_per_mol=DH)
    total = np.array([(rate * np.array(weight, dtype=float)).sum()])
    known = np.array([float(np.sum(weight))])
    return float(mean_kinetic_temperature(total, known_s=known, activation_energy_j_per_mol=DH)[0])


@pytest.mark.parametrize(
    ("temperature_c", "weight", "expected", "within"),
    [
        ([5, 7, 10, 6], [1, 1.5, 0.5, 2], 6.62, 0.005),
        ([5, 7, 11, 6], [6, 10, 1.5, 30], 6.31, 0.005),
        ([23, 28, 30, 21], [200, 20, 8, 300], 22.36, 0.005),
        ([5], [288], 5.0, 1e-9),
        ([2, 8], [1, 1], 5.5364, 0.001),
        ([5, 15], [270, 18], 6.1203, 0.001),
        ([4, 35], [29, 1], 10.2770, 0.001),
        ([-20, -10], [1, 1], -13.3631, 0.001),
        ([5, -1], [10, 2], 4.2619, 0.001),
        ([2, 3, 4, 5, 6, 7, 8], [1] * 7, 5.2423, 0.001),
        ([5, 25], [23.5, 0.5], 6.4924, 0.001),
        ([5, 25], [22, 2], 9.8252, 0.001),
        ([5, 9, 12, 6], [1, 1, 1, 1], 8.4572, 0.001),
        ([5, 9, 12], [5, 10, 5], 9.1040, 0.001),
    ],
)
def test_published_and_computed_examples(
    temperature_c: list[float], weight: list[float], expected: float, within: float
) -> None:
    assert weighted(temperature_c, weight) == pytest.approx(expected, abs=within)


def test_uneven_samples_are_weighed_by_the_trapezoid_on_the_exponential() -> None:
    found = seen(
        Series([0, 300, 900, 1200], [5.0, 9.0, 12.0, 6.0]),
        given=Given(start=0, end=1200),
    )
    # The step of ten minutes is unseen: only the two of five minutes weigh.
    rate = ageing_rate(np.array([5.0, 9.0, 12.0, 6.0]), activation_energy_j_per_mol=DH)
    known = (rate[0] + rate[1]) / 2 * 300 + (rate[2] + rate[3]) / 2 * 300
    expected = mean_kinetic_temperature(
        np.array([known]), known_s=np.array([600.0]), activation_energy_j_per_mol=DH
    )[0]
    assert found.metric("mkt_c") == pytest.approx(expected, abs=1e-5)
    assert found.metric("mean_c") == pytest.approx((7.0 * 300 + 9.0 * 300) / 600)
    seconds = [0, 300, 600, 900, 1200]
    all_seen = seen(Series(seconds, [5.0, 9.0, 10.5, 12.0, 6.0]), given=Given(start=0, end=1200))
    assert all_seen.metric("mkt_c") == pytest.approx(9.61, abs=0.06)
    assert "trapezoid" in all_seen.result["evidence"]["mkt_method"]


SERIES = st.lists(st.floats(-30, 45), min_size=1, max_size=30)


@settings(max_examples=100, deadline=None)
@given(SERIES)
def test_it_lies_between_the_mean_and_the_maximum(values: list[float]) -> None:
    found = weighted(values, [1.0] * len(values))
    assert np.mean(values) - 1e-9 <= found <= max(values) + 1e-9


@settings(max_examples=60, deadline=None)
@given(SERIES, st.integers(0, 29), st.floats(0.1, 10))
def test_raising_one_reading_never_lowers_it(values: list[float], at: int, by: float) -> None:
    raised = list(values)
    raised[at % len(values)] += by
    ones = [1.0] * len(values)
    assert weighted(raised, ones) >= weighted(values, ones) - 1e-9


@settings(max_examples=60, deadline=None)
@given(SERIES)
def test_weight_two_equals_the_reading_twice(values: list[float]) -> None:
    assert weighted(values, [2.0] * len(values)) == pytest.approx(
        weighted(values * 2, [1.0] * 2 * len(values)), abs=1e-9
    )


def test_one_reading_has_no_mean() -> None:
    found = seen(Series([0], [5.0]), given=Given(start=0, end=60))
    assert found.metric("mkt_c") is None
    assert found.metric("mean_c") is None
    assert found.metric("min_c") == 5.0
