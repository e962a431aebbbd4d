"""Bringing a register's tables to this program's version, and back."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from coldwitness.domain.errors import ConfigError
from coldwitness.storage.register.database import Database

_SCRIPTS = Path(__file__).parent / "migrations"


@cache
def newest_revision() -> str:
    """The revision this program works with."""
    head = ScriptDirectory(str(_SCRIPTS)).get_current_head()
    if head is None:
        raise ConfigError(f"{_SCRIPTS}: no migrations found")
    return head


def revisions() -> list[str]:
    """All revisions, the first one first."""
    scripts = ScriptDirectory(str(_SCRIPTS)).walk_revisions()
    return [script.revision for script in scripts][::-1]


def revision_of(database: Database) -> str | None:
    """The revision the register is at; None: it has no tables yet."""
    with database.read() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(database: Database, *, to: str = "head") -> None:
    """Run the missing migrations in one transaction."""
    with database.write() as connection:
        _lock(database, connection)
        command.upgrade(_config(connection), to)


def downgrade(database: Database, *, to: str) -> None:
    """Go back to revision `to` (`base`: no tables)."""
    with database.write() as connection:
        _lock(database, connection)
        command.downgrade(_config(connection), to)


def require_newest(database: Database) -> None:
    """Raise ConfigError unless the register is at this program's revision."""
    found, wanted = revision_of(database), newest_revision()
    if found != wanted:
        raise ConfigError(
            f"register {database.shown_url}: at revision {found or 'none'}, this program needs "
            f"{wanted}: run `coldwitness db upgrade`"
        )


def _lock(database: Database, connection: Connection) -> None:
    """Two processes that start at once must not both create the tables."""
    if not database.is_sqlite:
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7265430)")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.attributes["connection"] = connection
    return config
