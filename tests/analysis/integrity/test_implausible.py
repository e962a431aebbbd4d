"""Curves that box, coolant and surroundings do not explain: drawn ones are told, true ones not."""

from collections.abc import Callable
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from coldwitness.analysis.integrity.implausible import implausible_findings
from coldwitness.analysis.integrity.nonnegative import nonnegative_fit
from coldwitness.analysis.record.case import case_of
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.words import Status
from tests.analysis.building import Given, Series, terms_of
from tests.analysis.isolation.isolation_world import world
from tests.analysis.judging import NUMBERS, Seen, minutes, pack_with, seen

IMPLAUSIBLE = code_of("data_integrity/implausible")
T = minutes(100)
END_S = float(T[-1])


def box(seed: int, *, contact: float = 1.0) -> dict[str, np.ndarray]:
    """A true delivery: the drug (surface and core) between a pack that warms and a street whose
    temperature wanders, read with noise on a 0.1 °C grid. contact : times the coolant's rate."""
    draw = np.random.default_rng(seed)
    ambient = draw.uniform(15, 32) + np.cumsum(draw.normal(0, 0.15, T.size))
    coolant = draw.uniform(-2, 4) + draw.uniform(0.5, 3) * T / END_S
    coolant[draw.integers(20, 60) :] += draw.uniform(0.5, 2.0)
    to_coolant = contact * draw.uniform(0.2, 0.5) / 60
    to_ambient, inside = draw.uniform(0.02, 0.06) / 60, draw.uniform(2, 6) / 60
    surface = core = draw.uniform(4, 7)
    drug = np.empty(T.size)
    for i in range(T.size):
        drug[i] = surface
        flow = 4 * to_coolant * (coolant[i] - surface) + 4 * to_ambient * (ambient[i] - surface)
        surface, core = (
            surface + flow + inside * (core - surface),
            core + inside * (surface - core) / 3,
        )
    noise = draw.uniform(0.03, 0.08)

    def read(value: np.ndarray) -> np.ndarray:
        return np.round(value + draw.normal(0, noise, T.size), 1)

    return {"drug": read(drug), "coolant": read(coolant), "ambient": read(ambient)}


SHUT = np.zeros(T.size)
"""A lid whose sensor never saw it open."""


def judged(probes: dict[str, np.ndarray], **more: np.ndarray | None) -> Seen:
    """By default with a sensor that says that the lid was shut all the time."""
    more = {"lid_open": SHUT} | more
    others = {name: value for name, value in probes.items() if name != "drug"}
    given = Given(start=0, end=END_S)
    return seen(Series(T, probes["drug"], probes=others, **more), given=given)


def told(probes: dict[str, np.ndarray], **more: np.ndarray | None) -> list[str]:
    found = judged(probes, **more)
    if found.found(IMPLAUSIBLE):
        assert found.status("integrity") == Status.INSUFFICIENT_EVIDENCE
    return [one["measures"]["cause"] for one in found.found(IMPLAUSIBLE)]


@pytest.mark.parametrize("seed", range(40))
def test_a_true_curve_is_never_called_implausible(seed: int) -> None:
    assert not told(box(seed, contact=6.0 if seed % 4 == 0 else 1.0))


def walk(draw: np.random.Generator) -> np.ndarray:
    return np.round(np.clip(5 + np.cumsum(draw.normal(0, 0.12, T.size)), 2.3, 7.7), 1)


def cycle(draw: np.random.Generator) -> np.ndarray:
    """A refrigerator's thermostat."""
    swing = draw.uniform(0.6, 1.4) / 2 * np.sin(2 * np.pi * T / draw.uniform(1080, 2700))
    return np.round(5 + swing + draw.normal(0, 0.05, T.size), 1)


def digits(draw: np.random.Generator) -> np.ndarray:
    return np.round(draw.uniform(2.5, 7.5, T.size), 1)


@pytest.mark.parametrize(
    ("forge", "cause", "least"),
    [(walk, "departs", 0.8), (cycle, "departs", 0.9), (digits, "jumps", 0.9)],
)
def test_drawn_curves_are_noticed(
    forge: Callable[[np.random.Generator], np.ndarray], cause: str, least: float
) -> None:
    found = [
        told(box(seed) | {"drug": forge(np.random.default_rng(1000 + seed))}) for seed in range(20)
    ]
    assert np.mean([cause in causes for causes in found]) >= least


