"""A limit learned from the fleet: robust, bounded, and silent when there is too little."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.analysis.isolation.fleet import FACTOR_MIN, learn_limit, limit_of

LEAST = 30
CEILING = 0.8


def learn(rate, *, width=0.1, ceiling=CEILING):
    rate = np.asarray(rate, dtype=float)
    return learn_limit(
        rate_per_h=rate,
        low_per_h=rate - width / 2,
        least_trips=LEAST,
        ceiling_per_h=ceiling,
    )


def fleet(trips, seed=1, typical=0.3):
    """Rates that differ by payload, by factors."""
    return typical * np.exp(np.random.default_rng(seed).normal(0, 0.12, trips))


def test_the_limit_lies_above_every_box_in_order_and_below_contact():
    learned = learn(fleet(400))
    assert fleet(400).max() < learned.limit_per_h < 0.7
    assert learned.typical_per_h == pytest.approx(0.3, abs=0.02)


def test_a_few_odd_trips_move_the_limit_little():
    odd = np.concatenate((fleet(400), np.full(16, 2.5)))
    assert learn(odd).limit_per_h == pytest.approx(learn(fleet(400)).limit_per_h, rel=0.1)


def test_nothing_is_learned_from_trips_of_two_kinds():
    """A limit by which many of its own trips would be suspected is not the limit of one model."""
    assert learn(np.concatenate((fleet(400), np.full(100, 2.5)))) is None


@pytest.mark.parametrize(("trips", "known"), [(LEAST - 1, False), (LEAST, True)])
def test_too_few_trips_teach_nothing(trips, known):
    assert (learn(fleet(trips)) is not None) == known


def test_poor_estimates_make_the_limit_wider_and_not_narrower():
    poor = fleet(400) * np.exp(np.random.default_rng(2).normal(0, 0.2, 400))
    assert learn(poor, width=0.5).limit_per_h > learn(fleet(400)).limit_per_h


def test_a_payload_of_half_the_usual_is_not_suspected_however_alike_the_trips_were():
    learned = learn(np.full(100, 0.2), width=0.01)
    assert learned.limit_per_h == pytest.approx(0.2 * FACTOR_MIN)


def test_what_is_learned_never_rises_above_the_setting():
    """Else each limit would let in the trips that raise the next."""
    assert learn(fleet(400, typical=0.7)).limit_per_h == CEILING


def test_trips_without_a_rate_teach_nothing_and_do_no_harm():
    assert learn(np.full(100, np.nan)) is None
    both = np.concatenate((fleet(50), np.full(50, np.nan)))
    assert learn(both).limit_per_h == learn(fleet(50)).limit_per_h


@pytest.mark.parametrize(("typical", "spread"), [(0.0, 0.1), (-1.0, 0.1), (0.3, -0.1), (np.nan, 0)])
def test_figures_that_no_trips_can_have_are_refused(typical, spread):
    with pytest.raises(ValueError, match="no rates"):
        limit_of(typical_per_h=typical, spread=spread, ceiling_per_h=CEILING)


@given(
    rates=st.lists(st.floats(0.0, 3.0), min_size=0, max_size=80),
    width=st.floats(0.0, 0.5),
)
@settings(max_examples=100)
def test_a_learned_limit_suspects_hardly_any_trip_it_was_learned_from(rates, width):
    learned = learn(rates, width=width)
    if learned is None:
        return
    low = np.asarray(rates) - width / 2
    assert np.mean(low > learned.limit_per_h) <= 0.05
    assert 0 < learned.limit_per_h <= CEILING
    assert len(rates) >= LEAST
