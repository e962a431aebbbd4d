"""Runs commands of this program one after the other, each in a fork with steps counted or stopped.

Started by `trials.Trials` with disk_steps.so loaded before libc. A line of JSON on standard input
is a trial, a line on standard output what became of it. A command's modules are imported when it is
first asked for, and once for all; so is what depends on the program alone and not on any folder
(rule packs, words, how statements read), by a small world that is gone before the first trial.
"""

import ctypes
import gc
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Sequence
from contextlib import redirect_stderr, redirect_stdout, suppress
from importlib import import_module
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from coldwitness.cli.main import COMMANDS, keep_to_oneself, main

_SUBREAPER = 36
"""PR_SET_CHILD_SUBREAPER: what a killed trial leaves behind is waited for here."""


def _library(path: str, counters: str) -> ctypes.CDLL:
    library = ctypes.CDLL(path)
    library.arm.argtypes = [
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.c_long,
        ctypes.c_int,
        ctypes.c_char_p,
    ]
    library.prepare.argtypes = [ctypes.c_char_p]
    library.copies_before.argtypes = [ctypes.c_char_p]
    library.steps_done.restype = ctypes.c_long
    library.prepare(counters.encode())
    return library


def _trial(library: ctypes.CDLL, asked: dict[str, Any], said: str, counters: str) -> None:
    """In a fork: run the command with its steps armed, those of programs that it starts too."""
    os.setsid()
    os.chdir(asked["folder"])
    out = os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    told = [asked["at"], asked["mode"], asked["error"], counters, asked["log"], asked["folder"]]
    os.environ["DISK_STEPS_TRIAL"] = "\n".join(map(str, told))
    os.environ.update(asked["environment"])
    library.arm(
        asked["folder"].encode(),
        asked["mode"],
        asked["at"],
        asked["error"],
        asked["log"].encode(),
    )
    library.copies_before(asked["copies_before"].encode())
    code = 99
    keep_to_oneself()
    try:
        code = main(asked["arguments"])
    except BaseException:  # a traceback is what a trial has to show
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _ended(process: int) -> int:
    """Its exit code, when nothing runs any more that it started."""
    _, status = os.waitpid(process, 0)
    with suppress(ProcessLookupError):
        os.killpg(process, signal.SIGKILL)
    with suppress(ChildProcessError):
        while True:
            os.waitpid(-process, 0)
    return os.waitstatus_to_exitcode(status)


def serve(library_path: str, counters: str) -> None:
    """Until standard input ends."""
    os.umask(0)  # the loosest that a user may have; the command's own business
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
    _met_before()
    library = _library(library_path, counters)
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    for line in sys.stdin:
        asked = json.loads(line)
        _imported(asked["arguments"])
        library.begin_trial()
        places = [f"{asked['said']}.{number}" for number in range(asked["times"])]
        processes = []
        for place in places:
            process = os.fork()
            if process == 0:
                _trial(library, asked, place, counters)
            processes.append(process)
        Path(asked["started"]).write_text(str(processes[0]))
        codes = [_ended(process) for process in processes]
        answer = {
            "codes": codes,
            "steps": library.steps_done(),
            "said": [Path(place).read_text(errors="replace") for place in places],
        }
        answers.write(json.dumps(answer) + "\n")


def _imported(arguments: Sequence[str]) -> None:
    """The modules of the command that is asked for, in this process and so in all its forks."""
    known = set(sys.modules)
    for name in COMMANDS.keys() & set(arguments):
        import_module(f"coldwitness.cli.{COMMANDS[name].place.partition(':')[0]}")
    if sys.modules.keys() - known:
        # A fork that collects garbage would copy every page that it looks at.
        gc.collect()
        gc.freeze()


def _met_before() -> None:
    """A shipment imported and reported on here, not in a fork. Drawing and sealing are left out:
    their libraries start threads, which no fork has."""
    reading = {"shipment": "S-0", "logger": "LG-1", "time": 1717243200000, "seq": 1}
    with TemporaryDirectory() as name, redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        folder = Path(name)
        (folder / "cw.toml").write_text(
            f'[journal]\ndirectory = "{folder}/journal"\n[store]\n'
            f'embedded_file = "{folder}/telemetry.sqlite"\n'
            f'register_url = "sqlite:///{folder}/register.sqlite"\n'
        )
        (folder / "one.ndjson").write_text(json.dumps(reading | {"temperature": {"drug": 5.0}}))
        for words in (f"import {folder}/one.ndjson", "rebuild", f"report S-0 -o {folder}/r.json"):
            arguments = ["--config", str(folder / "cw.toml"), *words.split()]
            _imported(arguments)
            if main(arguments) != 0:
                raise AssertionError(f"{words} did not end well")
    if threading.active_count() != 1:
        raise AssertionError(f"threads were left: {threading.enumerate()}")


def run(arguments: Sequence[str]) -> None:
    serve(*arguments)


if __name__ == "__main__":
    run(sys.argv[1:])
