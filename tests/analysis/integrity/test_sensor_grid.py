"""On which grid a logger's values lie: stated as a fact in the result."""

import numpy as np
import pytest

from tests.analysis.building import Given, Series
from tests.analysis.judging import Seen, minutes, seen

N = 240
LASTS = Given(start=0, end=(N - 1) * 60.0)


def measured(step_c: float, *, noise_c: float = 0.3) -> np.ndarray:
    rng = np.random.default_rng(4)
    value = 5 + np.sin(np.arange(N) / 40) + rng.normal(0, noise_c, N)
    return np.rint(value / step_c) * step_c


def sensors(value: np.ndarray, **probes: np.ndarray) -> list[dict[str, object]]:
    found: Seen = seen(Series(minutes(N), value, probes=probes), given=LASTS)
    return list(found.result["evidence"]["sensors"])


@pytest.mark.parametrize("step_c", [0.1, 0.0625, 0.5, 0.01])
def test_a_sensor_s_own_values_all_lie_on_its_grid(step_c: float) -> None:
    assert sensors(measured(step_c)) == [
        {"logger": "LG-1", "probe": "drug", "grid_c": step_c, "readings": N, "off_grid": 0}
    ]


def test_a_binary_sensor_written_with_two_decimals_keeps_its_grid() -> None:
    (one,) = sensors(np.round(measured(0.0625), 2))
    assert (one["grid_c"], one["off_grid"]) == (0.0625, 0)


@pytest.mark.parametrize("step_c", [0.1, 0.0625, 0.5])
def test_edited_values_are_counted_and_two_are_no_finding(step_c: float) -> None:
    value = measured(step_c)
    value[[30, 77]] += 0.033
    result = seen(Series(minutes(N), value), given=LASTS).result
    (one,) = result["evidence"]["sensors"]
    assert (one["grid_c"], one["off_grid"]) == (step_c, 2)
    assert not [f for f in result["findings"] if f["kind"] == "data_integrity"]


def test_noise_at_a_thousandth_of_a_degree_has_no_grid() -> None:
    (one,) = sensors(measured(0.001))
    assert (one["grid_c"], one["off_grid"], one["readings"]) == (None, None, N)


def test_a_still_curve_or_few_readings_show_no_grid() -> None:
    (still,) = sensors(np.full(N, 5.0))
    assert still["grid_c"] is None
    few = seen(Series(minutes(10), measured(0.1)[:10]), given=Given(start=0, end=540.0))
    assert few.result["evidence"]["sensors"][0]["grid_c"] is None


def test_each_probe_and_logger_has_its_own_line() -> None:
    lines = sensors(measured(0.1), coolant=measured(0.5))
    assert [(one["probe"], one["grid_c"]) for one in lines] == [("coolant", 0.5), ("drug", 0.1)]
    two = seen(
        Series(minutes(N), measured(0.1), logger="L1"),
        Series(minutes(N) + 7.0, measured(0.0625), logger="L2"),
        given=LASTS,
    ).result["evidence"]["sensors"]
    assert [(one["logger"], one["grid_c"]) for one in two] == [("L1", 0.1), ("L2", 0.0625)]


def test_no_readings_no_sensors() -> None:
    found = seen(Series([], []), given=LASTS, shipments=("S1",))
    assert found.result["evidence"]["sensors"] == []
