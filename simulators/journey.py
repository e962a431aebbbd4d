"""Where a box goes and what is done with it: roads, lights, jams, halts, the door, the lid.

Times are seconds since the recorder was started in the pharmacy; places are metres east and
north of the origin. A journey is drawn from its scenario and is itself the truth about stops.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.tracks import FloatArray
from coldwitness.simulators.packing import seasons
from coldwitness.simulators.scenario import Halt, Journey, Place, Scenario, draw

PRE_ROLL_S = 150.0
"""The recorder runs this long before the packing is recorded."""
AFTER_S = 150.0
"""And this long after the delivery."""

_SPEED_M_S = {"ebike": 5.8, "van": 9.5}
_LIGHT_EVERY_M = 600.0


@dataclass(frozen=True)
class Stop:
    """A true standstill of at least a minute. kind: light, jam, halt, delivery (to another
    consumer), pharmacy, door."""

    kind: str
    start_s: float
    end_s: float
    x_m: float
    y_m: float
    carried_in: bool = False
    declared: bool = False
    max_minutes: float | None = None


@dataclass(frozen=True)
class Custody:
    """A custody event to be sent; site names a manifest site where the box is at one."""

    event: str
    time_s: float
    site: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Phase:
    """From start_s on the box stands in air of this kind; air_c None: the street's own."""

    start_s: float
    kind: str
    air_c: float | None
    sun: float


@dataclass(frozen=True)
class Site:
    name: str
    x_m: float
    y_m: float
    role: str
    max_minutes: float | None


@dataclass(frozen=True)
class OtherDrop:
    """Another shipment of the box, delivered on the way."""

    time_s: float
    x_m: float
    y_m: float


@dataclass
class Trip:
    """A drawn journey. knots: piecewise linear path; lid: (start_s, end_s, seen); others: further
    shipments of the box."""

    knot_s: list[float] = field(default_factory=list)
    knot_x_m: list[float] = field(default_factory=list)
    knot_y_m: list[float] = field(default_factory=list)
    phases: list[Phase] = field(default_factory=list)
    stops: list[Stop] = field(default_factory=list)
    custody: list[Custody] = field(default_factory=list)
    sites: list[Site] = field(default_factory=list)
    others: list[OtherDrop] = field(default_factory=list)
    lid: list[tuple[float, float, bool]] = field(default_factory=list)
    packed_s: float = PRE_ROLL_S
    left_s: float = 0.0
    goods_from_s: float = 0.0
    arrived_s: float = 0.0
    delivered_s: float = 0.0
    end_s: float = 0.0
    destination_m: tuple[float, float] = (0.0, 0.0)

    def position_m(self, time_s: FloatArray) -> tuple[FloatArray, FloatArray]:
        """East and north [m] of the origin at each time."""
        x = np.interp(time_s, self.knot_s, self.knot_x_m)
        y = np.interp(time_s, self.knot_s, self.knot_y_m)
        return np.asarray(x), np.asarray(y)

    def moving(self, time_s: FloatArray) -> NDArray[np.bool_]:
        """Whether the box was carried or driven at each time (an accelerometer's view)."""
        knots = np.array(self.knot_s)
        steps = np.hypot(np.diff(self.knot_x_m), np.diff(self.knot_y_m))
        leg = np.clip(np.searchsorted(knots, time_s, side="right") - 1, 0, steps.size - 1)
        return np.asarray(steps[leg] > 0.5)


def draw_trip(scenario: Scenario, rng: np.random.Generator) -> Trip:
    """One journey of the scenario."""
    plan, season = scenario.journey, seasons()[scenario.season]
    indoors_c = draw(rng, season.indoors_c)
    trip = Trip()
    _at(trip, 0.0, 0.0, 0.0)
    trip.phases.append(Phase(0.0, "pharmacy", indoors_c, 0.0))
    trip.lid.append((0.0, trip.packed_s - 30.0, True))
    trip.custody.append(Custody("packed", trip.packed_s, site="pharmacy"))
    now = trip.packed_s + 60.0 * draw(rng, plan.packing_min)
    trip.stops.append(Stop("pharmacy", 0.0, now, 0.0, 0.0))
    trip.custody.append(Custody("picked_up", now - 20.0, site="pharmacy"))
    trip.left_s = now
    trip.goods_from_s = now - 75.0
    if scenario.pack.goods != "none":
        trip.lid.append((trip.goods_from_s - 15.0, now - 45.0, True))
    _at(trip, now, 0.0, 0.0)
    now = _ride(trip, scenario, rng, now, indoors_c)
    now = _door(trip, plan, rng, now, indoors_c)
    trip.end_s = now + AFTER_S
    _at(trip, trip.end_s, *trip.destination_m)
    _open_lid(trip, plan, rng)
    _press(trip, plan, rng)
    return trip


