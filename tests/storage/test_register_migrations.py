"""Migrations make what the code expects, both ways, with data in place."""

import threading
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import column, inspect, select, table

from coldwitness.domain.errors import ConfigError, Unavailable
from coldwitness.domain.manifest import Item, Manifest, Order
from coldwitness.domain.reading import Event
from coldwitness.storage.register import migrate, open_register
from coldwitness.storage.register.database import Database
from coldwitness.storage.register.schema import metadata
from tests.storage.readings import T0
from tests.storage.results import finding, record, result


def test_migrations_make_exactly_the_tables_of_the_code(empty_url: str) -> None:
    database = Database(empty_url)
    migrate.upgrade(database, to=migrate.newest_revision())
    with database.read() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
    database.close()


def test_an_empty_database_is_given_at_once_what_all_migrations_end_with(empty_url: str) -> None:
    database = Database(empty_url)
    migrate.upgrade(database)
    migrate.require_newest(database)
    at_once, rows = _shape(database), _rows(database)
    migrate.downgrade(database, to="base")
    migrate.upgrade(database, to=migrate.newest_revision())
    assert _shape(database) == at_once
    assert _rows(database) == rows
    assert rows["feed"]
    database.close()


def _shape(database: Database) -> dict[str, Any]:
    """Columns, keys, indexes and rules of every table, whatever their order."""
    seen = inspect(database.engine)
    return {
        name: {
            "columns": {
                (one["name"], str(one["type"]), one["nullable"], one["default"])
                for one in seen.get_columns(name)
            },
            "key": seen.get_pk_constraint(name)["constrained_columns"],
            "foreign": sorted(
                (one["constrained_columns"], one["referred_table"], one["referred_columns"])
                for one in seen.get_foreign_keys(name)
            ),
            "indexes": sorted(
                (one["name"] or "", one["column_names"], bool(one["unique"]))
                for one in seen.get_indexes(name)
            ),
            "unique": sorted(one["column_names"] for one in seen.get_unique_constraints(name)),
            "rules": sorted(one["sqltext"] for one in seen.get_check_constraints(name)),
        }
        for name in seen.get_table_names()
    }


def test_migrations_go_down_and_up_again_with_data_in_place(empty_url: str) -> None:
    register = open_register(empty_url)
    record(register, result(finding()))
    database = register.database

    migrate.downgrade(database, to="base")
    assert inspect(database.engine).get_table_names() == ["alembic_version"]
    with pytest.raises(ConfigError, match="coldwitness db upgrade"):
        migrate.require_newest(database)
    migrate.upgrade(database)

    assert register.clues.after(0) == []
    (entry,) = record(register, result(finding()))
    assert entry.cursor == 1
    register.close()


def test_each_step_of_the_migrations_keeps_the_data_that_is_there(empty_url: str) -> None:
    register = open_register(empty_url)
    database = register.database
    record(register, result(finding()))
    packed = Event(event="packed", time_ms=T0, shipment="S-1", box="BX-1")
    register.custody.add_events([packed], [T0])

    migrate.downgrade(database, to="0001")
    columns = {column["name"] for column in inspect(database.engine).get_columns("events")}
    assert "generation" not in columns
    migrate.upgrade(database)

    assert register.results.of("S-1") == result(finding())
    assert register.custody.events(["S-1"]) == {"S-1": [packed]}
    assert len(register.clues.after(0)) == 1
    register.close()


def test_every_step_down_and_up_again_keeps_every_row_of_every_table(empty_url: str) -> None:
    register = open_register(empty_url)
    database = register.database
    _fill_every_table(database)
    revisions = migrate.revisions()
    assert revisions[-1] == migrate.newest_revision()
    before = _rows(database)
    for lower, upper in reversed(list(pairwise(revisions))):
        migrate.downgrade(database, to=lower)
        below = _rows(database)
        assert below.keys() >= {"events", "results", "clues", "reviews"}
        for name, columns in below.items():
            assert columns == _of_columns(before[name], columns), (lower, name)
        migrate.upgrade(database, to=upper)
        again = _rows(database)
        for name, columns in below.items():
            assert columns == _of_columns(again[name], columns), (lower, name)
        migrate.downgrade(database, to=lower)
        before = _rows(database)
    migrate.upgrade(database)
    newest = _rows(database)
    for name, columns in below.items():
        assert columns == _of_columns(newest[name], columns), name
    register.close()


