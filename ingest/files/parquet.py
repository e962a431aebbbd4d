"""Parquet with the CSV's columns, read through DuckDB.

Column types are taken at their word: timestamps with a zone, timestamps without one (read
in the named zone or refused), integers of epoch milliseconds, or texts as in CSV. A NaN in
a numeric column is a missing value there, as data frames write it; an infinity is wrong.
"""

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.channels import FLAGS, REALS
from coldwitness.domain.columns import thinned
from coldwitness.domain.duckdb_names import to_read
from coldwitness.domain.errors import BadInput, BadMessage
from coldwitness.domain.instants import LATEST_MS
from coldwitness.domain.reading_table import joined
from coldwitness.domain.tracks import CodeArray, FloatArray, IntArray, ReadingTable
from coldwitness.ingest.bounded_file import UNPACKED_MAX_BYTES, opened, packed
from coldwitness.ingest.files.columns import (
    SEQ_EXPECTED,
    Wrong,
    numbers,
    table_of,
    whole_numbers,
    yes_no,
)
from coldwitness.ingest.files.content import FileContent, Refusals, require_few_columns
from coldwitness.ingest.files.csv_rows import require_columns
from coldwitness.ingest.files.header import columns_of, is_probe, units_of
from coldwitness.ingest.files.instant_columns import texts_ms
from coldwitness.ingest.formats.instants import UNSET_BEFORE_MS, moment_ms

_REALS = frozenset(channel.sent for channel in REALS)
_FLAGS = frozenset(channel.sent for channel in FLAGS)
PART_CELLS = 1_000_000
"""Worked on at once: a text takes fifty bytes and more as an object."""
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "memory_limit": "256MB",
    "temp_directory": "",  # what does not fit is refused and not put aside on the disk
    "threads": 2,
}
_NAMES = ("shipment", "courier", "box", "logger", "datum", "unit", "quantity")


def read_parquet(path: Path, *, zone: tzinfo | None) -> FileContent:
    """Read one Parquet file, gzipped or not; raises BadInput if DuckDB cannot read it."""
    if packed(path):
        with tempfile.TemporaryDirectory() as folder, opened(path) as unpacked:
            plain = Path(folder) / "unpacked.parquet"
            with plain.open("wb") as target:
                shutil.copyfileobj(unpacked, target)
            return _read(plain, shown=str(path), zone=zone)
    return _read(path, shown=str(path), zone=zone)


