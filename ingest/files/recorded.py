"""Recorded files of any kind, many at once, into one table with each reading's shipment."""

import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from importlib import import_module
from pathlib import Path

import numpy as np

from coldwitness.domain.box_stays import box_stays
from coldwitness.domain.columns import take
from coldwitness.domain.errors import BadInput
from coldwitness.domain.reading import SHIPMENT_READINGS_MAX, Event
from coldwitness.domain.reading_table import joined
from coldwitness.domain.tracks import ReadingTable
from coldwitness.ingest.files.assignment import assigned
from coldwitness.ingest.files.content import FileContent, Refusals
from coldwitness.ingest.files.csv_rows import has_header
from coldwitness.ingest.files.instant_columns import named_zone
from coldwitness.ingest.files.spreadsheets import is_spreadsheet
from coldwitness.ingest.files.titles import renames_of
from coldwitness.ingest.text_encoding import head, text_encoding

Reader = Callable[..., FileContent]

NAMED_READERS = ("berlinger", "ibutton", "ruuvi_station", "elitech_rc4")
"""USB loggers' own exports, as `--reader` names them; found by content too."""

_MODULES: Mapping[str, tuple[str, str]] = {
    "ndjson": ("coldwitness.ingest.files.ndjson", "read_ndjson"),
    "csv": ("coldwitness.ingest.files.csv_rows", "read_csv"),
    "parquet": ("coldwitness.ingest.files.parquet", "read_parquet"),
    "spreadsheet": ("coldwitness.ingest.files.spreadsheets", "read_spreadsheet"),
    "berlinger": ("coldwitness.ingest.files.berlinger", "read_berlinger"),
    "ibutton": ("coldwitness.ingest.files.ibutton", "read_ibutton"),
    "ruuvi_station": ("coldwitness.ingest.files.ruuvi_station", "read_ruuvi_station"),
    "elitech_rc4": ("coldwitness.ingest.files.elitech_rc4", "read_elitech_rc4"),
}
READERS = tuple(_MODULES)
_WITH_TITLES = ("csv", "spreadsheet")
_ENDINGS = {
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
    ".pq": "parquet",
}


@dataclass(frozen=True)
class Recorded:
    """Everything the files of one call held.

    table : readings, every one with its shipment. events : custody events in file order.
    refused_count : lines, rows or elements that could not be used; each is a missing
        reading. first_refusal : the first one's place and reason.
    warnings : one line each, for people.
    """

    table: ReadingTable
    events: list[Event]
    refused_count: int
    first_refusal: str | None
    warnings: tuple[str, ...]


def read_files(
    paths: Sequence[Path],
    *,
    timezone: str | None = None,
    reader: str | None = None,
    shipments: Sequence[str] = (),
    processes: int = 1,
    columns: Sequence[str] = (),
) -> Recorded:
    """Read recorded telemetry: NDJSON, CSV, Parquet, gzip of each, or a logger's own export.

    timezone : IANA name or offset for times that name no zone; None refuses those.
    reader : one of READERS for every file; None: by name ending and content.
    shipments : ids of the call's manifests. A file without a shipment column belongs to the
        only one of them, else to the shipment named like the file.
    processes : how many may read a large file; more than one where this process may be forked.
    columns : `TITLE=NAME` for titles of CSV and spreadsheets that are none of ours.
    Raises BadInput, one line with file and line, if a file cannot be read or no file holds
    anything usable.
    """
    zone = named_zone(timezone)
    if not paths:
        raise BadInput("no file given: expected NDJSON, CSV, Parquet or a logger's export")
    refusals = Refusals()
    tables: list[ReadingTable] = []
    events: list[Event] = []
    nameless: list[tuple[int, str]] = []
    for path in paths:
        content = read_content(path, reader=reader, zone=zone, processes=processes, columns=columns)
        refusals.merge(content.refusals)
        events.extend(content.events)
        if content.one_shipment:
            nameless.append((len(tables), shipment_named_by(path)))
        tables.append(content.table)
    known = box_stays(events)
    tables = [assigned(table, known) for table in tables]
    for index, file_shipment in nameless:
        only = shipments[0] if len(shipments) == 1 else file_shipment
        tables[index] = assigned(tables[index], (), only=only)
    table = joined(tables)
    table = _settled(table, events, shipments, refusals)
    if len(table) == 0 and not events:
        raise BadInput(_nothing(paths, refusals))
    _require_few_of_each(table)
    return Recorded(
        table=table,
        events=events,
        refused_count=refusals.count,
        first_refusal=refusals.first,
        warnings=_warnings(refusals),
    )


