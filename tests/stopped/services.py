"""Services that are stopped at their steps: a broker before them, and what is done with them until
they are told to end."""

import json
import os
import signal
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import httpx
import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from coldwitness.config.settings import Settings, load_settings
from coldwitness.ingest.progress import Progress, workers_followed
from coldwitness.storage.archive.canonical import canonical_lines
from coldwitness.storage.journal import JournalReader
from coldwitness.storage.opening import stores
from coldwitness.storage.register import open_register
from tests.ingest.conftest import Mosquitto, shipped_limits
from tests.ingest.publishing import publish_all, reading, topic
from tests.servers import free_port
from tests.stopped.trials import Driver

MESSAGES = [
    (topic(kind="events"), b'{"shipment":"ZB-1","event":"packed","time":1717243200000}'),
    *((topic(), reading(number)) for number in range(6)),
    (topic(kind="events"), b'{"shipment":"ZB-1","event":"delivered","time":1717243500000}'),
]
MANIFEST = {
    "courier": {"id": "ql-express"},
    "box": {"id": "BX-1"},
    "items": [{"name": "胰岛素", "category": "drug", "storage": "refrigerated"}],
}
WORKER = "w1"
READY_WITHIN_S = 20.0
Done = Callable[[Settings, str], bool]
"""settings : whose files. said : the result as the server gives it, where there is one."""


class Fed:
    """Publishes, once the worker is subscribed, what it has to take; tells it to end when all is
    done. Of several runs one publishes: the broker keeps the rest."""

    def __init__(self, port: int, folder: Path, *, done: Done, web: bool) -> None:
        self.environment: Mapping[str, str] = {
            "COLDWITNESS_MQTT__PORT": str(port),
            "COLDWITNESS_HTTP__PORT": str(free_port()),
        }
        self._port = port
        self._folder = folder
        self._done = done
        self._web = web
        self._published = False

    def drive(self, process: int, alive: Callable[[], bool], patience_s: float) -> None:
        if not self._published and self._is_subscribed(alive):
            self._published = True
            publish_all(self._port, MESSAGES)
        settings = load_settings(self._folder / "cw.toml")
        state, since_s = "", time.monotonic()
        while alive():
            said = self._said() if self._web and self._declared() else ""
            now = f"{_rows(settings)} {said}"
            if now != state:
                state, since_s = now, time.monotonic()
            if self._is_done(settings, said) or time.monotonic() - since_s > patience_s:
                break
            time.sleep(0.02)
        if alive():
            os.kill(process, signal.SIGTERM)

    def _is_done(self, settings: Settings, said: str) -> bool:
        with suppress(Exception):  # files that are just being made
            return self._done(settings, said)
        return False

    def _is_subscribed(self, alive: Callable[[], bool]) -> bool:
        heard = threading.Event()

        def on_message(_client: object, _data: object, message: mqtt.MQTTMessage) -> None:
            if json.loads(message.payload)["state"] == "running":
                heard.set()

        client = mqtt.Client(CallbackAPIVersion.VERSION2, "waiting")
        client.on_connect = lambda c, *_: c.subscribe(f"coldchain/v1/_workers/{WORKER}/health", 1)
        client.on_message = on_message
        client.connect("127.0.0.1", self._port)
        client.loop_start()
        end_s = time.monotonic() + READY_WITHIN_S
        try:
            while alive() and time.monotonic() < end_s:
                if heard.wait(0.01):
                    return True
            return False
        finally:
            client.disconnect()
            client.loop_stop()

    def _declared(self) -> bool:
        """The manifest is put until it was taken."""
        with suppress(httpx.HTTPError):
            url = f"http://127.0.0.1:{self.environment['COLDWITNESS_HTTP__PORT']}"
            answer = httpx.put(f"{url}/v1/shipments/ZB-1", json=MANIFEST, trust_env=False)
            return answer.is_success
        return False

    def _said(self) -> str:
        with suppress(httpx.HTTPError):
            url = f"http://127.0.0.1:{self.environment['COLDWITNESS_HTTP__PORT']}"
            return httpx.get(f"{url}/v1/shipments/ZB-1/check", trust_env=False).text
        return ""


def _rows(settings: Settings) -> int:
    return JournalReader(settings.journal.directory).last_row(WORKER)


def all_stored(settings: Settings, _said: str) -> bool:
    """All is in journal and stores."""
    directory, rows = settings.journal.directory, _rows(settings)
    if rows < len(MESSAGES) or WORKER not in workers_followed(directory):
        return False
    with Progress(directory, WORKER) as progress:
        return progress.cursor() >= rows


def all_judged(settings: Settings, said: str) -> bool:
    """All is stored, the manifest too, and the result is made of it."""
    if not said or not all_stored(settings, said):
        return False
    result = json.loads(said)
    return result["metrics"]["readings"] == 6 and result["state"] == "ended" and result["items"]


@contextmanager
def fed(folder: Path, *, done: Done, web: bool) -> Iterator[Driver]:
    """A broker of its own for the runs in `folder`."""
    with tempfile.TemporaryDirectory() as place:
        limits = f"{shipped_limits()}\nallow_anonymous true"
        with Mosquitto(Path(place) / "broker", limits) as broker:
            yield Fed(broker.port, folder, done=done, web=web)


def received_state(folder: Path) -> object:
    """What was taken and how often, and what the stores have of it, but for times of receipt."""
    settings = load_settings(folder / "cw.toml")
    rows = JournalReader(settings.journal.directory).read(WORKER)
    taken = Counter((row.topic, row.payload) for row in rows if not row.note)
    with stores(settings.store) as (store, register):
        stored = [_without_receipt(line) for line in canonical_lines(store, register)]
    return sorted(taken.items()), sorted(stored)


def _without_receipt(line: bytes) -> str:
    said = msgspec.json.decode(line, type=dict[str, object])
    return repr({key: value for key, value in said.items() if key != "received_at"})


def verdicts_state(folder: Path) -> object:
    with closing(open_register(load_settings(folder / "cw.toml").store.register_url)) as register:
        return [(row.id, row.verdict, row.state) for row in register.shipments.rows(limit=100)]
