"""What `benchmarks.soak` runs on: broker, stores and our two processes, over a disk and a clock
that can be made to fail."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from benchmarks.processes import resident_mb
from coldwitness.config.settings import StoreSettings
from coldwitness.storage.journal import JournalReader
from coldwitness.storage.opening import stores
from coldwitness.storage.telemetry.influx_http import InfluxHttp
from coldwitness.storage.with_parent import ending_with_us
from tests.ingest.conftest import Mosquitto, shipped_limits
from tests.ingest.wall_clock import Wall
from tests.servers import Influx, free_port, postgres
from tests.stopped.trials import full_disk

ROOT = Path(__file__).parents[1]


@dataclass
class Process:
    """One of ours: killed, started again, and its memory looked at. lives : MB at each look,
    of each of its lives."""

    arguments: tuple[str, ...]
    environment: dict[str, str]
    log: Path
    running: "subprocess.Popen[bytes] | None" = None
    kills: int = 0
    lives: list[list[float]] = field(default_factory=list)

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.running = subprocess.Popen(
                ending_with_us([sys.executable, "-m", "coldwitness.cli", *self.arguments]),
                cwd=ROOT,
                env=self.environment,
                stdout=out,
                stderr=out,
            )
        self.lives.append([])

    def kill(self) -> None:
        assert self.running is not None
        self.running.send_signal(signal.SIGKILL)
        self.running.wait()
        self.kills += 1

    def look(self) -> None:
        """Note its memory; AssertionError where it ended by itself."""
        assert self.running is not None
        if self.running.poll() is not None:
            raise AssertionError(f"{self.arguments[0]} ended: {self.log.read_text()[-2000:]}")
        self.lives[-1].append(resident_mb(self.running.pid))

    def end(self) -> None:
        if self.running is not None and self.running.poll() is None:
            self.running.terminate()
            try:
                self.running.wait(20)
            except subprocess.TimeoutExpired:
                self.running.kill()
                self.running.wait()

    @property
    def highest_mb(self) -> float:
        return max((mb for life in self.lives for mb in life), default=0.0)

    def growth(self) -> float:
        """Median of the last third of its longest life by that of the middle third; NaN where that
        was too short to say."""
        longest = max(self.lives, key=len, default=[])
        if len(longest) < 30:
            return float("nan")
        third = len(longest) // 3
        return float(np.median(longest[-third:]) / np.median(longest[third:-third]))


@dataclass
class World:
    folder: Path
    broker: Mosquitto
    influx: Influx
    wall: Wall
    ingest: Process
    serve: Process
    url: str
    stores: StoreSettings

    @property
    def full(self) -> Path:
        return self.folder / "disk-is-full"

    @property
    def slow(self) -> Path:
        return self.folder / "disk-is-slow"

    @property
    def journal(self) -> JournalReader:
        return JournalReader(self.folder / "data" / "journal")

    def mend(self) -> None:
        """Everything as it should be, whatever is broken now."""
        self.full.unlink(missing_ok=True)
        self.slow.unlink(missing_ok=True)
        self.wall.set("+0")


@contextmanager
def world(folder: Path) -> Iterator[World]:
    data = folder / "data"
    data.mkdir(mode=0o700)
    influx = Influx(folder / "influx")
    wall = Wall(folder)
    with ExitStack() as kept:
        limits = shipped_limits() + "\nallow_anonymous true\nautosave_interval 1"
        broker = kept.enter_context(Mosquitto(folder / "mosquitto", limits))
        register_url = kept.enter_context(postgres(folder / "postgres"))
        influx_url = kept.enter_context(influx.address())
        influx.start()
        chosen = StoreSettings(
            telemetry="influx",
            influx_url=influx_url,
            influx_bucket="coldchain",
            register_url=register_url,
        )
        http_port = free_port()
        disk = full_disk(folder / "scratch", data, full=folder / "disk-is-full", room=0)
        clock = wall.environment()
        preload = {"LD_PRELOAD": f"{disk['LD_PRELOAD']}:{clock['LD_PRELOAD']}"}
        settings = {
            "MQTT__PORT": str(broker.port),
            "JOURNAL__DIRECTORY": str(data / "journal"),
            "STORE__TELEMETRY": "influx",
            "STORE__INFLUX_URL": influx_url,
            "STORE__INFLUX_BUCKET": chosen.influx_bucket,
            "STORE__REGISTER_URL": register_url,
            "STORE__ARCHIVE_DIRECTORY": str(data / "archive"),
            "JUDGING__DEFAULT_STORAGE": "refrigerated",
            "HTTP__PORT": str(http_port),
        }
        environment = {
            **os.environ,
            **disk,
            **clock,
            **preload,
            "DISK_STEPS_SLOW": str(folder / "disk-is-slow"),
            **{f"COLDWITNESS_{name}": value for name, value in settings.items()},
        }
        made = World(
            folder,
            broker,
            influx,
            wall,
            Process(("ingest",), environment, folder / "ingest.log"),
            Process(("serve", "--no-ingest"), environment, folder / "serve.log"),
            f"http://127.0.0.1:{http_port}",
            chosen,
        )
        with closing(InfluxHttp(chosen)) as http:
            http.command(f"CREATE DATABASE {chosen.influx_bucket}")
        with stores(chosen):  # the tables are made before two look for them
            pass
        for process in (made.ingest, made.serve):
            process.start()
            kept.callback(process.end)
        waited(lambda: "connected" in made.ingest.log.read_text(), what="ingest")
        waited(lambda: answered(made, "/readyz") is not None, what="serve")
        yield made


def answered(world: World, path: str) -> Any:
    try:
        answer = httpx.get(world.url + path, timeout=30.0, trust_env=False)
    except httpx.TransportError:
        return None
    return answer.json() if answer.is_success else None


def waited(done: Callable[[], bool], *, what: str, within_s: float = 120.0) -> None:
    end = time.monotonic() + within_s
    while not done():
        if time.monotonic() > end:
            raise AssertionError(f"waited {within_s:.0f} s for {what}")
        time.sleep(0.3)
