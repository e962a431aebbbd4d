"""How long after its reading's publish a finding is visible at the API, with many boxes active.

    python -m benchmarks.live [--boxes 2000] [--seconds 60] [--history 60] [--samples 200]

The whole way is real: MQTT publish (QoS 1) to the embedded broker, ingest, journal with fsync,
store, live judging, register, HTTP. The server is a process of its own; here are only the boxes
and those who look. Each box has `history` minutes of readings and sends one a
minute; the boxes' minutes are spread evenly. Every sampled box sends a reading at 14 °C, and the
time runs from just before its publish until `GET /v1/shipments/{id}/check` answers with the
break. Also shown: the time until the live stream tells each box's reading.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import numpy as np
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from coldwitness.cli.garbage import collect_seldom
from coldwitness.cli.running import Running
from coldwitness.config.settings import (
    HttpSettings,
    JournalSettings,
    JudgingSettings,
    MqttSettings,
    Settings,
    StoreSettings,
)
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.reading import Reading
from coldwitness.ingest.mqtt.embedded import EmbeddedBroker
from coldwitness.judging.companion import companion
from coldwitness.storage.opening import stores

TARGET_S = 2.0
POLL_FIRST_S = 0.02
POLL_GROWTH = 0.05
"""Polls grow sparser with the wait, so that looking does not become the load: the time found is
true to 5 %."""
WAIT_S = 30.0
MINUTE_MS = 60_000


def settings_in(folder: Path, mqtt_port: int) -> Settings:
    return Settings(
        mqtt=MqttSettings(port=mqtt_port),
        journal=JournalSettings(directory=folder / "journal"),
        store=StoreSettings(
            embedded_file=folder / "telemetry.sqlite",
            register_url=f"sqlite:///{folder / 'register.sqlite'}",
            archive_directory=folder / "archive",
        ),
        http=HttpSettings(port=0),
        judging=JudgingSettings(default_storage="refrigerated"),
    )


def reading_at(n: int, minute: int, *, start_ms: int, drug_c: float) -> Reading:
    """Box n's reading of a minute; it moves a little, so positions are judged too."""
    return Reading(
        logger=f"LG-{n:04d}",
        time_ms=start_ms + minute * MINUTE_MS,
        seq=minute,
        temperature_c={"drug": drug_c, "coolant": 1.0, "ambient": 24.0},
        shipment=f"S-{n:04d}",
        courier="bench",
        box=f"BX-{n:04d}",
        lat_deg=36.8 + minute * 1e-3,
        lon_deg=118.0 + n * 1e-4,
    )


def message_of(reading: Reading) -> tuple[str, bytes]:
    body = {
        "shipment": reading.shipment,
        "logger": reading.logger,
        "seq": reading.seq,
        "time": rfc3339(reading.time_ms),
        "temperature": reading.temperature_c,
        "position": {"lat": reading.lat_deg, "lon": reading.lon_deg},
    }
    return f"coldchain/v1/bench/{reading.box}/readings", json.dumps(body).encode()


def store_history(settings: Settings, boxes: int, minutes: int, start_ms: int) -> None:
    """What the boxes sent before the benchmark; judged when the server starts."""
    with stores(settings.store) as (store, _):
        for minute in range(minutes):
            rows = [reading_at(n, minute, start_ms=start_ms, drug_c=5.0) for n in range(boxes)]
            store.append(rows, [row.time_ms + 500 for row in rows])


class Stream(threading.Thread):
    """Notes when the live stream first tells a reading of each shipment after its publish."""

    def __init__(self, url: str, published_s: dict[str, float]) -> None:
        super().__init__(daemon=True)
        self._url = url
        self._published_s = published_s
        self.told_s: dict[str, float] = {}

    def run(self) -> None:
        name = ""
        patience = httpx.Timeout(WAIT_S)  # the stream says something every 15 s
        with httpx.stream(
            "GET", f"{self._url}/v1/live", timeout=patience, trust_env=False
        ) as answer:
            try:
                for line in answer.iter_lines():
                    if line.startswith("event: "):
                        name = line
                    elif name == "event: reading" and line.startswith("data: "):
                        self._note(json.loads(line[6:])["shipment"])
            except httpx.TransportError:
                return  # the server ended: so does the listening

    def _note(self, shipment: str) -> None:
        sent_s = self._published_s.get(shipment)
        if sent_s is not None and shipment not in self.told_s:
            self.told_s[shipment] = time.perf_counter() - sent_s


def wait_for_finding(
    api: httpx.Client, shipment: str, sent_s: float, *, look_every_s: float
) -> float:
    """Seconds from the publish until the check shows the break; infinity if it never does."""
    while (waited_s := time.perf_counter() - sent_s) < WAIT_S:
        with suppress(httpx.TransportError):  # an idle connection was closed under the question
            answer = api.get(f"/v1/shipments/{shipment}/check")
            if answer.is_success:
                found = {finding["subtype"] for finding in answer.json()["findings"]}
                if "above_range" in found:
                    return time.perf_counter() - sent_s
        time.sleep(max(look_every_s, POLL_GROWTH * waited_s))
    return waited_s if waited_s < WAIT_S else float("inf")


