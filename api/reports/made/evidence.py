"""The readings as they stand in the report, and back: nothing is lost on the way.

A verifier judges the readings of the report again, so the columns carry all that judging uses.
"""

from collections.abc import Sequence, Sized
from dataclasses import replace
from typing import Any

import numpy as np

from coldwitness.api.reports.made.columns import (
    codes_of,
    counts_if_any,
    epochs_of,
    flags,
    floats_of,
    indexes,
    numbers,
    times,
    times_if_any,
    whole_of,
)
from coldwitness.api.reports.made.instants import instants
from coldwitness.api.reports.made.model import Readings
from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.reading import ENDING_EVENTS, Event
from coldwitness.domain.tracks import IntArray, Tracks

AT_CONSIGNEE = ("arrived", *ENDING_EVENTS)
NO_READINGS = Readings(
    loggers=(),
    time=(),
    received=(),
    logger=(),
    seq=(),
    conflict=(),
    temperature_c={},
    lat=(),
    lon=(),
    accuracy_m=(),
    lid_open=(),
    moving=(),
    light_lux=(),
)
"""Of a report that is drawn from arrays and not handed out."""


def readings_of(tracks: Tracks) -> Readings:
    """Columns of the one shipment in `tracks`; raises BadInput if there are several."""
    if len(tracks.shipments) != 1:
        raise BadInput(f"report: expected the readings of one shipment, got {tracks.shipments}")
    return Readings(
        loggers=tracks.loggers,
        time=times(tracks.time_s),
        received=times_if_any(tracks.received_s),
        logger=indexes(tracks.logger),
        seq=counts_if_any(tracks.seq),
        conflict=indexes(np.flatnonzero(tracks.conflict)),
        temperature_c={
            name: numbers(column)
            for name, column in tracks.temperature_c.items()
            if not np.isnan(column).all()
        },
        lat=numbers(tracks.lat_deg),
        lon=numbers(tracks.lon_deg),
        accuracy_m=numbers(tracks.accuracy_m),
        lid_open=flags(tracks.lid_open),
        moving=flags(tracks.moving),
        light_lux=numbers(tracks.light_lux),
    )


def own_loggers(tracks: Tracks) -> Tracks:
    """The same readings with only the loggers that stand in them, numbered anew: a shipment
    judged among many keeps the names of all their loggers."""
    used = np.unique(tracks.logger[tracks.logger >= 0])
    place = np.full(len(tracks.loggers) + 1, -1, dtype=np.int64)
    place[used] = np.arange(used.size)
    return replace(
        tracks,
        loggers=tuple(tracks.loggers[k] for k in used.tolist()),
        logger=place[tracks.logger],
    )


def tracks_of(readings: Readings, shipment: str) -> Tracks:
    """The Tracks that `readings_of` was given (without probes that never gave a value).

    Raises BadInput where the columns do not fit together.
    """
    n = len(readings.time)
    columns: dict[str, Sized] = {
        "received": readings.received,
        "logger": readings.logger,
        "seq": readings.seq,
        "lat": readings.lat,
        "lon": readings.lon,
        "accuracy_m": readings.accuracy_m,
        "lid_open": readings.lid_open,
        "moving": readings.moving,
        "light_lux": readings.light_lux,
        **{f"temperature_c.{name}": column for name, column in readings.temperature_c.items()},
    }
    for name, column in columns.items():
        if len(column) != n:
            raise BadInput(f"readings.{name}: expected {n} values as in time, got {len(column)}")
    logger, rows = _whole(readings.logger, "logger"), _whole(readings.conflict, "conflict")
    if ((logger < -1) | (logger >= len(readings.loggers))).any():
        raise BadInput("readings.logger: expected indexes into readings.loggers")
    if ((rows < 0) | (rows >= n)).any():
        raise BadInput(f"readings.conflict: expected rows below {n}")
    try:
        time_s, received_s = epochs_of(readings.time), epochs_of(readings.received)
    except ValueError as error:
        raise BadInput(f"readings.time: {error}") from error
    if (np.diff(time_s) < 0).any():
        raise BadInput("readings.time: expected times that never fall")
    conflict = np.zeros(n, dtype=np.bool_)
    conflict[rows] = True
    return Tracks(
        shipments=(shipment,),
        loggers=readings.loggers,
        first=np.array([0, n], dtype=np.int64),
        time_s=time_s,
        received_s=received_s,
        logger=logger,
        seq=whole_of(readings.seq),
        conflict=conflict,
        temperature_c={name: floats_of(column) for name, column in readings.temperature_c.items()},
        lat_deg=floats_of(readings.lat),
        lon_deg=floats_of(readings.lon),
        accuracy_m=floats_of(readings.accuracy_m),
        lid_open=codes_of(readings.lid_open),
        moving=codes_of(readings.moving),
        light_lux=floats_of(readings.light_lux),
    )


def _whole(column: Sequence[int | None], name: str) -> IntArray:
    try:
        return whole_of(column)
    except OverflowError as error:
        raise BadInput(f"readings.{name}: expected numbers of rows") from error


def site_of(event: Event) -> str | None:
    """The event's place by name; none for a place of delivery, which may be a home."""
    return None if event.event in AT_CONSIGNEE else event.site


def event_object(event: Event) -> dict[str, object]:
    """An event as the report keeps it: what judging uses, without actor and note (people)."""
    place = None
    if event.lat_deg is not None and event.lon_deg is not None:
        place = {"lat": event.lat_deg, "lon": event.lon_deg}
    kept: dict[str, object] = {
        "event": event.event,
        "time": instants(np.array([event.time_ms / 1000.0]))[0],
        "site": site_of(event),
        "position": place,
        "logger": event.logger,
        "box": event.box,
    }
    return {key: value for key, value in kept.items() if value is not None}


def event_of(raw: dict[str, Any], shipment: str) -> Event:
    """Inverse of `event_object` for all that judging uses. Raises BadInput."""
    try:
        place = raw.get("position") or {}
        return Event(
            event=str(raw["event"]),
            time_ms=instant_ms(raw["time"]),
            shipment=shipment,
            site=raw.get("site"),
            logger=raw.get("logger"),
            box=raw.get("box"),
            lat_deg=place.get("lat"),
            lon_deg=place.get("lon"),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadInput(f"events: {error}") from error
