"""The network obeys physics: heat is conserved, limits are the textbook's."""

from dataclasses import replace

import numpy as np
import pytest
from msgspec import structs

from coldwitness.simulators.packing import pack_box
from coldwitness.simulators.scenario import Pack, scenario, scenario_names
from coldwitness.simulators.thermal import (
    STEP_S,
    BoxPhysics,
    Network,
    Surroundings,
    coolant_enthalpy,
    coolant_temperature_c,
    effective_exchange_per_h,
    integrate,
)


def box(name: str = "clean", **changes: float) -> BoxPhysics:
    rng = np.random.default_rng(4)
    return replace(pack_box(scenario(name), rng, goods_from_s=0.0), **changes)


def still_air(hours: float, boxes: int, air_c: float) -> Surroundings:
    shape = (int(hours * 3600 / STEP_S) + 1, boxes)
    return Surroundings(
        air_c=np.full(shape, air_c),
        sun_w_m2=np.zeros(shape),
        wind=np.ones(shape),
        lid=np.zeros(shape),
    )


def test_drug_alone_with_coolant_relaxes_exponentially_at_the_effective_rate() -> None:
    lone = box(
        g_drug_air=0.0,
        g_drug_wall=0.0,
        g_drug_coolant=0.4,
        g_core=100.0,
        c_surface=2000.0,
        c_core=2000.0,
        g_air_coolant=1e-9,
        drug_c=6.0,
        coolant_c=0.0,
        coolant_melted=0.5,
        coolant_kg=50.0,
        melt_width_c=0.0,
    )
    run = integrate([lone], still_air(2.0, 1, 20.0))
    # Half-melted packs conduct 1 - 0.35/2 of their stated conductance.
    rate_per_s = 0.4 * (1 - 0.35 * 0.5) / 4000.0
    seconds = np.arange(run.drug_core_c.shape[0]) * STEP_S
    expected = 6.0 * np.exp(-rate_per_s * seconds)
    assert np.abs(run.drug_surface_c[:, 0] - expected).max() < 0.05


def test_latent_heat_holds_the_coolant_for_mass_times_latent_heat_over_power() -> None:
    sealed = box(
        coolant_kg=0.05,
        coolant_c=0.0,
        coolant_melted=0.0,
        melt_c=0.0,
        melt_width_c=0.2,
        latent_j=3.0e5,
        g_drug_coolant=1.0,
        g_air_coolant=1e-9,
        g_drug_air=0.0,
        g_drug_wall=0.0,
        g_core=100.0,
        c_surface=5.0e6,
        c_core=5.0e6,
        drug_c=10.0,
    )
    run = integrate([sealed], still_air(1.5, 1, 10.0))
    done = np.flatnonzero(run.melted[:, 0] >= 1.0)[0] * STEP_S
    # Power 10 K x 1 W/K x (1 - 0.35 f) at melted share f: the integral of 1/(1 - 0.35 f) over f.
    expected = 0.05 * 3.0e5 / 10.0 * (-np.log(1 - 0.35) / 0.35)
    assert done == pytest.approx(expected, rel=0.03)
    held = run.coolant_c[: int(done / STEP_S), 0]
    assert held.min() >= -0.11
    assert held.max() <= 0.11


def test_enthalpy_and_temperature_are_inverse_outside_the_melting_band() -> None:
    pack = Network([box()] * 5)
    temperature = np.array([-18.0, -5.0, -1.0, 2.0, 20.0])
    enthalpy = coolant_enthalpy(temperature, pack, melted=np.zeros(5))
    assert np.allclose(coolant_temperature_c(enthalpy, pack), temperature)
    assert np.all(np.diff(enthalpy) > 0)


