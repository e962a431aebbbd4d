"""The table of what judging again changes, as a file: as the rows come, whole or not at all."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Protocol

import duckdb
import msgspec
import numpy as np
import xlsxwriter

from coldwitness.cli.written_file import named
from coldwitness.domain.duckdb_names import to_write
from coldwitness.domain.errors import BadInput
from coldwitness.domain.visible import cell_text, visible
from coldwitness.judging.changed_results import Change

COLUMNS = Change.__struct_fields__
SHEET_ROWS = 1_000_000
"""Of one sheet of a workbook, below the 1,048,576 that office programs open."""

Cells = tuple[str | None, ...]


class Table(Protocol):
    def add(self, rows: Sequence[Cells]) -> None:
        """Write rows behind those that are there."""


@contextmanager
def changes_tables(paths: Sequence[Path]) -> Iterator[list[Table]]:
    """One table a path, by its ending. On the way out each is put in its place; after an error
    nothing of it is left. Raises BadInput naming a path that cannot be written."""
    for path in paths:
        if path.suffix.lower() not in _KINDS:
            raise BadInput(f"{path}: expected a name that ends in {', '.join(sorted(_KINDS))}")
    with ExitStack() as stack:
        yield [stack.enter_context(_placed(path)) for path in paths]


def cells(change: Change) -> Cells:
    return msgspec.structs.astuple(change)


@contextmanager
def _placed(path: Path) -> Iterator[Table]:
    part = path.with_name(path.name + ".part")
    try:
        with named(path):
            with _KINDS[path.suffix.lower()](part) as table:
                yield table
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


class _Csv:
    def __init__(self, stream: IO[str]) -> None:
        self._writer = csv.writer(stream, lineterminator="\r\n")
        self._writer.writerow(COLUMNS)

    def add(self, rows: Sequence[Cells]) -> None:
        self._writer.writerows([cell and cell_text(cell) for cell in row] for row in rows)


@contextmanager
def _csv(path: Path) -> Iterator[Table]:
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        yield _Csv(stream)


class _Rows:
    """Into a DuckDB table on disk."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def add(self, rows: Sequence[Cells]) -> None:
        # By column: each row in a statement of its own took 10 ms.
        table = np.array(rows, dtype=object).reshape(-1, len(COLUMNS))
        self._connection.register("added", dict(zip(COLUMNS, table.T, strict=True)))
        self._connection.execute("INSERT INTO changes SELECT * FROM added")
        self._connection.unregister("added")


@contextmanager
def _parquet(path: Path) -> Iterator[Table]:
    kept = path.with_name(path.name + ".duckdb")
    try:
        with duckdb.connect(str(kept)) as connection:
            columns = ", ".join(f"{name} VARCHAR" for name in COLUMNS)
            connection.execute(f"CREATE TABLE changes ({columns})")
            yield _Rows(connection)
            options = "(FORMAT parquet, COMPRESSION zstd)"
            connection.execute(f"COPY changes TO {to_write(path)} {options}")
    finally:
        kept.unlink(missing_ok=True)
        kept.with_name(kept.name + ".wal").unlink(missing_ok=True)


class _Sheets:
    """A new sheet where one is full."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self._book = book
        self._begin()

    def add(self, rows: Sequence[Cells]) -> None:
        for row in rows:
            if self._row >= SHEET_ROWS:
                self._begin()
            self._sheet.write_row(self._row, 0, [visible(cell or "") for cell in row])
            self._row += 1

    def _begin(self) -> None:
        self._sheet = self._book.add_worksheet()
        self._sheet.freeze_panes(1, 0)
        self._sheet.write_row(0, 0, COLUMNS)
        self._row = 1


@contextmanager
def _xlsx(path: Path) -> Iterator[Table]:
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "tmpdir": str(path.parent),
    }
    try:
        with xlsxwriter.Workbook(str(path), options) as book:
            yield _Sheets(book)
    except xlsxwriter.exceptions.XlsxWriterException as error:
        raise OSError(str(error)) from error


_KINDS = {".csv": _csv, ".parquet": _parquet, ".xlsx": _xlsx}