def connected(port: int) -> mqtt.Client:
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="bench")
    client.connect("127.0.0.1", port)
    client.loop_start()
    return client


def row_of(name: str, seconds: list[float]) -> str:
    values = np.array(seconds)
    quantiles = np.quantile(values, [0.5, 0.9, 0.99]) if np.isfinite(values).all() else [np.inf] * 3
    cells = " ".join(f"{value:8.3f}" for value in (*quantiles, values.max()))
    return f"{name:<34}{values.size:>7} {cells}  {(values > TARGET_S).sum():>6}"


def measure(options: argparse.Namespace, folder: Path) -> bool:
    """Run it and print the table; True if the target is met."""
    with EmbeddedBroker(folder / "broker", port=0) as broker:
        settings = settings_in(folder, broker.port)
        start_ms = (time.time_ns() // 1_000_000) - (options.history + 1) * MINUTE_MS
        store_history(settings, options.boxes, options.history, start_ms)
        with served(folder, broker.port, options.boxes) as (url, judged_s, cpu_s):
            print(
                f"judged {options.boxes} boxes with {options.history} readings each at start in "
                f"{judged_s:.1f} s"
            )
            met = _publish_and_look(options, url, broker.port, start_ms)
            print(f"the server took {cpu_s():.1f} s of processor time for it")
            return met


@contextmanager
def served(
    folder: Path, mqtt_port: int, boxes: int
) -> Iterator[tuple[str, float, Callable[[], float]]]:
    """The server in a process of its own: its address, how long it judged the boxes at its start,
    and the processor time it took since."""
    command = [sys.executable, "-m", "benchmarks.live", "--boxes", str(boxes)]
    with subprocess.Popen(
        [*command, "--serve", str(folder), "--mqtt-port", str(mqtt_port)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        asked, answers = process.stdin, process.stdout

        def cpu_s() -> float:
            asked.write("\n")
            asked.flush()
            return float(answers.readline())

        url, judged_s = answers.readline().split()
        yield url, float(judged_s), cpu_s
        asked.close()


def serve(folder: Path, mqtt_port: int, boxes: int) -> None:
    """The server's process: says where it is once all boxes are judged, then how much processor
    time it took since, each time it is asked; ends when nobody can ask any more."""
    collect_seldom()  # as the command does
    settings = settings_in(folder, mqtt_port)
    with (
        companion(settings.judging) as second,
        Running(settings, any_free_port=True, second=second) as running,
    ):
        running.judge.touch(f"S-{n:04d}" for n in range(boxes))
        began = time.perf_counter()
        while not running.judge.idle:
            time.sleep(0.05)
        print(running.url, time.perf_counter() - began, flush=True)
        used_s = time.process_time()
        for _ in sys.stdin:
            print(time.process_time() - used_s, flush=True)


def _publish_and_look(options: argparse.Namespace, url: str, mqtt_port: int, start_ms: int) -> bool:
    published_s: dict[str, float] = {}
    stream = Stream(url, published_s)
    stream.start()
    time.sleep(0.5)
    client = connected(mqtt_port)
    every = max(options.boxes // options.samples, 1)
    limits = httpx.Limits(max_connections=64)
    with (
        httpx.Client(base_url=url, trust_env=False, timeout=WAIT_S, limits=limits) as api,
        ThreadPoolExecutor(32) as looking,
    ):
        seen = []
        begin = time.perf_counter()
        for n in range(options.boxes):
            pause_s = begin + n * options.seconds / options.boxes - time.perf_counter()
            time.sleep(max(pause_s, 0.0))
            hot = n % every == 0
            drug_c = 14.0 if hot else 5.0
            now = reading_at(n, options.history, start_ms=start_ms, drug_c=drug_c)
            sent_s = time.perf_counter()
            published_s[str(now.shipment)] = sent_s
            client.publish(*message_of(now), qos=1)
            if hot:
                name, look_every_s = str(now.shipment), options.look_every
                seen.append(
                    looking.submit(wait_for_finding, api, name, sent_s, look_every_s=look_every_s)
                )
        finding_s = [future.result() for future in seen]
    time.sleep(1.0)  # what was published last is told a tick later
    client.disconnect()
    client.loop_stop()
    print(
        f"{options.boxes} boxes, one reading each in {options.seconds:.0f} s "
        f"({options.boxes / options.seconds:.0f} a second)"
    )
    print(
        f"{'seconds from publish until':<34}{'n':>7} {'p50':>8} {'p90':>8} {'p99':>8} "
        f"{'max':>8}  {'> 2 s':>6}"
    )
    print(row_of("finding in GET …/check", finding_s))
    print(row_of("reading on the live stream", list(stream.told_s.values())))
    return max(finding_s) <= TARGET_S


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--boxes", type=int, default=2000)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--history", type=int, default=60)
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument(
        "--look-every", type=float, default=POLL_FIRST_S, help="seconds between a sample's looks"
    )
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--mqtt-port", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve is not None:
        serve(options.serve, options.mqtt_port, options.boxes)
        return 0
    with tempfile.TemporaryDirectory(prefix="coldwitness-live-") as folder:
        return 0 if measure(options, Path(folder)) else 1


if __name__ == "__main__":
    sys.exit(main())
