"""A probe that stands still while its neighbours on the same logger go on varying."""

import numpy as np
import pytest

from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.words import Status
from tests.analysis.building import Given, Series
from tests.analysis.judging import minutes, seen

STUCK = code_of("data_integrity/stuck")
T = minutes(140)


def trip(
    seed: int, *, held: int, noise_c: float, still: float | None = None
) -> dict[str, np.ndarray]:
    """Drug, coolant and surroundings that drift, all with this noise on a 0.1 °C grid; the last
    `held` readings of the drug are the one before. still : noise of the drug itself, if other."""
    draw = np.random.default_rng(seed)

    def read(start_c: float, drift_c: float, noise: float) -> np.ndarray:
        true = start_c + draw.uniform(0, 0.1) + drift_c * T / T[-1]
        return np.round(true + draw.normal(0, noise, T.size), 1)

    drug = read(6.8, draw.uniform(-0.8, 0.8), noise_c if still is None else still)
    drug[drug.size - held :] = drug[drug.size - held - 1]
    return {
        "drug": drug,
        "coolant": read(4.4, draw.uniform(0.2, 0.4), noise_c),
        "ambient": read(28.3, draw.uniform(-0.8, 0.8), noise_c),
    }


def told(probes: dict[str, np.ndarray], *, every_s: float = 60.0) -> bool:
    others = {name: value for name, value in probes.items() if name != "drug"}
    t = np.arange(probes["drug"].size) * every_s
    found = seen(Series(t, probes["drug"], probes=others), given=Given(start=0, end=float(t[-1])))
    if found.found(STUCK):
        assert found.status("integrity") == Status.INSUFFICIENT_EVIDENCE
    return bool(found.found(STUCK))


@pytest.mark.parametrize(
    ("noise_c", "held", "least"), [(0.08, 80, 0.9), (0.05, 80, 0.9), (0.03, 110, 0.6)]
)
def test_a_value_held_for_more_than_an_hour_is_told(
    noise_c: float, held: int, least: float
) -> None:
    assert np.mean([told(trip(s, held=held, noise_c=noise_c)) for s in range(20)]) >= least


@pytest.mark.parametrize("noise_c", [0.02, 0.03, 0.05, 0.08])
def test_true_drifts_are_never_told(noise_c: float) -> None:
    assert not any(told(trip(s, held=0, noise_c=noise_c)) for s in range(20))


def test_less_than_an_hour_is_not_told() -> None:
    probes = trip(1, held=62, noise_c=0.04)
    assert told(probes)
    assert not told(trip(1, held=50, noise_c=0.04))


def test_a_drug_without_noise_of_its_own_is_not_told_by_its_neighbours() -> None:
    """A buffered probe at rest among noisy ones."""
    for seed in range(20):
        probes = trip(seed, held=80, noise_c=0.05, still=0.0)
        assert not told(probes)


def test_neighbours_that_flicker_on_one_edge_alone_say_nothing() -> None:
    probes = trip(2, held=80, noise_c=0.05)
    draw = np.random.default_rng(2)
    flicker = np.round(4.45 + draw.normal(0, 0.01, T.size), 1)
    assert not told(probes | {"coolant": flicker})
    assert told(probes)


def test_neighbours_of_whom_one_stands_still_too_say_nothing() -> None:
    probes = trip(3, held=80, noise_c=0.05)
    assert not told(probes | {"ambient": np.full(T.size, 28.3)})


def test_without_neighbours_nothing_is_told() -> None:
    probes = trip(2, held=80, noise_c=0.05)
    assert not told({"drug": probes["drug"]})
