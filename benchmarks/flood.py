"""How long a flood of made-up shipments of one courier holds up another courier's clue.

    python -m benchmarks.flood [--ids 100000] [--loggers 1000] [--events] [--stores]

`coldwitness serve` with mosquitto and the shipped limits, each a process of its own. One courier
publishes a reading of each made-up shipment as fast as the broker takes them. Of another courier,
whose shipments have manifests, a box is too warm in the midst of the flood and one right behind its
last message; the time runs from the acknowledgement of the last warm reading until the feed of
clues tells the break. Then memory, the growth of the register, and how long an end takes that is
asked for in the midst of a second flood. With `--events` each made-up shipment is packed as well.

With `--stores` in one process and without a broker: the whole flood stands in the journal before
one honest reading, and the processor time runs until that is stored. Other work on the machine says
nothing in it.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import httpx
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.mqtt_stream import publish
from benchmarks.processes import processor_s, resident_mb
from coldwitness.config.settings import JournalSettings, QuotaSettings
from coldwitness.ingest.following import JournalFollower
from coldwitness.ingest.newcomers import Newcomers
from coldwitness.ingest.progress import Progress, rows_followed
from coldwitness.ingest.routes import Routes
from coldwitness.storage.journal import Journal, JournalReader, Message
from coldwitness.storage.register import open_register
from coldwitness.storage.telemetry.embedded import EmbeddedTelemetry
from tests.ingest.conftest import Mosquitto, shipped_limits

ROOT = Path(__file__).parents[1]
WITHIN_S = 600.0
MINUTE_MS = 60_000
READINGS = 40
LOOK_S = 0.25
"""Between two looks at the feed, so that looking does not become the load."""
AIM_CLUE_S, AIM_END_S = 5.0, 20.0


@dataclass
class Server:
    """`coldwitness serve` in a folder of its own."""

    process: "subprocess.Popen[bytes]"
    folder: Path
    url: str
    highest_mb: float = 0.0
    watching: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        """Keep the highest memory until `watching` is set."""
        while not self.watching.wait(0.1):
            self.highest_mb = max(self.highest_mb, resident_mb(self.process.pid))

    def register_mb(self) -> float:
        return sum(p.stat().st_size for p in self.folder.glob("register.sqlite*")) / 1e6

    def journalled(self) -> int:
        return JournalReader(self.folder / "journal").last_row("w1")

    def stored(self) -> int:
        return rows_followed(self.folder / "journal").get("w1", 0)


@contextmanager
def serving(folder: Path, mqtt_port: int) -> Iterator[Server]:
    """A server that is ready; what it says stands in `serve.log`."""
    environment = os.environ | {
        "COLDWITNESS_MQTT__PORT": str(mqtt_port),
        "COLDWITNESS_JOURNAL__DIRECTORY": str(folder / "journal"),
        "COLDWITNESS_STORE__EMBEDDED_FILE": str(folder / "telemetry.sqlite"),
        "COLDWITNESS_STORE__REGISTER_URL": f"sqlite:///{folder}/register.sqlite",
        "COLDWITNESS_STORE__ARCHIVE_DIRECTORY": str(folder / "archive"),
        "COLDWITNESS_HTTP__PORT": str(_free_port()),
    }
    url = f"http://127.0.0.1:{environment['COLDWITNESS_HTTP__PORT']}"
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "coldwitness.cli", "serve"],
            cwd=folder,
            env=environment | {"PYTHONPATH": str(ROOT)},
            stdout=log,
            stderr=log,
        )
    server = Server(process, folder, url)
    try:
        _wait(lambda: _answers(f"{url}/readyz"))
        threading.Thread(target=server.watch, daemon=True).start()
        yield server
    finally:
        server.watching.set()
        if process.poll() is None:
            process.kill()
        process.wait()


def flooding(number: int, *, loggers: int, events: bool) -> tuple[str, bytes]:
    """A message of a made-up shipment: its reading, or that it was packed."""
    of = number // 2 if events else number
    box = f"BX-{of % loggers:05d}"
    said: dict[str, object] = {"shipment": f"X-{os.getpid()}-{of:07d}"}
    if events and number % 2 == 0:
        said |= {"event": "packed", "time": _START_MS + of}
        return f"coldchain/v1/evil/{box}/events", json.dumps(said).encode()
    said |= {"logger": f"EV-{of % loggers:05d}", "time": _START_MS + of, "temperature": {"drug": 5}}
    return f"coldchain/v1/evil/{box}/readings", json.dumps(said).encode()


_START_MS = time.time_ns() // 1_000_000 - 60 * MINUTE_MS


@contextmanager
def flood(port: int, options: argparse.Namespace) -> Iterator["subprocess.Popen[str]"]:
    """A publisher of the flood, which has begun."""
    command = [sys.executable, "-m", "benchmarks.flood", "--publish", str(port)]
    command += ["--ids", str(options.ids), "--loggers", str(options.loggers)]
    command += ["--events"] if options.events else []
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdout.readline()
            process.stdin.write("go\n")
            process.stdin.flush()
            yield process
        finally:
            process.kill()


class Honest:
    """Another courier: its shipments are declared, and their boxes are too warm when asked."""

    def __init__(self, server: Server, port: int) -> None:
        self._server = server
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="honest")
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()
        self._looked_at = 0

    def declared(self, shipment: str) -> None:
        body = {
            "courier": {"id": "ql-express"},
            "box": {"id": f"BX-{shipment}"},
            "items": [{"name": "甘精胰岛素", "category": "drug", "storage": "refrigerated"}],
        }
        answer = httpx.put(f"{self._server.url}/v1/shipments/{shipment}", json=body, timeout=60.0)
        answer.raise_for_status()

    def clue_s(self, shipment: str) -> tuple[float, float]:
        """Send a warm record, and give how long it took to the journal, and its clue."""
        now_ms = time.time_ns() // 1_000_000
        readings = [
            {
                "shipment": shipment,
                "logger": f"LG-{shipment}",
                "seq": n,
                "time": now_ms - (READINGS - n) * MINUTE_MS,
                "temperature": {"drug": 5.0 if n < 10 else 16.0},
            }
            for n in range(READINGS)
        ]
        topic = f"coldchain/v1/ql-express/BX-{shipment}/readings"
        self._client.publish(topic, json.dumps(readings), qos=1).wait_for_publish(60.0)
        sent_s = time.perf_counter()
        _wait(lambda: self._is_journalled(topic))
        journalled_s = time.perf_counter() - sent_s
        _wait(lambda: self._told(shipment), every_s=LOOK_S)
        return journalled_s, time.perf_counter() - sent_s

    def _is_journalled(self, topic: str) -> bool:
        reader = JournalReader(self._server.folder / "journal")
        for row in reader.outlines("w1", after=self._looked_at, limit=1_000_000):
            self._looked_at = row.row
            if row.topic == topic:
                return True
        return False

    def _told(self, shipment: str) -> bool:
        entries = httpx.get(f"{self._server.url}/v1/clues", timeout=60.0).json()["items"]
        return any(entry["clue"]["shipment"] == shipment for entry in entries)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def measure(options: argparse.Namespace, folder: Path) -> bool:
    """Run it and print what was found; True where the aims are met."""
    configuration = shipped_limits() + "\nallow_anonymous true"
    messages = options.ids * (2 if options.events else 1)
    with (
        Mosquitto(folder / "mosquitto", configuration) as broker,
        serving(folder, broker.port) as server,
    ):
        honest = Honest(server, broker.port)
        for name in ("QUIET", "AMIDST", "BEHIND"):
            honest.declared(name)
        clues = {"before the flood": honest.clue_s("QUIET")}
        assert broker.process is not None
        pids = (server.process.pid, broker.process.pid)
        before_s = [processor_s(pid) for pid in pids]
        before_mb, register_mb = resident_mb(server.process.pid), server.register_mb()
        rows, began_s = server.journalled(), time.perf_counter()
        with flood(broker.port, options) as publisher:
            _wait(lambda: server.journalled() >= rows + messages // 2)
            clues["amidst"] = honest.clue_s("AMIDST")
            publisher.wait(WITHIN_S)
            flood_s = time.perf_counter() - began_s
        clues["behind it"] = honest.clue_s("BEHIND")
        all_s = time.perf_counter() - began_s
        _wait(lambda: server.stored() >= server.journalled())
        stored_s = time.perf_counter() - began_s
        cpu_s, broker_s = (processor_s(pid) - b for pid, b in zip(pids, before_s, strict=True))
        time.sleep(5.0)
        after_mb, grown_mb = resident_mb(server.process.pid), server.register_mb() - register_mb
        with flood(broker.port, options):
            time.sleep(2.0)
            end_s = _ended_s(server)
        honest.close()
    print(
        f"{messages:,} messages of {options.ids:,} made-up shipments, published in {flood_s:.1f} s"
    )
    for name, (journalled_s, clue_s) in clues.items():
        print(f"{name}: in the journal after {journalled_s:.2f} s, its clue after {clue_s:.2f} s")
    print(f"processor time {cpu_s:.1f} s of the server, {broker_s:.1f} s of the broker")
    print(f"the last clue {all_s:.1f} s after the beginning, all stored after {stored_s:.1f} s")
    print(f"memory {before_mb:.0f} MB, {server.highest_mb:.0f} at most, {after_mb:.0f} after")
    print(f"the register grew by {grown_mb:.1f} MB; SIGTERM in a second flood: {end_s:.1f} s")
    return max(clue_s for _, clue_s in clues.values()) <= AIM_CLUE_S and end_s <= AIM_END_S


def stores_alone(options: argparse.Namespace, folder: Path) -> None:
    """How much is done before a reading behind a flood is stored, and what a row of it costs."""
    now_ms = _START_MS + 60 * MINUTE_MS
    flood_rows = (
        Message(*flooding(number, loggers=options.loggers, events=False), now_ms)
        for number in range(options.ids)
    )
    said = {"shipment": "H", "logger": "LG-H", "time": _START_MS, "temperature": {"drug": 5}}
    honest = Message("coldchain/v1/ql/BX-H/readings", json.dumps(said).encode(), now_ms)
    with Journal.open(JournalSettings(directory=folder / "journal")) as journal:
        while some := list(islice(flood_rows, 5000)):
            journal.append(some)
        journal.append([honest])
    told: set[str] = set()
    with (
        closing(open_register(f"sqlite:///{folder}/register.sqlite")) as register,
        closing(EmbeddedTelemetry(folder / "telemetry.sqlite")) as store,
        Progress(folder / "journal", "w1") as progress,
    ):
        follower = JournalFollower(
            JournalReader(folder / "journal"),
            progress,
            Routes(),
            store=store,
            custody=register.custody,
            future_tolerance_s=300.0,
            on_touched=told.update,
            newcomers=Newcomers(register.shipments, QuotaSettings()),
        )
        begun, batches, stored_s = time.process_time(), 0, 0.0
        while follower.step():
            batches += not stored_s
            if "H" in told and not stored_s:
                stored_s = time.process_time() - begun
        whole_s = time.process_time() - begun
    print(
        f"behind {options.ids:,} rows: stored after {stored_s:.2f} s of the processor and {batches}"
        f" batches; all after {whole_s:.1f} s, {whole_s / options.ids * 1e6:.0f} µs a row"
    )


def _ended_s(server: Server) -> float:
    started_s = time.perf_counter()
    server.watching.set()
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(WITHIN_S)
    return time.perf_counter() - started_s


def _wait(done: Callable[[], bool], *, every_s: float = 0.05) -> None:
    started_s = time.perf_counter()
    while not done():
        if time.perf_counter() - started_s > WITHIN_S:
            sys.exit("gave up waiting")
        time.sleep(every_s)


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5.0).is_success
    except httpx.TransportError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--ids", type=int, default=100_000)
    parser.add_argument("--loggers", type=int, default=1000)
    parser.add_argument("--events", action="store_true")
    parser.add_argument("--stores", action="store_true")
    parser.add_argument("--publish", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.publish is not None:
        count = options.ids * (2 if options.events else 1)
        publish(
            options.publish,
            count,
            lambda number: flooding(number, loggers=options.loggers, events=options.events),
        )
        return 0
    with tempfile.TemporaryDirectory(prefix="coldwitness-flood-") as folder:
        if options.stores:
            stores_alone(options, Path(folder))
            return 0
        return 0 if measure(options, Path(folder)) else 1


if __name__ == "__main__":
    sys.exit(main())
