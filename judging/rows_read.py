"""Up to which row of each worker's journal the stores hold what was said and decided."""

from pathlib import Path

from coldwitness.ingest.progress import rows_followed
from coldwitness.storage.decided.shards import chain_of, deciding_workers
from coldwitness.storage.ports import Register

STORED_WITHIN_MS = 60_000
"""A row received longer ago that is not in the stores is on its way no more: it differs."""


def rows_in_stores(directory: Path, register: Register) -> dict[str, int]:
    """Worker -> its last row that is in the stores. Ask before the evidence is read: what is read
    then holds at least these rows."""
    rows = rows_followed(directory)
    for worker in deciding_workers(directory):
        if worker not in rows:
            rows[worker] = register.journalled.row_of(chain_of(directory, worker))
    return rows
