"""Processes that open a workbook, forked from one that has loaded what they need.

A process that opens a workbook (`ingest/files/workbook.py`) takes most of its time to begin. Here
one has begun and does nothing but fork (`forking_workbooks.py`): each child runs the same program
with the same bounds of memory and processor as one that is started anew, and ends in the same ways.
"""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, Self
from unittest.mock import patch

from benchmarks.forking_workbooks import WAIT
from coldwitness.ingest.files import workbook

_PROGRAM = Path(__file__).with_name("forking_workbooks.py")
_ANSWER_BYTES = 32


class _Forked:
    """As much of a `Popen` as the reader of workbooks asks for."""

    def __init__(self, door: socket.socket, command: Sequence[str], stderr: IO[Any]) -> None:
        self._door = door
        ours, theirs = os.pipe()
        arguments = "\0".join(command[3:])  # behind the interpreter, its option and the program
        socket.send_fds(door, [arguments.encode()], [theirs, stderr.fileno()])
        os.close(theirs)
        self.stdout = os.fdopen(ours, encoding="utf-8")
        self._process = int(door.recv(_ANSWER_BYTES))
        self._code: int | None = None

    def wait(self) -> int:
        if self._code is None:
            self._door.send(WAIT)
            self._code = int(self._door.recv(_ANSWER_BYTES))
        return self._code

    def kill(self) -> None:
        if self._code is None:  # else its number may be another's
            os.kill(self._process, signal.SIGKILL)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stdout.close()
        self.wait()


@contextmanager
def forked_workbooks() -> Iterator[None]:
    """Within it the reader's processes are forks."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-I", str(_PROGRAM), str(theirs.fileno()), str(workbook._PROGRAM)]

    def begun(command: Sequence[str], *, stderr: IO[Any], **_: object) -> _Forked:
        return _Forked(ours, command, stderr)

    with ours, subprocess.Popen(command, pass_fds=[theirs.fileno()]) as forking:
        theirs.close()
        forks = SimpleNamespace(Popen=begun, DEVNULL=subprocess.DEVNULL, PIPE=subprocess.PIPE)
        try:
            with patch.object(workbook, "subprocess", forks):
                yield
        finally:
            forking.kill()