def shipment_named_by(path: Path) -> str:
    """The shipment id a file's name gives: its stem with what no id may hold replaced.

    `ZB-1.csv.gz` names `ZB-1`. A name with nothing usable, all Chinese for one, gives `file-`
    and a checksum of the name, the same every time.
    """
    stem = path.name
    while (
        bare := re.sub(
            r"\.(gz|csv|tsv|txt|log|parquet|pq|xlsx|xlsm|xlsb|xls|ods|json|jsonl|ndjson|bin|hex)$",
            "",
            stem,
            flags=re.I,
        )
    ) != stem:
        stem = bare
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-_")[:64]
    if plain and (stem.isascii() or len(plain) > 3):
        return plain
    return f"file-{zlib.crc32(stem.encode('utf-8', 'surrogateescape')):08x}"


def reader_for(path: Path) -> str:
    """The reader whose kind of file this is, by content first, then by its ending."""
    start = head(path)
    if start.startswith(b"PAR1"):
        return "parquet"
    if is_spreadsheet(start, [ending.lower() for ending in path.suffixes]):
        return "spreadsheet"
    text = start.decode(text_encoding(start), errors="replace").lstrip("\ufeff \t\r\n")
    for name in NAMED_READERS:
        module = import_module(_MODULES[name][0])
        if module.recognises(text):
            return name
    if text[:1] in ("{", "["):
        return "ndjson"
    endings = [ending.lower() for ending in path.suffixes]
    return next((_ENDINGS[ending] for ending in reversed(endings) if ending in _ENDINGS), "csv")


def is_text(path: Path) -> bool:
    """True for what may be CSV: no spreadsheet and no Parquet."""
    start = head(path)
    return not start.startswith(b"PAR1") and not is_spreadsheet(start, [".xlsx"])


def is_csv(path: Path) -> bool:
    """True for text with a header that names a time and something measured, whatever the file's
    ending."""
    try:
        start = head(path)
        text = start.decode(text_encoding(start), errors="replace")
    except BadInput:
        return False
    return has_header(text.splitlines()[:-1] or text.splitlines())


def read_content(
    path: Path,
    *,
    reader: str | None,
    zone: tzinfo | None,
    processes: int = 1,
    columns: Sequence[str] = (),
) -> FileContent:
    """One file's rows as they stand in it, before they find their shipment."""
    name = reader if reader is not None else reader_for(path)
    if name not in _MODULES:
        raise BadInput(f"reader {name!r}: unknown; known: {', '.join(READERS)}")
    module, function = _MODULES[name]
    read: Reader = getattr(import_module(module), function)
    if columns and name not in _WITH_TITLES:
        raise BadInput(f"{path}: --column: only CSV and spreadsheets have titles, this is {name}")
    if columns:
        return read(path, zone=zone, columns=renames_of(columns))
    if name == "ndjson":
        return read(path, zone=zone, processes=processes)
    return read(path, zone=zone)


def _settled(
    table: ReadingTable, events: Sequence[Event], shipments: Sequence[str], refusals: Refusals
) -> ReadingTable:
    """Rows that still name no shipment go to the only one of the call, or are refused."""
    open_rows = table.shipment < 0
    if not open_rows.any():
        return table
    named = set(shipments) | {e.shipment for e in events if e.shipment is not None}
    named |= {table.shipments[code] for code in np.unique(table.shipment[~open_rows])}
    if len(named) == 1:
        return assigned(table, (), only=named.pop())
    refusals.add(
        "readings without a shipment",
        "no event assigns their box, and the call has "
        + (f"{len(named)} shipments" if named else "no shipment"),
        count=int(open_rows.sum()),
    )
    return take(table, ~open_rows)


def _require_few_of_each(table: ReadingTable) -> None:
    if len(table) <= SHIPMENT_READINGS_MAX:
        return
    counts = np.bincount(table.shipment)
    most = int(counts.argmax())
    if counts[most] > SHIPMENT_READINGS_MAX:
        raise BadInput(
            f"shipment {table.shipments[most]}: {counts[most]:,} readings; at most"
            f" {SHIPMENT_READINGS_MAX:,} of one shipment are judged"
        )


def _nothing(paths: Sequence[Path], refusals: Refusals) -> str:
    if refusals.first is not None:
        return f"nothing usable: {refusals.count} refused, the first: {refusals.first}"
    return f"nothing usable in {', '.join(str(path) for path in paths)[:200]}: no readings found"


def _warnings(refusals: Refusals) -> tuple[str, ...]:
    if refusals.count == 0:
        return ()
    what = "1 reading" if refusals.count == 1 else f"{refusals.count} readings"
    return (f"{what} refused, counted as missing; the first: {refusals.first}",)
