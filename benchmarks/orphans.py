"""Do all processes that this program starts end with the one that started them, however that died?

    python -m benchmarks.orphans [--only NAME …]

Each parent is started, waited for until its children run, and ended by each of six signals; then
its children, and theirs, have to be gone. A password is in the environment of all: it must stand in
no process's arguments. Prints a line a parent and the sum.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from coldwitness.cli.main import main as coldwitness
from coldwitness.cli.nightly import NightlyComparison
from coldwitness.config.settings import Settings
from coldwitness.ingest.files.in_processes import in_processes
from tests.e2e.demo_process import children_of, still_living
from tests.servers import child, free_port, program

ENDED_BY = (
    signal.SIGKILL,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGSEGV,
    signal.SIGABRT,
    signal.SIGQUIT,
)
PASSWORD = "geheim-9Kz4"
STARTED_WITHIN_S = 120.0
GONE_WITHIN_S = 30.0


def compare_for_long(_settings: Settings) -> list[str]:
    time.sleep(600)
    return []


def _pool() -> None:
    for _ in in_processes(time.sleep, [600.0] * 8, processes=2):
        pass


def _nightly() -> None:
    NightlyComparison(Settings(), on_found=print, compare=compare_for_long).compare_now()


def _server() -> None:
    port = str(free_port())
    mosquitto = program("mosquitto", install="mosquitto")
    with child([mosquitto, "-p", port], log=Path("mosquitto.log")):
        time.sleep(600)


PARENTS: Mapping[str, tuple[int, Callable[[], object]]] = {
    "ingest": (1, lambda: coldwitness(["ingest"])),
    "serve": (1, lambda: coldwitness(["serve"])),
    "demo": (2, lambda: coldwitness(["demo", "--port=0", "--mqtt-port=0", "--data=demo"])),
    "pool": (2, _pool),
    "nightly": (1, _nightly),
    "server": (1, _server),
}
"""How many children each has at least, and what it does."""


def descendants(process: int) -> list[int]:
    found = children_of(process)
    return found + [inner for one in found for inner in descendants(one)]


def ended(name: str, by: signal.Signals, folder: Path) -> tuple[int, int, int]:
    """How many children the parent had, lived on, and showed the password."""
    wanted, _ = PARENTS[name]
    own = {"COLDWITNESS_MQTT__PASSWORD": PASSWORD, "COLDWITNESS_MQTT__USERNAME": "u"}
    own |= {"COLDWITNESS_MQTT__PORT": "1", "COLDWITNESS_HTTP__PORT": str(free_port())}
    with (folder / "said").open("wb") as said:
        parent = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.orphans", "--parent", name],
            cwd=folder,
            env=os.environ | own | {"PYTHONPATH": str(Path(__file__).parents[1])},
            stdout=said,
            stderr=said,
        )
    end = time.monotonic() + STARTED_WITHIN_S
    while len(children_of(parent.pid)) < wanted and parent.poll() is None:
        if time.monotonic() > end:
            break
        time.sleep(0.05)
    time.sleep(1.0)  # theirs, and what they become (the broker's launcher)
    found = descendants(parent.pid)
    shown = sum(PASSWORD in _arguments(one) for one in [parent.pid, *found])
    parent.send_signal(by)
    with suppress(subprocess.TimeoutExpired):
        parent.wait(GONE_WITHIN_S)
    living = still_living(found, within_s=GONE_WITHIN_S)
    for one in [*living, *([parent.pid] if parent.poll() is None else [])]:
        os.kill(one, signal.SIGKILL)
    parent.wait()
    if len(found) < wanted:
        raise AssertionError(f"{name}: {(folder / 'said').read_text()[-500:]}")
    return len(found), len(living), shown


def _arguments(process: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_text(errors="replace")
    return ""


def main() -> int:
    """1 if any lived on or showed the password."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parent", choices=PARENTS, help=argparse.SUPPRESS)
    parser.add_argument("--only", action="append", choices=PARENTS)
    asked = parser.parse_args()
    name = asked.parent
    if name is not None:
        for one in ENDED_BY[1:]:
            signal.signal(one, signal.SIG_DFL)  # a shell's background job ignores some
        PARENTS[name][1]()
        return 0
    sums = [0, 0, 0]
    for name in asked.only or PARENTS:
        own = [0, 0, 0]
        for by in ENDED_BY:
            with tempfile.TemporaryDirectory() as folder:
                counted = ended(name, by, Path(folder))
            own = [one + more for one, more in zip(own, counted, strict=True)]
        sums = [one + more for one, more in zip(sums, own, strict=True)]
        print(f"{name:10}{own[0]:4} children, {own[1]} lived on, {own[2]} showed it", flush=True)
    print(f"{sums[0] - sums[1]} of {sums[0]} children ended with their parent; {sums[2]} arguments")
    return 1 if sums[1] or sums[2] else 0


if __name__ == "__main__":
    sys.exit(main())
