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
        """Processes of the demo's group other than its leader."""
        return [pid for pid in group_members(self.process.pid) if pid != self.process.pid]

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


def group_members(group: int) -> list[int]:
    """Process ids of a process group, zombies left out."""
    members = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group and fields[0] != "Z":
                members.append(int(stat.parent.name))
    return members
