"""The box as a lumped thermal network, integrated for many boxes at once.

Nodes: drug surface and drug core, box air with liner, inner and outer wall layer, coolant
(enthalpy, so that melting takes its latent heat), goods, and one lag per probe. Not the
detectors' model on purpose: drug and coolant meet through air that has its own temperature,
convection grows with the temperature difference, the melted layer of a pack insulates it, the
wall stores heat, wind and sun work on its outside, an open lid exchanges air.
"""

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from coldwitness.domain.tracks import FloatArray

STEP_S = 5.0
"""Explicit step; the air node's shortest time constant (lid open) is about 15 s."""

_CONVECTION_AT_K = 5.0
"""Natural convection conductances are stated at this temperature difference [K]."""
_PACK_LAYER = 0.35
"""Share of the coolant's conductance lost when all of it is melted (still liquid layer)."""


@dataclass(frozen=True)
class BoxPhysics:
    """One box as numbers: heat capacities [J/K], conductances [W/K], start temperatures [°C].

    coolant: kg, specific heats [J/(kg K)], latent heat [J/kg], melting band around melt_c.
    g_drug_coolant, g_drug_goods : direct paths (through or without separator and partition).
    sun_m2 : absorptance times sunlit area. active_w : power of a cooling machine, 0 if passive.
    goods_from_s : when the goods are put in; before, their probe is in the box air.
    """

    c_surface: float
    c_core: float
    c_air: float
    c_inner: float
    c_outer: float
    c_goods: float
    g_core: float
    g_drug_air: float
    g_drug_wall: float
    g_drug_coolant: float
    g_drug_goods: float
    g_air_coolant: float
    g_air_wall: float
    g_wall: float
    g_outer: float
    g_goods_air: float
    g_goods_ambient: float
    g_lid: float
    coolant_kg: float
    solid_j: float
    liquid_j: float
    latent_j: float
    melt_c: float
    melt_width_c: float
    sun_m2: float
    active_w: float
    active_set_c: float
    drug_c: float
    air_c: float
    wall_c: float
    coolant_c: float
    coolant_melted: float
    goods_c: float
    goods_from_s: float
    lag_drug_s: float
    lag_coolant_s: float
    lag_ambient_s: float
    lag_goods_s: float


class Network:
    """Many boxes: every name of BoxPhysics as one array (b,)."""

    def __init__(self, boxes: list[BoxPhysics]) -> None:
        for field in fields(BoxPhysics):
            values = np.array([getattr(box, field.name) for box in boxes], dtype=np.float64)
            setattr(self, field.name, values)

    if TYPE_CHECKING:  # at run time they are there: integrating asks for some forty at each step

        def __getattr__(self, name: str) -> FloatArray: ...


@dataclass(frozen=True)
class Surroundings:
    """What the boxes stand in, on the step grid; all (steps, boxes).

    air_c : outside air. sun_w_m2 : on the lid. wind : 1 still air, more when riding.
    lid : 0 shut, 1 open.
    """

    air_c: FloatArray
    sun_w_m2: FloatArray
    wind: FloatArray
    lid: FloatArray


@dataclass(frozen=True)
class Trajectories:
    """What happened, on the step grid; all (steps, boxes). probe_* are the temperatures of
    the probes' own bodies, before any error of the electronics."""

    drug_surface_c: FloatArray
    drug_core_c: FloatArray
    air_c: FloatArray
    coolant_c: FloatArray
    melted: FloatArray
    goods_c: FloatArray
    probe_drug_c: FloatArray
    probe_drug_2_c: FloatArray
    probe_coolant_c: FloatArray
    probe_ambient_c: FloatArray
    probe_goods_c: FloatArray


def coolant_temperature_c(enthalpy: FloatArray, box: Network) -> FloatArray:
    """Temperature of the coolant from its enthalpy [J/kg], 0 where melting begins."""
    begin_c = box.melt_c - box.melt_width_c / 2
    solid = np.minimum(enthalpy, 0.0) / box.solid_j
    melting = np.clip(enthalpy / box.latent_j, 0.0, 1.0) * box.melt_width_c
    liquid = np.maximum(enthalpy - box.latent_j, 0.0) / box.liquid_j
    return np.asarray(begin_c + solid + melting + liquid)


def coolant_enthalpy(temperature_c: FloatArray, box: Network, *, melted: FloatArray) -> FloatArray:
    """Enthalpy [J/kg] of coolant at `temperature_c`; inside the melting band, where the
    temperature does not tell, `melted` (0..1) decides."""
    begin_c = box.melt_c - box.melt_width_c / 2
    end_c = box.melt_c + box.melt_width_c / 2
    solid = np.minimum(temperature_c - begin_c, 0.0) * box.solid_j
    liquid = np.maximum(temperature_c - end_c, 0.0) * box.liquid_j
    inside = np.where(temperature_c >= end_c, 1.0, np.where(temperature_c <= begin_c, 0.0, melted))
    inside = np.where((melted > 0) & (temperature_c <= end_c), melted, inside)
    return np.asarray(np.where(inside > 0, 0.0, solid) + inside * box.latent_j + liquid)


def _convection(difference_k: FloatArray) -> FloatArray:
    """Natural convection against its value at 5 K: the fourth root, bounded by conduction."""
    return np.clip(np.sqrt(np.sqrt(np.abs(difference_k) / _CONVECTION_AT_K)), 0.55, 1.7)


