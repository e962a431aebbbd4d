"""Copies of quiet curves: what an equal run says is counted in bits of the record's own habits."""

import numpy as np
import pytest

from coldwitness.analysis.integrity.information import move_bits
from coldwitness.analysis.record.curves import curve_index
from coldwitness.config.finding_kinds import code_of
from tests.analysis.building import Given, Series
from tests.analysis.judging import seen

COPIED = code_of("data_integrity/copied")


def record(seed: int, readings: int, *, noise_c: float = 0.05) -> np.ndarray:
    """A probe on a 0.1 °C grid, level but for a slow drift."""
    draw = np.random.default_rng(seed)
    drift = np.cumsum(draw.normal(0, 0.01, readings))
    return np.round(5.0 + drift + draw.normal(0, noise_c, readings), 1)


def copied(one: np.ndarray, other: np.ndarray, *, every_s: float = 300.0) -> bool:
    found = seen(
        *(
            Series(
                np.arange(value.size) * every_s + shift_s, value, shipment=name, logger=f"LG-{name}"
            )
            for name, value, shift_s in (("A", one, 0.0), ("B", other, 86_400.0))
        ),
        given=(
            Given(start=0, end=float(one.size * every_s)),
            Given(start=86_400.0, end=86_400.0 + float(other.size * every_s)),
        ),
        shipments=("A", "B"),
    )
    return bool(found.found(COPIED))


@pytest.mark.parametrize(("readings", "least"), [(60, 0.75), (120, 0.95), (240, 1.0)])
def test_copies_of_quiet_curves_are_found(readings: int, least: float) -> None:
    found = []
    for seed in range(20):
        mine, alien = record(seed, readings + 40), record(1000 + seed, readings + 40)
        alien[20 : 20 + readings] = mine[10 : 10 + readings] + 0.2
        found.append(copied(mine, np.round(alien, 1)))
    assert np.mean(found) >= least


@pytest.mark.parametrize("noise_c", [0.02, 0.05, 0.1])
def test_honest_quiet_curves_are_not_copies(noise_c: float) -> None:
    for seed in range(20):
        one, other = (record(s, 240, noise_c=noise_c) for s in (seed, 500 + seed))
        assert not copied(one, other)


def test_ramps_and_cycles_are_no_copies_however_long_they_agree() -> None:
    ramp = np.round(3.0 + 0.1 * (np.arange(240) // 6), 1)
    cycle = np.round(5.0 + np.sin(2 * np.pi * np.arange(240) / 24), 1)
    assert not copied(ramp, ramp + 0.5)
    assert not copied(cycle, cycle)


def test_a_move_says_as_much_as_it_is_rare_after_the_two_before_it() -> None:
    """From the definition: (n3 + 1) / (n2 + K) of the curve itself."""
    value = np.array([5.0, 5.1, 5.0, 5.1, 5.0, 5.1, 5.1, 5.0])
    index = curve_index(
        shipments=("A",),
        shipment=np.zeros(1, dtype=np.int64),
        probe=np.array(["drug"]),
        logger=np.array(["LG"]),
        first=np.array([0, value.size]),
        time_s=np.arange(value.size) * 60.0,
        value_c=value,
    )
    bits = move_bits(index, np.array([0]))
    moves = ["none", "none", *"+-+-+0-"]
    expected = [0.0]
    triples = list(zip(moves, moves[1:], moves[2:], strict=False))
    for a, b, c in triples:
        n2 = sum(t[:2] == (a, b) for t in triples)
        n3 = triples.count((a, b, c))
        expected.append(-np.log2((n3 + 1) / (n2 + 3)))
    assert bits == pytest.approx(expected)