def _read(path: Path, *, shown: str, zone: tzinfo | None) -> FileContent:
    try:
        with duckdb.connect(config=_SETTINGS) as connection:
            relation = connection.read_parquet(to_read(path))
            header = relation.columns
            kinds = [str(kind) for kind in relation.types]
            require_few_columns(len(header), shown)
            columns = columns_of(header)
            require_columns(columns, shown, header)
            wanted = ", ".join(
                f'{_expression(column, header[place], kinds[place])} as "{column}"'
                for column, place in columns.items()
            )
            projected = relation.project(wanted)
            rows = _rows_with_room(projected, shown=shown)
            kind_of = {column: kinds[place] for column, place in columns.items()}
            read = partial(
                _part, kind_of=kind_of, units=units_of(header, columns), shown=shown, zone=zone
            )
            at_once = max(PART_CELLS // len(columns), 1)
            refusals, tables = Refusals(), []
            for first in range(0, rows, at_once):
                found = projected.limit(at_once, first).fetchnumpy()
                tables.append(thinned(read(found, refusals, first_row=first + 1)))
    except (duckdb.Error, RuntimeError, UnicodeDecodeError) as error:
        # A name or text that is no UTF-8 fails in DuckDB's binding, without a kind of its own.
        why = (str(error).splitlines() or [type(error).__name__])[0]
        raise BadInput(f"{shown}: not readable as Parquet: {why}") from error
    return FileContent(joined(tables), one_shipment="shipment" not in columns, refusals=refusals)


def _rows_with_room(relation: duckdb.DuckDBPyRelation, *, shown: str) -> int:
    """How many rows there are. Raises BadInput where they take too much memory: a column of one
    value takes a few bytes in the file and all of them in memory."""
    kinds = dict(zip(relation.columns, map(str, relation.types), strict=True))
    texts = [
        f'coalesce(sum(strlen("{name}")), 0)' for name, kind in kinds.items() if kind == "VARCHAR"
    ]
    ((rows, *text_bytes),) = relation.aggregate(", ".join(["count(*)", *texts])).fetchall()
    unpacked = 8 * rows * len(relation.columns) + sum(text_bytes)
    if unpacked > UNPACKED_MAX_BYTES:
        raise BadInput(f"{shown}: unpacks to more than {UNPACKED_MAX_BYTES:,} bytes")
    return int(rows)


def _expression(column: str, name: str, kind: str) -> str:
    quoted = '"' + name.replace('"', '""') + '"'
    if column in ("time", "received_ms") and kind.startswith("TIMESTAMP"):
        return f"epoch_us({quoted})"
    if kind.startswith("DECIMAL") or kind in ("FLOAT", "HUGEINT", "UHUGEINT"):
        return f"cast({quoted} as double)"
    if column in _NAMES and kind != "VARCHAR":
        return f"cast({quoted} as varchar)"
    return quoted


def _part(
    found: dict[str, Any],
    refusals: Refusals,
    *,
    first_row: int,
    kind_of: Mapping[str, str],
    units: Mapping[str, str],
    shown: str,
    zone: tzinfo | None,
) -> ReadingTable:
    """Some rows of the file; those that cannot be used are counted in the refusals."""
    count = len(found["time"])
    wrong = Wrong(np.zeros(count, dtype=np.bool_))
    time_ms = _times(found["time"], kind_of["time"], zone, wrong)
    values: dict[str, FloatArray] = {}
    seq = np.full(count, -1, dtype=np.int64)
    flags: dict[str, CodeArray] = {}
    for column, array in found.items():
        if is_probe(column) or column in _REALS:
            values[column] = _numbers(column, array, wrong)
        elif column == "seq":
            seq, off = whole_numbers(_numbers(column, array, wrong))
            wrong.mark(off, SEQ_EXPECTED)
        elif column in _FLAGS:
            flags[column] = _flags(column, array, wrong)
    names = {name: _texts(found[name]) for name in _NAMES if name in found}
    table = table_of(
        count,
        time_ms=time_ms,
        names=names,
        values=values,
        seq=seq,
        flags=flags,
        datum=names.get("datum"),
        units=units,
        unit=names.get("unit"),
        quantity=names.get("quantity"),
        wrong=wrong,
        received_ms=_received(found.get("received_ms"), kind_of.get("received_ms", ""), zone),
    )
    wrong.report(refusals, lambda row: f"{shown}, row {first_row + row}")
    return table


def _received(array: Any, kind: str, zone: tzinfo | None) -> IntArray | None:
    """When each row was received; what is no time there is not known, and no fault of its row."""
    if array is None:
        return None
    wrong = Wrong(np.zeros(len(array), dtype=np.bool_))
    try:
        received_ms = _times(array, kind, zone, wrong)
    except BadInput:
        return None
    return np.where(wrong.rows, -1, received_ms)


def _times(array: Any, kind: str, zone: tzinfo | None, wrong: Wrong) -> IntArray:
    missing = np.ma.getmaskarray(array)
    wrong.mark(missing, "time: expected a time, got nothing")
    if kind == "VARCHAR":
        texts = ["" if text is None else str(text) for text in _texts(array)]
        time_ms, bad = texts_ms(texts, zone=zone)
        for row, why in bad.items():
            wrong.rows[row] = True
            wrong.first.setdefault(row, why)
        return time_ms
    if not np.issubdtype(array.dtype, np.number):
        raise BadInput(f"time: expected a timestamp, integer or text column, got {kind}")
    whole = np.ma.filled(array, 0).astype(np.int64)
    if kind == "TIMESTAMP WITH TIME ZONE":
        time_ms = whole // 1000
    elif kind.startswith("TIMESTAMP"):
        time_ms = _local(whole, zone, wrong, missing)
    else:
        time_ms = whole
        off = (time_ms >= 10**9) & (time_ms < 10**10)
        wrong.mark(off, "time: expected epoch milliseconds, looks like seconds")
        early = ~missing & (time_ms >= 0) & (time_ms < UNSET_BEFORE_MS) & ~off
        wrong.mark(early, "time: expected epoch milliseconds since 2001")
    off = ~missing & ((time_ms < 0) | (time_ms > LATEST_MS))
    wrong.mark(off & ~wrong.rows, "time: expected 1970 to 2100")
    return time_ms


def _local(
    micros: IntArray, zone: tzinfo | None, wrong: Wrong, missing: NDArray[np.bool_]
) -> IntArray:
    """Local wall-clock microseconds to epoch ms in `zone`; each distinct hour asked once."""
    if zone is None:
        wrong.mark(~missing, "time: expected a zone; the column is a timestamp without one")
        return np.full(micros.size, -1, dtype=np.int64)
    quarters, which = np.unique(micros // 900_000_000, return_inverse=True)
    offset_ms = np.zeros(quarters.size, dtype=np.int64)
    bad = np.zeros(quarters.size, dtype=np.bool_)
    for index, quarter in enumerate(quarters.tolist()):
        try:
            moment = datetime.fromtimestamp(quarter * 900, tz=UTC).replace(tzinfo=None)
            offset_ms[index] = quarter * 900_000 - moment_ms(
                moment, shown=moment.isoformat(), zone=zone
            )
        except (BadMessage, ValueError, OverflowError, OSError):
            bad[index] = True
    wrong.mark(
        bad[which] & ~missing,
        f"time: outside 1970 to 2100, or in a change of the clocks of {zone}",
    )
    return micros // 1000 - offset_ms[which]


def _numbers(column: str, array: Any, wrong: Wrong) -> FloatArray:
    if array.dtype == object:
        values, off = numbers([text or "" for text in _texts(array)], decimal_comma=False)
    elif np.issubdtype(array.dtype, np.number):
        values = np.ma.filled(np.ma.asarray(array, dtype=np.float64), np.nan)
        off = np.isinf(values)
    else:
        off = ~np.ma.getmaskarray(array)
        values = np.full(len(array), np.nan)
    wrong.mark(off, f"{column}: expected a finite number")
    return np.asarray(values, dtype=np.float64)


def _flags(column: str, array: Any, wrong: Wrong) -> CodeArray:
    missing = np.ma.getmaskarray(array)
    if array.dtype == object:
        values, off = yes_no([text or "" for text in _texts(array)])
    else:
        known = np.ma.filled(array, 0)
        off = ~missing & (known != 0) & (known != 1)
        values = np.where(missing | off, -1, known == 1).astype(np.int8)
    wrong.mark(off, f"{column}: expected true or false")
    return values


def _texts(array: Any) -> Sequence[str | None]:
    missing = np.ma.getmaskarray(array)
    data = np.ma.getdata(array)
    return [
        None if gone or text is None or text == "" else str(text)
        for text, gone in zip(data.tolist(), missing.tolist(), strict=True)
    ]