def _press(trip: Trip, plan: Journey, rng: np.random.Generator) -> None:
    """The ending event is pressed late, or at a halt before the end of the way."""
    late_s = 60.0 * draw(rng, plan.pressed_late_min)
    halts = [stop for stop in trip.stops if stop.kind == "halt"]
    if plan.pressed_at_halt and halts:
        pressed_s = halts[0].start_s + 120.0
        trip.custody = [c for c in trip.custody if c.event not in (plan.ending, "arrived")]
    elif late_s:
        pressed_s = trip.delivered_s + late_s
        trip.custody = [c for c in trip.custody if c.event != plan.ending]
        trip.end_s = pressed_s + AFTER_S
        trip.lid[-1] = (trip.lid[-1][0], trip.end_s, True)
        _at(trip, trip.end_s, *trip.destination_m)
    else:
        return
    trip.custody.append(Custody(plan.ending, pressed_s, site="destination"))
    trip.custody.sort(key=lambda custody: custody.time_s)


def _ride(
    trip: Trip, scenario: Scenario, rng: np.random.Generator, now: float, indoors_c: float
) -> float:
    """The way from origin to destination in blocks of a street grid."""
    plan, season = scenario.journey, seasons()[scenario.season]
    vehicle_c = draw(rng, season.vehicle_c)
    riding = Phase(now, "street", None, 1.0)
    if plan.vehicle == "van":
        riding = Phase(now, "vehicle", vehicle_c, 0.35)
    trip.phases.append(riding)
    length_m = 1000.0 * draw(rng, plan.distance_km)
    blocks = _blocks(length_m, rng)
    ahead = sorted(
        ((draw(rng, halt.at), number, halt) for number, halt in enumerate(plan.halts)),
        key=lambda entry: entry[0],
    )
    jam_s, jam_at = 60.0 * draw(rng, plan.jam_min), rng.uniform(0.3, 0.7)
    x = y = ridden = 0.0
    for dx, dy in blocks:
        block_m = abs(dx) + abs(dy)
        while ahead and ahead[0][0] * length_m <= ridden + block_m:
            now = _halt(trip, ahead.pop(0)[2], rng, now, (x, y), indoors_c, riding)
        x, y, ridden = x + dx, y + dy, ridden + block_m
        if jam_s and ridden > jam_at * length_m:
            now = _crawl(trip, rng, now, jam_s, (x - dx, y - dy), (dx, dy))
            jam_s = 0.0
        else:
            now += block_m / (_SPEED_M_S[plan.vehicle] * rng.uniform(0.75, 1.2))
        _at(trip, now, x, y)
        if rng.random() < 0.55:
            wait = rng.uniform(10.0, 85.0)
            if wait >= 60.0:
                trip.stops.append(Stop("light", now, now + wait, x, y))
            now += wait
            _at(trip, now, x, y)
    for _, _, halt in ahead:
        now = _halt(trip, halt, rng, now, (x, y), indoors_c, riding)
    trip.destination_m = (x, y)
    return now


def _blocks(length_m: float, rng: np.random.Generator) -> list[tuple[float, float]]:
    """Blocks of a street grid, turned at random, always gaining on the destination."""
    n = max(4, round(length_m / _LIGHT_EVERY_M))
    sizes = rng.uniform(0.6, 1.4, n)
    sizes *= length_m / sizes.sum()
    east = rng.random(n) < rng.uniform(0.25, 0.75)
    signs = rng.choice([-1.0, 1.0], 2)
    return [
        (float(size * signs[0]), 0.0) if is_east else (0.0, float(size * signs[1]))
        for size, is_east in zip(sizes, east, strict=True)
    ]


def _crawl(
    trip: Trip,
    rng: np.random.Generator,
    now: float,
    jam_s: float,
    start: tuple[float, float],
    block: tuple[float, float],
) -> float:
    """Stop and go over one block: never long at one place, however long the jam."""
    end = now + jam_s
    share, waits = 0.0, max(3, round(jam_s / 75.0))
    for number in range(waits):
        wait = (end - now) / (waits - number) * rng.uniform(0.6, 0.9)
        x, y = start[0] + share * block[0], start[1] + share * block[1]
        if wait >= 60.0:
            trip.stops.append(Stop("jam", now, now + wait, x, y))
        _at(trip, now, x, y)
        _at(trip, now + wait, x, y)
        share = (number + 1) / waits
        now += wait + (end - now) / (waits - number) * 0.25
        _at(trip, now, start[0] + share * block[0], start[1] + share * block[1])
    return now


