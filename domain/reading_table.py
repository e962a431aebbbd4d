"""Readings into the flat table that judgements work on, tables joined, and back again."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.channels import CHANNELS, Channel
from coldwitness.domain.columns import concatenated, is_said_once, repeated, stack
from coldwitness.domain.reading import Reading
from coldwitness.domain.tracks import FloatArray, IntArray, ReadingTable


def reading_table(
    readings: Sequence[Reading],
    received_ms: Sequence[int] | None,
    *,
    shipments: Sequence[str] | None = None,
) -> ReadingTable:
    """One row a reading, in the order given.

    received_ms : when each reached us; None where it is not known (files).
    shipments : the table's shipments, in this order; a reading of another one is an error.
        None: those the readings name, in the order they first appear.
    """
    shipment, shipment_names = codes([reading.shipment for reading in readings], known=shipments)
    courier, couriers = codes([reading.courier for reading in readings])
    box, boxes = codes([reading.box for reading in readings])
    logger, loggers = codes([reading.logger for reading in readings])
    count = len(readings)
    probes: dict[str, None] = {}
    for reading in readings:
        for name in reading.temperature_c:
            probes[name] = None
    return ReadingTable(
        shipments=shipment_names,
        couriers=couriers,
        boxes=boxes,
        loggers=loggers,
        shipment=shipment,
        courier=courier,
        box=box,
        logger=logger,
        time_ms=np.fromiter((r.time_ms for r in readings), np.int64, count),
        received_ms=(
            np.full(count, -1, np.int64)
            if received_ms is None
            else np.asarray(received_ms, dtype=np.int64)
        ),
        temperature_c={
            name: floats([reading.temperature_c.get(name) for reading in readings])
            for name in probes
        },
        **{
            channel.name: column_of(channel, map(attrgetter(channel.name), readings))
            for channel in CHANNELS
        },
    )


def column_of(channel: Channel, said: Iterable[Any]) -> NDArray[Any]:
    """(n,) the channel's column of what was said, None where nothing was."""
    if channel.kind == "real":
        return floats(said)
    counts = list(said)
    if None in counts:
        counts = [-1 if one is None else one for one in counts]
    return np.array(counts, dtype=np.int8 if channel.kind == "flag" else np.int64)


def said_in(channel: Channel, column: NDArray[Any]) -> list[Any]:
    """The inverse of `column_of`."""
    told = ~np.isnan(column) if channel.kind == "real" else column >= 0
    if not told.any():
        return [None] * column.size
    said: list[Any] = (column != 0 if channel.kind == "flag" else column).tolist()
    if told.all():
        return said
    return [value if has else None for value, has in zip(said, told.tolist(), strict=True)]


def floats(values: Iterable[float | None]) -> FloatArray:
    """(n,) float64 with NaN for None."""
    told = list(values)
    if told.count(None) == len(told):
        return np.full(len(told), np.nan)
    return np.array(told, dtype=np.float64)


def codes(
    names: Sequence[str | None], known: Sequence[str] | None = None
) -> tuple[IntArray, tuple[str, ...]]:
    """Index of each name into the distinct names, and those; -1 for None.

    known : the names to index, in this order (another one is a KeyError); None: the distinct
        names in order of first sight.
    """
    distinct = dict.fromkeys(names if known is None else known)
    distinct.pop(None, None)
    index: dict[str | None, int] = {name: code for code, name in enumerate(distinct)}
    index[None] = -1
    column = np.fromiter(map(index.__getitem__, names), np.int64, len(names))
    return column, tuple(name for name in distinct if name is not None)


def joined(tables: Sequence[ReadingTable]) -> ReadingTable:
    """All rows of several tables in one, in order; probes a table lacks are NaN there."""
    if len(tables) == 1:
        return tables[0]
    shipments, shipment = _merged([(t.shipments, t.shipment) for t in tables])
    couriers, courier = _merged([(t.couriers, t.courier) for t in tables])
    boxes, box = _merged([(t.boxes, t.box) for t in tables])
    loggers, logger = _merged([(t.loggers, t.logger) for t in tables])
    return stack(
        ReadingTable,
        tables,
        shipments=shipments,
        couriers=couriers,
        boxes=boxes,
        loggers=loggers,
        shipment=shipment,
        courier=courier,
        box=box,
        logger=logger,
    )


def with_sorted_names(table: ReadingTable, *, shipments: bool) -> ReadingTable:
    """The same rows with couriers, boxes, loggers (and shipments, if asked) in the order of their
    names."""
    couriers, courier = _sorted(table.couriers, table.courier)
    boxes, box = _sorted(table.boxes, table.box)
    loggers, logger = _sorted(table.loggers, table.logger)
    names, shipment = table.shipments, table.shipment
    if shipments:
        names, shipment = _sorted(names, shipment)
    return replace(
        table,
        shipments=names,
        couriers=couriers,
        boxes=boxes,
        loggers=loggers,
        shipment=shipment,
        courier=courier,
        box=box,
        logger=logger,
    )


def _sorted(names: tuple[str, ...], column: IntArray) -> tuple[tuple[str, ...], IntArray]:
    ordered = tuple(sorted(names))
    if ordered == names:
        return names, column
    place = {name: at for at, name in enumerate(ordered)}
    # The extra last place catches -1, which stays -1.
    places = np.array([place[name] for name in names] + [-1], dtype=np.int64)
    if is_said_once(column):
        return ordered, repeated(places[column[:1]], column.size)
    return ordered, places[column]


def readings_of(table: ReadingTable, *, unknown_logger: str = "unknown") -> list[Reading]:
    """The rows as Reading objects, for stores that take those; the inverse of reading_table.

    unknown_logger : logger of rows that name none (a plain time,value file).
    """
    probes = {name: column.tolist() for name, column in table.temperature_c.items()}
    said = [said_in(channel, getattr(table, channel.name)) for channel in CHANNELS]
    names = [channel.name for channel in CHANNELS]
    return [
        Reading(
            logger=_name(table.loggers, table.logger[i]) or unknown_logger,
            time_ms=int(table.time_ms[i]),
            temperature_c={
                name: column[i] for name, column in probes.items() if not math.isnan(column[i])
            },
            courier=_name(table.couriers, table.courier[i]),
            box=_name(table.boxes, table.box[i]),
            shipment=_name(table.shipments, table.shipment[i]),
            **dict(zip(names, row, strict=True)),
        )
        for i, row in enumerate(zip(*said, strict=True))
    ]


def _merged(
    parts: Sequence[tuple[tuple[str, ...], IntArray]],
) -> tuple[tuple[str, ...], IntArray]:
    index: dict[str, int] = {}
    columns: list[IntArray] = []
    for names, column in parts:
        # The extra last place catches -1, which stays -1.
        place = np.array(
            [index.setdefault(name, len(index)) for name in names] + [-1], dtype=np.int64
        )
        if is_said_once(column):
            columns.append(repeated(place[column[:1]], column.size))
        else:
            columns.append(place[column])
    return tuple(index), concatenated([np.empty(0, np.int64), *columns])


def _name(names: tuple[str, ...], code: np.int64) -> str | None:
    return names[code] if code >= 0 else None
