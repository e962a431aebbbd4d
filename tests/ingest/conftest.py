"""Real brokers as processes on free loopback ports, and stores that live in memory."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coldwitness.config.settings import JournalSettings, MqttSettings, Settings
from coldwitness.domain.errors import Unavailable
from coldwitness.domain.reading import ENDING_EVENTS, Event, Reading
from coldwitness.ingest.mqtt.embedded import EmbeddedBroker, answers_mqtt
from coldwitness.storage.journal import Signer
from coldwitness.storage.ports import Appended

SHIPPED_CONF = Path(__file__).parents[2] / "deploy" / "mosquitto" / "mosquitto.conf"
PLACES = ("persistence_location", "password_file", "acl_file", "listener", "cafile", "certfile")
"""Lines of the shipped configuration that name places or doors; a test has its own."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_until(
    condition: Callable[[], bool],
    *,
    within_s: float = 15.0,
    saying: Callable[[], str] = lambda: "what was waited for did not happen",
) -> None:
    """Poll a condition that another process or thread brings about; fails if it does not."""
    end_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end_s, saying()
        time.sleep(0.01)


def shipped_limits() -> str:
    """The shipped mosquitto.conf without its doors, users and places."""
    doors = (*PLACES, "keyfile", "tls_version", "allow_anonymous", "per_listener")
    lines = SHIPPED_CONF.read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if line.strip() and not line.startswith((*doors, "#")))


class Mosquitto:
    """Debian's mosquitto with a configuration of the test's choosing."""

    def __init__(
        self,
        folder: Path,
        configuration: str,
        *,
        door: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """door : lines that belong to the listener (TLS). environment : added to ours."""
        program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
        assert Path(program).exists(), "these tests need mosquitto: apt-get install mosquitto"
        self._program = program
        self.folder = folder
        self.port = free_port()
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "mosquitto.conf"
        self.file.write_text(
            f"{configuration}\npersistence_location {folder}/\nuser root\n"
            f"log_dest file {folder}/log\nlistener {self.port} 127.0.0.1\n{door}\n",
            encoding="utf-8",
        )
        self.tls = "certfile" in door
        self._environment = dict(environment or {})
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen(
            [self._program, "-c", str(self.file)],
            env=os.environ | self._environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until(self._ready, saying=self.log)

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, "mosquitto ended"
        if self.tls:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self.port)) == 0
        return answers_mqtt("127.0.0.1", self.port)

    def log(self) -> str:
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")[-4000:]

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)

    def __enter__(self) -> "Mosquitto":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    """With the limits we ship, open to anybody on loopback."""
    with Mosquitto(tmp_path / "mosquitto", shipped_limits() + "\nallow_anonymous true") as broker:
        yield broker


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Mosquitto]:
    """With users and the shipped kind of rights."""
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    passwords, rights = folder / "passwords", folder / "rights"
    for option, user in (("-c", "coldwitness-ingest"), (None, "ql-express")):
        subprocess.run(
            ["mosquitto_passwd", "-b", *([option] if option else []), str(passwords), user, "pw"],
            check=True,
        )
    shipped = SHIPPED_CONF.with_name("coldwitness.acl")
    rights.write_text(shipped.read_text(encoding="utf-8"), encoding="utf-8")
    passwords.chmod(0o700)
    rights.chmod(0o700)
    lines = f"{shipped_limits()}\nallow_anonymous false\npassword_file {passwords}\n"
    with Mosquitto(folder, lines + f"acl_file {rights}") as broker:
        yield broker


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    with EmbeddedBroker(tmp_path / "nats", ack_wait_s=3) as broker:
        yield broker


@pytest.fixture(params=["mosquitto", "nats"])
def broker(request: pytest.FixtureRequest) -> Any:
    """Both brokers, one after the other: anything with a port, start and kill."""
    return request.getfixturevalue(request.param)


def settings_for(port: int, folder: Path, *, worker: str = "w1", **mqtt: Any) -> Settings:
    return Settings(
        mqtt=MqttSettings(port=port, **mqtt),
        journal=JournalSettings(directory=folder / "journal", worker=worker),
    )


@dataclass
class MemoryStore:
    """A telemetry store in memory, keyed as the real ones; `down` makes it unavailable."""

    down: bool = False
    kept: dict[tuple[str, int, int | None], Reading] = field(default_factory=dict)
    batches: list[int] = field(default_factory=list)
    broken_for: Callable[[Reading], bool] | None = None

    def append(self, readings: Sequence[Reading], received_ms: Sequence[int]) -> Appended:
        if self.down:
            raise Unavailable("store: down for the test")
        assert len(readings) == len(received_ms)
        if self.broken_for is not None and any(map(self.broken_for, readings)):
            raise KeyError("a store's own fault")
        self.batches.append(len(readings))
        new = 0
        for reading in readings:
            key = (reading.logger, reading.time_ms, reading.seq)
            new += key not in self.kept
            self.kept.setdefault(key, reading)
        return Appended(new, len(readings) - new, 0)

    def readings(self, shipments: Any, stays: Any) -> Any:
        raise NotImplementedError

    def close(self) -> None: ...


@dataclass
class MemoryCustody:
    """The part of the register that ingest tells, in memory."""

    down: bool = False
    events_kept: list[Event] = field(default_factory=list)
    seen: dict[str, str | None] = field(default_factory=dict)
    probes: set[str] = field(default_factory=set)

    def add_events(self, events: Sequence[Event], received_ms: Sequence[int]) -> frozenset[str]:
        if self.down:
            raise Unavailable("register: down for the test")
        new = [event for event in events if event not in self.events_kept]
        self.events_kept += new
        return frozenset(event.shipment for event in new if event.shipment)

    def shipments_at(self, boxes: Sequence[str], time_ms: Sequence[int]) -> list[str | None]:
        return [self._at(box, at) for box, at in zip(boxes, time_ms, strict=True)]

    def _at(self, box: str, time_ms: int) -> str | None:
        aboard: str | None = None
        for event in sorted(self.events_kept, key=lambda event: event.time_ms):
            if event.box == box and event.time_ms <= time_ms:
                if event.event == "packed":
                    aboard = event.shipment
                elif event.event in ENDING_EVENTS:
                    aboard = None
        return aboard

    def note_seen(self, shipments: Mapping[str, str | None]) -> None:
        self.seen |= shipments

    def note_probes(self, readings: Sequence[Reading]) -> None:
        self.probes |= {name for reading in readings for name in reading.temperature_c}


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore()


@pytest.fixture
def register() -> Any:
    return MemoryCustody()


@pytest.fixture(scope="session")
def signer() -> Signer:
    return Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
