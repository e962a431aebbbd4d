"""A limit learned from the fleet: robust, named, and silent when there is too little."""

import numpy as np
import pytest

from analysis.isolation_fleet import MIN_TRIPS, learn_limits


def learn(rate, *, width=0.1, model=None, models=1):
    rate = np.asarray(rate, dtype=float)
    model = np.zeros(rate.size, dtype=np.int64) if model is None else model
    return learn_limits(
        rate_per_h=rate,
        low_per_h=rate - width / 2,
        high_per_h=rate + width / 2,
        model=model,
        models=models,
    )


def fleet(trips, seed=1):
    return np.random.default_rng(seed).normal(0.3, 0.05, trips)


def test_the_limit_lies_above_every_box_in_order_and_below_contact():
    learned = learn(fleet(400))
    assert fleet(400).max() < learned.limit_per_h[0] < 0.7
    assert learned.typical_per_h[0] == pytest.approx(0.3, abs=0.02)


def test_a_fifth_of_boxes_without_separator_moves_the_limit_little():
    with_contact = np.concatenate((fleet(400), np.full(100, 2.5)))
    assert learn(with_contact).limit_per_h[0] == pytest.approx(
        learn(fleet(400)).limit_per_h[0], rel=0.2
    )


@pytest.mark.parametrize(("trips", "known"), [(MIN_TRIPS - 1, False), (MIN_TRIPS, True)])
def test_too_few_trips_teach_nothing(trips, known):
    assert np.isfinite(learn(fleet(trips)).limit_per_h[0]) == known


def test_trips_without_a_sharp_interval_teach_nothing():
    learned = learn(fleet(400), width=3.0)
    assert np.isnan(learned.limit_per_h[0])
    assert learned.trips[0] == 0


def test_each_model_learns_from_its_own_trips():
    rate = np.concatenate((fleet(100), fleet(100) * 2.0))
    learned = learn(rate, model=np.repeat([0, 2], 100), models=3)
    assert learned.limit_per_h[2] == pytest.approx(2.0 * learned.limit_per_h[0], rel=0.1)
    assert np.isnan(learned.limit_per_h[1])
