"""Loggers and boxes: what the office registered of them beside what was last heard of them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from coldwitness.api.cursors import read_cursor, write_cursor
from coldwitness.api.http.answers import documented, json_answer
from coldwitness.api.http.filters import Courier, Cursor, Limit
from coldwitness.api.http.quarantine import couriers_within
from coldwitness.api.http.schemas import (
    AnyEntry,
    BoxList,
    BoxListed,
    ClockSeen,
    DeviceList,
    DeviceListed,
    Seen,
)
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.office import RegisteredBox, RegisteredDevice, RegisterEntry
from coldwitness.domain.reach import Reach
from coldwitness.ingest.clock_offsets import ClockOffset
from coldwitness.ingest.last_seen import LastSeen
from coldwitness.ingest.progress import Progress, workers_followed

router = APIRouter(tags=["registers"])

_Item = TypeVar("_Item", DeviceListed, BoxListed)


@router.get("/v1/devices", responses=documented(DeviceList), response_model=None)
def list_devices(
    services: ServicesOf,
    caller: CallerOf,
    courier: Courier = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Loggers, registered or heard: entry, last reading, battery, clock, box and shipment (null:
    none), by id."""
    page, more = _page(devices(services, caller.reach, courier=courier), "devices", limit, cursor)
    return json_answer(DeviceList(tuple(page), more))


@router.get("/v1/boxes", responses=documented(BoxList), response_model=None)
def list_boxes(
    services: ServicesOf,
    caller: CallerOf,
    courier: Courier = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> Response:
    """Boxes, registered or heard: entry, loggers, last reading and shipment (null: none), by id."""
    page, more = _page(boxes(services, caller.reach, courier=courier), "boxes", limit, cursor)
    return json_answer(BoxList(tuple(page), more))


def devices(services: Services, reach: Reach, *, courier: str | None = None) -> list[DeviceListed]:
    """Every logger that is registered or was heard, by id and courier; within reach those of its
    couriers and those that are with a shipment of its."""
    everywhere, clocks = _heard(services, courier)
    heard, shipments = _within(services, reach, everywhere)
    all_of_them = courier is None and reach.everything
    entries = _entries(services, RegisteredDevice) if all_of_them else {}
    found = [
        DeviceListed(
            id=one.logger,
            entry=entries.get(one.logger),
            courier=one.courier or None,
            box=one.box or None,
            shipment=shipment,
            seen=_seen(one),
            clock=_clock(clocks.get(one.logger)),
        )
        for one, shipment in zip(heard, shipments, strict=True)
    ]
    known = {one.logger for one in heard}
    found += [
        DeviceListed(
            id=name, entry=entry, courier=None, box=None, shipment=None, seen=None, clock=None
        )
        for name, entry in entries.items()
        if name not in known
    ]
    return sorted(found, key=lambda one: (one.id, one.courier or ""))


def boxes(services: Services, reach: Reach, *, courier: str | None = None) -> list[BoxListed]:
    """Every box that is registered or was heard, by id and courier; within reach as loggers."""
    everywhere, _ = _heard(services, courier)
    heard, _ = _within(services, reach, everywhere)
    of_box: dict[tuple[str, str], list[LastSeen]] = {}
    for one in heard:
        if one.box:
            of_box.setdefault((one.box, one.courier), []).append(one)
    newest = [max(mine, key=lambda one: one.time_ms) for mine in of_box.values()]
    all_of_them = courier is None and reach.everything
    entries = _entries(services, RegisteredBox) if all_of_them else {}
    carried = _within(services, reach, newest)[1]
    found = [
        BoxListed(
            id=one.box,
            entry=entries.get(one.box),
            courier=one.courier or None,
            loggers=tuple(sorted(mine.logger for mine in of_box[one.box, one.courier])),
            shipment=shipment,
            seen=_seen(one),
        )
        for one, shipment in zip(newest, carried, strict=True)
    ]
    known = {one.box for one in newest}
    found += [
        BoxListed(id=name, entry=entry, courier=None, loggers=(), shipment=None, seen=None)
        for name, entry in entries.items()
        if name not in known
    ]
    return sorted(found, key=lambda one: (one.id, one.courier or ""))


def _page(
    items: Sequence[_Item], listing: str, limit: int, cursor: str | None
) -> tuple[list[_Item], str | None]:
    after = "" if cursor is None else read_cursor(cursor, listing=listing, kind=str)
    left = [one for one in items if cursor is None or _place(one) > after]
    more = write_cursor(listing, _place(left[limit - 1])) if len(left) > limit else None
    return left[:limit], more


def _place(one: DeviceListed | BoxListed) -> str:
    return f"{one.id} {one.courier or ''}"


def _heard(
    services: Services, courier: str | None
) -> tuple[list[LastSeen], dict[str, ClockOffset]]:
    """The newest of each courier's loggers over all workers, and the clocks by logger."""
    newest: dict[tuple[str, str], LastSeen] = {}
    clocks: dict[str, ClockOffset] = {}
    directory = services.settings.journal.directory
    for worker in workers_followed(directory):
        with Progress(directory, worker) as progress:
            for one in progress.seen(courier=courier):
                known = newest.get((one.courier, one.logger))
                if known is None or one.time_ms > known.time_ms:
                    newest[one.courier, one.logger] = one
            for clock in progress.clocks():
                known_clock = clocks.get(clock.logger)
                if known_clock is None or clock.updated_ms > known_clock.updated_ms:
                    clocks[clock.logger] = clock
    return list(newest.values()), clocks


def _within(
    services: Services, reach: Reach, heard: Sequence[LastSeen]
) -> tuple[list[LastSeen], list[str | None]]:
    """Those that may be seen, each with its shipment; another's shipment is not named."""
    shipments = _shipments(services, heard)
    if reach.everything:
        return [*heard], shipments
    theirs = services.register.shipments.seen(
        {name for name in shipments if name is not None}, reach=reach
    )
    couriers = couriers_within(services, reach, asked=None) or frozenset()
    kept = [
        (one, shipment if shipment in theirs else None)
        for one, shipment in zip(heard, shipments, strict=True)
        if one.courier in couriers or shipment in theirs
    ]
    return [one for one, _ in kept], [shipment for _, shipment in kept]


def _shipments(services: Services, heard: Sequence[LastSeen]) -> list[str | None]:
    """Whose the last reading of each is: its own word, else its box's stay at that time."""
    placed = [place for place, one in enumerate(heard) if one.shipment is None and one.box]
    found = [one.shipment for one in heard]
    stays = services.register.custody.shipments_at(
        [heard[place].box for place in placed], [heard[place].time_ms for place in placed]
    )
    for place, shipment in zip(placed, stays, strict=True):
        found[place] = shipment
    return found


def _entries(services: Services, kind: type[RegisterEntry]) -> Mapping[str, AnyEntry]:
    listed: Iterable[tuple[str, RegisterEntry]] = services.register.office.listed(kind).items()
    return {name: msgspec.to_builtins(entry) for name, entry in listed}


def _seen(one: LastSeen) -> Seen:
    return Seen(
        time=rfc3339(one.time_ms),
        received=rfc3339(one.received_ms),
        temperature=one.temperature_c,
        battery_v=one.battery_v,
    )


def _clock(clock: ClockOffset | None) -> ClockSeen | None:
    if clock is None:
        return None
    return ClockSeen(
        ahead_s=(clock.low_ms / 1000, clock.high_ms / 1000), measured_at=rfc3339(clock.updated_ms)
    )