def integrate(boxes: list[BoxPhysics], outside: Surroundings) -> Trajectories:
    """Temperatures of all boxes over all steps; row 0 is the start."""
    box = Network(boxes)
    steps, n = outside.air_c.shape
    columns = tuple(np.empty((steps, n)) for _ in fields(Trajectories))
    surface, core, air = box.drug_c.copy(), box.drug_c.copy(), box.air_c.copy()
    inner = box.wall_c.copy()
    outer = outside.air_c[0].copy()
    goods = box.goods_c.copy()
    enthalpy = coolant_enthalpy(box.coolant_c, box, melted=box.coolant_melted)
    probe_drug, probe_drug_2, probe_goods = surface.copy(), core.copy(), air.copy()
    probe_coolant, probe_ambient = coolant_temperature_c(enthalpy, box), outer.copy()
    running = np.zeros(n)
    for step in range(steps):
        coolant = coolant_temperature_c(enthalpy, box)
        melted = np.clip(enthalpy / box.latent_j, 0.0, 1.0)
        inside = (surface, core, air, coolant, melted, goods)
        probes = (probe_drug, probe_drug_2, probe_coolant, probe_ambient, probe_goods)
        for column, value in zip(columns, inside + probes, strict=True):
            column[step] = value
        ambient, sun = outside.air_c[step], outside.sun_w_m2[step]

        here = (step * STEP_S >= box.goods_from_s).astype(np.float64)
        layer = 1.0 - _PACK_LAYER * melted
        air_coolant = box.g_air_coolant * layer * _convection(air - coolant) * (coolant - air)
        drug_air = box.g_drug_air * (air - surface)
        drug_coolant = box.g_drug_coolant * layer * (coolant - surface)
        drug_goods = here * box.g_drug_goods * (goods - surface)
        drug_wall = box.g_drug_wall * (inner - surface)
        core_flow = box.g_core * (core - surface)
        air_wall = box.g_air_wall * (inner - air)
        goods_air = here * box.g_goods_air * (goods - air)
        lid = box.g_lid * outside.lid[step] * (ambient - air)
        through = box.g_wall * (outer - inner)
        shell = box.g_outer * outside.wind[step] * (ambient - outer) + box.sun_m2 * sun
        goods_out = here * box.g_goods_ambient * (ambient - goods)
        running = np.where(air > box.active_set_c + 0.5, 1.0, running)
        running = np.where(air < box.active_set_c - 0.5, 0.0, running)

        surface = surface + STEP_S / box.c_surface * (
            drug_air + drug_coolant + drug_goods + drug_wall + core_flow
        )
        core = core - STEP_S / box.c_core * core_flow
        air = air + STEP_S / box.c_air * (air_coolant - drug_air + air_wall + goods_air + lid)
        inner = inner + STEP_S / box.c_inner * (through - air_wall - drug_wall)
        outer = outer + STEP_S / box.c_outer * (shell - through)
        goods = goods + STEP_S / box.c_goods * (goods_out - goods_air - drug_goods)
        heat = -air_coolant - drug_coolant - box.active_w * running
        enthalpy = enthalpy + STEP_S / box.coolant_kg * heat
        probe_drug = probe_drug + STEP_S / box.lag_drug_s * (surface - probe_drug)
        probe_drug_2 = probe_drug_2 + STEP_S / box.lag_drug_s * (core - probe_drug_2)
        probe_coolant = probe_coolant + STEP_S / box.lag_coolant_s * (coolant - probe_coolant)
        probe_ambient = probe_ambient + STEP_S / box.lag_ambient_s * (
            ambient + 0.003 * sun - probe_ambient
        )
        probe_goods = probe_goods + STEP_S / box.lag_goods_s * (
            here * goods + (1 - here) * air - probe_goods
        )
    return Trajectories(*columns)


def effective_exchange_per_h(boxes: list[BoxPhysics]) -> dict[str, FloatArray]:
    """First-order exchange rates [1/h] between the drug (core and surface together) and
    coolant, goods and outside that the network amounts to once air and walls have settled.

    Air and both wall layers are eliminated from the conductance matrix (Schur complement) at
    5 K of convection and a third of the coolant melted: the truth to which an estimate of the
    contract's coupling is compared.
    """
    box, n = Network(boxes), len(boxes)
    layer = 1.0 - _PACK_LAYER / 3
    names = ("drug", "coolant", "goods", "ambient", "air", "inner", "outer")
    paths = {
        ("drug", "air"): box.g_drug_air,
        ("drug", "coolant"): box.g_drug_coolant * layer,
        ("drug", "goods"): box.g_drug_goods,
        ("drug", "inner"): box.g_drug_wall,
        ("air", "coolant"): box.g_air_coolant * layer,
        ("air", "inner"): box.g_air_wall,
        ("air", "goods"): box.g_goods_air,
        ("inner", "outer"): box.g_wall,
        ("outer", "ambient"): box.g_outer,
        ("goods", "ambient"): box.g_goods_ambient,
    }
    matrix = np.zeros((n, 7, 7))
    for (one, other), g in paths.items():
        i, j = names.index(one), names.index(other)
        matrix[:, i, j] -= g
        matrix[:, j, i] -= g
        matrix[:, i, i] += g
        matrix[:, j, j] += g
    kept, gone = slice(0, 4), slice(4, 7)
    reduced = matrix[:, kept, kept] - matrix[:, kept, gone] @ np.linalg.solve(
        matrix[:, gone, gone], matrix[:, gone, kept]
    )
    capacity = box.c_surface + box.c_core
    return {
        zone: -reduced[:, 0, names.index(zone)] / capacity * 3600.0
        for zone in ("coolant", "goods", "ambient")
    }
