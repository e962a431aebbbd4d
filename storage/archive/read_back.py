"""Archived days read back as what was put in: facts, readings and events of some shipments."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from coldwitness.domain.channels import CHANNELS, Channel
from coldwitness.domain.duckdb_names import to_read
from coldwitness.domain.errors import BadInput
from coldwitness.domain.reading import Event
from coldwitness.domain.tracks import IntArray, ReadingTable
from coldwitness.storage.archive.canonical import DAY_MS
from coldwitness.storage.archive.days import EVENTS, READINGS, day_folder, day_start_ms, sealed_days
from coldwitness.storage.archive.facts import FILE, ShipmentFacts, facts_of_row
from coldwitness.storage.archive.tables import PROBE_MARK, READING_COLUMNS

PART_SHIPMENTS = 1000
"""Shipments of a part: enough that numpy does the work, few enough for any machine's memory."""


_Column = NDArray[Any]


@dataclass(frozen=True, slots=True)
class ArchivedPart:
    """Shipments that began on one day, as many as are read at a time: rows first:first + rows of
    that day's list, by id."""

    archive: str
    day: str
    first: int
    rows: int


@dataclass(frozen=True)
class ArchivedShipments:
    """What a part says. readings : of these shipments alone; readings.shipments are theirs."""

    facts: tuple[ShipmentFacts, ...]
    readings: ReadingTable
    events: dict[str, list[Event]]


def archived_parts(directory: Path, *, shipments: int = PART_SHIPMENTS) -> list[ArchivedPart]:
    """All shipments of an archive, so many in a part, by day. Raises BadInput where there is no
    archive, or a day was sealed by a version that kept no manifests."""
    if not directory.is_dir():
        raise BadInput(f"{directory}: no such folder")
    parts = []
    for day in sealed_days(directory):
        if FILE not in day.files:
            raise BadInput(
                f"{day.folder}: sealed by a version that kept no manifests and results;"
                " expected one that `archive seal` of this version has sealed again"
            )
        rows = day.files[FILE][2]
        parts += [
            ArchivedPart(str(directory), day.day, first, min(shipments, rows - first))
            for first in range(0, rows, shipments)
        ]
    if not parts:
        raise BadInput(f"{directory}: no sealed day that holds a shipment")
    return parts


def read_part(part: ArchivedPart) -> ArchivedShipments:
    """Raises BadInput naming a file that cannot be read."""
    folder = Path(part.archive)
    owner = day_folder(folder, part.day)
    with _opened(owner / FILE) as connection:
        rows = connection.execute(
            "SELECT facts, result FROM read_parquet(?, file_row_number=true)"
            " WHERE file_row_number >= ? AND file_row_number < ? ORDER BY file_row_number",
            [to_read(owner / FILE), part.first, part.first + part.rows],
        ).fetchall()
    try:
        facts = tuple(facts_of_row(*row) for row in rows)
    except msgspec.DecodeError as error:
        raise BadInput(f"{owner / FILE}: {error}") from error
    names = [one.shipment for one in facts]
    days = _days(folder, facts)
    return ArchivedShipments(facts, _readings(days, names), _events(days, names))


def _days(folder: Path, facts: Sequence[ShipmentFacts]) -> list[Path]:
    """The sealed days in which any of these shipments may have readings or events."""
    first_ms = np.array([one.first_ms for one in facts])
    last_ms = np.array([one.last_ms for one in facts])
    found = []
    for path in sorted(folder.glob("day=*")):
        day_ms = day_start_ms(path.name.removeprefix("day="))
        if np.any((first_ms < day_ms + DAY_MS) & (last_ms >= day_ms)):
            found.append(path)
    return found


