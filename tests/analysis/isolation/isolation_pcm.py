"""A third world for the isolation tests: eight nodes, and packs of a phase-change material that
melts near the drug's own temperature, so that little but the first minutes speaks of contact.
Seeded.

Nodes: core and surface of the pack (both by enthalpy, melting over half a degree), air of the box,
inner and outer wall, surface and core of the drug, other goods. Contact joins the surface of the
drug to that of the pack or the goods directly. In order and in contact are drawn from the same
numbers (`contact` changes the one conductance only), so both start alike: matched pairs.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.columns import empty
from coldwitness.domain.tracks import Tracks
from tests.analysis.building import START_S

FloatArray = NDArray[np.float64]
STEP_S = 5.0
MELT_WIDTH_C = 0.6
AIR_J_PER_K = 120.0


@dataclass(frozen=True)
class PcmWorld:
    """tracks, and (s,) the true slow coupling to coolant and goods [1/h], and the limits."""

    tracks: Tracks
    coolant_per_h: FloatArray
    goods_per_h: FloatArray
    coolant_limit_per_h: FloatArray
    goods_limit_per_h: FloatArray


def pcm_world(
    shipments: int,
    *,
    seed: int,
    contact: bool = False,
    goods_contact: bool | None = None,
    lid_min: tuple[float, float] | None = None,
    interval_s: float = 60.0,
    payload_j_per_k: tuple[float, float] = (1500.0, 3500.0),
    hours: tuple[float, float] = (1.0, 2.5),
    warmer_c: tuple[float, float] = (-1.5, 4.5),
    warm_box: float = 0.0,
    at_limit: bool = False,
) -> PcmWorld:
    """Trips of `shipments` boxes. contact, goods_contact : the drug lies against the pack, the
    goods (None: none aboard). lid_min : one opening of so many minutes on the way. warmer_c : the
    drug than the pack when the box is shut. warm_box : part of the way from that to the outside at
    which air and inner wall begin, as of a box that stood open while it was packed. at_limit :
    the rate of what touches is the limit, all else as drawn."""
    random = np.random.default_rng(seed)

    def even(low: float, high: float) -> FloatArray:
        return random.uniform(low, high, shipments)

    length_h = even(*hours)
    steps = int(hours[1] * 3600.0 / STEP_S) + 1
    drug_j_per_k = even(*payload_j_per_k)
    per_h = drug_j_per_k / 3600.0
    coolant_limit, goods_limit = even(0.6, 1.1), even(0.3, 0.6)
    touching, goods_touching = even(3.0, 6.0), even(3.5, 7.0)
    if at_limit:
        touching, goods_touching = np.ones(shipments), np.ones(shipments)
    surface = drug_j_per_k * even(0.15, 0.35)
    core = drug_j_per_k - surface
    inside = core / even(240.0, 900.0)
    pack_air, wall_air = even(0.8, 1.6), even(2.0, 4.0)
    goods_air = np.zeros(shipments) if goods_contact is None else even(0.3, 0.8)
    wall_wall, wall_out = even(0.1, 0.35), even(3.0, 8.0)
    # Through the air a third of the limit reaches the drug; contact comes on top, directly. The
    # inner wall follows the air: what counts is what flows through all of it.
    around = pack_air + goods_air + 1.0 / (1.0 / wall_air + 1.0 / wall_wall + 1.0 / wall_out)
    wanted = coolant_limit / 3.0 * per_h
    drug_air = wanted * around / np.maximum(pack_air - wanted, 0.25)
    share = drug_air / (around + drug_air)
    through_air, goods_through_air = share * pack_air / per_h, share * goods_air / per_h
    direct = np.where(contact, touching * coolant_limit - through_air, 0.0) * per_h
    goods_direct = (goods_touching * goods_limit - goods_through_air) * per_h
    goods_direct = np.where(bool(goods_contact), np.maximum(goods_direct, 0.0), 0.0)
    inner_j_per_k, outer_j_per_k = even(150.0, 400.0), even(300.0, 800.0)
    melt = even(3.5, 6.0)
    latent_j, pack_j_per_k = even(0.8e5, 2.0e5), even(800.0, 2000.0)
    shell, pack_inside = even(0.1, 0.2), even(4.0, 12.0)
    start_c = melt + even(-4.0, 0.2)
    drug = np.tile(np.clip(start_c + even(*warmer_c), 2.2, 7.8), (2, 1))
    pack = np.tile(start_c, (2, 1))
    outside = _places(random, shipments, steps)
    air = 0.5 * (start_c + drug[0])
    inner, outer = 0.7 * air + 0.3 * outside[0], 0.2 * air + 0.8 * outside[0]
    air, inner = air + warm_box * (outside[0] - air), inner + warm_box * (outside[0] - inner)
    goods_j_per_k = even(800.0, 3000.0)
    goods = random.choice([8.0, 14.0, 20.0], shipments) + even(-2.0, 2.0)
    lid = _opening(random, shipments, steps, length_h, lid_min)
    share_of_pack = np.stack((shell, 1.0 - shell))
    heat = _enthalpy(pack, melt, latent_j, pack_j_per_k) * share_of_pack
    seen = {name: np.empty((steps, shipments)) for name in ("drug", "coolant", "ambient", "goods")}
    for step in range(steps):
        pack = _temperature(heat / share_of_pack, melt, latent_j, pack_j_per_k)
        for name, value in zip(seen, (drug[0], pack[0], outside[step], goods), strict=True):
            seen[name][step] = value
        to_pack, to_goods = pack_air * (air - pack[0]), goods_air * (air - goods)
        to_drug = drug_air * (air - drug[0])
        touch, goods_touch = direct * (drug[0] - pack[0]), goods_direct * (drug[0] - goods)
        conducted, in_pack = inside * (drug[0] - drug[1]), pack_inside * (pack[0] - pack[1])
        from_wall, through = wall_air * (inner - air), wall_wall * (outer - inner)
        lid_w = np.where(lid[step], 10.0, 0.0) * (outside[step] - air)
        heat = heat + STEP_S * np.stack((to_pack + touch - in_pack, in_pack))
        drug = drug + STEP_S * np.stack(
            ((to_drug - touch - goods_touch - conducted) / surface, conducted / core)
        )
        air = air + STEP_S * (from_wall + lid_w - to_pack - to_goods - to_drug) / AIR_J_PER_K
        inner = inner + STEP_S * (through - from_wall) / inner_j_per_k
        outer = outer + STEP_S * (wall_out * (outside[step] - outer) - through) / outer_j_per_k
        goods = goods + STEP_S * (to_goods + goods_touch) / goods_j_per_k
        goods = goods + STEP_S * 0.15 / 3600.0 * (outside[step] - goods)
    if goods_contact is None:
        del seen["goods"]
    return PcmWorld(
        tracks=_read(random, seen, lid, length_h, interval_s),
        coolant_per_h=through_air + direct / per_h,
        goods_per_h=goods_through_air + goods_direct / per_h,
        coolant_limit_per_h=coolant_limit,
        goods_limit_per_h=goods_limit,
    )


def _enthalpy(
    pack: FloatArray, melt: FloatArray, latent_j: FloatArray, pack_j_per_k: FloatArray
) -> FloatArray:
    molten = np.clip((pack - melt) / MELT_WIDTH_C + 0.5, 0.0, 1.0)
    return np.asarray(pack_j_per_k * pack + latent_j * molten)


def _temperature(
    heat_j: FloatArray, melt: FloatArray, latent_j: FloatArray, pack_j_per_k: FloatArray
) -> FloatArray:
    """The inverse of `_enthalpy`: three straight pieces."""
    begins = melt - MELT_WIDTH_C / 2.0
    above_j = heat_j - pack_j_per_k * begins
    span_j = pack_j_per_k * MELT_WIDTH_C + latent_j
    melting = begins + np.clip(above_j, 0.0, span_j) / span_j * MELT_WIDTH_C
    rest = np.minimum(above_j, 0.0) + np.maximum(above_j - span_j, 0.0)
    return np.asarray(melting + rest / pack_j_per_k)


def _places(random: np.random.Generator, shipments: int, steps: int) -> FloatArray:
    """Shop, then vehicle or street, then a room again; the change takes minutes."""
    room = random.uniform(18.0, 26.0, shipments)
    road = random.uniform(-2.0, 35.0, shipments)
    leave = random.uniform(300.0, 900.0, shipments) / STEP_S
    arrive = steps * random.uniform(0.7, 1.2, shipments)
    goal = np.where(
        (np.arange(steps)[:, None] < leave) | (np.arange(steps)[:, None] > arrive), room, road
    )
    out = np.empty((steps, shipments))
    now = room.copy()
    share = STEP_S / random.uniform(60.0, 240.0, shipments)
    for step in range(steps):
        now = now + share * (goal[step] - now)
        out[step] = now
    return out + np.cumsum(random.normal(0.0, 0.01, (steps, shipments)), axis=0)


def _opening(
    random: np.random.Generator,
    shipments: int,
    steps: int,
    length_h: FloatArray,
    lid_min: tuple[float, float] | None,
) -> NDArray[np.bool_]:
    lid = np.zeros((steps, shipments), dtype=bool)
    if lid_min is None:
        return lid
    begin = random.uniform(0.3, 0.8, shipments) * length_h * 3600.0
    length = random.uniform(*lid_min, shipments) * 60.0
    at = np.arange(steps)[:, None] * STEP_S
    return np.asarray((at >= begin) & (at < begin + length))


def _read(
    random: np.random.Generator,
    seen: dict[str, FloatArray],
    lid: NDArray[np.bool_],
    length_h: FloatArray,
    interval_s: float,
) -> Tracks:
    """Readings with offset, lag, noise and grid."""
    steps, shipments = lid.shape
    count = (length_h * 3600.0 / interval_s).astype(np.int64)
    shipment = np.repeat(np.arange(shipments), count)
    number = np.arange(count.sum()) - (np.cumsum(count) - count)[shipment]
    when_s = number * interval_s + np.round(random.uniform(0.0, 2.0, number.size), 2)
    row = np.minimum((when_s / STEP_S).astype(np.int64), steps - 1)
    temperature = {}
    for name, truth in seen.items():
        share = STEP_S / random.uniform(20.0, 120.0, shipments)
        lagged = truth.copy()
        for step in range(1, steps):
            lagged[step] = lagged[step - 1] + share * (truth[step] - lagged[step - 1])
        offset = random.normal(0.0, 0.15, shipments)
        value = lagged[row, shipment] + offset[shipment]
        value += 0.05 * random.standard_normal(value.size)
        temperature[name] = np.round(value, 1)
    return empty(
        Tracks,
        when_s.size,
        shipments=tuple(f"P{i}" for i in range(shipments)),
        loggers=("LG",),
        first=np.searchsorted(shipment, np.arange(shipments + 1)),
        time_s=when_s + START_S,
        logger=np.zeros(when_s.size, dtype=np.int64),
        temperature_c=temperature,
        lid_open=lid[row, shipment].astype(np.int8),
    )
