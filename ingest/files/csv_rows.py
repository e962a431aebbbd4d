"""CSV with a header: one row a line, our columns by name, everything else ignored.

A title row, blank rows and `sep=;` may stand before the header. Comma, semicolon or tab parted;
with semicolons or tabs a comma may be the decimal sign. A quoted field must end on its line: then
one broken quote costs one row and not the rest.
"""

import csv
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from itertools import islice
from pathlib import Path
from types import MappingProxyType

import numpy as np

from coldwitness.domain.channels import CHANNELS, FLAGS
from coldwitness.domain.columns import thinned
from coldwitness.domain.errors import BadInput
from coldwitness.domain.reading_table import joined
from coldwitness.domain.tracks import ReadingTable
from coldwitness.ingest.files.columns import (
    SEQ_EXPECTED,
    Wrong,
    numbers,
    table_of,
    whole_numbers,
    without_units,
    yes_no,
)
from coldwitness.ingest.files.content import (
    FileContent,
    Refusals,
    require_few_columns,
    require_few_probes,
)
from coldwitness.ingest.files.header import columns_of, is_probe, require_names, units_of
from coldwitness.ingest.files.instant_columns import texts_ms
from coldwitness.ingest.files.opening import chunks, opened_text
from coldwitness.ingest.files.titles import name_and_unit, name_and_zone, renamed, unit_of

_HEADER_WITHIN = 100
"""Lines looked at for the header; loggers' programs write what they know of the trip above it."""
_SEPARATOR = re.compile(r"sep=([,;\t|])", re.I)
_CLOCK = re.compile(r"\s*((上午|下午|[AP]M)\s*)?\d{1,2}[:时点]", re.I)
"""A time of day alone; the day stands in a column of its own."""
_DATE = re.compile(r"\d{4}[-/.年]\d|\d[-/.]\d{4}")
_SUMMARY = re.compile(
    r"\s*(合计|总计|最[高低大小]值?(温度)?|平均值?(温度)?|统计|备注.*|max(imum)?|min(imum)?|average|avg|mean|mkt|total)[:：]?\s*",
    re.I,
)
_UNIT_LETTERS = frozenset("cfkCFK°º℃℉")
_NUMBERS = frozenset(channel.sent for channel in CHANNELS if channel.kind != "flag")


def read_csv(
    path: Path, *, zone: tzinfo | None, columns: Mapping[str, str] = MappingProxyType({})
) -> FileContent:
    """Read one CSV file; rows that cannot be used are counted in its refusals.

    columns : titles in small letters -> our names, as the caller was told (`--column`).
    Raises BadInput if the header names no time or nothing measured.
    """
    with opened_text(path) as stream:
        return read_lines(iter(stream), str(path), zone=zone, columns=columns)


def read_lines(
    stream: Iterator[str], file: str, *, zone: tzinfo | None, columns: Mapping[str, str]
) -> FileContent:
    """Read lines of CSV. file : how the lines' place is named in what is said of them."""
    refusals = Refusals()
    tables: list[ReadingTable] = []
    require_names(columns)
    header, header_line, delimiter = _header(stream, file, columns)
    place = f"{file}, line {header_line}"
    for title in columns.keys() - {name.strip().strip('"').lower() for name in header}:
        if title not in {name_and_unit(name)[0] for name in header}:
            seen = ", ".join(name.strip()[:30] for name in header[:12])
            raise BadInput(f"{place}: --column: no column {title!r}, got {seen}")
    header = renamed(header, columns)
    ours = columns_of(header)
    require_columns(ours, place, header)
    require_once(ours, place, header)
    zone = zone or name_and_zone(header[ours["time"]])[1]
    number = header_line + 1
    first = next(stream, None)
    if first is not None and (units := _units_row(first, header, delimiter)) is not None:
        header, first, number = units, None, number + 1
    for lines in chunks(stream if first is None else itertools.chain((first,), stream)):
        chunk = _Chunk(ours, header, delimiter, zone)
        tables.append(thinned(chunk.table(lines, refusals, file, first_number=number)))
        number += len(lines)
    return FileContent(joined(tables), one_shipment="shipment" not in ours, refusals=refusals)


def _units_row(line: str, header: Sequence[str], delimiter: str) -> list[str] | None:
    """The header with the units of a line that holds nothing else; None for any other line."""
    cells = _fields(line.strip("\r\n"), delimiter) or []
    said = [cell.strip() for cell in cells]
    if len(said) != len(header) or not any(said) or not all(unit_of(c) for c in said if c):
        return None
    return [
        f"{title} ({unit})" if unit and name_and_unit(title)[1] is None else title
        for title, unit in zip(header, said, strict=True)
    ]


def require_columns(columns: dict[str, int], place: str, header: Sequence[str]) -> None:
    """Raise BadInput unless there is a time and something measured."""
    seen = ", ".join(name.strip()[:30] for name in header[:12])
    if "time" not in columns:
        raise BadInput(f"{place}: expected a column time (or timestamp), got {seen}")
    if not measures(columns):
        raise BadInput(
            f"{place}: expected a column drug (or value, temperature), coolant, ambient or goods, "
            f"got {seen}"
        )
    require_few_probes(columns, place)


def measures(columns: Mapping[str, int]) -> bool:
    """True where a header has something measured."""
    return any(map(is_probe, columns)) or {"lat", "lon"} <= columns.keys()


def require_once(columns: dict[str, int], place: str, header: Sequence[str]) -> None:
    """Raise BadInput where a title that is read stands twice: which is meant, nobody can tell."""
    titles = [title.strip().strip('"').lower() for title in header]
    for position in columns.values():
        if titles.count(titles[position]) > 1:
            raise BadInput(f"{place}: two columns are called {header[position].strip()[:30]!r}")