def _halt(
    trip: Trip,
    halt: Halt,
    rng: np.random.Generator,
    now: float,
    place: tuple[float, float],
    indoors_c: float,
    riding: Phase,
) -> float:
    """A halt at a place by the road; returns when the way goes on."""
    minutes = draw(rng, halt.minutes)
    room_c = None if halt.room_c is None else draw(rng, halt.room_c)
    opened_s = 60.0 * draw(rng, halt.opened_min)
    start, end = now, now + 60.0 * minutes
    name = f"{halt.role}-{len(trip.sites) + 1}" if halt.declared else None
    if name is not None:
        trip.sites.append(Site(name, *place, halt.role, halt.max_minutes))
    _at(trip, start, *place)
    if halt.moved_m:
        _shift_about(trip, rng, start, end, place, draw(rng, halt.moved_m))
    _at(trip, end, *place)
    if halt.carried_in:
        trip.phases.append(
            Phase(start + 45.0, halt.place, _air_c(halt.place, room_c, indoors_c), 0)
        )
        trip.phases.append(Phase(end - 30.0, riding.kind, riding.air_c, riding.sun))
    elif halt.place == "yard":
        trip.phases.append(Phase(start, "yard", None, 0.3))
        trip.phases.append(Phase(end, riding.kind, riding.air_c, riding.sun))
    if halt.handed_over:
        trip.custody.append(Custody("handed_over", start + 40.0, site=name))
    if halt.recorded:
        trip.custody.append(Custody("stored", start + 60.0, site=name))
        trip.custody.append(Custody("retrieved", end - 60.0, site=name))
    if opened_s:
        middle = start + 0.3 * (end - start)
        trip.lid.append((middle, min(middle + opened_s, end - 30.0), True))
    for n in range(halt.deliveries):
        at = start + (n + 1) / (halt.deliveries + 1) * (end - start)
        trip.others.append(OtherDrop(at, *place))
    trip.stops.append(
        Stop(halt.purpose, start, end, *place, halt.carried_in, halt.declared, halt.max_minutes)
    )
    return end


def _shift_about(
    trip: Trip,
    rng: np.random.Generator,
    start: float,
    end: float,
    place: tuple[float, float],
    reach_m: float,
) -> None:
    """The box is put elsewhere in the yard every five minutes or so, within `reach_m`."""
    now, x, y = start, *place
    while (now := now + rng.uniform(240.0, 420.0)) < end - 60.0:
        _at(trip, now, x, y)
        bearing = rng.uniform(0.0, 2 * np.pi)
        x, y = place[0] + reach_m * np.cos(bearing), place[1] + reach_m * np.sin(bearing)
        now += 30.0
        _at(trip, now, x, y)
    _at(trip, end - 30.0, x, y)


def _air_c(place: Place, room_c: float | None, indoors_c: float) -> float | None:
    if room_c is not None:
        return room_c
    return {"cold_room": 5.0, "yard": None}.get(place, indoors_c)


def _door(
    trip: Trip, plan: Journey, rng: np.random.Generator, now: float, indoors_c: float
) -> float:
    """Arrival, the wait for the consumer, the handing over of the drug."""
    trip.arrived_s = now
    wait_s = 60.0 * draw(rng, plan.door_wait_min)
    if plan.door_place != "yard":
        trip.phases.append(Phase(now + 30.0, plan.door_place, indoors_c, 0.0))
    trip.custody.append(Custody("arrived", now + 10.0, site="destination"))
    trip.delivered_s = now + max(wait_s, 40.0)
    trip.custody.append(Custody(plan.ending, trip.delivered_s, site="destination"))
    trip.stops.append(Stop("door", now, trip.delivered_s, *trip.destination_m))
    trip.lid.append((trip.delivered_s + 20.0, trip.delivered_s + AFTER_S, True))
    _at(trip, trip.delivered_s, *trip.destination_m)
    return trip.delivered_s


def _open_lid(trip: Trip, plan: Journey, rng: np.random.Generator) -> None:
    for opening in plan.lid:
        start = trip.left_s + draw(rng, opening.at) * (trip.arrived_s - trip.left_s)
        end = min(start + 60.0 * draw(rng, opening.minutes), trip.delivered_s - 30.0)
        trip.lid.append((start, end, opening.seen))
        if opening.seen:
            trip.custody.append(Custody("opened", start))
            trip.custody.append(Custody("closed", end))
    trip.lid.sort()
    trip.custody.sort(key=lambda custody: custody.time_s)


def _at(trip: Trip, time_s: float, x_m: float, y_m: float) -> None:
    """The box is at a place at a time not before the last knot's."""
    trip.knot_s.append(max(time_s, trip.knot_s[-1] if trip.knot_s else 0.0))
    trip.knot_x_m.append(x_m)
    trip.knot_y_m.append(y_m)
