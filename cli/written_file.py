"""What is said where a file that was asked for cannot be written."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from coldwitness.domain.errors import BadInput


@contextmanager
def named(path: Path) -> Iterator[None]:
    """Raises BadInput naming the file, where a disk or DuckDB refuses it."""
    try:
        yield
    except OSError as error:
        raise BadInput(f"{path}: cannot be written: {error.strerror or error}") from error
    except duckdb.Error as error:
        raise BadInput(f"{path}: cannot be written: {str(error).splitlines()[0]}") from error