def test_a_shipment_of_before_is_found_by_what_its_manifest_states(empty_url: str) -> None:
    register = open_register(empty_url)
    stated = Manifest(
        id="S-1",
        items=(Item(storage="refrigerated"),),
        order=Order(number="DD-77", sold_at="2026-11-20"),
    )
    register.manifests.put(stated, received_ms=T0)
    asked = "dd-77 2026-11-20"
    database = register.database
    migrate.downgrade(database, to="0022")
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE shipments SET search = 's-1'")

    migrate.upgrade(database)

    assert [row.id for row in register.shipments.rows(q=asked)] == ["S-1"]
    register.close()


def test_of_results_of_before_the_extremes_are_said_beside_the_shipment(empty_url: str) -> None:
    register = open_register(empty_url)
    for version in range(3):  # the second and third are packed against the first
        record(register, result(readings=version, lowest_c=2.5 - version, highest_c=9.25))
    record(register, result(shipment="S-2"))
    register.custody.note_seen({"S-3": None})
    with register.database.write() as connection:
        broken = {"shipment": "S-3", "version": 1, "body": b"broken", "verdict": "breach"}
        rest = {"judged_ms": T0, "reason": "-", "digest": "-"}
        connection.execute(metadata.tables["results"].insert().values(**broken, **rest))
        connection.exec_driver_sql("UPDATE shipments SET result_version = 1 WHERE id = 'S-3'")
    migrate.downgrade(register.database, to="0029")
    migrate.upgrade(register.database)
    assert {row.id: (row.min_c, row.max_c) for row in register.shipments.rows()} == {
        "S-1": (0.5, 9.25),
        "S-2": (None, None),
        "S-3": (None, None),
    }
    register.close()


def _of_columns(
    rows: dict[str, list[object]], wanted: dict[str, list[object]]
) -> dict[str, list[object]]:
    """The same columns; one that the other revision does not have is made by the migration."""
    return {column: rows.get(column, values) for column, values in wanted.items()}


def _fill_every_table(database: Database) -> None:
    """One row, of the simplest values, in each table that has none."""
    simplest = {int: 1, float: 1.5, bytes: b"x", bool: True, str: "x"}
    with database.write() as connection:
        for one in metadata.sorted_tables:
            if connection.execute(one.select()).first() is None:
                row = {column.name: simplest[column.type.python_type] for column in one.columns}
                connection.execute(one.insert().values(row))


def _rows(database: Database) -> dict[str, dict[str, list[object]]]:
    """What stands in each column of each table that holds something."""
    found = {}
    with database.read() as connection:
        for (_, name), columns in inspect(connection).get_multi_columns().items():
            named = [column(one["name"]) for one in columns]
            rows = connection.execute(select(*named).select_from(table(name))).mappings().all()
            if rows and name != "alembic_version":
                found[name] = {key: [row[key] for row in rows] for key in rows[0]}
    return found


def test_opening_again_keeps_what_is_there(empty_url: str) -> None:
    first = open_register(empty_url)
    record(first, result(finding()))
    first.close()
    second = open_register(empty_url)
    assert second.results.of("S-1") == result(finding())
    second.close()


def test_two_that_open_an_empty_register_at_once_both_find_it_ready(empty_url: str) -> None:
    failures: list[Exception] = []

    def open_it() -> None:
        try:
            open_register(empty_url).close()
        except Exception as error:
            failures.append(error)

    openers = [threading.Thread(target=open_it) for _ in range(4)]
    for opener in openers:
        opener.start()
    for opener in openers:
        opener.join()
    assert failures == []


@pytest.mark.parametrize(
    "url", ["", "register.sqlite", "mysql://localhost/x", "sqlite://", "sqlite:///:memory:"]
)
def test_an_address_that_names_no_such_database_is_a_mistake_of_the_settings(url: str) -> None:
    with pytest.raises(ConfigError, match=r"store\.register_url"):
        open_register(url)


def test_a_file_that_is_no_database_is_unavailable_and_named(tmp_path: Path) -> None:
    broken = tmp_path / "register.sqlite"
    broken.write_bytes(b"this is a text, not a database" * 100)
    with pytest.raises(Unavailable, match=r"register\.sqlite"):
        open_register(f"sqlite:///{broken}")


def test_a_password_is_not_shown(tmp_path: Path) -> None:
    database = Database("postgresql://me:secret@127.0.0.1:1/none")
    with pytest.raises(Unavailable) as failure, database.read():
        pass
    assert "secret" not in str(failure.value)
    database.close()
