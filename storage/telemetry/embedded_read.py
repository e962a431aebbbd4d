"""Reading the embedded store: records joined to bytes, bytes seen as numpy columns."""

import json
import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.box_stays import BoxStay
from coldwitness.domain.channels import CHANNELS, Channel
from coldwitness.domain.columns import thinned
from coldwitness.domain.reading_table import column_of, joined, with_sorted_names
from coldwitness.domain.tracks import IntArray, ReadingTable
from coldwitness.storage.telemetry.columns import Columns
from coldwitness.storage.telemetry.record import Layout, layout_named

_HOUR_MS = 3_600_000
_FETCHED_AT_ONCE = 20_000
"""Rows held as objects: each is two hundred bytes and more, and its record a third of that."""
_ASSEMBLED_AT_ONCE = 200_000
"""Rows made into columns at once; of more, what all of them say alike is kept as one value."""
_DAY_MS = 86_400_000

_IDS = "SELECT name, id FROM name WHERE name IN (SELECT value FROM json_each(?))"
_NAMES = "SELECT id, name FROM name WHERE id IN (SELECT value FROM json_each(?))"
_DECLARED = (
    "SELECT shipment, logger, layout, min(hour), max(hour) FROM presence_{0}"
    " WHERE shipment IN (SELECT value FROM json_each(?)) GROUP BY shipment, logger, layout"
)
_STAYED = (
    "SELECT DISTINCT logger, layout FROM presence_{0}"
    " WHERE shipment=0 AND box=? AND hour BETWEEN ? AND ?"
)
_SPOKE = (
    "SELECT DISTINCT name, logger, layout FROM presence_{0} JOIN name ON name.id = logger"
    " WHERE hour BETWEEN ? AND ? ORDER BY name, layout"
)
_HOURS = "SELECT DISTINCT hour FROM presence_{0}"
_RECORDS = (
    "SELECT record, received_ms FROM reading_{0}"
    " WHERE logger=? AND time_ms>=? AND time_ms<? AND layout=?"
)


@dataclass(frozen=True)
class _Scan:
    """One range of one logger's rows of one layout, and which of them are wanted: those of
    box `box` (-1 any) that declare `shipment` (0: none, -1 any). `target` is the row's
    shipment in the answer."""

    logger: int
    layout: int
    from_ms: int
    to_ms: int
    box: int
    shipment: int
    target: int


def assigned(
    connection: sqlite3.Connection, shipments: Sequence[str], stays: Sequence[BoxStay]
) -> ReadingTable:
    """Readings that declare one of `shipments`, and undeclared ones within the stays."""
    active = generations(connection)[0]
    ids = _ids(connection, [*shipments, *(stay.box for stay in stays)])
    scans = _declared(connection, active, ids, shipments)
    scans += _stayed(connection, active, ids, shipments, stays)
    return _columns(connection, active, scans, tuple(shipments)).table