def _header(
    stream: Iterable[str], file: str, renames: Mapping[str, str]
) -> tuple[list[str], int, str]:
    """The first line with a time and something measured, of the first that are written at all;
    the very first where none has both, so that a refusal shows it."""
    first: tuple[list[str], int, str] | None = None
    told: str | None = None
    for number, line in enumerate(islice(stream, _HEADER_WITHIN), start=1):
        bare = line.strip("\r\n").strip("\ufeff")
        separator = _SEPARATOR.fullmatch(bare.strip())
        if separator is not None:
            told = separator[1]
        if separator is not None or not bare.strip(" ,;\t") or bare.lstrip().startswith("#"):
            continue
        delimiter = told or max((",", ";", "\t", "|"), key=bare.count)
        fields = _fields(bare, delimiter) or []
        require_few_columns(len(fields), f"{file}, line {number}")
        columns = columns_of(renamed(fields, renames))
        if "time" in columns and measures(columns) and not any(map(_DATE.search, fields)):
            return fields, number, delimiter
        first = first or (fields, number, delimiter)
    if first is None:
        raise BadInput(f"{file}: empty: expected a header line")
    return first


def has_header(lines: Sequence[str]) -> bool:
    """True if one of a file's first lines names a time and something measured."""
    try:
        fields, _, _ = _header(lines, "", {})
    except BadInput:
        return False
    columns = columns_of(fields)
    return "time" in columns and measures(columns)


def _fields(line: str, delimiter: str) -> list[str] | None:
    """The fields of one line; None if its quotes do not close."""
    if '"' not in line:
        return line.split(delimiter)
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return None


class _Chunk:
    """Some lines of one file on their way into a table. What a program wrote below the rows
    (totals, the highest and lowest) is no row."""

    def __init__(
        self, columns: dict[str, int], header: Sequence[str], delimiter: str, zone: tzinfo | None
    ) -> None:
        self.columns = columns
        self.width = len(header)
        self.units = units_of(header, columns)
        self.delimiter = delimiter
        self.zone = zone

    def table(
        self, lines: Sequence[str], refusals: Refusals, file: str, *, first_number: int
    ) -> ReadingTable:
        rows: list[list[str]] = []
        place: list[int] = []
        for index, line in enumerate(lines):
            fields = _fields(line.rstrip("\r\n"), self.delimiter)
            if fields is not None and not any(map(str.strip, fields)):
                continue  # what a spreadsheet leaves below its last row
            if fields is not None and not any(fields[self.width :]):
                del fields[self.width :]
            if fields and not fields[0][:1].isdigit() and self._is_summary(fields):
                continue
            if fields is not None and len(fields) == self.width:
                rows.append(fields)
                place.append(index)
            elif line.strip():
                got = "an open quote" if fields is None else f"{len(fields)}"
                refusals.add(
                    f"{file}, line {first_number + index}",
                    f"expected {self.width} fields, got {got}",
                )
        wrong = Wrong(np.zeros(len(rows), dtype=np.bool_))
        table = self._columns(rows, wrong)
        wrong.report(refusals, lambda row: f"{file}, line {first_number + place[row]}")
        return table

    def _is_summary(self, fields: Sequence[str]) -> bool:
        time = fields[self.columns["time"]] if len(fields) > self.columns["time"] else ""
        return any(_SUMMARY.fullmatch(cell) is not None for cell in {fields[0], time})

    def _columns(self, rows: Sequence[Sequence[str]], wrong: Wrong) -> ReadingTable:
        transposed = list(zip(*rows, strict=True)) or [()] * self.width
        texts = {name: transposed[position] for name, position in self.columns.items()}
        times: Sequence[str] = texts["time"]
        if "date" in texts and _CLOCK.match(next(filter(str.strip, times), "")):
            times = [
                f"{day.strip()} {at.strip()}" for day, at in zip(texts["date"], times, strict=True)
            ]
        time_ms, bad_times = texts_ms(times, zone=self.zone)
        for row, why in bad_times.items():
            wrong.rows[row] = True
            wrong.first.setdefault(row, why)
        values = {}
        for name, column in texts.items():
            if is_probe(name) or name in _NUMBERS:
                cells: Sequence[str] = column
                if is_probe(name) and not _UNIT_LETTERS.isdisjoint("".join(column)):
                    cells = without_units(column, self.units.get(name), wrong)
                values[name], off = numbers(cells, decimal_comma=self.delimiter != ",")
                wrong.mark(off, f"{name}: expected a number", got=column)
        seq = np.full(len(rows), -1, dtype=np.int64)
        if "seq" in values:
            seq, off = whole_numbers(values.pop("seq"))
            wrong.mark(off, SEQ_EXPECTED)
        flags = {}
        for name in (channel.sent for channel in FLAGS):
            if name in texts:
                flags[name], off = yes_no(texts[name])
                wrong.mark(off, f"{name}: expected true or false")
        names: dict[str, Sequence[str | None]] = {
            name: [text.strip() or None for text in texts[name]]
            for name in ("shipment", "courier", "box", "logger")
            if name in texts
        }
        datum = [text.strip() or None for text in texts["datum"]] if "datum" in texts else None
        received_ms = None
        if "received_ms" in texts:
            # What is no time there is not known; it says nothing about the reading itself.
            received_ms, _ = texts_ms(texts["received_ms"], zone=self.zone)
        return table_of(
            len(rows),
            time_ms=time_ms,
            names=names,
            values=values,
            seq=seq,
            flags=flags,
            datum=datum,
            units=self.units,
            unit=texts.get("unit"),
            quantity=texts.get("quantity"),
            wrong=wrong,
            received_ms=received_ms,
        )
