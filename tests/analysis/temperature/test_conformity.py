"""The probability of conformity equals the examples that JCGM 106:2012 publishes."""

import numpy as np
import pytest

from coldwitness.analysis.temperature.conformity import conformity_probability
from coldwitness.domain.words import Certainty
from tests.analysis.building import Given, Series
from tests.analysis.judging import minutes, seen

INF = np.inf


@pytest.mark.parametrize(
    ("value", "error", "low", "high", "published"),
    [
        # 7.3.2: breakdown voltage of a Zener diode [V], upper limit alone
        (-5.47, 0.05, -INF, -5.40, 0.92),
        # 7.4: kinematic viscosity of a motor oil [mm2/s], both limits
        (13.6, 1.8, 12.5, 16.3, 0.66),
    ],
)
def test_it_is_as_published(
    value: float, error: float, low: float, high: float, published: float
) -> None:
    found = conformity_probability(
        np.array([value]),
        standard_uncertainty=np.array([error]),
        low=np.array([low]),
        high=np.array([high]),
    )
    assert found[0] == pytest.approx(published, abs=0.005)


def test_on_the_limit_it_is_one_half_and_without_an_uncertainty_unknown() -> None:
    found = conformity_probability(
        np.array([8.0, 9.0]),
        standard_uncertainty=np.array([0.25, 0.0]),
        low=np.array([-INF, -INF]),
        high=np.array([8.0, 8.0]),
    )
    assert found[0] == pytest.approx(0.5)
    assert np.isnan(found[1])


@pytest.mark.parametrize(
    ("peak_c", "certainty", "conformity"),
    [(8.3, Certainty.POSSIBLE, 0.115), (8.5, Certainty.POSSIBLE, 0.023), (9.5, 2, 0.0)],
)
def test_a_break_says_how_probably_its_peak_was_in_range(
    peak_c: float, certainty: int, conformity: float
) -> None:
    """A sensor of ±0.5 °C at two standard uncertainties."""
    drug = [5.0] * 10 + [peak_c] * 5 + [5.0] * 10
    found = seen(
        Series(minutes(25), drug), given=Given(start=0, end=float(minutes(25)[-1]), accuracy_c=0.5)
    )
    (told,) = [one for one in found.found() if "conformity" in one["measures"]]
    assert told["measures"]["conformity"] == pytest.approx(conformity, abs=0.001)
