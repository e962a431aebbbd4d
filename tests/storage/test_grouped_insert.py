"""Any number of rows goes into a table whole and in order, by few statements."""

import sqlite3
from contextlib import closing

import pytest

from coldwitness.storage.grouped_insert import GroupedInsert


@pytest.mark.parametrize("rows", [0, 1, 2, 3, 1023, 1024, 1783, 5000])
def test_rows_go_in_whole_by_few_statements(rows: int) -> None:
    said: list[str] = []
    insert = GroupedInsert("INSERT OR IGNORE INTO one (name,row)", columns=2)
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        connection.execute("CREATE TABLE one (name TEXT, row INTEGER PRIMARY KEY)")
        connection.set_trace_callback(said.append)
        for _ in range(2):
            insert.put(connection, [value for n in range(rows) for value in (f"n{n}", n)])
        connection.set_trace_callback(None)
        found = connection.execute("SELECT name, row FROM one ORDER BY row").fetchall()
    assert found == [(f"n{n}", n) for n in range(rows)]
    assert len(said) <= 2 * (rows // 1024 + 10)


def test_values_that_are_no_rows_are_refused() -> None:
    insert = GroupedInsert("INSERT INTO one (name,row)", columns=2)
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE one (name TEXT, row INTEGER)")
        with pytest.raises(ValueError, match="3 values"):
            insert.put(connection, ["a", 1, "b"])
    with pytest.raises(ValueError, match="40 columns"):
        GroupedInsert("INSERT INTO one", columns=40)
