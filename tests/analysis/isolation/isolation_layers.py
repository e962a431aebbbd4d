"""A second, independent world for the isolation tests, built unlike the detector and unlike the
first: the wall is a slab of foam in layers, the air of the box is stratified, the drug is a stack
of cartons, two coolant packs melt at different temperatures and only one carries the probe, the
outside jumps between places, and the lid is opened at random. Seeded.

No single exchange rate exists in it. What counts is that a box with its separator is not accused
and a box without is not called isolated.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.columns import empty
from coldwitness.domain.tracks import Tracks
from tests.analysis.building import START_S

FloatArray = NDArray[np.float64]
STEP_S = 5.0
LAYERS = 6
CARTONS = 3
AIR_J_PER_K = 250.0
FOAM_LAYER_J_PER_K = 150.0


@dataclass(frozen=True)
class Pack:
    """Coolant packs of one kind, (s,): enthalpy method, solid below and liquid above melt_c."""

    melt_c: FloatArray
    solid_j_per_k: FloatArray
    latent_j: FloatArray

    def temperature_c(self, heat_j: FloatArray) -> FloatArray:
        """(s,) by the heat [J] above the solid at melt_c; the liquid holds twice as much."""
        beyond = np.maximum(heat_j - self.latent_j, 0.0) / (2.0 * self.solid_j_per_k)
        return self.melt_c + np.minimum(heat_j, 0.0) / self.solid_j_per_k + beyond


def layered_world(
    shipments: int,
    *,
    seed: int,
    contact: bool,
    hours: tuple[float, float] = (2.0, 5.0),
    grid_c: float = 0.1,
    offset_c: float = 0.5,
    goods_contact: bool | None = None,
) -> Tracks:
    """Trips of `shipments` boxes. contact : a pack lies against the lowest carton. goods_contact :
    other goods lie against the highest; None: no goods aboard."""
    random = np.random.default_rng(seed)

    def even(low: float, high: float) -> FloatArray:
        return random.uniform(low, high, shipments)

    length_h = even(*hours)
    steps = int(hours[1] * 3600.0 / STEP_S) + 1
    outside = _places(random, shipments, steps)
    lid = _openings(random, shipments, steps)
    drug_j_per_k = even(1500.0, 9000.0)
    carton = drug_j_per_k / CARTONS
    per_h = drug_j_per_k / 3600.0
    below = per_h * (even(1.5, 4.0) if contact else even(0.03, 0.2))
    above = np.zeros(shipments)
    if goods_contact is not None:
        above = per_h * (even(1.5, 4.0) if goods_contact else even(0.02, 0.15))
    to_air, inside = per_h * even(0.2, 0.6), per_h * even(25.0, 60.0)
    pack_air, wall_air, mixing = even(0.4, 0.9), even(2.0, 5.0), even(0.5, 2.0)
    foam, film = even(0.4, 0.9), even(3.0, 10.0)
    near = Pack(np.zeros(shipments), even(1500.0, 4000.0), even(1.0e5, 3.0e5))
    far = Pack(even(3.0, 5.0), even(1500.0, 4000.0), even(0.6e5, 2.0e5))
    near_j = -near.solid_j_per_k * even(0.0, 8.0)
    far_j = -far.solid_j_per_k * even(0.0, 10.0)
    drug = np.tile(even(3.0, 7.0), (CARTONS, 1))
    air = np.tile(drug[0], (2, 1))
    wall = np.linspace(1.0, 0.0, LAYERS)[:, None] * (drug[0] - outside[0]) + outside[0]
    goods = random.choice([4.0, 22.0, 55.0], shipments)
    seen = {name: np.empty((steps, shipments)) for name in ("drug", "coolant", "ambient", "goods")}
    for step in range(steps):
        near_c, far_c = near.temperature_c(near_j), far.temperature_c(far_j)
        for name, value in zip(seen, (drug[1], near_c, outside[step], goods), strict=True):
            seen[name][step] = value
        near_air, far_air = pack_air * (air[0] - near_c), pack_air * (air[1] - far_c)
        contact_w = below * (drug[0] - near_c)
        goods_w = above * (goods - drug[-1])
        surface = to_air * (air[[0, 0, 1]] - drug) / CARTONS
        rise = surface.copy()
        rise[0] -= contact_w
        rise[-1] += goods_w
        flow = inside * np.diff(drug, axis=0)
        rise[:-1] += flow
        rise[1:] -= flow
        stir = mixing * (air[1] - air[0])
        open_w = np.where(lid[step], 12.0, 0.0) * (outside[step] - air)
        inner = wall_air / 2.0 * (wall[0] - air)
        heat = inner + open_w
        heat[0] += stir - near_air - surface[0] - surface[1]
        heat[1] -= stir + far_air + surface[2]
        through = foam * LAYERS * np.diff(wall, axis=0)
        into_wall = np.zeros_like(wall)
        into_wall[0] -= inner.sum(axis=0)
        into_wall[-1] += film * (outside[step] - wall[-1])
        into_wall[:-1] += through
        into_wall[1:] -= through
        near_j = near_j + STEP_S * (near_air + contact_w)
        far_j = far_j + STEP_S * far_air
        drug = drug + STEP_S * rise / carton
        air = air + STEP_S * heat / AIR_J_PER_K
        wall = wall + STEP_S * into_wall / FOAM_LAYER_J_PER_K
        goods = goods + STEP_S / 3600.0 * 0.4 * (outside[step] - goods)
    if goods_contact is None:
        del seen["goods"]
    return _read(random, seen, lid, length_h, grid_c=grid_c, offset_c=offset_c)


def _places(random: np.random.Generator, shipments: int, steps: int) -> FloatArray:
    """Street, shop, vehicle and stairs, each for 4 to 40 minutes, with nothing between."""
    levels = random.uniform(-5.0, 35.0, shipments)[:, None] + random.choice(
        [0.0, 0.0, 8.0, -6.0, 3.0], (shipments, 90)
    )
    until = np.cumsum(random.uniform(240.0, 2400.0, (shipments, 90)) / STEP_S, axis=1)
    which = np.array([np.searchsorted(row, np.arange(steps)) for row in until]).clip(0, 89)
    drift = np.cumsum(random.normal(0.0, 0.01, (steps, shipments)), axis=0)
    return np.take_along_axis(levels, which, axis=1).T + drift


def _openings(random: np.random.Generator, shipments: int, steps: int) -> NDArray[np.bool_]:
    """On average an opening every two hours, each of 20 to 90 s."""
    lid = np.zeros((steps, shipments), dtype=bool)
    begin = random.uniform(size=(steps, shipments)) < STEP_S / 7200.0
    for step, box in zip(*np.nonzero(begin), strict=True):
        lid[step : step + int(random.uniform(20.0, 90.0) / STEP_S) + 1, box] = True
    return lid


def _read(
    random: np.random.Generator,
    seen: dict[str, FloatArray],
    lid: NDArray[np.bool_],
    length_h: FloatArray,
    *,
    grid_c: float,
    offset_c: float,
) -> Tracks:
    """Readings 30 to 150 s apart, now and then 4 minutes, with offset, lag, noise and grid."""
    steps, shipments = lid.shape
    usual_s: FloatArray = random.uniform(30.0, 150.0, (shipments, 1))
    step_s: FloatArray = usual_s * random.uniform(0.7, 1.3, (shipments, 900))
    step_s[random.uniform(size=step_s.shape) < 0.02] = 240.0
    time_s = np.cumsum(step_s, axis=1)
    kept = time_s < length_h[:, None] * 3600.0
    shipment, _ = np.nonzero(kept)
    when_s = np.round(time_s[kept], 1)
    row = np.minimum((when_s / STEP_S).astype(np.int64), steps - 1)
    temperature = {}
    for name, truth in seen.items():
        share = STEP_S / random.uniform(20.0, 150.0, shipments)
        lagged = truth.copy()
        for step in range(1, steps):
            lagged[step] = lagged[step - 1] + share * (truth[step] - lagged[step - 1])
        offsets: FloatArray = random.uniform(-offset_c, offset_c, (shipments,))
        value = lagged[row, shipment] + offsets[shipment]
        value += 0.04 * random.standard_normal(value.size)
        temperature[name] = np.round(value / grid_c) * grid_c
    return empty(
        Tracks,
        when_s.size,
        shipments=tuple(f"L{i}" for i in range(shipments)),
        loggers=("LG",),
        first=np.searchsorted(shipment, np.arange(shipments + 1)),
        time_s=when_s + START_S,
        logger=np.zeros(when_s.size, dtype=np.int64),
        temperature_c=temperature,
        lid_open=lid[row, shipment].astype(np.int8),
    )