def in_the_air(seed: int) -> dict[str, np.ndarray]:
    """A true delivery of a probe in the air of the box, which the street reaches through a wall."""
    draw = np.random.default_rng(seed)
    ambient = draw.uniform(15, 32) + np.repeat(draw.normal(0, 6, 10), T.size // 10)
    coolant = draw.uniform(-2, 2) + draw.uniform(0.5, 3) * T / END_S
    wall = air = load = draw.uniform(4, 7)
    drug = np.empty(T.size)
    for i in range(T.size):
        drug[i] = air
        wall += 4 / 60 * (ambient[i] - wall) + 2 / 60 * (air - wall)
        flow = 1.5 * (coolant[i] - air) + 1.0 * (wall - air) + 6.0 * (load - air)
        air, load = air + 2 * flow / 60, load + 1.2 * (air - load) / 60
    noise = draw.uniform(0.03, 0.05)

    def read(value: np.ndarray) -> np.ndarray:
        return np.round(value + draw.normal(0, noise, T.size), 1)

    return {"drug": read(drug), "coolant": read(coolant), "ambient": read(ambient)}


@pytest.mark.parametrize("seed", range(20))
def test_a_wall_and_the_air_behind_it_explain_a_probe_in_the_air(seed: int) -> None:
    assert not told(in_the_air(seed))


def typed(draw: np.random.Generator) -> np.ndarray:
    return np.round(draw.uniform(4.4, 5.6, T.size), 1)


def test_numbers_that_scatter_as_no_sensor_does_are_rough() -> None:
    for seed in range(10):
        probes = box(seed) | {"drug": typed(np.random.default_rng(seed))}
        assert told(probes) == ["rough"]


def test_scatter_is_not_told_where_another_probe_has_it_or_none_speaks() -> None:
    drug = typed(np.random.default_rng(1))
    alike = {
        name: np.round(5 + 2 * (typed(np.random.default_rng(n)) - 5), 1)
        for n, name in enumerate(("coolant", "ambient"))
    }
    assert told(alike | {"drug": drug}) == []
    assert told({"drug": drug}) == []


@pytest.mark.parametrize(("step_s", "causes"), [(120, ["rough"]), (180, [])])
def test_scatter_of_readings_far_apart_is_left_to_the_drug(step_s: int, causes: list[str]) -> None:
    times = step_s * np.arange(100)
    probes = box(1) | {"drug": typed(np.random.default_rng(1))}
    others = {name: probes[name] for name in ("coolant", "ambient")}
    found = seen(
        Series(times, probes["drug"], probes=others), given=Given(start=0, end=float(times[-1]))
    ).found(IMPLAUSIBLE)
    assert ["rough"] * len(causes) == [
        one["measures"]["cause"] for one in found if one["measures"]["cause"] == "rough"
    ]


def test_a_thermostat_that_swings_by_more_than_the_scatter_is_not_rough() -> None:
    swing = 1.2 * np.sin(2 * np.pi * T / 900)
    found = told(box(1) | {"drug": np.round(5 + swing, 1)})
    assert "rough" not in found


def test_a_level_curve_with_noise_cannot_be_told_from_a_box_that_holds_its_temperature() -> None:
    """As docs/analysis.md says."""
    draw = np.random.default_rng(3)
    flat = [np.round(5 + draw.normal(0, 0.05, T.size), 1) for _ in range(10)]
    assert not any(told(box(seed) | {"drug": drug}) for seed, drug in enumerate(flat))


@pytest.mark.parametrize("left_out", ["coolant", "ambient"])
def test_nothing_is_said_of_a_departure_without_coolant_or_surroundings(left_out: str) -> None:
    probes = box(1) | {"drug": cycle(np.random.default_rng(1))}
    assert told(probes) == ["departs"]
    assert told({name: value for name, value in probes.items() if name != left_out}) == []


def test_nothing_is_said_of_a_departure_on_a_coarse_grid() -> None:
    drug = np.round(cycle(np.random.default_rng(1)) * 2) / 2
    assert told(box(1) | {"drug": drug}) == []


def opened(drug: np.ndarray, *, at: int, fading: float) -> np.ndarray:
    """The drug warmed by 3 °C by an opened lid, and coming back to itself within minutes."""
    since = np.arange(T.size - at)
    warmed = drug.copy()
    warmed[at:] += np.round(3 * (1 - np.exp(-(since + 0.5))) * np.exp(-since / fading), 1)
    return warmed


@pytest.mark.parametrize("fading", [4.0, 30.0])
def test_an_opening_is_followed_whether_the_lid_recorded_it_or_not(fading: float) -> None:
    probes = box(2)
    lid = np.zeros(T.size)
    lid[50:52] = 1
    warmed = probes | {"drug": opened(probes["drug"], at=50, fading=fading)}
    assert told(warmed, lid_open=lid) == []
    assert told(warmed) == []
    assert told(warmed, lid_open=None) == []


def test_what_falls_as_suddenly_as_it_rises_was_not_opened() -> None:
    probes = box(2)
    drug = probes["drug"] + np.where((T // 60 >= 40) & (T // 60 < 62), 2.0, 0.0)
    assert told(probes | {"drug": drug}) == ["departs"]


def test_a_break_drawn_over_beside_an_opening_is_told() -> None:
    """What is disturbed by an opening is two minutes and a half of the record, no more."""
    probes = box(2)
    lid = np.zeros(T.size)
    lid[[28, 60]] = 1
    heat = 4 * np.clip(np.minimum((T / 60 - 22) / 12, (74 - T / 60) / 12), 0, 1)
    drawn = np.minimum(probes["drug"] + heat, 7.2)
    assert told(probes | {"drug": np.round(drawn, 1)}, lid_open=lid) == ["departs"]


@pytest.mark.parametrize("value_c", [-40.0, 0.0, 21.3])
@pytest.mark.parametrize("at", [0, 55, T.size - 1])
def test_a_lone_reading_is_a_spike_and_makes_no_curve_implausible(value_c: float, at: int) -> None:
    probes = box(2)
    drug = probes["drug"].copy()
    drug[at] = value_c
    found = judged(probes | {"drug": drug})
    assert found.found(IMPLAUSIBLE) == []
    assert len(found.found(code_of("data_integrity/spike"))) == 1


def test_a_probe_that_was_taken_out_before_delivered_was_pressed_is_not_implausible() -> None:
    """The last four minutes are of the room; the clocks' tolerance doubts them."""
    probes = box(2)
    drug = probes["drug"].copy()
    drug[-4:] = [14.0, 18.0, 20.0, 21.0]
    assert told(probes | {"drug": drug}) == []


def test_without_a_sensor_of_the_lid_a_curve_has_to_depart_three_times_as_far() -> None:
    draw = np.random.default_rng(5)
    near = box(2) | {"drug": np.round(5.0 + np.cumsum(draw.normal(0, 0.1, T.size)), 1)}
    assert told(near) == ["departs"]
    assert told(near, lid_open=None) == []
    far = near | {"drug": np.round(5.0 + 1.5 * np.sin(T / 200.0), 1)}
    assert told(far, lid_open=None) == ["departs"]


def test_openings_that_no_lid_recorded_are_seldom_called_implausible() -> None:
    """One mass, opened twice for up to two minutes; without following them 33 of 40 were."""
    made = world(40, seed=4242, lid_events=2.0, hours=(2.0, 3.0))
    tracks = replace(made.tracks, lid_open=np.full_like(made.tracks.lid_open, -1))
    terms = terms_of(*[Given(start=0.0)] * 40, shipments=tracks.shipments)
    assert implausible_findings(case_of(tracks, terms, NUMBERS)).shipment.size <= 3


@pytest.mark.parametrize(("jumps", "causes"), [(3, []), (4, []), (5, ["jumps"]), (12, ["jumps"])])
def test_jumps_to_and_fro_are_told_from_a_twentieth_of_the_readings_on(
    jumps: int, causes: list[str]
) -> None:
    """Every one of these readings lies 2 °C off its neighbours; 1.3 °C is permitted a minute."""
    drug = np.full(T.size, 5.0)
    drug[4 : 4 + 6 * jumps : 6] += 2.0
    assert told({"drug": drug}) == causes


def test_a_step_exactly_at_what_slew_and_uncertainty_allow_is_no_jump() -> None:
    drug = np.full(T.size, 5.0)
    drug[::2] += 1.25
    assert told({"drug": drug}) == []
    drug[::2] += 0.1
    assert told({"drug": drug}) == ["jumps"]


def test_a_probe_that_is_carried_about_jumps_and_goes_on() -> None:
    drug = 3.0 + np.repeat(np.tile([0.0, 2.0, 4.0, 2.0], 5), 5)
    assert told({"drug": drug}) == []


def test_the_slew_limit_of_the_pack_counts_where_the_box_states_a_tighter_one() -> None:
    drug = np.full(T.size, 5.0)
    drug[::2] += 1.25
    given = Given(start=0, end=END_S, slew=0.01)
    assert not seen(Series(T, drug), given=given).found(IMPLAUSIBLE)
    tight = pack_with(slew_max_c_per_min=0.01)
    assert seen(Series(T, drug), given=given, pack=tight).found(IMPLAUSIBLE)


@pytest.mark.parametrize("seed", range(10))
def test_the_fit_equals_the_best_of_all_choices_of_what_is_zero(seed: int) -> None:
    draw = np.random.default_rng(seed)
    size = 5
    a = draw.normal(size=(3, 12, size))
    a[..., 4] = a[..., 3] + 0.01 * draw.normal(size=(3, 12))
    y = draw.normal(size=(3, 12))
    free = np.array([True, False, False, False, False])
    gram, moment = np.einsum("bli,blj->bij", a, a), np.einsum("bli,bl->bi", a, y)
    found = nonnegative_fit(gram=gram, moment=moment, free=free)
    for g, m, x in zip(gram, moment, found, strict=True):
        best = 0.0
        for kept in product([False, True], repeat=size):
            mine = np.flatnonzero(kept)
            if mine.size == 0:
                continue
            part = np.linalg.solve(g[np.ix_(mine, mine)], m[mine])
            if (part[~free[mine]] >= 0).all():
                best = min(best, float(-0.5 * part @ m[mine]))
        assert 0.5 * x @ g @ x - x @ m == pytest.approx(best, abs=1e-9)
        assert (x[1:] >= 0).all()
