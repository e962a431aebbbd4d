"""A physical world for the isolation tests: boxes with coolant that melts, goods, doors and
weather, and probes with offset, lag, noise, grid and uneven clocks. Seeded.

The drug space follows either the contract's own equation (`body="one"`: the rates that are
estimated exist and are known), or two masses behind a wall, with the probe in the air (`"air"`)
or in the payload, which the coolant touches where contact is wanted (`"payload"`): the fitted
model is then only an approximation, as with every real box.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.columns import empty
from coldwitness.domain.tracks import Tracks
from tests.analysis.building import START_S

FloatArray = NDArray[np.float64]
STEP_S = 10.0


@dataclass(frozen=True)
class World:
    """(s,) true rates [1/h] and the readings of all shipments."""

    tracks: Tracks
    k_coolant: FloatArray
    k_goods: FloatArray
    k_ambient: FloatArray
    hours: FloatArray
    fine_c: dict[str, FloatArray] = field(default_factory=dict)


@dataclass(frozen=True)
class Probes:
    """How the instruments see the truth."""

    offset_c: float = 0.5
    """Each probe's constant offset, drawn evenly within plus and minus this."""
    noise_c: float = 0.05
    grid_c: float = 0.1
    lag_s: tuple[float, float] = (30.0, 180.0)
    interval_s: float = 60.0
    jitter: float = 0.1
    lost: float = 0.02


def world(
    shipments: int,
    *,
    seed: int,
    k_coolant: tuple[float, float] = (0.1, 0.5),
    k_goods: tuple[float, float] | None = None,
    k_ambient: tuple[float, float] = (0.1, 0.3),
    hours: tuple[float, float] = (3.0, 6.0),
    coolant_start_c: tuple[float, float] = (-15.0, -4.0),
    melt_c: float = 0.0,
    coolant_hold_h: tuple[float, float] = (3.0, 9.0),
    drug_start_c: tuple[float, float] = (3.0, 8.0),
    probes: Probes = Probes(),
    body: str = "one",
    process_c_per_sqrt_h: float = 0.05,
    with_ambient: bool = True,
    lid_events: float = 0.0,
) -> World:
    """Draw `shipments` trips; ranges are even. Rates are per hour."""
    random = np.random.default_rng(seed)
    even = lambda low_high: random.uniform(*low_high, size=shipments)  # noqa: E731
    kc, ka = even(k_coolant), even(k_ambient)
    kg = np.zeros(shipments) if k_goods is None else even(k_goods)
    length_h = even(hours)
    steps = int(hours[1] * 3600 / STEP_S) + 1
    dt_h = STEP_S / 3600.0
    ambient = _weather(random, shipments, steps)
    coolant = np.empty((steps, shipments))
    goods = np.empty((steps, shipments))
    drug = np.empty((steps, shipments))
    air = np.empty((steps, shipments))
    lid = np.zeros((steps, shipments), dtype=bool)
    for _ in range(int(np.ceil(lid_events))):
        opened = random.uniform(0, 1, shipments) < lid_events
        at = random.integers(0, steps, shipments)
        for i in np.flatnonzero(opened):
            lid[at[i] : at[i] + int(random.uniform(30, 120) / STEP_S), i] = True
    cold = even(coolant_start_c)
    melted = np.zeros(shipments)
    latent = np.full(shipments, 160.0)  # as degrees of warming of the ice itself (334 / 2.1)
    rate = latent / (even(coolant_hold_h) * 28.0)
    goods_now = random.choice([60.0, 22.0, 4.0], shipments)
    goods_rate = even((0.3, 0.8))
    now = even(drug_start_c)
    air_now = now.copy()
    wall = now + 3.0
    wander = np.zeros(shipments)
    mass = even((3.0, 8.0))
    for step in range(steps):
        coolant[step], goods[step], drug[step] = cold, goods_now, now
        air[step] = air_now
        outside = ambient[step]
        open_rate = np.where(lid[step], 6.0, 0.0)
        wander += -wander * dt_h * 2.0 + process_c_per_sqrt_h * np.sqrt(dt_h) * (
            random.standard_normal(shipments)
        )
        if body != "one":
            wall += dt_h * (4.0 * (outside - wall) + 2.0 * (air_now - wall))
        if body == "air":
            flow = kc * (cold - air_now) + kg * (goods_now - air_now) + 2.5 * ka * (wall - air_now)
            flow += open_rate * (outside - air_now)
            air_now = air_now + dt_h * (mass * flow + 6.0 * (now - air_now))
            now = now + dt_h * (6.0 / mass) * (air_now - now)
        elif body == "payload":
            touch = np.maximum(kc - 0.5, 0.0)
            through_air = np.minimum(kc, 0.5)
            goal = through_air * cold + kg * goods_now + 2.5 * ka * wall + 1.5 * now
            goal += open_rate * outside
            weight = through_air + kg + 2.5 * ka + 1.5 + open_rate
            air_now = goal / weight + (air_now - goal / weight) * np.exp(-12.0 * weight * dt_h)
            now = now + dt_h * (1.5 * (air_now - now) + touch * (cold - now) + wander)
        else:
            rate_sum = kc + kg + ka + open_rate
            pull = kc * cold + kg * goods_now + (ka + open_rate) * outside + wander
            goal = pull / np.maximum(rate_sum, 1e-9)
            now = goal + (now - goal) * np.exp(-rate_sum * dt_h)  # exact for this step
            air_now = now
        heat = rate * dt_h * (outside - cold + 0.3 * (now - cold))
        melting = (cold >= melt_c) & (melted < latent)
        melted = np.where(melting, melted + heat, melted)
        cold = np.where(melting, melt_c, cold + np.where(cold < melt_c, heat, 0.5 * heat))
        cold = np.where((melted < latent) & (cold > melt_c), melt_c, cold)
        goods_now = goods_now + dt_h * goods_rate * (outside - goods_now)
    truth = {
        "drug": air if body == "air" else drug,
        "coolant": coolant,
        "ambient": ambient,
        "goods": goods,
    }
    names = ["drug", "coolant", *(["ambient"] if with_ambient else [])]
    names += ["goods"] if k_goods is not None else []
    tracks = _read(random, truth, names, lid, length_h, probes)
    return World(tracks, kc, kg, ka, length_h, truth)


