"""Values that the sensor of the rest of the record cannot have given: off its grid, below its
noise."""

import numpy as np
import pytest

from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.words import Status
from tests.analysis.building import Given, Series
from tests.analysis.judging import Seen, minutes, seen

N = 240
LASTS = Given(start=0, end=(N - 1) * 60.0)


def measured(seed: int, *, grid: float, noise: float, n: int = N) -> np.ndarray:
    """An honest sensor in a drug that warms and cools slowly."""
    rng = np.random.default_rng(seed)
    course = 5 + np.sin(np.arange(n) / 50 + seed) + rng.normal(0, noise, n)
    return np.round(np.round(course / grid) * grid, 4)


def judged(value: np.ndarray) -> Seen:
    return seen(Series(minutes(value.size), value), given=LASTS)


def off_grid(value: np.ndarray) -> list[dict[str, object]]:
    return judged(value).found(code_of("data_integrity/off_grid"))


def below_noise(value: np.ndarray) -> list[dict[str, object]]:
    return judged(value).found(code_of("data_integrity/below_noise"))


def edited(value: np.ndarray, part: slice, seed: int = 1) -> np.ndarray:
    """Values made up with two decimals."""
    out = value.copy()
    out[part] = np.round(np.random.default_rng(seed).uniform(4.5, 6.5, out[part].size), 2)
    return out


@pytest.mark.parametrize("part", [slice(100, 108), slice(100, 160), slice(20, 220, 25)])
def test_made_up_values_between_the_steps_of_the_sensor_are_found(part: slice) -> None:
    value = edited(measured(1, grid=0.1, noise=0.05), part)
    found = judged(value)
    (finding,) = found.found(code_of("data_integrity/off_grid"))
    measures = finding["measures"]
    assert measures["grid_c"] == 0.1
    assert measures["off_grid"] == np.count_nonzero(np.round(value * 100) % 10)
    assert measures["readings"] == N
    assert measures["values_c"][0] in value[part]
    assert finding["probe"] == "drug" if "probe" in finding else True
    assert found.status("integrity") == Status.INSUFFICIENT_EVIDENCE
    assert found.verdict() == Status.INSUFFICIENT_EVIDENCE


@pytest.mark.parametrize(("off", "told"), [(2, 0), (3, 1)])
def test_one_or_two_readings_off_the_grid_are_a_fact_and_three_are_told(
    off: int, told: int
) -> None:
    value = measured(2, grid=0.1, noise=0.05)
    value[100 : 100 + off] += 0.03
    assert len(off_grid(value)) == told
    assert judged(value).result["evidence"]["sensors"][0]["off_grid"] == off


def test_sixteenths_of_a_degree_with_values_between_them_are_found() -> None:
    value = measured(3, grid=0.0625, noise=0.05)
    value[90:130] = np.round(value[90:130] + 0.031, 2)
    assert off_grid(value)[0]["measures"]["grid_c"] == 0.0625


@pytest.mark.parametrize("grid", [0.01, 0.0625, 0.1, 0.5])
@pytest.mark.parametrize("noise", [0.0, 0.02, 0.1])
def test_an_honest_sensor_is_never_off_its_grid_nor_below_its_noise(
    grid: float, noise: float
) -> None:
    names = tuple(f"S{i}" for i in range(40))
    found = seen(
        *(
            Series(minutes(N), measured(i, grid=grid, noise=noise), shipment=x, logger=x)
            for i, x in enumerate(names)
        ),
        given=(LASTS,) * len(names),
        shipments=names,
    )
    told = set(found.judgement.findings.type.tolist())
    assert not told & {code_of("data_integrity/off_grid"), code_of("data_integrity/below_noise")}


def fahrenheit(grid: float) -> np.ndarray:
    value = np.round((measured(4, grid=0.001, noise=0.05) * 1.8 + 32) / grid) * grid
    return np.round((value - 32) / 1.8, 2)


def averaged() -> np.ndarray:
    """What a gateway makes of three readings each."""
    return np.round(measured(5, grid=0.1, noise=0.05, n=3 * N).reshape(N, 3).mean(axis=1), 2)


