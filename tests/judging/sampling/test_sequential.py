"""Stopping whenever one pleases: the interval holds at every step at once."""

import numpy as np
import pytest
from scipy import stats

from benchmarks.spot_checks import sequential_cover
from coldwitness.domain.errors import BadInput
from coldwitness.judging.sampling.sequential import log_ratio, sequential


@pytest.mark.parametrize(("looked_at", "found"), [(1, 0), (7, 2), (39, 39), (40, 3)])
def test_the_posterior_is_the_beta_binomial_of_the_source(looked_at: int, found: int) -> None:
    count = 40
    ratio = log_ratio(count, np.arange(count + 1), looked_at=looked_at, found=found)
    posterior = np.exp(-ratio) / (count + 1)
    left, misses = count - looked_at, looked_at - found
    theirs = np.zeros(count + 1)
    theirs[found : found + left + 1] = stats.betabinom.pmf(
        np.arange(left + 1), left, 1 + found, 1 + misses
    )
    assert np.allclose(posterior, theirs, atol=1e-12)
    assert posterior.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("share", [0.0, 0.05, 0.3, 1.0])
def test_the_interval_holds_at_all_steps_together(share: float) -> None:
    assert sequential_cover(40, share=share, draws=2_000) >= 0.95


def test_the_stop_says_what_may_be_said_and_when() -> None:
    nothing = [sequential(100, [False] * n, risk=0.05, tolerated=0.2) for n in range(40)]
    assert nothing[0].stop is None
    assert (nothing[0].low, nothing[0].high) == (0.0, 1.0)
    steps = [one.stop for one in nothing]
    first = steps.index("at_most_tolerated")
    assert set(steps[:first]) == {None}
    assert set(steps[first:]) == {"at_most_tolerated"}, "what was said once stays true"
    all_found = sequential(100, [True] * 8, risk=0.05, tolerated=0.2)
    assert all_found.stop == "more_than_tolerated"
    whole = sequential(10, [True, False] * 5, risk=0.05)
    assert (whole.low, whole.high) == (0.5, 0.5), "everything was looked at"
    assert sequential(10, [True], risk=0.05).stop is None, "nothing is tolerated or not"


@pytest.mark.parametrize(("looked", "risk"), [([True] * 11, 0.05), ([], 0.0), ([], 1.0)])
def test_what_cannot_be_is_refused(looked: list[bool], risk: float) -> None:
    with pytest.raises(BadInput):
        sequential(10, looked, risk=risk)