def _weather(random: np.random.Generator, shipments: int, steps: int) -> FloatArray:
    """Street, rooms and vehicle: levels that hold for 5 to 60 minutes, smoothed, and gusts."""
    street = random.uniform(-5.0, 36.0, shipments)
    out = np.empty((steps, shipments))
    for i in range(shipments):
        edges = np.cumsum(random.uniform(300.0, 3600.0, 40) / STEP_S).astype(int)
        level = street[i] + random.choice([0.0, 0.0, 6.0, 22.0 - street[i]], 41)
        out[:, i] = level[np.searchsorted(edges, np.arange(steps), side="right").clip(0, 40)]
    smooth = out.copy()
    share = STEP_S / 120.0
    gust = np.zeros(shipments)
    for step in range(1, steps):
        gust += -gust * share / 3.0 + 0.05 * random.standard_normal(shipments)
        smooth[step] = smooth[step - 1] + share * (out[step] - smooth[step - 1])
        out[step] = smooth[step] + gust
    return out


def _read(
    random: np.random.Generator,
    truth: dict[str, FloatArray],
    names: list[str],
    lid: NDArray[np.bool_],
    length_h: FloatArray,
    probes: Probes,
) -> Tracks:
    steps, shipments = lid.shape
    seen = {}
    for name in names:
        share = STEP_S / random.uniform(*probes.lag_s, shipments)
        lagged = np.empty((steps, shipments))
        lagged[0] = truth[name][0]
        for step in range(1, steps):
            lagged[step] = lagged[step - 1] + share * (truth[name][step] - lagged[step - 1])
        seen[name] = lagged + random.uniform(-probes.offset_c, probes.offset_c, shipments)
    count = (length_h * 3600.0 / probes.interval_s).astype(int)
    shipment = np.repeat(np.arange(shipments), count)
    offset = np.cumsum(count) - count
    number = np.arange(count.sum()) - offset[shipment]
    shake = random.uniform(-probes.jitter, probes.jitter, number.size)
    time_s = np.maximum((number + shake) * probes.interval_s, 0.0)
    kept = random.uniform(size=number.size) >= probes.lost
    shipment, time_s = shipment[kept], np.round(time_s[kept], 3)
    grid_step = np.minimum((time_s / STEP_S).astype(int), steps - 1)
    temperature = {}
    for name in names:
        value = seen[name][grid_step, shipment]
        value = value + probes.noise_c * random.standard_normal(value.size)
        temperature[name] = np.round(value / probes.grid_c) * probes.grid_c
    n = time_s.size
    return empty(
        Tracks,
        n,
        shipments=tuple(f"S{i}" for i in range(shipments)),
        loggers=("LG",),
        first=np.searchsorted(shipment, np.arange(shipments + 1)),
        time_s=time_s + START_S,
        logger=np.zeros(n, dtype=np.int64),
        temperature_c=temperature,
        lid_open=lid[grid_step, shipment].astype(np.int8),
    )
