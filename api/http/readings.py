"""The evidence itself: every reading of a shipment as JSON, CSV or Parquet.

All three give the same columns under the names that loggers send and `check` reads, so what is
downloaded here can be judged again by anyone.
"""

import csv
import io
import math
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import duckdb  # 60 MB that only this format needs
import numpy as np
from fastapi import APIRouter, Query
from starlette.responses import Response

from coldwitness.api.cursors import read_cursor, write_cursor
from coldwitness.api.file_answer import file_answer
from coldwitness.api.http.answers import documented, json_answer
from coldwitness.api.http.filters import Cursor, ShipmentId
from coldwitness.api.http.masking import shown_table
from coldwitness.api.http.schemas import ReadingList
from coldwitness.api.http.services import CallerOf, ServicesOf
from coldwitness.api.http.shipments import require_known
from coldwitness.api.http.trail import noted
from coldwitness.domain.channels import CHANNEL, CHANNELS, FLAGS, SENSED, Channel
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.reading_table import said_in
from coldwitness.domain.tracks import IntArray, ReadingTable
from coldwitness.domain.visible import cell_text

router = APIRouter(tags=["shipments"])

LISTING = "readings"
PAGE = 10_000
PARQUET = "application/vnd.apache.parquet"

Column = list[Any]

_TEXTS = ("time", "received", "shipment", "box", "logger")
_FLAGS = tuple(channel.sent for channel in FLAGS)
_POSITION = tuple(channel.sent for channel in CHANNELS if channel.in_position)
_OURS = (*_TEXTS, *(channel.sent for channel in CHANNELS))


@router.get(
    "/v1/shipments/{shipment}/readings",
    responses=documented(
        ReadingList,
        content=("text/csv", PARQUET),
        problems=(404,),
        description="JSON in pages; CSV and Parquet whole",
    ),
    response_model=None,
)
def get_readings(
    shipment: ShipmentId,
    services: ServicesOf,
    caller: CallerOf,
    format_: Annotated[Literal["json", "csv", "parquet"], Query(alias="format")] = "json",
    limit: Annotated[int, Query(ge=1, le=PAGE, description="JSON only")] = PAGE,
    cursor: Cursor = None,
) -> Response:
    """Readings by time, those outside the judged window too."""
    table = services.store.readings([shipment], services.register.custody.stays([shipment]))
    if not len(table):
        require_known(services, shipment)
    table = shown_table(services, table, shipment, caller)
    if cursor is None:
        noted(services, caller, f"read_readings_{format_}", subject=shipment, shipment=shipment)
    rows = np.lexsort((table.seq, table.logger, table.time_ms))
    if format_ == "csv":
        body = as_csv(columns_of(table, rows)).encode("utf-8")
        return file_answer(body, media_type="text/csv; charset=utf-8", name=f"{shipment}.csv")
    if format_ == "parquet":
        return file_answer(
            as_parquet(columns_of(table, rows)), media_type=PARQUET, name=f"{shipment}.parquet"
        )
    start = 0 if cursor is None else read_cursor(cursor, listing=LISTING, kind=int)
    page = rows[start : start + limit]
    more = write_cursor(LISTING, start + limit) if start + limit < rows.size else None
    items = as_objects(columns_of(table, page))
    return json_answer({"shipment": shipment, "items": items, "next_cursor": more})


def columns_of(table: ReadingTable, rows: IntArray) -> Mapping[str, Column]:
    """The chosen rows as flat columns in the contract's names; None where there is nothing."""

    def names(known: tuple[str, ...], column: IntArray) -> Column:
        return [known[i] if i >= 0 else None for i in column[rows].tolist()]

    def times(column: IntArray) -> Column:
        return [rfc3339(t) if t >= 0 else None for t in column[rows].tolist()]

    def said(channel: Channel) -> Column:
        return said_in(channel, getattr(table, channel.name)[rows])

    return {
        "time": times(table.time_ms),
        "received": times(table.received_ms),
        "shipment": names(table.shipments, table.shipment),
        "box": names(table.boxes, table.box),
        "logger": names(table.loggers, table.logger),
        "seq": said(CHANNEL["seq"]),
        **{
            probe: [None if math.isnan(value) else value for value in column[rows].tolist()]
            for probe, column in table.temperature_c.items()
        },
        **{channel.sent: said(channel) for channel in SENSED},
    }


def as_objects(columns: Mapping[str, Column]) -> list[Mapping[str, Any]]:
    """Rows as the objects of the telemetry contract; what is absent is left out."""
    probes = [name for name in columns if name not in _OURS]
    plain = [name for name in columns if name not in probes and name not in _POSITION]
    objects: list[Mapping[str, Any]] = []
    for row in zip(*columns.values(), strict=True):
        given = {name: value for name, value in zip(columns, row, strict=True) if value is not None}
        item: dict[str, Any] = {name: given[name] for name in plain if name in given}
        item["temperature"] = {probe: given[probe] for probe in probes if probe in given}
        if "lat" in given and "lon" in given:
            position = {name: given[name] for name in _POSITION if name in given}
            item["position"] = {**position, "datum": "WGS84"}
        objects.append(item)
    return objects


def as_csv(columns: Mapping[str, Column]) -> str:
    """CSV with a header (RFC 4180); an empty cell where there is nothing."""
    # Names of probes are anybody's; ids, the only other texts, have no signs of formulas.
    return _as_csv({cell_text(name): column for name, column in columns.items()})


def _as_csv(columns: Mapping[str, Column]) -> str:
    words = {True: "true", False: "false"}
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    shown = [
        [None if value is None else words[value] for value in column] if name in _FLAGS else column
        for name, column in columns.items()
    ]
    writer.writerows(zip(*shown, strict=True))
    return text.getvalue()


def as_parquet(columns: Mapping[str, Column]) -> bytes:
    """Parquet (zstd) with the same columns; times as RFC 3339 text, as in the other formats."""
    kinds = {name: _parquet_kind(name) for name in columns}
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "readings.csv"), Path(folder, "readings.parquet")
        source.write_text(_as_csv(columns), encoding="utf-8", newline="")
        with duckdb.connect() as database:
            table = database.read_csv(str(source), header=True, dtype=kinds)
            table.write_parquet(str(target), compression="zstd")
        return target.read_bytes()


def _parquet_kind(name: str) -> str:
    if name in _TEXTS:
        return "VARCHAR"
    if name in _FLAGS:
        return "BOOLEAN"
    return "BIGINT" if name == "seq" else "DOUBLE"
