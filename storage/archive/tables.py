"""Readings as the table of the published contract, written by DuckDB.

Columns: time, shipment, declared, courier, box, logger, seq, the probes by name, the other channels
(domain/channels.py) under the names in which they are sent, time_source, received_at. Times
are UTC instants, absent values are NULL. `coldwitness check` and `import` read them back.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.channels import CHANNEL, CHANNELS, SENSED, Channel
from coldwitness.domain.duckdb_names import to_write
from coldwitness.domain.reading import split_probe
from coldwitness.domain.tracks import IntArray
from coldwitness.domain.visible import cell_text
from coldwitness.storage.register import SqlRegister
from coldwitness.storage.telemetry.columns import TIME_SOURCES, Columns

_INSTANTS = ("time", "received_at")
PROBE_MARK = "probe:"
"""Before a probe's name that could be one of our columns'."""
READING_COLUMNS = frozenset(
    ("time", "shipment", "declared", "courier", "box", "logger", "time_source", "received_at")
) | {channel.sent for channel in CHANNELS}
"""All that are no probe."""
_ORDER = ("shipment", "time", "logger", "received_at")


def contract_columns(columns: Columns, register: SqlRegister) -> dict[str, NDArray[Any]]:
    """Column name -> (n,) array; absent is NaN, None or masked. A row that declares no shipment
    stands under the one that its box held, if any, and `declared` says so."""
    table = columns.table
    shipment = _names(table.shipments, table.shipment)
    declared = table.shipment >= 0
    open_rows = np.flatnonzero(~declared & (table.box >= 0))
    if open_rows.size:
        boxes = [table.boxes[code] for code in table.box[open_rows]]
        shipment[open_rows] = register.custody.shipments_at(
            boxes, table.time_ms[open_rows].tolist()
        )
    found: dict[str, NDArray[Any]] = {
        "time": table.time_ms.astype("datetime64[ms]"),
        "shipment": shipment,
        "declared": declared,
        "courier": _names(table.couriers, table.courier),
        "box": _names(table.boxes, table.box),
        "logger": _names(table.loggers, table.logger),
        "seq": _said(CHANNEL["seq"], table.seq),
    }
    for probe in sorted(table.temperature_c, key=_probe_order):
        # A probe named like a column of ours would hide it.
        name = probe if split_probe(probe) is not None else f"{PROBE_MARK}{probe}"
        found[name] = table.temperature_c[probe]
    return found | {
        **{channel.sent: _said(channel, getattr(table, channel.name)) for channel in SENSED},
        "time_source": _names(TIME_SOURCES, columns.time_source.astype(np.int64)),
        "received_at": table.received_ms.astype("datetime64[ms]"),
    }


def write_parquet(
    columns: dict[str, NDArray[Any]],
    path: Path,
    *,
    instants: Sequence[str] = _INSTANTS,
    order: Sequence[str] = _ORDER,
) -> int:
    """Sorted by shipment, time and logger, or else as said, zstd; returns the rows. Raises OSError.

    instants : columns of UTC instants.
    """
    told = {
        name: f"timezone('UTC', {_quoted(name)}::TIMESTAMP) AS {_quoted(name)}" for name in instants
    }
    options = "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 9, ROW_GROUP_SIZE 122880"
    return _write(columns, path, told, options, order=order)


def write_csv(columns: dict[str, NDArray[Any]], path: Path) -> int:
    """Sorted alike, times as RFC 3339; returns the rows. Raises OSError."""
    # Names of probes are anybody's; ids, the only other texts, have no such signs.
    columns = {cell_text(name): column for name, column in columns.items()}
    instants = {
        name: f"strftime({_quoted(name)}, '%Y-%m-%dT%H:%M:%S.%gZ') AS {_quoted(name)}"
        for name in _INSTANTS
    }
    return _write(columns, path, instants, "FORMAT csv, HEADER true", order=_ORDER)


def _write(
    columns: dict[str, NDArray[Any]],
    path: Path,
    instants: dict[str, str],
    options: str,
    *,
    order: Sequence[str],
) -> int:
    selected = ", ".join(
        instants.get(name, _quoted(name)) for name in columns if name in instants or name
    )
    ordered = ", ".join(f"{_quoted(name)} NULLS LAST" for name in order)
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.register("readings", columns)
        written = connection.execute(
            f"COPY (SELECT {selected} FROM readings ORDER BY {ordered})"  # noqa: S608
            f" TO {to_write(path)} ({options})"
        ).fetchone()
    return 0 if written is None else int(written[0])


def _said(channel: Channel, column: NDArray[Any]) -> NDArray[Any]:
    if channel.kind == "real":
        return column
    values = column > 0 if channel.kind == "flag" else column
    return np.ma.array(values, mask=column < 0)


def _names(names: Sequence[str], code: IntArray) -> NDArray[Any]:
    known: NDArray[Any] = np.array([*names, None], dtype=object)
    return known[code]


def _probe_order(probe: str) -> tuple[int, str]:
    role = probe.partition("@")[0].partition(".")[0]
    order = ("drug", "coolant", "ambient", "goods")
    return (order.index(role) if role in order else len(order), probe)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
