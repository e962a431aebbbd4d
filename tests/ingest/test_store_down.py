"""A real InfluxDB is killed while publishing goes on: the journal goes on, the store catches up."""

import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from coldwitness.config.settings import StoreSettings
from coldwitness.storage.journal import JournalReader
from coldwitness.storage.opening import stores
from coldwitness.storage.ports import TelemetryStore
from coldwitness.storage.telemetry.influx_http import InfluxHttp
from tests.forked import Forked
from tests.ingest.conftest import Mosquitto, wait_until
from tests.ingest.publishing import Publisher, reading, topic
from tests.servers import Influx

ROOT = Path(__file__).parents[2]


@contextmanager
def worker(port: int, folder: Path, store: StoreSettings) -> Iterator[None]:
    settings = {
        "COLDWITNESS_MQTT__PORT": str(port),
        "COLDWITNESS_JOURNAL__DIRECTORY": str(folder / "journal"),
        "COLDWITNESS_STORE__TELEMETRY": "influx",
        "COLDWITNESS_STORE__INFLUX_URL": store.influx_url,
        "COLDWITNESS_STORE__INFLUX_BUCKET": store.influx_bucket,
        "COLDWITNESS_STORE__REGISTER_URL": store.register_url,
    }
    with (folder / "log").open("wb") as log:
        process = Forked(["ingest"], cwd=ROOT, env=os.environ | settings, stderr=log)
    try:
        said = folder / "log"
        wait_until(lambda: "connected" in said.read_text(), within_s=30, saying=said.read_text)
        yield
    finally:
        process.terminate()
        process.wait(30)


def goes_on_while_the_store_is_down(
    broker: Mosquitto, folder: Path, *, down_s: float, rate_per_s: float
) -> None:
    influx, reader = Influx(folder / "influx"), JournalReader(folder / "journal")
    with influx.address() as address:
        influx.start()
        store = StoreSettings(
            telemetry="influx",
            influx_url=address,
            influx_bucket="readings",
            register_url=f"sqlite:///{folder / 'register.sqlite'}",
        )
        with closing(InfluxHttp(store)) as http:
            http.command("CREATE DATABASE readings")
        with (
            worker(broker.port, folder, store),
            stores(store, sole_writer=False) as (view, _),
            Publisher(broker.port) as publisher,
        ):
            sent = 0

            def publish(count: int) -> None:
                nonlocal sent
                publisher.publish((topic(), reading(n)) for n in range(sent, sent + count))
                sent += count
                publisher.wait()

            publish(100)
            wait_until(lambda: stored(view) == set(range(100)), within_s=60)
            influx.kill()
            until_s = time.monotonic() + down_s
            while time.monotonic() < until_s:
                publish(10)
                time.sleep(10 / rate_per_s)
            wait_until(lambda: reader.last_row("w1") == sent, within_s=20)
            assert sent > 100
            influx.start()
            wait_until(lambda: stored(view) == set(range(sent)), within_s=120)
    payloads = [row.payload for row in reader.read("w1")]
    assert payloads == [reading(n) for n in range(sent)]


def stored(view: TelemetryStore) -> set[int]:
    return {int(seq) for seq in view.readings(["ZB-1"], []).seq}


def test_a_killed_influxdb_stops_neither_journal_nor_acknowledgement_and_has_all_afterwards(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    goes_on_while_the_store_is_down(mosquitto, tmp_path, down_s=3.0, rate_per_s=100.0)


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_publishing_goes_on_for_minutes_while_influxdb_is_down(
    broker: Mosquitto, tmp_path: Path
) -> None:
    goes_on_while_the_store_is_down(broker, tmp_path, down_s=150.0, rate_per_s=100.0)
