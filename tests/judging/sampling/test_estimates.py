"""What a sample tells of all: intervals that hold, exactly where that is possible."""

from collections.abc import Iterator
from random import Random

import pytest
from scipy import stats

from coldwitness.domain.errors import BadInput
from coldwitness.domain.spot_checks import Method
from coldwitness.judging.sampling.draws import draw, inclusion_probabilities
from coldwitness.judging.sampling.estimates import (
    chernoff_bounds,
    estimate,
    hypergeometric_bounds,
    size_for,
)
from coldwitness.judging.sampling.frames import Frame
from tests.judging.sampling.test_draws import METHODS, mixed, plain


def samples(method: Method, *, share: float, draws: int) -> Iterator[tuple[float, float, float]]:
    """True share and interval of many draws from a frame in which some are found."""
    frame, rng = mixed(60), Random(7)
    hits = set(rng.sample([unit.id for unit in frame.units], round(share * 60)))
    for n in range(draws):
        found = draw(frame, seed=f"{share} {n}", size=15, method=method)
        results = {one.id: one.id in hits for one in found.drawn}
        told = estimate(frame, found, results)
        yield len(hits) / 60, told.low, told.high


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_the_interval_holds_the_truth_in_94_of_100_draws(method: Method, share: float) -> None:
    told = list(samples(method, share=share, draws=60))
    assert sum(low <= truth <= high for truth, low, high in told) >= 0.94 * len(told)
    assert all(0 <= low <= high <= 1 for _, low, high in told)


@pytest.mark.parametrize(("count", "size"), [(20, 6), (200, 30), (1000, 59)])
def test_the_bounds_of_a_simple_sample_are_those_of_the_distribution(count: int, size: int) -> None:
    for found in (0, 1, size // 2, size):
        low, high = hypergeometric_bounds(count, size, found, risk=0.05)
        upper = [stats.hypergeom(count, k, size).sf(found - 1) for k in (low, low - 1)]
        assert upper[0] > 0.025 or low == found
        assert low == found or upper[1] <= 0.025
        if high < count - (size - found):
            assert stats.hypergeom(count, high, size).cdf(found) > 0.025
            assert stats.hypergeom(count, high + 1, size).cdf(found) <= 0.025


def test_a_whole_frame_leaves_no_doubt() -> None:
    frame = plain(9)
    found = draw(frame, seed="x", size=9, method="simple")
    told = estimate(frame, found, {one.id: one.order <= 3 for one in found.drawn})
    assert (told.low, told.share, told.high) == (3 / 9, 3 / 9, 3 / 9)


def test_what_was_not_looked_at_cannot_be_estimated() -> None:
    frame = plain(9)
    found = draw(frame, seed="x", size=3, method="simple")
    with pytest.raises(BadInput, match="expected one for each"):
        estimate(frame, found, {found.drawn[0].id: True})
    with pytest.raises(BadInput, match="expected one for each"):
        estimate(frame, found, dict.fromkeys((*(one.id for one in found.drawn), "x"), True))


def test_the_bounds_by_chance_narrow_with_the_sample() -> None:
    wide = (0.1,) * 200
    narrow = (0.5,) * 200
    few = chernoff_bounds(wide, 40.0, risk=0.05)
    many = chernoff_bounds(narrow, 40.0, risk=0.05)
    assert few[0] <= many[0] <= 40 <= many[1] <= few[1]
    assert chernoff_bounds(narrow, 0.0, risk=0.05)[0] == 0


@pytest.mark.parametrize(
    ("count", "prevalence", "confidence", "size"),
    [(1000, 0.05, 0.95, 57), (100, 0.05, 0.95, 45), (10, 0.1, 0.95, 10), (20, 0.5, 0.9, 4)],
)
def test_a_sample_is_large_enough_not_to_miss_a_share(
    count: int, prevalence: float, confidence: float, size: int
) -> None:
    found = size_for(count, prevalence=prevalence, confidence=confidence)
    assert found == size
    hits = max(1, round(prevalence * count))
    assert stats.hypergeom(count, hits, found).pmf(0) <= 1 - confidence
    assert stats.hypergeom(count, hits, found - 1).pmf(0) > 1 - confidence


def test_probabilities_that_are_none_are_refused() -> None:
    with pytest.raises(BadInput, match="between 0 and 1"):
        size_for(10, prevalence=1.0, confidence=0.9)
    assert inclusion_probabilities(Frame(plain(4).units, ""), size=4, method="weighted")