def finer_from(row: int) -> np.ndarray:
    """A sensor that is set to a finer resolution on the way."""
    fine = measured(6, grid=0.01, noise=0.05)
    return np.where(np.arange(N) < row, np.round(fine, 1), fine)


def three_digits() -> np.ndarray:
    """9.87 and 10.2: a display of three digits."""
    value = measured(7, grid=0.01, noise=0.05) * 2
    return np.where(value >= 10, np.round(value, 1), value)


def corrected_from(row: int) -> np.ndarray:
    """A calibration that is entered on the way moves all later values by one constant."""
    value = measured(8, grid=0.1, noise=0.05)
    return np.round(np.where(np.arange(N) < row, value, value + 0.04), 2)


@pytest.mark.parametrize(
    "value",
    [
        fahrenheit(0.1),
        fahrenheit(1.0),
        averaged(),
        finer_from(80),
        finer_from(200),
        N * [5.0] + np.zeros(N),
        three_digits(),
        corrected_from(150),
        measured(9, grid=1e-9, noise=0.05),
    ],
    ids=["0.1 F", "1 F", "mean", "mode", "late mode", "still", "digits", "correction", "floats"],
)
def test_converted_averaged_and_corrected_records_are_honest(value: np.ndarray) -> None:
    assert not off_grid(value)
    assert not below_noise(value)


def straight(value: np.ndarray, first: int, last: int, grid: float) -> np.ndarray:
    """Two values joined by a line, as one fills in a hole or draws over a break."""
    out = value.copy()
    line = np.linspace(value[first], value[last] + 1.0, last - first + 1)
    out[first : last + 1] = np.round(np.round(line / grid) * grid, 4)
    return out


def smoothed(value: np.ndarray, first: int, last: int, grid: float) -> np.ndarray:
    """A running mean of fifteen, as a smoothing forger makes it."""
    mean = np.convolve(np.pad(value, 7, mode="edge"), np.full(15, 1 / 15), mode="valid")
    out = value.copy()
    out[first:last] = np.round(np.round(mean[first:last] / grid) * grid, 4)
    return out


@pytest.mark.parametrize(("grid", "noise"), [(0.01, 0.03), (0.01, 0.1), (0.0625, 0.2)])
@pytest.mark.parametrize("forge", [straight, smoothed])
def test_a_drawn_or_smoothed_stretch_of_a_noisy_record_is_below_its_noise(
    forge, grid: float, noise: float
) -> None:
    value = forge(measured(10, grid=grid, noise=noise), 80, 170, grid)
    found = judged(value)
    (finding,) = found.found(code_of("data_integrity/below_noise"))
    assert 80 * 60 - 600 <= finding["start_s"] < finding["end_s"] <= 170 * 60 + 600
    measures = finding["measures"]
    assert measures["scatter_c"] < measures["scatter_beside_c"] / 2
    assert measures["scatter_beside_c"] == pytest.approx(noise, rel=0.4)
    assert found.status("integrity") == Status.INSUFFICIENT_EVIDENCE


def test_what_the_noise_beside_it_allows_is_not_told() -> None:
    """The same line on a coarse grid with little noise, at the end of the record, or short."""
    quiet = straight(measured(11, grid=0.1, noise=0.03), 80, 170, 0.1)
    assert not below_noise(quiet)
    noisy = measured(12, grid=0.01, noise=0.1)
    assert not below_noise(straight(noisy, 150, N - 1, 0.01))
    assert not below_noise(straight(noisy, 100, 120, 0.01))


def test_a_sensor_that_is_less_noisy_by_half_for_an_hour_is_honest() -> None:
    value = measured(13, grid=0.01, noise=0.06)
    value[90:150] = measured(13, grid=0.01, noise=0.03)[90:150]
    assert not below_noise(value)


def test_a_held_value_is_stuck_and_not_smoothed() -> None:
    value = measured(14, grid=0.01, noise=0.05)
    value[90:150] = value[90]
    found = judged(value)
    assert len(found.found(code_of("data_integrity/stuck"))) == 1
    assert not found.found(code_of("data_integrity/below_noise"))