def _readings(days: Sequence[Path], names: Sequence[str]) -> ReadingTable:
    """By shipment and time; the codes of table.shipments are the places in `names`."""
    columns = _rows_of([day / READINGS for day in days], names)
    shipment = pd.Index(names).get_indexer(pd.Index(_texts(columns["shipment"])))
    courier, couriers = _codes(columns["courier"])
    box, boxes = _codes(columns["box"])
    logger, loggers = _codes(columns["logger"])
    return ReadingTable(
        shipments=tuple(names),
        couriers=couriers,
        boxes=boxes,
        loggers=loggers,
        shipment=shipment.astype(np.int64),
        courier=courier,
        box=box,
        logger=logger,
        time_ms=_whole(columns["time"]),
        received_ms=_whole(columns["received_at"]),
        temperature_c={
            name.removeprefix(PROBE_MARK): np.ma.filled(columns[name].astype(np.float64), np.nan)
            for name in columns
            if name not in READING_COLUMNS
        },
        **{channel.name: _channel(channel, columns[channel.sent]) for channel in CHANNELS},
    )


def _channel(channel: Channel, said: _Column) -> _Column:
    """(n,) the channel's column of a ReadingTable, of one in which absent values are masked."""
    if channel.kind == "real":
        return np.ma.filled(said.astype(np.float64), np.nan)
    return np.ma.filled(said.astype(np.int8 if channel.kind == "flag" else np.int64), -1)


def _whole(said: _Column) -> IntArray:
    """(n,) whole numbers, -1 where absent."""
    return np.ma.filled(said.astype(np.int64), -1)


def _texts(said: _Column) -> _Column:
    """(n,) texts, None where absent."""
    texts = np.ma.getdata(said).astype(np.object_)
    texts[np.ma.getmaskarray(said)] = None
    return texts


def _codes(names: _Column) -> tuple[IntArray, tuple[str, ...]]:
    code, known = pd.factorize(_texts(names))
    return code.astype(np.int64), tuple(known)


def _events(days: Sequence[Path], names: Sequence[str]) -> dict[str, list[Event]]:
    columns = _rows_of([day / EVENTS for day in days], names)
    found: dict[str, list[Event]] = {}
    texts = ("event", "shipment", "courier", "box", "logger", "site", "actor", "note")
    reals = {"lat_deg": "lat", "lon_deg": "lon", "accuracy_m": "accuracy_m"}
    told = {name: _texts(columns[name]).tolist() for name in texts}
    measured = {name: _reals(columns[column]) for name, column in reals.items()}
    for row, time_ms in enumerate(_whole(columns["time"]).tolist()):
        said = {name: told[name][row] for name in texts}
        said |= {name: measured[name][row] for name in reals}
        event = Event(time_ms=time_ms, **said)
        found.setdefault(str(event.shipment), []).append(event)
    return found


def _reals(said: _Column) -> list[float | None]:
    """(n,) numbers, None where absent."""
    numbers = np.ma.filled(said.astype(np.float64), np.nan).tolist()
    return [None if np.isnan(number) else number for number in numbers]


def _rows_of(files: Sequence[Path], names: Sequence[str]) -> dict[str, _Column]:
    """Column -> (n,) the rows of these shipments, by shipment, time, logger and receive time, which
    is the order of the files; instants as UTC epoch ms."""
    with _opened(files[0].parent) as connection:
        connection.register("wanted", {"shipment": np.array(names, dtype=object)})
        found = connection.execute(
            "SELECT * REPLACE (epoch_ms(time) AS time, epoch_ms(received_at) AS received_at)"
            " FROM read_parquet(?, union_by_name=true, hive_partitioning=false)"
            " WHERE shipment BETWEEN ? AND ? AND shipment IN (SELECT shipment FROM wanted)"
            " ORDER BY shipment, time, logger, received_at",
            [[to_read(file) for file in files], min(names), max(names)],
        ).fetchnumpy()
    return {name: np.ma.asanyarray(column) for name, column in found.items()}


@contextmanager
def _opened(shown: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    try:
        with duckdb.connect(
            config={"threads": 1, "autoinstall_known_extensions": "false"}
        ) as connection:
            yield connection
    except duckdb.Error as error:
        raise BadInput(f"{shown}: cannot be read: {str(error).splitlines()[0]}") from error
