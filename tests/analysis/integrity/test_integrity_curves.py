"""Copied curves and stuck sensors: what is found, what is honest, what cannot be told."""

import numpy as np
import pytest

from coldwitness.analysis.judge import judge
from coldwitness.analysis.record.case import case_of
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.words import Status
from tests.analysis.building import Given, Series, terms_of, tracks_of
from tests.analysis.judging import NUMBERS, PACK, Seen, minutes, seen

N = 240
LASTS = Given(start=0, end=(N - 1) * 60.0)


def honest(seed: int, n: int = N, *, grid: float = 0.1, noise: float = 0.15) -> np.ndarray:
    """A drift between 4 and 6 °C with the noise of a sensor, on its grid."""
    rng = np.random.default_rng(seed)
    drift = 5 + np.sin(np.arange(n) / 40 + seed)
    value = np.round((drift + rng.normal(0, noise, n)) / grid) * grid
    return np.round(value, 6)


def pair(
    one: np.ndarray, other: np.ndarray, *, shift_s: float = 0.0, same_logger: bool = False
) -> Seen:
    return seen(
        Series(minutes(one.size), one, shipment="A", logger="L1"),
        Series(
            minutes(other.size) + shift_s,
            other,
            shipment="B",
            logger="L1" if same_logger else "L2",
        ),
        given=(LASTS, Given(start=shift_s, end=shift_s + (other.size - 1) * 60.0)),
        shipments=("A", "B"),
    )


def edited(value: np.ndarray, share: float) -> np.ndarray:
    rng = np.random.default_rng(99)
    changed = value.copy()
    rows = rng.choice(value.size, round(share * value.size), replace=False)
    changed[rows] += rng.choice([-0.4, -0.2, 0.2, 0.4], rows.size)
    return np.round(changed, 6)


@pytest.mark.parametrize(
    ("change", "shift_s"),
    [
        (lambda v: v, 0.0),
        (lambda v: v, 86_400.0),
        (lambda v: v + 0.5, 3600.0),
        (lambda v: v - 1.23, 0.0),
        (lambda v: edited(v, 0.05), 7200.0),
        (lambda v: v[30:], 0.0),
    ],
    ids=["equal", "another day", "warmer", "colder", "edited", "cut"],
)
def test_a_copy_is_found_on_both_shipments_each_naming_the_other(change, shift_s) -> None:
    value = honest(1)
    found = pair(value, change(value), shift_s=shift_s)
    for shipment, other in ((0, "B"), (1, "A")):
        (finding,) = found.found(code_of("data_integrity/copied"), shipment=shipment)
        assert finding["measures"]["other_shipment"] == other
        assert finding["requirements"] == ["ANNEX3-08", "ANNEX6-21"]
        assert found.status("integrity", shipment) == Status.INSUFFICIENT_EVIDENCE


@pytest.mark.parametrize("grid", [0.0625, 0.01, 0.5])
def test_a_shifted_level_is_found_on_any_grid(grid: float) -> None:
    value = honest(3, grid=grid, noise=max(0.15, grid))
    assert pair(value, value + 0.3, shift_s=60.0).found(code_of("data_integrity/copied"))


def test_a_part_of_the_same_curve_that_comes_again_is_found() -> None:
    value = honest(5)
    value[130:230] = value[20:120]
    found = seen(Series(minutes(N), value), given=LASTS)
    (finding,) = found.found(code_of("data_integrity/copied"))
    assert finding["measures"]["other_shipment"] == "S1"
    assert finding["measures"]["shift_s"] == pytest.approx(110 * 60)
    assert finding["start_s"] == pytest.approx(130 * 60, abs=25 * 60)


def test_honest_curves_are_not_copies_of_each_other() -> None:
    names = tuple(f"S{i}" for i in range(60))
    found = seen(
        *(
            Series(minutes(N), honest(i), shipment=name, logger=name)
            for i, name in enumerate(names)
        ),
        given=(LASTS,) * 60,
        shipments=names,
    )
    assert not (found.judgement.findings.type == code_of("data_integrity/copied")).any()


def test_smooth_even_or_cycling_curves_are_not_copies() -> None:
    t = np.arange(N)
    for value in (
        np.full(N, 5.0),
        np.linspace(3, 7, N),
        np.round(5 + np.sin(t / 10), 1),
        np.round(5 + np.sin(t / 40), 2),
    ):
        found = pair(value, value)
        assert not (found.judgement.findings.type == code_of("data_integrity/copied")).any()


