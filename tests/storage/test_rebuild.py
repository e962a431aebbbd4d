"""Every view can be dropped and made again from the journal, and comes out the same."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from coldwitness.cli.rebuild import rebuild_views
from coldwitness.config.settings import Settings, StoreSettings
from coldwitness.domain.errors import Unavailable
from coldwitness.domain.reading import Event, Reading
from coldwitness.storage.ports import RefusedReading
from coldwitness.storage.register import SqlRegister, open_register
from coldwitness.storage.telemetry import WholeStore, open_telemetry
from coldwitness.storage.telemetry.rebuilding import TelemetryRebuild, open_rebuild
from tests.storage import evidence
from tests.storage.readings import MINUTE, T0, reading


@dataclass
class House:
    settings: Settings
    store: WholeStore
    register: SqlRegister

    def digest(self) -> str:
        return evidence.digest(self.store, self.register)

    def rebuild(self) -> int:
        return rebuild_views(
            self.settings, self.store, self.register, future_tolerance_s=evidence.FUTURE_S
        )


@pytest.fixture(params=["embedded", "embedded, PostgreSQL", "influx"])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    stores = StoreSettings(
        embedded_file=tmp_path / "telemetry.sqlite",
        register_url=f"sqlite:///{tmp_path / 'register.sqlite'}",
    )
    if request.param == "influx":
        stores = request.getfixturevalue("influx_settings")
    elif request.param.endswith("PostgreSQL"):
        url = request.getfixturevalue("postgres_url")
        stores = stores.model_copy(update={"register_url": url})
    settings = evidence.settings_of(tmp_path, stores)
    register = open_register(stores.register_url)
    store = open_telemetry(stores, register.views)
    evidence.journal(settings, evidence.messages())
    evidence.store_all(settings, store, register)
    yield House(settings, store, register)
    store.close()
    register.close()


def test_a_rebuild_arrives_at_the_same_export(house: House) -> None:
    before = house.digest()
    assert house.rebuild() > 100
    assert house.digest() == before
    assert house.rebuild() > 100
    assert house.digest() == before


def test_a_rebuild_mends_what_was_added_or_lost(house: House) -> None:
    before = house.digest()
    stays = house.register.custody.stays(["S-0", "S-1", "S-2"])
    house.store.append([reading(7, drug=-30.0), reading(7, shipment="S-stray")], [T0, T0])
    house.register.custody.add_events(
        [Event(event="packed", time_ms=T0 + 3 * MINUTE, shipment="S-x", box="BX-1")], [T0]
    )
    assert house.digest() != before

    house.rebuild()
    assert house.digest() == before
    assert house.register.custody.stays(["S-0", "S-1", "S-2", "S-x"]) == stays


def test_the_old_readings_are_read_until_the_new_are_whole(house: House) -> None:
    before = len(house.store.readings(["S-1"], house.register.custody.stays(["S-1"])))
    with pytest.raises(Unavailable, match="third"):
        _broken_at(house, 3)
    assert len(house.store.readings(["S-1"], house.register.custody.stays(["S-1"]))) == before


def test_a_rebuild_that_failed_goes_on_where_it_stopped(house: House) -> None:
    before = house.digest()
    with pytest.raises(Unavailable, match="third"):
        _broken_at(house, 3)
    read_again = house.rebuild()
    assert house.digest() == before
    assert read_again < len(evidence.messages())


def test_live_ingest_beside_a_rebuild_loses_nothing(house: House) -> None:
    live = [
        evidence.message(
            [
                {"logger": "LG-live", "time": T0 + n * MINUTE, "temperature": {"drug": 5.0}},
                {"logger": "LG-live", "time": T0 + n * MINUTE + 1, "temperature": {"drug": 5.0}},
            ],
            what="readings",
            received_ms=T0 + 200 * MINUTE + n,
        )
        for n in range(30)
    ]
    started = threading.Event()

    def ingest() -> None:
        started.wait(30)
        other = open_telemetry(house.settings.store, house.register.views)
        for one in live:
            evidence.journal(house.settings, [one])
            evidence.store_all(house.settings, other, house.register)
        other.close()

    thread = threading.Thread(target=ingest)
    thread.start()
    rebuild_views(
        house.settings,
        house.store,
        house.register,
        future_tolerance_s=evidence.FUTURE_S,
        say=lambda text: started.set(),
    )
    thread.join()
    beside = house.digest()

    house.rebuild()
    assert house.digest() == beside
    whole = house.store.between(T0, T0 + 86_400_000).table
    live_rows = whole.logger == whole.loggers.index("LG-live")
    assert int(live_rows.sum()) == 60


class _Breaking:
    """A rebuild that fails at its third append."""

    def __init__(self, inner: TelemetryRebuild, at: int) -> None:
        self._inner = inner
        self._left = at

    @property
    def position(self) -> str | None:
        return self._inner.position

    def append(
        self, readings: Sequence[Reading], received_ms: Sequence[int], *, position: str
    ) -> tuple[RefusedReading, ...]:
        self._left -= 1
        if not self._left:
            raise Unavailable("the third append fails")
        return self._inner.append(readings, received_ms, position=position)

    def finish(self) -> str:
        return self._inner.finish()


def _broken_at(house: House, at: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("coldwitness.cli.rebuild.ROWS_PER_STEP", 20)
        patch.setattr(
            "coldwitness.cli.rebuild.open_rebuild",
            lambda store: _Breaking(open_rebuild(store), at),
        )
        house.rebuild()


_REBUILD = """
import sys
from pathlib import Path
from coldwitness.cli import rebuild
from coldwitness.config.settings import load_settings
from coldwitness.storage.opening import stores

rebuild.ROWS_PER_STEP = 10
settings = load_settings(Path(sys.argv[1]))
with stores(settings.store) as (store, register):
    rebuild.rebuild_views(
        settings, store, register,
        future_tolerance_s=300.0, say=lambda text: print(text, flush=True))
"""


@pytest.mark.parametrize("kind", ["embedded", "influx"])
def test_a_killed_rebuild_goes_on_where_it_stopped(
    kind: Literal["embedded", "influx"], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    stores = StoreSettings(
        embedded_file=tmp_path / "telemetry.sqlite",
        register_url=f"sqlite:///{tmp_path / 'register.sqlite'}",
    )
    if kind == "influx":
        stores = request.getfixturevalue("influx_settings")
    file = tmp_path / "settings.toml"
    file.write_text(
        f"""
[journal]
directory = "{tmp_path}/journal"
[store]
telemetry = "{kind}"
influx_url = "{stores.influx_url}"
influx_bucket = "{stores.influx_bucket}"
embedded_file = "{tmp_path}/telemetry.sqlite"
register_url = "{stores.register_url}"
"""
    )
    settings = evidence.settings_of(tmp_path, stores)
    register = open_register(stores.register_url)
    store = open_telemetry(stores, register.views)
    evidence.journal(settings, evidence.messages())
    evidence.store_all(settings, store, register)
    house = House(settings, store, register)
    before = house.digest()

    process = subprocess.Popen(
        [sys.executable, "-c", _REBUILD, str(file)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    for _ in range(4):
        assert "of" in process.stdout.readline()
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()

    assert house.digest() == before
    under_way = open_rebuild(store).position
    assert under_way is not None
    read_again = house.rebuild()
    assert read_again < 150
    assert house.digest() == before
    store.close()
    register.close()