def between(connection: sqlite3.Connection, start_ms: int, end_ms: int) -> Columns:
    """Every reading of a time range, by logger name, time, layout and record."""
    active = generations(connection)[0]
    hours = (start_ms // _HOUR_MS, (end_ms - 1) // _HOUR_MS)
    spoke = connection.execute(_SPOKE.format(active), hours)
    scans = [
        _Scan(logger, shape, start_ms, end_ms, box=-1, shipment=-1, target=-1)
        for _, logger, shape in spoke.fetchall()
    ]
    return _columns(connection, active, scans, None)


def days_ms(connection: sqlite3.Connection) -> list[int]:
    active = generations(connection)[0]
    hours = connection.execute(_HOURS.format(active))
    return sorted({hour * _HOUR_MS // _DAY_MS * _DAY_MS for (hour,) in hours})


def generations(connection: sqlite3.Connection) -> tuple[int, ...]:
    """The generation that is read, then the one being built, if any."""
    found = dict(connection.execute("SELECT key, value FROM meta").fetchall())
    building = found.get("building")
    active = int(found["active"])
    return (active,) if building is None else (active, int(building))


def _ids(connection: sqlite3.Connection, names: Iterable[str]) -> dict[str, int]:
    return dict(connection.execute(_IDS, (json.dumps(sorted(set(names))),)).fetchall())


def _declared(
    connection: sqlite3.Connection, active: int, ids: dict[str, int], shipments: Sequence[str]
) -> list[_Scan]:
    target = {ids[name]: index for index, name in enumerate(shipments) if name in ids}
    rows = connection.execute(_DECLARED.format(active), (json.dumps(sorted(target)),))
    return [
        _Scan(
            logger,
            shape,
            from_ms=first * _HOUR_MS,
            to_ms=(last + 1) * _HOUR_MS,
            box=-1,
            shipment=shipment,
            target=target[shipment],
        )
        for shipment, logger, shape, first, last in rows.fetchall()
    ]


def _stayed(
    connection: sqlite3.Connection,
    active: int,
    ids: dict[str, int],
    shipments: Sequence[str],
    stays: Sequence[BoxStay],
) -> list[_Scan]:
    target = {name: index for index, name in enumerate(shipments)}
    scans = []
    for stay in stays:
        box = ids.get(stay.box)
        if box is None or stay.shipment not in target:
            continue
        end_ms = 2**62 if stay.end_ms is None else stay.end_ms
        hours = (box, stay.start_ms // _HOUR_MS, end_ms // _HOUR_MS)
        for logger, shape in connection.execute(_STAYED.format(active), hours).fetchall():
            scans.append(_Scan(logger, shape, stay.start_ms, end_ms, box, 0, target[stay.shipment]))
    return scans


def _columns(
    connection: sqlite3.Connection,
    active: int,
    scans: Sequence[_Scan],
    shipments: tuple[str, ...] | None,
) -> Columns:
    """The wanted rows of all scans; `shipments` None: each row keeps its declared one."""
    pieces: list[Columns] = []
    parts: list[_Part] = []
    rows = 0
    for part in _parts(connection, active, scans):
        parts.append(part)
        rows += len(part.rows)
        if rows >= _ASSEMBLED_AT_ONCE:
            pieces.append(_piece(connection, parts, shipments))
            parts, rows = [], 0
    if not pieces:
        return _assembled(connection, parts, shipments)
    if parts:
        pieces.append(_piece(connection, parts, shipments))
    table = joined([piece.table for piece in pieces])
    table = with_sorted_names(table, shipments=shipments is None)
    return Columns(
        table=replace(table, temperature_c=dict(sorted(table.temperature_c.items()))),
        time_source=np.concatenate([piece.time_source for piece in pieces]),
    )


def _piece(
    connection: sqlite3.Connection, parts: Sequence["_Part"], shipments: tuple[str, ...] | None
) -> Columns:
    """Some of many rows: a column that says one thing in all of them is kept as one value."""
    piece = _assembled(connection, parts, shipments)
    return replace(piece, table=thinned(piece.table))


def _parts(
    connection: sqlite3.Connection, active: int, scans: Sequence[_Scan]
) -> Iterator["_Part"]:
    """Rows of each layout, so many at most in each."""
    fetch = _RECORDS.format(active)
    for shape in _layouts(connection, {scan.layout for scan in scans}):
        part = _Fetched(shape)
        for scan in scans:
            if scan.layout != shape.id:
                continue
            bounds = (scan.logger, scan.from_ms, scan.to_ms, shape.id)
            cursor = connection.execute(fetch, bounds)
            while rows := cursor.fetchmany(_FETCHED_AT_ONCE):
                part.take(scan, rows)
                if len(part.received) >= _ASSEMBLED_AT_ONCE:
                    yield part.kept()
                    part = _Fetched(shape)
        yield part.kept()


class _Fetched:
    """Records as they come, without an object for each."""

    def __init__(self, shape: Layout) -> None:
        self.shape = shape
        self.received = array("q")
        self._records: list[bytes] = []
        self._scans: list[_Scan] = []
        self._counts: list[int] = []

    def take(self, scan: _Scan, rows: Sequence[tuple[bytes, int]]) -> None:
        self._records.append(b"".join([row[0] for row in rows]))
        self.received.extend([row[1] for row in rows])
        self._scans.append(scan)
        self._counts.append(len(rows))

    def kept(self) -> "_Part":
        records = b"".join(self._records)
        return _Part(self.shape, self._scans, records, self.received, self._counts)


class _Part:
    """Rows of one layout as columns, unwanted ones dropped."""

    def __init__(
        self,
        shape: Layout,
        scans: Sequence[_Scan],
        records: bytes,
        received: "array[int]",
        counts: Sequence[int],
    ) -> None:
        def spread(values: Sequence[int]) -> IntArray:
            return np.repeat(np.array(values, dtype=np.int64), counts)

        rows = shape.columns(records)
        shipment, box = spread([s.shipment for s in scans]), spread([s.box for s in scans])
        wanted = ((shipment == -1) | (rows["shipment"] == shipment)) & (
            (box == -1) | (rows["box"] == box)
        )
        self.shape = shape
        self.rows = rows[wanted]
        self.received_ms = np.frombuffer(received, dtype=np.int64)[wanted]
        self.logger = spread([s.logger for s in scans])[wanted]
        self.target = spread([s.target for s in scans])[wanted]


def _assembled(
    connection: sqlite3.Connection, parts: Sequence[_Part], shipments: tuple[str, ...] | None
) -> Columns:
    def column(name: str, dtype: type) -> NDArray[Any]:
        return np.concatenate(
            [np.empty(0, dtype), *(part.rows[name].astype(dtype) for part in parts)]
        )

    def said(channel: Channel) -> NDArray[Any]:
        nothing = column_of(channel, [None])
        return np.concatenate(
            [
                nothing[:0],
                *(
                    part.rows[channel.name]
                    if channel.name in (part.rows.dtype.names or ())
                    else np.repeat(nothing, part.rows.size)
                    for part in parts
                ),
            ]
        )

    def whole(name: str) -> IntArray:
        return np.concatenate([np.empty(0, np.int64), *(getattr(part, name) for part in parts)])

    def probe(name: str) -> NDArray[np.float64]:
        return np.concatenate(
            [
                part.shape.probe(part.rows, name)
                if name in part.shape.probes
                else np.full(part.rows.size, np.nan)
                for part in parts
            ]
        )

    boxes, box = _named(connection, column("box", np.int64))
    loggers, logger = _named(connection, whole("logger"))
    couriers, courier = _named(connection, column("courier", np.int64))
    shipment = whole("target")
    if shipments is None:
        shipments, shipment = _named(connection, column("shipment", np.int64))
    probes = sorted({name for part in parts for name in part.shape.probes})
    table = ReadingTable(
        shipments=shipments,
        couriers=couriers,
        boxes=boxes,
        loggers=loggers,
        shipment=shipment,
        courier=courier,
        box=box,
        logger=logger,
        time_ms=column("time_ms", np.int64),
        received_ms=whole("received_ms"),
        temperature_c={name: probe(name) for name in probes},
        **{channel.name: said(channel) for channel in CHANNELS},
    )
    return Columns(
        table=table,
        time_source=column("time_source", np.int8),
    )


def _named(connection: sqlite3.Connection, ids: IntArray) -> tuple[tuple[str, ...], IntArray]:
    """Names of the ids that occur, sorted, and each row's index among them; -1 for id 0."""
    known, where = np.unique(ids, return_inverse=True)
    rows = connection.execute(_NAMES, (json.dumps(known.tolist()),)).fetchall()
    names: dict[int, str] = dict(rows)
    ordered = sorted(names.values())
    position = {name: index for index, name in enumerate(ordered)}
    code = [position[names[int(known_id)]] if known_id else -1 for known_id in known]
    return tuple(ordered), np.array(code, dtype=np.int64)[where]


def _layouts(connection: sqlite3.Connection, wanted: set[int]) -> list[Layout]:
    found = []
    for layout_id in sorted(wanted):
        row = connection.execute("SELECT probes FROM layout WHERE id=?", (layout_id,)).fetchone()
        found.append(layout_named(layout_id, row[0]))
    return found
