"""A running `coldwitness demo` for tests: started on free ports, ended for sure."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

COLDWITNESS = str(Path(sys.executable).with_name("coldwitness"))
READY_WITHIN_S = 60.0


@dataclass
class DemoProcess:
    """process : leader of its own group. http_port, mqtt_port : as the demo announced them."""

    process: subprocess.Popen[str]
    log: Path
    http_port: int = 0
    mqtt_port: int = 0

    @property
    def said(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def children(self) -> list[int]:
        """Processes that the demo started and that live."""
        return children_of(self.process.pid)

    def wait_for(self, pattern: str, *, within_s: float = READY_WITHIN_S) -> re.Match[str]:
        """Until the demo's stderr matches; AssertionError with what it said otherwise."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            found = re.search(pattern, self.said)
            if found:
                return found
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"the demo did not say {pattern!r} in {within_s} s:\n{self.said}")

    def interrupt(self) -> int:
        """Ctrl-C, as a terminal sends it to the whole group; returns the exit code."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=30)


@contextlib.contextmanager
def running_demo(tmp_path: Path, *arguments: str) -> Iterator[DemoProcess]:
    log = tmp_path / "demo.stderr"
    with log.open("w") as stderr, (tmp_path / "demo.stdout").open("w") as stdout:
        process = subprocess.Popen(
            [COLDWITNESS, "demo", "--port", "0", "--mqtt-port", "0", *arguments],
            stdout=stdout,
            stderr=stderr,
            text=True,
            start_new_session=True,
            env={**os.environ, "NO_COLOR": "1"},
        )
    demo = DemoProcess(process, log)
    try:
        demo.http_port = int(demo.wait_for(r"http://127\.0\.0\.1:(\d+)")[1])
        demo.mqtt_port = int(demo.wait_for(r"mqtt://127\.0\.0\.1:(\d+)")[1])
        yield demo
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def children_of(parent: int) -> list[int]:
    """Process ids whose parent is `parent`, zombies left out."""
    children = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[1]) == parent and fields[0] != "Z":
                children.append(int(stat.parent.name))
    return children


def still_living(pids: list[int], *, within_s: float = 5.0) -> list[int]:
    """Those of `pids` that still live when the time is over."""
    end = time.monotonic() + within_s
    living = pids
    while living and time.monotonic() < end:
        living = [pid for pid in living if _lives(pid)]
        time.sleep(0.05)
    return living


def _lives(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"
