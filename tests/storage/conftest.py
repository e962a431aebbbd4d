"""Databases for the suites: each test has an empty one of its own, on a server of its worker."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy

from coldwitness.config.settings import StoreSettings
from coldwitness.storage.ports import TelemetryStore
from coldwitness.storage.register import SqlRegister, open_register
from coldwitness.storage.register.schema import feed, metadata
from coldwitness.storage.register.views import SqlViews
from coldwitness.storage.telemetry import open_telemetry
from coldwitness.storage.telemetry.embedded import EmbeddedTelemetry
from coldwitness.storage.telemetry.influx_http import InfluxHttp
from coldwitness.storage.telemetry.memory import MemoryTelemetry
from tests import servers
from tests.registers import new_register

_numbers = itertools.count()


@pytest.fixture(scope="session")
def influx_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with servers.influxd(tmp_path_factory.mktemp("influxd")) as address:
        yield address


@pytest.fixture(scope="session")
def postgres_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with servers.postgres(tmp_path_factory.mktemp("postgres")) as address:
        yield address


@pytest.fixture
def influx_settings(influx_address: str, tmp_path: Path) -> StoreSettings:
    """A database of its own on the real InfluxDB, and a register for it."""
    settings = StoreSettings(
        telemetry="influx",
        influx_url=influx_address,
        influx_bucket=f"test{next(_numbers)}",
        influx_batch_rows=5000,
        register_url=f"sqlite:///{tmp_path / 'influx-register.sqlite'}",
    )
    http = InfluxHttp(settings)
    http.command(f"CREATE DATABASE {settings.influx_bucket}")
    http.close()
    return settings


@pytest.fixture
def influx_views(influx_settings: StoreSettings) -> Iterator[SqlViews]:
    with closing(open_register(influx_settings.register_url)) as register:
        yield register.views


@pytest.fixture(params=["embedded", "influx", "memory"])
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], TelemetryStore]:
    """Opens the store under test; each adapter runs the whole suite."""
    if request.param == "memory":
        return MemoryTelemetry
    if request.param == "influx":
        settings, views = (
            request.getfixturevalue(f"influx_{name}") for name in ("settings", "views")
        )
        return lambda: open_telemetry(settings, views)
    return lambda: EmbeddedTelemetry(tmp_path / "telemetry.sqlite")


@pytest.fixture
def store(open_store: Callable[[], TelemetryStore]) -> Iterator[TelemetryStore]:
    opened = open_store()
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without a table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'register.sqlite'}"
    return _new_database(request.getfixturevalue("postgres_address"))


@pytest.fixture(scope="session")
def postgres_register(postgres_address: str) -> Iterator[SqlRegister]:
    opened = open_register(_new_database(postgres_address))
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def register(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlRegister]:
    """An empty register; the one on PostgreSQL is emptied, for making one takes its time."""
    if request.param == "sqlite":
        opened = new_register(tmp_path / "register.sqlite")
        yield opened
        opened.close()
        return
    kept: SqlRegister = request.getfixturevalue("postgres_register")
    tables = ", ".join(metadata.tables)
    with kept.database.write() as connection:
        connection.exec_driver_sql(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
        connection.execute(feed.insert().values(id=1, last=0))
    yield SqlRegister(kept.database)


def _new_database(postgres_address: str) -> str:
    address = sqlalchemy.make_url(postgres_address)
    name = f"test{next(_numbers)}"
    engine = sqlalchemy.create_engine(
        address.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return address.set(database=name).render_as_string()


@pytest.fixture
def postgres_url(postgres_address: str) -> str:
    """The address of an empty database on PostgreSQL."""
    return _new_database(postgres_address)


@pytest.fixture
def other_postgres_url(postgres_address: str) -> str:
    return _new_database(postgres_address)
