"""Bringing a register's tables to this program's version, and back."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, dialects, insert
from sqlalchemy.schema import CreateIndex, CreateTable

from coldwitness.domain.errors import ConfigError
from coldwitness.storage.register.database import Database
from coldwitness.storage.register.schema import feed, metadata

_SCRIPTS = Path(__file__).parent / "migrations"
_NEWEST = "head"


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(_SCRIPTS))


def newest_revision() -> str:
    """The revision this program works with."""
    head = _scripts().get_current_head()
    if head is None:
        raise ConfigError(f"{_SCRIPTS}: no migrations found")
    return head


def revisions() -> list[str]:
    """All revisions, the first one first."""
    return [script.revision for script in _scripts().walk_revisions()][::-1]


def revision_of(database: Database) -> str | None:
    """The revision the register is at; None: it has no tables yet."""
    with database.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(database: Database, *, to: str = _NEWEST) -> None:
    """Run the missing migrations in one transaction; where nothing is yet, the newest tables are
    made as the program has them. Raises ConfigError where a newer program has been at work."""
    require_known(database)
    with database.write() as connection:
        _lock(database, connection)
        if to == _NEWEST and MigrationContext.configure(connection).get_current_revision() is None:
            _make(connection)
        else:
            command.upgrade(_config(connection), to)


def downgrade(database: Database, *, to: str) -> None:
    """Go back to revision `to` (`base`: no tables)."""
    with database.write() as connection:
        _lock(database, connection)
        command.downgrade(_config(connection), to)


def require_known(database: Database) -> None:
    """Raise ConfigError where the register is at a revision that this program does not have."""
    found = revision_of(database)
    if found is not None and found not in revisions():
        raise ConfigError(
            f"register {database.shown_url}: at revision {found}, this program needs"
            f" {newest_revision()} and does not know that one: a newer program made it. Start that"
            " one, or have it go back: `coldwitness db downgrade`"
        )


def require_newest(database: Database) -> None:
    """Raise ConfigError unless the register is at this program's revision."""
    found, wanted = revision_of(database), newest_revision()
    if found != wanted:
        raise ConfigError(
            f"register {database.shown_url}: at revision {found or 'none'}, this program needs "
            f"{wanted}: run `coldwitness db upgrade`"
        )


def _make(connection: Connection) -> None:
    """What all migrations one after the other end with, at a tenth of their time."""
    for statement in _statements(connection.dialect.name):
        connection.exec_driver_sql(statement)
    connection.execute(insert(feed).values(id=1, last=0))
    MigrationContext.configure(connection).stamp(_scripts(), _NEWEST)


@cache
def _statements(dialect_name: str) -> tuple[str, ...]:
    """All tables and indexes in the database's words."""
    dialect = dialects.registry.load(dialect_name)()

    def made() -> Iterator[CreateTable | CreateIndex]:
        for table in metadata.sorted_tables:
            yield CreateTable(table)
            for index in sorted(table.indexes, key=lambda index: str(index.name)):
                yield CreateIndex(index)

    return tuple(str(element.compile(dialect=dialect)) for element in made())


def _lock(database: Database, connection: Connection) -> None:
    """Two processes that start at once must not both create the tables."""
    if not database.is_sqlite:
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7265430)")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config
