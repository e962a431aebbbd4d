"""Real servers for tests: each started as a child process on a free loopback port, ended surely.

One function a server; each yields what a test needs to reach it. A program that is not
installed fails the test with what to install: a missing server is no reason to skip.
"""

import http.client
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from coldwitness.storage.with_parent import ending_with_us

START_S = 30.0


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def program(name: str, *, install: str, folders: Sequence[str] = ()) -> str:
    """The program's path; fails the test naming what to install."""
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", *folders])
    found = shutil.which(name, path=path)
    if found is None:
        pytest.fail(f"{name} is not installed: apt-get install {install}")
    return found


@contextmanager
def child(command: Sequence[str], *, log: Path, user: str | None = None) -> Iterator[int]:
    """A running child process's id; it and its children are ended on the way out."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            # Another user may not run the Python that would see to it.
            ending_with_us(command) if user is None else command,
            stdout=out,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            user=user,
        )
    try:
        yield process.pid
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def wait_until(ready: Callable[[], bool], *, what: str, log: Path) -> None:
    """Ask until `ready` says yes; fails the test with the server's last words if it never does."""
    end = time.monotonic() + START_S
    while not ready():
        if time.monotonic() > end:
            last = log.read_text(errors="replace")[-1500:]
            pytest.fail(f"{what} did not start within {START_S:.0f} s:\n{last}")
        time.sleep(0.05)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):  # noqa: S310 (loopback)
            return True
    except (urllib.error.URLError, OSError):
        return False


@contextmanager
def influxd(folder: Path) -> Iterator[str]:
    """Debian's InfluxDB 1.6.7 behind a mapping of the v2 write path; yields its address.

    1.6.7 has `/query` as later versions have it, but writes on `/write` only. The mapping
    hands `/api/v2/write?bucket=db` over to `/write?db=db`, byte for byte, and sends whoever
    asks something else straight on.
    """
    port = free_port()
    command = influxd_command(folder, port)
    address = f"http://127.0.0.1:{port}"
    log = folder / "influxd.log"
    with child(command, log=log):
        wait_until(lambda: answers(f"{address}/ping"), what="influxd", log=log)
        with v2_writes_mapped(port) as mapped:
            yield mapped


def influxd_command(folder: Path, port: int) -> list[str]:
    """How to start an InfluxDB on `port` whose data are in `folder`, where it finds them again."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "influxdb.conf"
    settings.write_text(
        f"""
reporting-disabled = true
bind-address = "127.0.0.1:{free_port()}"
[meta]
  dir = "{folder}/meta"
[data]
  dir = "{folder}/data"
  wal-dir = "{folder}/wal"
  index-version = "tsi1"
  query-log-enabled = false
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
[monitor]
  store-enabled = false
"""
    )
    return [program("influxd", install="influxdb"), "-config", str(settings)]


class Influx:
    """InfluxDB in a folder, on a port; kept while it is down."""

    def __init__(self, folder: Path) -> None:
        self._port = free_port()
        self._command = influxd_command(folder, self._port)
        self._log = folder / "influxd.log"
        self._running = ExitStack()
        self._pid = 0

    def start(self) -> None:
        self._pid = self._running.enter_context(child(self._command, log=self._log))
        ping = f"http://127.0.0.1:{self._port}/ping"
        wait_until(lambda: answers(ping), what="influxd", log=self._log)

    def kill(self) -> None:
        os.killpg(self._pid, signal.SIGKILL)
        self._running.close()

    @contextmanager
    def address(self) -> Iterator[str]:
        try:
            with v2_writes_mapped(self._port) as mapped:
                yield mapped
        finally:
            self._running.close()


@contextmanager
def victoria_metrics(folder: Path) -> Iterator[str]:
    """Debian's VictoriaMetrics, which takes the v2 write path itself; yields its address."""
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "victoria-metrics.log"
    command = [
        program("victoria-metrics", install="victoria-metrics"),
        f"-storageDataPath={folder / 'data'}",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-retentionPeriod=100y",
        "-search.latencyOffset=0s",
        "-search.disableCache",
    ]
    address = f"http://127.0.0.1:{port}"
    with child(command, log=log):
        wait_until(lambda: answers(f"{address}/health"), what="victoria-metrics", log=log)
        yield address


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A PostgreSQL of its own; yields the address of its superuser's database `postgres`.

    PostgreSQL refuses to run as root: then the unprivileged user `postgres` (made by the
    package) or `nobody` runs it.
    """
    places = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"))]
    initdb = program("initdb", install="postgresql", folders=places)
    server = str(Path(initdb).resolve().parent / "postgres")
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / "postgres.log"
    user = _unprivileged() if os.geteuid() == 0 else None
    # Not below pytest's own folder: that is closed to other users.
    with tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as made:
        home = Path(made)
        if user is not None:
            home.chmod(0o755)
            shutil.chown(home, user)
        data = home / "data"
        prepare = [initdb, "-D", str(data), "-U", "coldwitness", "-A", "trust", "-E", "UTF8"]
        prepared = subprocess.run(
            [*prepare, "--locale=C", "--no-sync"],
            capture_output=True,
            check=False,
            text=True,
            user=user,
            cwd="/",
        )
        if prepared.returncode:
            pytest.fail(f"initdb: {prepared.stderr.strip()[-800:]}")
        port = free_port()
        command = [server, "-D", str(data), "-p", str(port), "-h", "127.0.0.1", "-k", ""]
        command += ["-c", "fsync=off", "-c", "max_connections=60", "-c", "synchronous_commit=off"]
        with child(command, log=log, user=user):
            wait_until(
                lambda: _accepts(port) and "ready to accept" in log.read_text(),
                what="postgres",
                log=log,
            )
            yield f"postgresql://coldwitness@127.0.0.1:{port}/postgres"


def _unprivileged() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def v2_writes_mapped(port: int) -> Iterator[str]:
    class Mapping(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            asked = urlsplit(self.path)
            path = self.path
            if asked.path == "/api/v2/write":
                named = {key: values[0] for key, values in parse_qs(asked.query).items()}
                database, _, policy = named["bucket"].partition("/")
                path = "/write?" + urlencode(
                    {"db": database, "rp": policy, "precision": named.get("precision", "ns")}
                )
            kept = ("Content-Encoding", "Content-Type", "Accept")
            headers = {key: self.headers[key] for key in kept if key in self.headers}
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            try:
                connection.request("POST", path, body, headers)
                answer = connection.getresponse()
                said = answer.read()
            except (OSError, http.client.HTTPException):
                self.send_error(502)
                return
            finally:
                connection.close()
            self.send_response(answer.status)
            if answer.status != 204:
                self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def do_GET(self) -> None:
            self.send_response(307)
            self.send_header("Location", f"http://127.0.0.1:{port}{self.path}")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Mapping)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
