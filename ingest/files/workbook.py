"""The cells of a workbook (.xlsx, .xlsb, .xls, .ods), opened by a process of its own with bounds on
what it may take: `workbook_process` says why."""

import io
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import IO

from coldwitness.domain.errors import BadInput
from coldwitness.ingest.files.content import COLUMNS_MAX

UNPACKED_MAX_BYTES = 500_000_000
"""More than two million rows of XML."""
MEMORY_MAX_BYTES = 500_000_000
"""A cell takes 72 bytes while its sheet is opened: a million rows of four columns fit."""
ROWS_MAX = 2_000_000
PROCESSOR_MAX_S = 120

Cell = str | float | bool | datetime | date | time | timedelta
LEGACY = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""An .xls begins so."""
_PROGRAM = Path(__file__).with_name("workbook_process.py")
_NO_WORKBOOK = 2


class Workbook:
    """Sheets as they stand in the file, told once."""

    def __init__(self, process: "subprocess.Popen[str]", said: IO[str], called: str) -> None:
        self._process = process
        self._lines = process.stdout or io.StringIO()
        self._said = said
        self._called = called
        self._next: object = None

    def sheets(self) -> Iterator[tuple[str, Iterator[list[Cell]]]]:
        """Each sheet's name and rows, from the first row on; rows that were not taken are left
        out. Raises BadInput where it cannot be read to its end."""
        self._next = self._line()
        while isinstance(name := self._next, str):
            rows = self._rows()
            yield name, rows
            for _ in rows:
                pass

    def _rows(self) -> Iterator[list[Cell]]:
        while isinstance(row := self._line(), list):
            if len(row) > COLUMNS_MAX:
                raise BadInput(f"{self._called}: expected at most {COLUMNS_MAX:,} columns")
            yield [_cell(cell) for cell in row]
        self._next = row

    def _line(self) -> object:
        line = self._lines.readline()
        if line.endswith("\n"):
            return json.loads(line)
        code = self._process.wait()
        self._said.seek(0)
        why = " ".join(self._said.read().split())[:200]
        if code != _NO_WORKBOOK:
            why = (
                f"it takes more than {MEMORY_MAX_BYTES:,} bytes of memory, or {PROCESSOR_MAX_S} s;"
                " save it as CSV"
            )
        raise BadInput(f"{self._called}: cannot be read as a spreadsheet: {why}")


@contextmanager
def opened_workbook(path: Path, *, called: str, most_rows: int = ROWS_MAX) -> Iterator[Workbook]:
    """called : what the file is called in messages. most_rows : so many of each sheet are told.
    Raises BadInput, here or as it is read."""
    _require_room(path, called)
    most = (MEMORY_MAX_BYTES, most_rows, PROCESSOR_MAX_S, COLUMNS_MAX + 1)
    bounds = [str(bound) for bound in most]
    # Apart from what PYTHON… variables and the working folder would have it import.
    command = [sys.executable, "-I", str(_PROGRAM), str(path.absolute()), *bounds]
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said,
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=said, text=True
        ) as process,
    ):
        try:
            yield Workbook(process, said, called)
        finally:
            process.kill()


def _require_room(path: Path, called: str) -> None:
    """A workbook is a zip archive of XML, which packs a thousandfold, or a file of old."""
    try:
        with path.open("rb") as file:
            if file.read(len(LEGACY)) == LEGACY:
                return
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise BadInput(f"{called}: cannot be read as a spreadsheet: {error}") from error
    if unpacked > UNPACKED_MAX_BYTES:
        raise BadInput(f"{called}: unpacks to more than {UNPACKED_MAX_BYTES:,} bytes")


def _cell(told: str | float | bool | dict[str, str | float]) -> Cell:
    if not isinstance(told, dict):
        return told
    ((kind, written),) = told.items()
    if isinstance(written, float):
        return timedelta(seconds=written)
    if kind == "time":
        return time.fromisoformat(written)
    return (datetime if kind == "datetime" else date).fromisoformat(written)