def test_a_compressor_that_cycles_is_no_copy_of_itself() -> None:
    cycle = np.tile([4.0, 4.5, 4.2, 5.0, 4.8, 5.5, 5.2, 4.9, 5.1, 4.4], N // 10)
    assert not seen(Series(minutes(N), cycle), given=LASTS).found(code_of("data_integrity/copied"))


def test_one_logger_heard_in_two_shipments_at_one_time_is_no_copy() -> None:
    value = honest(7)
    assert not pair(value, value, same_logger=True).found(code_of("data_integrity/copied"))
    assert pair(value, value, same_logger=True, shift_s=86400).found(
        code_of("data_integrity/copied")
    )


def beside(value: np.ndarray, other: np.ndarray, *, apart_s: float) -> Seen:
    """Two loggers in one box, the second reading so much later than the first."""
    return seen(
        Series(minutes(value.size), value, logger="L1"),
        Series(minutes(other.size) + apart_s, other, logger="L2"),
        given=LASTS,
    )


@pytest.mark.parametrize("apart_s", [0.0, 30.0, 60.0])
def test_two_loggers_that_take_turns_in_one_box_are_no_copies(apart_s: float) -> None:
    """Both see the same air, here with noise of 0.1 °C and to the last digit alike."""
    value = honest(17, noise=0.1)
    assert not beside(value, value, apart_s=apart_s).found(code_of("data_integrity/copied"))


@pytest.mark.parametrize("apart_s", [61.0, 3600.0])
def test_a_second_logger_that_repeats_the_first_later_than_a_turn_is_a_copy(apart_s: float) -> None:
    value = honest(17, noise=0.1)
    assert beside(value, value, apart_s=apart_s).found(code_of("data_integrity/copied"))


def test_loggers_of_two_boxes_that_take_turns_and_agree_are_copies() -> None:
    value = honest(17, noise=0.1)
    assert pair(value, value, shift_s=30.0).found(code_of("data_integrity/copied"))


def test_a_copy_with_noise_added_is_not_found() -> None:
    """It cannot be told from an honest pair; the docs say so."""
    value = honest(8)
    noisy = np.round(value + np.random.default_rng(3).normal(0, 0.15, N), 1)
    assert not pair(value, noisy).found(code_of("data_integrity/copied"))


def test_an_archive_of_earlier_shipments_is_looked_at_too() -> None:
    value = honest(9)
    old = tracks_of(Series(minutes(N), value, shipment="OLD", logger="L9"), shipments=("OLD",))
    of_old = case_of(old, terms_of(Given(), shipments=("OLD",)), NUMBERS)
    new = tracks_of(Series(minutes(N) + 86400, value + 0.2))
    terms = terms_of(Given())
    judgement = judge(case_of(new, terms, NUMBERS), PACK, earlier=of_old.curves)
    rows = np.flatnonzero(judgement.findings.type == code_of("data_integrity/copied"))
    assert judgement.findings.details[int(rows[0])]["other_shipment"] == "OLD"
    alone = judge(of_old, PACK, earlier=of_old.curves)
    assert not (alone.findings.type == code_of("data_integrity/copied")).any()


def test_a_restless_sensor_that_stops_is_stuck() -> None:
    value = honest(11)
    value[100:160] = value[100]
    found = seen(Series(minutes(N), value), given=LASTS)
    (finding,) = found.found(code_of("data_integrity/stuck"))
    assert finding["start_s"] == pytest.approx(6000, abs=120)
    assert finding["measures"]["readings"] >= 60
    assert found.status("integrity") == Status.INSUFFICIENT_EVIDENCE


@pytest.mark.parametrize(
    "value",
    [
        np.full(N, 5.0),
        np.round(np.concatenate([np.linspace(9, 5, 100), np.full(140, 5.0)]), 1),
        np.round(5 + np.sin(np.arange(N) / 60) / 2) + 0.0,
    ],
    ids=["even", "melting coolant", "coarse"],
)
def test_a_quiet_or_coarse_sensor_is_not_stuck(value: np.ndarray) -> None:
    assert not seen(Series(minutes(N), value), given=LASTS).found(code_of("data_integrity/stuck"))


@pytest.mark.parametrize(("held", "told"), [(12, 0), (25, 1), (30, 1)])
def test_a_noisy_sensor_is_stuck_sooner_than_half_an_hour(held: int, told: int) -> None:
    value = honest(12, grid=0.01, noise=0.03)
    value[100 : 100 + held] = value[100]
    assert (
        len(seen(Series(minutes(N), value), given=LASTS).found(code_of("data_integrity/stuck")))
        == told
    )


def test_the_noise_of_half_a_grid_step_needs_longer_than_the_noise_of_a_whole_one() -> None:
    for noise, told in ((0.05, 0), (0.15, 1)):
        value = honest(13, grid=0.1, noise=noise)
        value[100:130] = value[100]
        found = seen(Series(minutes(N), value), given=LASTS).found(code_of("data_integrity/stuck"))
        assert len(found) == told


def test_a_smooth_curve_that_comes_to_rest_and_goes_on_is_not_stuck() -> None:
    t = np.arange(80)
    for grid in (0.001, 0.1, 0.5):
        rise, fall = 5 + 3 * np.sin(t / 51), 8 - 3 * (1 - np.exp(-t / 30))
        value = np.round(np.concatenate([rise, np.full(80, 8.0), fall]) / grid) * grid
        assert not seen(Series(minutes(N), value), given=LASTS).found(
            code_of("data_integrity/stuck")
        )


def test_little_noise_on_the_edge_of_two_grid_steps_is_not_a_sensor_that_must_move() -> None:
    """The flicker of half a step shows only where the edge is; between edges all is equal."""
    edge = np.random.default_rng(4).choice([5.0, 5.1], N)
    edge[80:160] = 5.0
    assert not seen(Series(minutes(N), edge), given=LASTS).found(code_of("data_integrity/stuck"))


@pytest.mark.parametrize("grid", [0.01, 0.0625, 0.1, 0.5])
def test_honest_sensors_of_any_noise_and_grid_are_not_stuck(grid: float) -> None:
    rng = np.random.default_rng(17)
    names = tuple(f"S{i}" for i in range(120))
    found = seen(
        *(
            Series(
                minutes(N),
                honest(i, grid=grid, noise=float(rng.choice([0.01, 0.03, 0.05, 0.15]))),
                shipment=name,
                logger=name,
            )
            for i, name in enumerate(names)
        ),
        given=(LASTS,) * len(names),
        shipments=names,
    )
    assert not (found.judgement.findings.type == code_of("data_integrity/stuck")).any()


def around(seed: int, n: int) -> dict[str, np.ndarray]:
    """Coolant and outside air on a 0.1 °C grid with little noise."""
    rng = np.random.default_rng(1000 + seed)
    t = np.arange(n)
    return {
        "coolant": np.round(-6 + t / 60 + rng.normal(0, 0.05, n), 1),
        "ambient": np.round(28 + np.sin(t / 30) + rng.normal(0, 0.05, n), 1),
    }


def quiet(seed: int, n: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.round(5 + np.arange(n) / 300 + rng.normal(0, 0.03, n), 1)


@pytest.mark.parametrize("n", [45, 70])
def test_a_quiet_copy_is_found_by_all_its_probes_together_and_honest_ones_are_not(n: int) -> None:
    names = tuple(f"S{i}" for i in range(60))
    given = tuple(Given(start=0, end=(n - 1) * 60.0) for _ in names)

    def found(copy_of: int | None) -> list[int]:
        sources = [*range(59), 59 if copy_of is None else copy_of]
        judged = seen(
            *(
                Series(minutes(n), quiet(s, n), shipment=x, logger=x, probes=around(s, n))
                for s, x in zip(sources, names, strict=True)
            ),
            given=given,
            shipments=names,
        ).judgement.findings
        return sorted(
            int(i) for i in judged.shipment[judged.type == code_of("data_integrity/copied")]
        )

    assert found(None) == []
    assert found(7) == [7, 59]


def test_one_outside_air_beside_two_quiet_drugs_is_no_copy() -> None:
    n = 120
    shared = around(1, n)
    given = (Given(start=0, end=(n - 1) * 60.0),) * 2
    calm = np.full(n, 5.0)
    other = calm.copy()
    other[[20, 50, 90]] = 5.1
    found = seen(
        Series(minutes(n), calm, shipment="A", logger="A", probes=shared),
        Series(minutes(n), other, shipment="B", logger="B", probes=shared),
        given=given,
        shipments=("A", "B"),
    )
    assert not (found.judgement.findings.type == code_of("data_integrity/copied")).any()


def test_a_held_value_after_a_drug_that_was_just_packed_is_stuck() -> None:
    """The warming after packing hides the turns of the changes, not the bends (shipment 32 of
    `stuck_sensor`, seed 20603601, found by the scoreboard)."""
    packed = [493, 501, 502, 509, 512, 513, 516, 514, 513, 511, 510, 508, 507, 503, 502]
    cooled = [500, 501, 500, 502, 501, 502, 502, 501, 496, 496]
    after = [498, 498, 494, 497, 495, 496, 498, 491, 494, 493, 493, 495, 500, 495, 493, 494, 497]
    value = np.array([*packed, *cooled, *[495] * 34, *after, 497, 497, 491, 496, 498]) / 100
    given = Given(start=0, end=(value.size - 1) * 60.0)
    assert (
        len(
            seen(Series(minutes(value.size), value), given=given).found(
                code_of("data_integrity/stuck")
            )
        )
        == 1
    )


def test_a_flicker_beside_a_fast_rise_is_not_a_sensor_that_must_move() -> None:
    """The span that the rise makes says nothing of the noise of the part that flickers."""
    flicker = [108, 107, 108, 107, 107, 108, 107, 107, 108, 108, 107]
    codes = np.array([*flicker, 84, 68, 57, 50, 45, 42, 40, 38, *[37] * 108])
    value = codes * 0.0625
    given = Given(start=0, end=(value.size - 1) * 60.0)
    assert not seen(Series(minutes(value.size), value), given=given).found(
        code_of("data_integrity/stuck")
    )
