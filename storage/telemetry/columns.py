"""Columns of readings: what a store gives back before it is cut to shipments."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.reading import Reading, TimeSource
from domain.tracks import CodeArray, FloatArray, IntArray, ReadingTable

TIME_SOURCES: tuple[TimeSource, ...] = ("device", "gateway", "received")
"""Words of Reading.time_source; the position is the code in columns and in stored rows."""

FLOATS = ("lat_deg", "lon_deg", "accuracy_m", "light_lux", "humidity_pct", "battery_v")
"""Optional numbers of a reading, in the order they are stored; NaN: not sent."""

_ASSIGNMENT = ("shipment", "box", "courier", "time_source")


@dataclass(frozen=True)
class Columns:
    """Readings as columns with nothing left out: a ReadingTable, whose `shipment` is the
    declared one, and beside it who sent each row and whose clock its time is.

    courier : (n,) index into `couriers`, -1 unknown. time_source : (n,) code in TIME_SOURCES.
    """

    table: ReadingTable
    couriers: tuple[str, ...]
    courier: IntArray
    time_source: CodeArray

    def __len__(self) -> int:
        return len(self.table)


def name_codes(names: Sequence[str | None]) -> tuple[tuple[str, ...], IntArray]:
    """Distinct names, sorted, and for each row its index among them; -1 where None."""
    known = tuple(sorted({name for name in names if name is not None}))
    code: dict[str | None, int] = {name: index for index, name in enumerate(known)}
    code[None] = -1
    return known, np.array([code[name] for name in names], dtype=np.int64)


def columns_of(readings: Sequence[Reading], received_ms: Sequence[int]) -> Columns:
    """Columns from single readings, in their order."""
    shipments, shipment = name_codes([reading.shipment for reading in readings])
    boxes, box = name_codes([reading.box for reading in readings])
    loggers, logger = name_codes([reading.logger for reading in readings])
    couriers, courier = name_codes([reading.courier for reading in readings])
    probes = sorted({probe for reading in readings for probe in reading.temperature_c})

    def floats(name: str) -> FloatArray:
        values = [getattr(reading, name) for reading in readings]
        return np.array([np.nan if value is None else value for value in values], dtype=np.float64)

    def flags(name: str) -> CodeArray:
        values = [getattr(reading, name) for reading in readings]
        return np.array([-1 if value is None else value for value in values], dtype=np.int8)

    table = ReadingTable(
        shipments=shipments,
        boxes=boxes,
        loggers=loggers,
        shipment=shipment,
        box=box,
        logger=logger,
        time_ms=np.array([reading.time_ms for reading in readings], dtype=np.int64),
        received_ms=np.array(received_ms, dtype=np.int64),
        seq=np.array(
            [-1 if reading.seq is None else reading.seq for reading in readings], dtype=np.int64
        ),
        temperature_c={
            probe: np.array(
                [reading.temperature_c.get(probe, np.nan) for reading in readings],
                dtype=np.float64,
            )
            for probe in probes
        },
        lid_open=flags("lid_open"),
        moving=flags("moving"),
        lat_deg=floats("lat_deg"),
        lon_deg=floats("lon_deg"),
        accuracy_m=floats("accuracy_m"),
        light_lux=floats("light_lux"),
        humidity_pct=floats("humidity_pct"),
        battery_v=floats("battery_v"),
    )
    codes = [TIME_SOURCES.index(reading.time_source) for reading in readings]
    return Columns(
        table=table,
        couriers=couriers,
        courier=courier,
        time_source=np.array(codes, dtype=np.int8),
    )


def take(columns: Columns, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Columns:
    """The given rows, in the given order; names stay as they are."""
    return Columns(
        table=take_rows(columns.table, rows),
        couriers=columns.couriers,
        courier=columns.courier[rows],
        time_source=columns.time_source[rows],
    )


def take_rows(
    table: ReadingTable,
    rows: NDArray[np.integer] | NDArray[np.bool_],
    *,
    shipments: tuple[str, ...] | None = None,
    shipment: IntArray | None = None,
) -> ReadingTable:
    """Rows of a table, in the given order, optionally assigned to other shipments."""
    temperature_c: Mapping[str, FloatArray] = {
        probe: values[rows] for probe, values in table.temperature_c.items()
    }
    return ReadingTable(
        shipments=table.shipments if shipments is None else shipments,
        boxes=table.boxes,
        loggers=table.loggers,
        shipment=table.shipment[rows] if shipment is None else shipment,
        box=table.box[rows],
        logger=table.logger[rows],
        time_ms=table.time_ms[rows],
        received_ms=table.received_ms[rows],
        seq=table.seq[rows],
        temperature_c=temperature_c,
        lat_deg=table.lat_deg[rows],
        lon_deg=table.lon_deg[rows],
        accuracy_m=table.accuracy_m[rows],
        lid_open=table.lid_open[rows],
        moving=table.moving[rows],
        light_lux=table.light_lux[rows],
        humidity_pct=table.humidity_pct[rows],
        battery_v=table.battery_v[rows],
    )


def readings_of(columns: Columns) -> list[tuple[Reading, int]]:
    """Single readings with their receive times, in the order of the rows."""
    table = columns.table
    names = list(table.temperature_c)
    probes = [table.temperature_c[name].tolist() for name in names]
    floats = [getattr(table, name).tolist() for name in FLOATS]
    found = []
    for row, time_ms in enumerate(table.time_ms.tolist()):
        lat_deg, lon_deg, accuracy_m, light_lux, humidity_pct, battery_v = (
            _number(column[row]) for column in floats
        )
        reading = Reading(
            logger=table.loggers[table.logger[row]],
            time_ms=time_ms,
            temperature_c={
                name: values[row]
                for name, values in zip(names, probes, strict=True)
                if not math.isnan(values[row])
            },
            time_source=TIME_SOURCES[columns.time_source[row]],
            courier=_name(columns.couriers, columns.courier[row]),
            box=_name(table.boxes, table.box[row]),
            shipment=_name(table.shipments, table.shipment[row]),
            seq=None if table.seq[row] < 0 else int(table.seq[row]),
            humidity_pct=humidity_pct,
            lat_deg=lat_deg,
            lon_deg=lon_deg,
            accuracy_m=accuracy_m,
            lid_open=_flag(table.lid_open[row]),
            light_lux=light_lux,
            moving=_flag(table.moving[row]),
            battery_v=battery_v,
        )
        found.append((reading, int(table.received_ms[row])))
    return found


def measured(reading: Reading) -> tuple[object, ...]:
    """What was measured, without whom it was assigned to: readings of one logger and time
    that differ in this contradict each other."""
    fields = (name for name in reading.__struct_fields__ if name not in _ASSIGNMENT)
    return tuple(getattr(reading, name) for name in fields)


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _name(names: Sequence[str], code: int) -> str | None:
    return None if code < 0 else names[code]


def _flag(code: int) -> bool | None:
    return None if code < 0 else bool(code)
