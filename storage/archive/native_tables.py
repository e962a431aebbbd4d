"""Many readings as the objects of the published contract: from columns, without a Reading each."""

from collections.abc import Iterator, Sequence
from math import isnan

import numpy as np

from coldwitness.domain.channels import CHANNELS
from coldwitness.domain.columns import take
from coldwitness.domain.instants import rfc3339_column
from coldwitness.domain.reading_table import said_in
from coldwitness.domain.tracks import IntArray, ReadingTable

ROWS_AT_ONCE = 20_000


def table_objects(
    table: ReadingTable, *, unknown_logger: str = "unknown"
) -> Iterator[dict[str, object]]:
    """A row after the other as `reading_object` writes it, with `received_at` where it is known.

    unknown_logger : logger of rows that name none (a plain time,value file).
    """
    for start in range(0, len(table), ROWS_AT_ONCE):
        rows = np.arange(start, min(start + ROWS_AT_ONCE, len(table)))
        yield from _objects(take(table, rows), unknown_logger)


def _objects(table: ReadingTable, unknown_logger: str) -> Iterator[dict[str, object]]:
    columns = _columns(table, unknown_logger)
    told = {name: column for name, column in columns.items() if column.count(None) < len(column)}
    names = list(told)
    if any(None in column for column in told.values()):
        for row in zip(*told.values(), strict=True):
            yield {name: said for name, said in zip(names, row, strict=True) if said is not None}
    else:
        for row in zip(*told.values(), strict=True):
            yield dict(zip(names, row, strict=True))


def _columns(table: ReadingTable, unknown_logger: str) -> dict[str, Sequence[object]]:
    """(n,) of each field of the contract in its order; None where nothing was said."""
    said = {channel.sent: said_in(channel, getattr(table, channel.name)) for channel in CHANNELS}
    columns: dict[str, Sequence[object]] = {
        "shipment": _names(table.shipments, table.shipment, None),
        "box": _names(table.boxes, table.box, None),
        "logger": _names(table.loggers, table.logger, unknown_logger),
        "seq": said["seq"],
        "time": rfc3339_column(table.time_ms / 1000.0),
        "temperature": _temperatures(table),
    }
    for channel in CHANNELS:
        if channel.in_position:
            columns["position"] = []
        else:
            columns[channel.sent] = said[channel.sent]
    columns["position"] = [
        None if lat is None or lon is None else _position(lat, lon, accuracy_m)
        for lat, lon, accuracy_m in zip(said["lat"], said["lon"], said["accuracy_m"], strict=True)
    ]
    received = np.where(table.received_ms < 0, np.nan, table.received_ms / 1000.0)
    return {**columns, "received_at": rfc3339_column(received)}


def _temperatures(table: ReadingTable) -> list[dict[str, float]]:
    probes = sorted(table.temperature_c)
    columns = [table.temperature_c[name].tolist() for name in probes]
    if any(np.isnan(column).any() for column in table.temperature_c.values()):
        return [
            {name: value for name, value in zip(probes, row, strict=True) if not isnan(value)}
            for row in zip(*columns, strict=True)
        ]
    if not columns:
        return [{} for _ in range(len(table))]
    return [dict(zip(probes, row, strict=True)) for row in zip(*columns, strict=True)]


def _position(lat: float, lon: float, accuracy_m: float | None) -> dict[str, float]:
    found = {"lat": lat, "lon": lon}
    return found if accuracy_m is None else found | {"accuracy_m": accuracy_m}


def _names(names: Sequence[str], code: IntArray, absent: str | None) -> list[str | None]:
    # The extra last place catches -1, which names nobody.
    known = [*names, absent]
    return [known[number] for number in code.tolist()]
