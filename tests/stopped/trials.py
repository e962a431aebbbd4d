"""A command stopped at its n-th step on the disk, and started again."""

import errno
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import IO, Protocol

from tests.servers import program

SOURCE = Path(__file__).with_name("disk_steps.c")
KILLED = -9
PATIENCE_S = 30.0
FULL_PATIENCE_S = 2.5
"""A disk that is full stays so: nothing more is to be waited for."""


class Mode(IntEnum):
    """What happens at step n, as disk_steps.c numbers it."""

    COUNT = 0
    BEFORE = 1
    """Killed before it."""
    AFTER = 2
    """Killed after it."""
    TORN = 3
    """Half of a write is done, then killed."""
    LOST = 4
    """Killed, and what was not forced to the disk is lost: a power cut."""
    ERROR = 5
    """The step fails once with EIO."""
    FULL = 6
    """From this step on the disk is full."""


@dataclass(frozen=True)
class Ended:
    """How a run of a command ended. code : its exit code, KILLED where it was stopped. steps : how
    many it took. log : each step, `number kind path` (relative to the folder)."""

    code: int
    steps: int
    said: str
    log: tuple[str, ...] = ()

    def placing(self) -> list[int]:
        """Numbers of steps that put something in its place or take it away, but for SQLite's own
        files, whose steps SQLite's tests have stopped at. disk_steps.c chooses them alike."""
        kinds, own = ("rename", "link", "unlink", "rmdir"), ("-wal", "-shm", "-journal")
        steps = (line.split(" ", 2) for line in self.log)
        return [int(at) for at, kind, path in steps if kind in kinds and not path.endswith(own)]


class Driver(Protocol):
    """What a service is given to do while it runs."""

    environment: Mapping[str, str]

    def drive(self, process: int, alive: Callable[[], bool], patience_s: float) -> None:
        """Returns when the process has ended, or was told to: when all is done, or nothing changed
        for so long."""


class Trials:
    """Runs commands whose steps below `folder` are counted."""

    def __init__(self, process: "subprocess.Popen[str]", scratch: Path, folder: Path) -> None:
        self._process = process
        self._scratch = scratch
        self.folder = folder

    @property
    def process_id(self) -> int:
        """Of the process that forks the commands."""
        return self._process.pid

    def run(
        self,
        arguments: Sequence[str],
        *,
        mode: Mode = Mode.COUNT,
        at: int = 0,
        driver: Driver | None = None,
        copies_before: Path | None = None,
    ) -> Ended:
        """driver : of a command that does not end by itself. copies_before : where the folder is
        to be copied, named by the step's number, before each of `Ended.placing`."""
        return self._answered(
            arguments, mode=mode, at=at, driver=driver, times=1, copies_before=copies_before
        )[0]

    def together(self, arguments: Sequence[str]) -> list[Ended]:
        """Two of the same at once."""
        return self._answered(arguments, mode=Mode.COUNT, at=0, driver=None, times=2)

    def _answered(
        self,
        arguments: Sequence[str],
        *,
        mode: Mode,
        at: int,
        driver: Driver | None,
        times: int,
        copies_before: Path | None = None,
    ) -> list[Ended]:
        log, started = self._scratch / "steps", self._scratch / "started"
        log.unlink(missing_ok=True)
        started.unlink(missing_ok=True)
        asked = {
            "arguments": list(arguments),
            "folder": str(self.folder),
            "mode": int(mode),
            "at": at,
            "error": errno.EIO,
            "said": str(self._scratch / "said"),
            "log": str(log) if mode == Mode.COUNT else "",
            "environment": dict(driver.environment if driver is not None else {}),
            "started": str(started),
            "times": times,
            "copies_before": str(copies_before or ""),
        }
        _pipe(self._process.stdin).write(json.dumps(asked) + "\n")
        _pipe(self._process.stdin).flush()
        if driver is not None:
            while not started.exists() or not started.read_text():
                time.sleep(0.002)
            patience_s = FULL_PATIENCE_S if mode == Mode.FULL else PATIENCE_S
            driver.drive(int(started.read_text()), lambda: not self._has_answered(), patience_s)
        line = _pipe(self._process.stdout).readline()
        if not line:
            raise AssertionError(f"the process that runs the trials ended: {self._process.wait()}")
        answer = json.loads(line)
        steps = tuple(log.read_text().splitlines()) if log.exists() else ()
        ended = zip(answer["codes"], answer["said"], strict=True)
        return [Ended(code, answer["steps"], said, steps) for code, said in ended]

    def _has_answered(self) -> bool:
        return bool(select.select([_pipe(self._process.stdout)], [], [], 0)[0])


def _pipe(stream: IO[str] | None) -> IO[str]:
    assert stream is not None
    return stream


def library(scratch: Path) -> Path:
    """disk_steps.so, compiled."""
    scratch.mkdir(parents=True, exist_ok=True)
    made = scratch / "disk_steps.so"
    compiler = program("cc", install="gcc libc6-dev")
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", made, SOURCE, "-ldl", "-pthread"]
    subprocess.run(command, check=True)
    return made


def full_disk(scratch: Path, folder: Path, *, full: Path, room: int) -> dict[str, str]:
    """What a process's environment needs so that the disk under `folder` has `room` bytes left, as
    long as the file `full` is there."""
    return {
        "LD_PRELOAD": str(library(scratch)),
        "DISK_STEPS_UNDER": str(folder),
        "DISK_STEPS_FULL": str(full),
        "DISK_STEPS_ROOM": str(room),
    }


def counted(scratch: Path, folder: Path, *, log: Path) -> dict[str, str]:
    """The environment of a process whose steps below `folder` are counted and logged."""
    told = [0, int(Mode.COUNT), errno.EIO, scratch / "counters", log, folder]
    trial = {"DISK_STEPS_TRIAL": "\n".join(map(str, told))}
    return os.environ | {"LD_PRELOAD": str(library(scratch))} | trial


@contextmanager
def trials(scratch: Path, folder: Path) -> Iterator[Trials]:
    """scratch : for the library and what commands say. folder : whose steps count."""
    made = library(scratch)
    environment = os.environ | {"LD_PRELOAD": str(made)}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.stopped.fork_server", str(made), str(scratch / "counters")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        try:
            yield Trials(process, scratch, folder)
        finally:
            _pipe(process.stdin).close()
            process.wait(30)
