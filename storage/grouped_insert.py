"""Many rows into a table of SQLite by few statements.

sqlite3 gives up the interpreter lock at every statement: with one a row, as `executemany` has it,
any busy thread would make each row wait for a thread switch.
"""

import sqlite3
from collections.abc import Sequence

_GROUPS = (1024, 512, 256, 128, 64, 32, 16, 8, 4, 2, 1)
"""Rows a statement. With each the double of the next any number of rows takes few statements, and
they are a few texts, each prepared once."""
_VARIABLES = 32_766


class GroupedInsert:
    """begin : `INSERT INTO table (columns)`, of so many columns, 31 at most."""

    def __init__(self, begin: str, columns: int) -> None:
        if not 0 < columns <= _VARIABLES // _GROUPS[0]:
            raise ValueError(f"{columns} columns")
        self._columns = columns
        row = f"({','.join('?' * columns)})"
        self._statements = [(n * columns, f"{begin} VALUES {','.join([row] * n)}") for n in _GROUPS]

    def put(self, connection: sqlite3.Connection, values: Sequence[object]) -> None:
        """values : of all rows, one row's after the other's. Raises sqlite3.Error."""
        at = 0
        for step, statement in self._statements:
            while len(values) - at >= step:
                connection.execute(statement, values[at : at + step])
                at += step
        if at < len(values):
            raise ValueError(f"{len(values)} values are no rows of {self._columns}")
