"""Outside air, sun, wind and lid of each box on the step grid, from its journey and season."""

import numpy as np

from coldwitness.domain.tracks import FloatArray
from coldwitness.simulators.journey import Trip
from coldwitness.simulators.packing import seasons
from coldwitness.simulators.scenario import Scenario, draw
from coldwitness.simulators.thermal import STEP_S, Surroundings

_AIR_LAG_S = 60.0
"""Air around a box that is carried into a room is the room's after about a minute."""


def surround(
    trips: list[Trip], scenarios: list[Scenario], rngs: list[np.random.Generator]
) -> Surroundings:
    """Surroundings of all boxes until the last of them has ended its journey; a box whose
    journey ended earlier stands in what it had last, so its data do not depend on the others."""
    steps = [int(trip.end_s / STEP_S) + 2 for trip in trips]
    shape = (max(steps), len(trips))
    air, sun, wind, lid = (np.empty(shape) for _ in range(4))
    for box, (trip, scenario, rng) in enumerate(zip(trips, scenarios, rngs, strict=True)):
        n = steps[box]
        time_s = np.arange(n, dtype=np.float64) * STEP_S
        air[:n, box], sun[:n, box] = _air_and_sun(trip, scenario, rng, time_s)
        wind[:n, box] = np.where(trip.moving(time_s), 2.2, 1.0)
        lid[:n, box] = 0.0
        for start_s, end_s, _ in trip.lid:
            lid[:n, box][(time_s >= start_s) & (time_s < end_s)] = 1.0
        for column in (air, sun, wind, lid):
            column[n:, box] = column[n - 1, box]
    smoothed = air.copy()
    for step in range(1, shape[0]):
        smoothed[step] = smoothed[step - 1] + STEP_S / _AIR_LAG_S * (air[step] - smoothed[step - 1])
    return Surroundings(air_c=smoothed, sun_w_m2=sun, wind=wind, lid=lid)


def _air_and_sun(
    trip: Trip, scenario: Scenario, rng: np.random.Generator, time_s: FloatArray
) -> tuple[FloatArray, FloatArray]:
    season = seasons()[scenario.season]
    street = draw(rng, season.street_c) + season.rise_c_per_h * time_s / 3600.0
    street = street + _slow_noise(rng, time_s, every_s=600.0, sigma=0.5)
    cloud = np.clip(0.75 + _slow_noise(rng, time_s, every_s=420.0, sigma=0.3), 0.1, 1.0)
    lit = (rng.random(time_s.size // 24 + 1) < 0.6).repeat(24)[: time_s.size]
    air, share = street.copy(), np.zeros(time_s.size)
    for number, phase in enumerate(trip.phases):
        last = number + 1 == len(trip.phases)
        part = time_s >= phase.start_s
        if not last:
            part &= time_s < trip.phases[number + 1].start_s
        if phase.kind == "vehicle" and phase.air_c is not None:
            air[part] = street[part] + phase.air_c
        elif phase.air_c is not None:
            air[part] = phase.air_c
        share[part] = phase.sun
    return air, np.asarray(season.sun_w_m2 * share * cloud * lit)


def _slow_noise(
    rng: np.random.Generator, time_s: FloatArray, *, every_s: float, sigma: float
) -> FloatArray:
    """Wandering around 0: independent values every `every_s`, joined by straight lines."""
    knots = np.arange(int(time_s[-1] / every_s) + 2)
    return np.asarray(np.interp(time_s, knots * every_s, rng.normal(0.0, sigma, knots.size)))
