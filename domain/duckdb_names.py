"""Names of files as DuckDB takes them."""

import re
from pathlib import Path


def to_read(path: Path) -> str:
    """DuckDB expands wildcards in names; brackets make each of them stand for itself."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def to_write(path: Path) -> str:
    """As a literal of SQL, for COPY, which takes no parameter there."""
    name = str(path).replace("'", "''")
    return f"'{name}'"
