"""Runs commands of this program one after the other, each in a fork with steps counted or stopped.

Started by `trials.Trials` with disk_steps.so loaded before libc. A line of JSON on standard input
is a trial, a line on standard output what became of it; modules are imported once for all.
"""

import ctypes
import json
import os
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from coldwitness.cli.main import COMMANDS, main


def _library(path: str) -> ctypes.CDLL:
    library = ctypes.CDLL(path)
    library.arm.argtypes = [
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_long,
        ctypes.c_int,
        ctypes.c_char_p,
    ]
    library.steps_done.restype = ctypes.c_long
    library.prepare()
    return library


def _trial(library: ctypes.CDLL, asked: dict[str, Any]) -> int:
    """In a fork: run the command with its steps armed; never returns to the caller's loop."""
    os.setsid()
    os.chdir(asked["folder"])
    out = os.open(asked["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.environ.update(asked["environment"])
    library.arm(
        asked["folder"].encode(),
        asked["mode"],
        asked["at"],
        asked["error"],
        asked["log"].encode(),
    )
    code = 99
    try:
        code = main(asked["arguments"])
    except BaseException:  # a traceback is what a trial has to show
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def serve(library_path: str) -> None:
    """Until standard input ends."""
    os.umask(0o077)
    for name in {entry.place.partition(":")[0] for entry in COMMANDS.values()}:
        import_module(f"coldwitness.cli.{name}")
    library = _library(library_path)
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    for line in sys.stdin:
        asked = json.loads(line)
        process = os.fork()
        if process == 0:
            _trial(library, asked)
        _, status = os.waitpid(process, 0)
        said = Path(asked["said"])
        answer = {
            "code": os.waitstatus_to_exitcode(status),
            "steps": library.steps_done(),
            "said": said.read_text(errors="replace") if said.exists() else "",
        }
        answers.write(json.dumps(answer) + "\n")


def run(arguments: Sequence[str]) -> None:
    serve(arguments[0])


if __name__ == "__main__":
    run(sys.argv[1:])
