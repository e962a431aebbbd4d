"""Commands of this program as processes of their own, forked from one that has imported it.

`serve` spends some three seconds of processor time with its imports before it does anything, and
the tests start it dozens of times. What a command is here is what it is by its name (its own
process, session, environment, signals and exit code), except that nothing is imported anew: that a
command also starts by its name is for the tests of the demo, of the terminal and of the disk.
"""

import atexit
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any

from coldwitness.cli.garbage import collect_seldom

COMMANDS = ("serve", "ingest", "judge", "report", "verify", "journal")
"""Whose modules are imported beforehand."""

_NUMBER = struct.Struct("=i")
_LARGEST_REQUEST = 1 << 17


class Forked:
    """A command that runs; pid, poll, wait and signals as of subprocess.Popen."""

    def __init__(
        self,
        arguments: Sequence[str | Path],
        *,
        env: Mapping[str, str] | None = None,
        stderr: IO[Any],
        stdout: IO[Any] | None = None,
        cwd: Path | None = None,
    ) -> None:
        """arguments : what follows `coldwitness`. stdout : else as stderr. It leads its session."""
        asked = {
            "arguments": [str(argument) for argument in arguments],
            "environment": dict(os.environ if env is None else env),
            "cwd": str(cwd or Path.cwd()),
        }
        self.returncode: int | None = None
        self._told, told = os.pipe()
        files = [(stdout or stderr).fileno(), stderr.fileno(), told]
        try:
            socket.send_fds(_server(), [json.dumps(asked).encode()], files)
        finally:
            os.close(told)
        self.pid = self._number()

    def _number(self) -> int:
        said = os.read(self._told, _NUMBER.size)
        assert len(said) == _NUMBER.size, "the process that forks commands ended"
        return int(_NUMBER.unpack(said)[0])

    def poll(self) -> int | None:
        """Its exit code, or None while it runs."""
        if self.returncode is None and select.select([self._told], [], [], 0)[0]:
            self.returncode = self._number()
            os.close(self._told)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        end = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            left_s = None if end is None else max(end - time.monotonic(), 0.0)
            if not select.select([self._told], [], [], left_s)[0]:
                raise subprocess.TimeoutExpired("coldwitness", timeout or 0.0)
        return code

    def send_signal(self, number: signal.Signals) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def ran(
    arguments: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """A command that has ended within two minutes, with what it said."""
    with TemporaryFile("w+") as stdout, TemporaryFile("w+") as stderr:
        code = Forked(arguments, cwd=cwd, env=env, stdout=stdout, stderr=stderr).wait(120)
        said = []
        for file in (stdout, stderr):
            file.seek(0)
            said.append(file.read())
    return subprocess.CompletedProcess(["coldwitness", *map(str, arguments)], code, *said)


@cache
def _server() -> socket.socket:
    """The way to this process's fork server, which ends with it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.forked", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            cwd=Path(__file__).parent.parent,
            start_new_session=True,
        )

    def end() -> None:
        ours.close()
        process.wait(10)

    atexit.register(end)
    return ours


def _serve(door: socket.socket) -> None:
    """Fork as asked until nobody is left to ask; returns in a process that is to be a command."""
    while True:
        request, files, _, _ = socket.recv_fds(door, _LARGEST_REQUEST, 3)
        if not request:
            os._exit(0)
        keeper = os.fork()
        if keeper == 0:
            door.close()
            _become(json.loads(request), *files)
            return
        for file in files:
            os.close(file)
        _reap()


def _reap() -> None:
    """Take note of the keepers that ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _become(asked: Mapping[str, Any], stdout: int, stderr: int, told: int) -> None:
    """Fork once more: the child returns as the command, its parent tells its number and its end."""
    command = os.fork()
    if command:
        os.close(stdout)
        os.close(stderr)
        os.write(told, _NUMBER.pack(command))
        code = os.waitstatus_to_exitcode(os.waitpid(command, 0)[1])
        os.write(told, _NUMBER.pack(code))
        os._exit(0)
    os.close(told)
    os.setsid()
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    os.close(stdout)
    os.close(stderr)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["coldwitness", *asked["arguments"]]


def run(door: int) -> None:
    """Import, then fork; what was forked goes on as the command."""
    collect_seldom()  # as the command does before it imports anything
    cli = import_module("coldwitness.cli.main")
    for name in COMMANDS:
        import_module(f"coldwitness.cli.{cli.COMMANDS[name].place.partition(':')[0]}")
    _serve(socket.socket(fileno=door))
    cli.run()


if __name__ == "__main__":
    run(int(sys.argv[1]))
