"""Which rows speak of what, as whoever asked wrote it down, held against the same made anew."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from coldwitness.config.settings import Settings
from coldwitness.ingest.routes import Routes
from coldwitness.ingest.row_finding import RowFinder
from coldwitness.storage.decided.shards import deciding_workers
from tests.storage.evidence import FUTURE_S

INDEX = "journal/derived/rows"
"""Made by whoever asks, so another command makes other files of it: what stands in them counts."""


def index_problems(settings: Settings) -> list[str]:
    """Indexes of rows that say otherwise than those made anew, as far as they reach."""
    there = settings.journal.directory / "derived" / "rows"
    left = {path.relative_to(there): _indexed(path) for path in there.rglob("*.sqlite")}
    shutil.rmtree(there)
    finder = RowFinder(settings.journal.directory, Routes, future_tolerance_s=FUTURE_S)
    finder.rows([], first="0", last="9")
    for worker in deciding_workers(settings.journal.directory):
        finder.index_decided(worker)
    finder.close()
    anew = {path.relative_to(there): _indexed(path) for path in there.rglob("*.sqlite")}
    return [
        str(path)
        for path, (covered, named) in left.items()
        if named != {one for one in anew[path][1] if one[1] in covered}
    ]


def _indexed(path: Path) -> tuple[range, set[tuple[int, int]]]:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT first, last FROM covered").fetchone()
        named = set(connection.execute("SELECT name, row FROM named"))
    return range(found[0], found[1] + 1) if found else range(0), named