def test_heat_is_conserved_to_a_thousandth() -> None:
    one = box("clean_with_meal")
    outside = still_air(1.0, 1, 30.0)
    outside.lid[100:140] = 1.0
    run = integrate([one], outside)
    pack = Network([one])

    def stored(row: int) -> float:
        coolant = coolant_enthalpy(run.coolant_c[row], pack, melted=run.melted[row])
        return float(
            one.c_surface * run.drug_surface_c[row, 0]
            + one.c_core * run.drug_core_c[row, 0]
            + one.c_air * run.air_c[row, 0]
            + one.c_goods * run.goods_c[row, 0]
            + one.coolant_kg * coolant[0]
        )

    # Everything that came in through wall, lid and goods' own wall, by the definition of each
    # path; the inner wall layer is followed here by its own balance, from the same end states.
    gained = stored(-1) - stored(0)
    air, goods = run.air_c[:-1, 0], run.goods_c[:-1, 0]
    lid = one.g_lid * outside.lid[:-1, 0] * (30.0 - air)
    goods_out = one.g_goods_ambient * (30.0 - goods)
    inner = _inner_wall(one, run.air_c[:, 0], run.drug_surface_c[:, 0], 30.0)
    wall = one.g_air_wall * (inner[:-1] - air) + one.g_drug_wall * (
        inner[:-1] - run.drug_surface_c[:-1, 0]
    )
    came = float(np.sum(lid + goods_out + wall) * STEP_S)
    assert gained == pytest.approx(came, rel=1e-3)


def _inner_wall(
    one: BoxPhysics, air: np.ndarray, surface: np.ndarray, outside_c: float
) -> np.ndarray:
    inner, outer = np.empty(air.size), outside_c
    inner[0] = one.wall_c
    for step in range(air.size - 1):
        through = one.g_wall * (outer - inner[step])
        given = one.g_air_wall * (inner[step] - air[step])
        given += one.g_drug_wall * (inner[step] - surface[step])
        inner[step + 1] = inner[step] + STEP_S / one.c_inner * (through - given)
        outer = outer + STEP_S / one.c_outer * (one.g_outer * (outside_c - outer) - through)
    return inner


def test_an_open_lid_in_the_heat_warms_the_drug() -> None:
    outside = still_air(1.0, 2, 30.0)
    outside.lid[60:, 1] = 1.0
    run = integrate([box(), box()], outside)
    assert run.drug_surface_c[-1, 1] > run.drug_surface_c[-1, 0] + 1.5


def test_boxes_do_not_influence_each_other() -> None:
    pair = integrate([box(), box("freezing")], still_air(0.5, 2, 28.0))
    alone = integrate([box()], still_air(0.5, 1, 28.0))
    assert np.allclose(pair.drug_surface_c[:, 0], alone.drug_surface_c[:, 0], atol=1e-12)


def test_effective_coupling_is_the_rate_by_which_a_colder_coolant_pulls_the_drug() -> None:
    """Two equal boxes, coolant 1 K apart: the drug's temperatures part at the coupling's rate."""
    calm = box(coolant_kg=1e4, latent_j=1.0, melt_c=-30.0, melt_width_c=0.0, coolant_c=0.0)
    colder = replace(calm, coolant_c=-1.0)
    run = integrate([calm, colder], still_air(3.0, 2, 25.0))
    apart = run.drug_core_c[:, 0] - run.drug_core_c[:, 1]
    hours = np.arange(apart.size) * STEP_S / 3600.0
    early, late = 1.0, 1.5
    exchange_per_h = effective_exchange_per_h([calm])
    total = float(sum(rate[0] for rate in exchange_per_h.values()))
    share = float(exchange_per_h["coolant"][0]) / total
    modelled = share * (1 - np.exp(-total * hours))
    at = (hours >= early) & (hours <= late)
    # A linear three-zone exchange is not what the physics does; it comes near it.
    assert np.abs(apart[at] / modelled[at] - 1).max() < 0.25


@pytest.mark.parametrize("name", scenario_names())
def test_boxes_with_their_parts_are_below_the_limit_and_without_them_clearly_above(
    name: str,
) -> None:
    told = scenario(name)  # at the payload that the models are qualified with
    pack = structs.replace(told.pack, drug_kg=Pack().drug_kg)
    story = structs.replace(told, pack=pack)
    boxes = [pack_box(story, np.random.default_rng(seed), goods_from_s=0.0) for seed in range(40)]
    exchange_per_h = effective_exchange_per_h(boxes)
    if story.pack.separator:
        assert exchange_per_h["coolant"].max() < 0.8 * 0.85
    else:
        assert exchange_per_h["coolant"].min() > 0.8 * 1.8
    if story.pack.goods != "none":
        if story.pack.partition:
            assert exchange_per_h["goods"].max() < 0.6 * 0.5
        else:
            assert exchange_per_h["goods"].min() > 0.6 * 1.4
