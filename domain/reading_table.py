"""Readings into the flat table that judgements work on, tables joined, and back again."""

import math
from collections.abc import Iterable, Sequence

import numpy as np

from coldwitness.domain.columns import stack
from coldwitness.domain.reading import Reading
from coldwitness.domain.tracks import CodeArray, FloatArray, IntArray, ReadingTable


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
    box, boxes = codes([reading.box for reading in readings])
    logger, loggers = codes([reading.logger for reading in readings])
    count = len(readings)
    probes: dict[str, None] = {}
    for reading in readings:
        for name in reading.temperature_c:
            probes[name] = None
    return ReadingTable(
        shipments=shipment_names,
        boxes=boxes,
        loggers=loggers,
        shipment=shipment,
        box=box,
        logger=logger,
        time_ms=np.fromiter((r.time_ms for r in readings), np.int64, count),
        received_ms=(
            np.full(count, -1, np.int64)
            if received_ms is None
            else np.asarray(received_ms, dtype=np.int64)
        ),
        seq=np.fromiter((-1 if r.seq is None else r.seq for r in readings), np.int64, count),
        temperature_c={
            name: floats([reading.temperature_c.get(name) for reading in readings])
            for name in probes
        },
        lat_deg=floats([r.lat_deg for r in readings]),
        lon_deg=floats([r.lon_deg for r in readings]),
        accuracy_m=floats([r.accuracy_m for r in readings]),
        lid_open=flags([r.lid_open for r in readings]),
        moving=flags([r.moving for r in readings]),
        light_lux=floats([r.light_lux for r in readings]),
        humidity_pct=floats([r.humidity_pct for r in readings]),
        battery_v=floats([r.battery_v for r in readings]),
    )


def floats(values: Iterable[float | None]) -> FloatArray:
    """(n,) float64 with NaN for None."""
    return np.array(list(values), dtype=np.float64)


def flags(values: Sequence[bool | None]) -> CodeArray:
    """(n,) int8: 1 yes, 0 no, -1 not said."""
    return np.fromiter((-1 if v is None else int(v) for v in values), np.int8, len(values))


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
    boxes, box = _merged([(t.boxes, t.box) for t in tables])
    loggers, logger = _merged([(t.loggers, t.logger) for t in tables])
    return stack(
        ReadingTable,
        tables,
        shipments=shipments,
        boxes=boxes,
        loggers=loggers,
        shipment=shipment,
        box=box,
        logger=logger,
    )


def readings_of(table: ReadingTable, *, unknown_logger: str = "unknown") -> list[Reading]:
    """The rows as Reading objects, for stores that take those; the inverse of reading_table.

    unknown_logger : logger of rows that name none (a plain time,value file).
    """
    probes = {name: column.tolist() for name, column in table.temperature_c.items()}
    return [
        Reading(
            logger=_name(table.loggers, table.logger[i]) or unknown_logger,
            time_ms=int(table.time_ms[i]),
            temperature_c={
                name: column[i] for name, column in probes.items() if not math.isnan(column[i])
            },
            box=_name(table.boxes, table.box[i]),
            shipment=_name(table.shipments, table.shipment[i]),
            seq=None if table.seq[i] < 0 else int(table.seq[i]),
            humidity_pct=_value(table.humidity_pct[i]),
            lat_deg=_value(table.lat_deg[i]),
            lon_deg=_value(table.lon_deg[i]),
            accuracy_m=_value(table.accuracy_m[i]),
            lid_open=_flag(table.lid_open[i]),
            light_lux=_value(table.light_lux[i]),
            moving=_flag(table.moving[i]),
            battery_v=_value(table.battery_v[i]),
        )
        for i in range(len(table))
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
        columns.append(place[column])
    return tuple(index), np.concatenate([np.empty(0, np.int64), *columns])


def _name(names: tuple[str, ...], code: np.int64) -> str | None:
    return names[code] if code >= 0 else None


def _value(value: np.float64) -> float | None:
    return None if np.isnan(value) else float(value)


def _flag(code: np.int8) -> bool | None:
    return None if code < 0 else bool(code)
