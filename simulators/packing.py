"""From a scenario's pack to one box as numbers for the physics."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import msgspec
import numpy as np

from coldwitness.domain.errors import BadInput
from coldwitness.simulators.scenario import Scenario, Span, draw
from coldwitness.simulators.thermal import BoxPhysics

_HERE = Path(__file__).parent
_Data = TypeVar("_Data")


class BoxModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A box model of box_models.toml: conductances [W/K], capacities [J/K], qualification."""

    g_wall: float
    g_air_wall: float
    g_outer: float
    g_lid: float
    c_air: float
    c_inner: float
    c_outer: float
    sun_m2: float
    hold_h: float
    slew_max_c_per_min: float
    coolant_coupling_max_per_h: float
    goods_coupling_max_per_h: float
    active_w: float = 0.0

    @property
    def leak_w_per_k(self) -> float:
        """Conductance from box air to outside air in still air."""
        return 1.0 / (1.0 / self.g_air_wall + 1.0 / self.g_wall + 1.0 / self.g_outer)


class SeasonData(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    street_c: Span
    rise_c_per_h: float
    sun_w_m2: float
    indoors_c: Span
    vehicle_c: Span
    coolant: str
    coolant_kg: Span
    coolant_start_c: Span
    coolant_melted: Span
    cooling_ratio: float


@dataclass(frozen=True)
class Coolant:
    """melt_c [°C] in the middle of a band of width_c; specific heats and latent heat per kg."""

    melt_c: float
    width_c: float
    solid_j: float
    liquid_j: float
    latent_j: float


COOLANTS = {
    # Gel pack: water with a few percent of thickener and preservative.
    "ice": Coolant(melt_c=0.0, width_c=0.5, solid_j=2050.0, liquid_j=4000.0, latent_j=315e3),
    # Paraffin and salt-hydrate packs, typical data-sheet values.
    "pcm3": Coolant(melt_c=3.0, width_c=1.0, solid_j=2000.0, liquid_j=2400.0, latent_j=190e3),
    "pcm5": Coolant(melt_c=5.0, width_c=1.0, solid_j=2000.0, liquid_j=2400.0, latent_j=200e3),
    # Aluminium plate of a cooling machine: nothing melts, the thermostat does the work.
    "evaporator": Coolant(melt_c=-40.0, width_c=0.0, solid_j=900.0, liquid_j=900.0, latent_j=1.0),
}

DRUG_J_PER_KG_K = 3300.0
"""Aqueous vials and pens with their cartons."""
_SURFACE_SHARE = 0.3

GOODS = {  # start temperature [°C], specific heat [J/(kg K)]
    "none": ((20.0, 20.0), 3000.0),
    "hot_meal": ((56.0, 64.0), 3500.0),
    "drinks": ((15.0, 20.0), 4000.0),
    "ice_cream": ((-17.0, -13.0), 2200.0),
}

# Direct paths in W/K: through the part when it is there, and by full contact without it.
_DRUG_AIR_BEHIND_SEPARATOR = 0.30
_DRUG_AIR_OPEN = 0.55
_SEPARATOR = 0.05
_COOLANT_CONTACT = 2.6
_PARTITION = 0.02
_GOODS_CONTACT = 1.5
_GOODS_AIR_BEHIND_PARTITION = 0.04
_GOODS_AIR_OPEN = 0.8


@cache
def box_models() -> dict[str, BoxModel]:
    return _load("box_models.toml", dict[str, BoxModel])


@cache
def seasons() -> dict[str, SeasonData]:
    return _load("seasons.toml", dict[str, SeasonData])


def box_model(name: str) -> BoxModel:
    try:
        return box_models()[name]
    except KeyError:
        known = ", ".join(sorted(box_models()))
        raise BadInput(f"box model {name!r}: unknown; known: {known}") from None


def pack_box(scenario: Scenario, rng: np.random.Generator, *, goods_from_s: float) -> BoxPhysics:
    """One box drawn from the scenario; the goods join it at `goods_from_s`.

    Every call draws the same number of values.
    """
    pack, season, model = scenario.pack, seasons()[scenario.season], box_model(scenario.pack.model)
    coolant = COOLANTS[pack.coolant or season.coolant]
    drug_kg = draw(rng, pack.drug_kg)
    goods_start, goods_j = GOODS[pack.goods]
    goods_kg = draw(rng, pack.goods_kg) if pack.goods != "none" else draw(rng, 0.0) + 1.0
    contact, goods_contact = draw(rng, pack.contact), draw(rng, pack.goods_contact)
    spread = 1.0 + 0.1 * (2 * rng.random(4) - 1)
    drug_c = draw(rng, pack.drug_start_c)
    capacity = DRUG_J_PER_KG_K * drug_kg
    lag = scenario.logger.lag_s
    has_goods = pack.goods != "none"
    goods_open = has_goods and not pack.partition
    return BoxPhysics(
        c_surface=_SURFACE_SHARE * capacity,
        c_core=(1 - _SURFACE_SHARE) * capacity,
        c_air=model.c_air,
        c_inner=model.c_inner,
        c_outer=model.c_outer,
        c_goods=goods_kg * goods_j,
        g_core=4.0 * drug_kg,
        g_drug_air=(_DRUG_AIR_BEHIND_SEPARATOR if pack.separator else _DRUG_AIR_OPEN)
        * float(spread[0]),
        g_drug_wall=0.04,
        g_drug_coolant=_SEPARATOR + (0.0 if pack.separator else _COOLANT_CONTACT * contact),
        g_drug_goods=(
            (_PARTITION + (_GOODS_CONTACT * goods_contact if goods_open else 0.0))
            if has_goods
            else 0.0
        ),
        g_air_coolant=season.cooling_ratio * model.leak_w_per_k * float(spread[1]),
        g_air_wall=model.g_air_wall,
        g_wall=model.g_wall * float(spread[2]),
        g_outer=model.g_outer,
        g_goods_air=(
            (_GOODS_AIR_OPEN if goods_open else _GOODS_AIR_BEHIND_PARTITION) if has_goods else 0.0
        ),
        g_goods_ambient=0.25,
        g_lid=model.g_lid,
        coolant_kg=draw(rng, pack.coolant_kg or season.coolant_kg),
        solid_j=coolant.solid_j,
        liquid_j=coolant.liquid_j,
        latent_j=coolant.latent_j,
        melt_c=coolant.melt_c,
        melt_width_c=coolant.width_c,
        sun_m2=model.sun_m2 * float(spread[3]),
        active_w=model.active_w,
        active_set_c=4.5,
        drug_c=drug_c,
        air_c=drug_c + 1.0,
        wall_c=drug_c + 3.0,
        coolant_c=draw(
            rng, season.coolant_start_c if pack.coolant_start_c is None else pack.coolant_start_c
        ),
        coolant_melted=draw(
            rng, season.coolant_melted if pack.coolant_melted is None else pack.coolant_melted
        ),
        goods_c=draw(rng, goods_start),
        goods_from_s=goods_from_s,
        lag_drug_s=draw(rng, lag),
        lag_coolant_s=draw(rng, lag),
        lag_ambient_s=draw(rng, lag),
        lag_goods_s=draw(rng, lag),
    )


def _load(name: str, kind: type[_Data]) -> _Data:
    try:
        return msgspec.convert(tomllib.loads((_HERE / name).read_text(encoding="utf-8")), kind)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise BadInput(f"{name}: {error}") from error
