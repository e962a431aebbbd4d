"""A command stopped at its n-th step on the disk, and started again."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import IO

from tests.servers import program

SOURCE = Path(__file__).with_name("disk_steps.c")
KILLED = -9


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

    def renames(self) -> list[int]:
        """Numbers of steps that put something in its place or take it away."""
        kinds = ("rename", "link", "unlink", "rmdir")
        return [int(line.split()[0]) for line in self.log if line.split()[1] in kinds]


class Trials:
    """Runs commands whose steps below `folder` are counted."""

    def __init__(self, process: "subprocess.Popen[str]", scratch: Path, folder: Path) -> None:
        self._process = process
        self._scratch = scratch
        self.folder = folder

    def run(
        self,
        arguments: Sequence[str],
        *,
        mode: Mode = Mode.COUNT,
        at: int = 0,
        environment: Mapping[str, str] | None = None,
    ) -> Ended:
        log = self._scratch / "steps"
        log.unlink(missing_ok=True)
        asked = {
            "arguments": list(arguments),
            "folder": str(self.folder),
            "mode": int(mode),
            "at": at,
            "error": errno.EIO,
            "said": str(self._scratch / "said"),
            "log": str(log) if mode == Mode.COUNT else "",
            "environment": dict(environment or {}),
        }
        _pipe(self._process.stdin).write(json.dumps(asked) + "\n")
        _pipe(self._process.stdin).flush()
        line = _pipe(self._process.stdout).readline()
        if not line:
            raise AssertionError(f"the process that runs the trials ended: {self._process.wait()}")
        answer = json.loads(line)
        steps = tuple(log.read_text().splitlines()) if log.exists() else ()
        return Ended(answer["code"], answer["steps"], answer["said"], steps)


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


@contextmanager
def trials(scratch: Path, folder: Path) -> Iterator[Trials]:
    """scratch : for the library and what commands say. folder : whose steps count."""
    made = library(scratch)
    environment = os.environ | {"LD_PRELOAD": str(made), "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(
        [sys.executable, "-m", "tests.stopped.fork_server", str(made)],
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
