"""How long until a limit at the present pace, against what a line or a rest means."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldwitness.analysis.temperature.nearing_limit import Nearing, nearing
from coldwitness.domain.tracks import FloatArray

MINUTE_S = 60.0


def of_one(value_c: FloatArray, *, step_s: float = MINUTE_S) -> Nearing:
    return of_many([value_c], step_s=step_s)


def of_many(curves: list[FloatArray], *, step_s: float = MINUTE_S) -> Nearing:
    return nearing(
        np.concatenate([[0], np.cumsum([curve.size for curve in curves])]).astype(np.int64),
        time_s=np.concatenate([np.arange(curve.size) * step_s for curve in curves]),
        value_c=np.concatenate(curves),
        low_c=np.full(len(curves), 2.0),
        high_c=np.full(len(curves), 8.0),
    )


@pytest.mark.parametrize(
    ("from_c", "pace_c_per_min", "minutes", "limit_c"),
    [(5.0, 0.1, 11.0, 8.0), (5.0, -0.1, 11.0, 2.0), (5.0, 0.3, 0.0, 8.0)],
)
def test_a_line_reaches_its_limit_when_it_does(
    from_c: float, pace_c_per_min: float, minutes: float, limit_c: float
) -> None:
    its = of_one(from_c + pace_c_per_min * np.arange(20))
    assert its.to_limit_s[0] == pytest.approx(minutes * MINUTE_S, abs=1e-6)
    assert its.limit_c[0] == limit_c
    assert its.pace_c_per_s[0] == pytest.approx(pace_c_per_min / 60.0)


def test_a_probe_that_rests_reaches_nothing_however_noisy() -> None:
    noise = np.random.default_rng(7).normal(0.0, 0.1, (200, 30))
    its = of_many([5.0 + row for row in noise])
    assert np.isinf(its.to_limit_s).mean() > 0.95
    assert (its.to_limit_s > 900.0).all()


def test_one_outside_is_at_its_limit_already_and_on_it_not_yet() -> None:
    its = of_many([np.full(12, 8.5), np.full(12, 1.5), np.full(12, 8.0), np.full(12, 2.0)])
    assert its.to_limit_s.tolist() == [0.0, 0.0, np.inf, np.inf]
    assert its.limit_c[:2].tolist() == [8.0, 2.0]


def test_one_reading_of_ten_may_be_wrong() -> None:
    line = 5.0 + 0.1 * np.arange(11)
    wrong = line.copy()
    wrong[4] = 40.0
    assert of_one(wrong).to_limit_s[0] == pytest.approx(of_one(line).to_limit_s[0], rel=0.2)


def test_too_little_says_nothing() -> None:
    assert np.isnan(of_one(np.array([5.0, 6.0, 7.0, 7.5])).to_limit_s[0]), "four readings"
    assert np.isnan(of_one(np.linspace(5.0, 7.0, 12), step_s=10.0).to_limit_s[0]), "two minutes"
    assert np.isnan(of_one(np.full(9, np.nan)).to_limit_s[0])
    assert np.isnan(of_many([np.empty(0)]).to_limit_s[0])


def test_no_limit_on_a_side_is_never_reached() -> None:
    its = nearing(
        np.array([0, 12]),
        time_s=np.arange(12) * MINUTE_S,
        value_c=5.0 + 0.1 * np.arange(12),
        low_c=np.array([2.0]),
        high_c=np.array([np.inf]),
    )
    assert np.isinf(its.to_limit_s[0])


@given(
    st.lists(
        st.lists(st.floats(-30, 40) | st.just(float("nan")), max_size=40), min_size=1, max_size=5
    )
)
def test_each_shipment_alone_says_what_it_says_among_others(curves: list[list[float]]) -> None:
    arrays = [np.array(curve, dtype=np.float64) for curve in curves]
    together = of_many(arrays)
    for i, array in enumerate(arrays):
        alone = of_one(array)
        for name in ("level_c", "pace_c_per_s", "to_limit_s", "limit_c"):
            np.testing.assert_array_equal(getattr(alone, name), getattr(together, name)[i : i + 1])
