"""Forks a process for each workbook that is asked for: `benchmarks.workbook_forks` says why.

    python -I forking_workbooks.py SOCKET PROGRAM

A message on the socket is the program's arguments with its two outputs as descriptors, answered by
the process's number; an empty one asks for how it ended. Nothing of ColdWitness is imported, so
that as little is in memory as where the program begins by itself.
"""

import os
import socket
import sys
import traceback
from importlib.util import module_from_spec, spec_from_file_location
from typing import NoReturn

WAIT = b"\0"
"""Asks how the last one ended."""
_MESSAGE_BYTES = 65_536


def main() -> None:
    number, program = sys.argv[1:]
    spec = spec_from_file_location("program", program)
    assert spec is not None
    assert spec.loader is not None
    loaded = module_from_spec(spec)
    spec.loader.exec_module(loaded)
    process = 0
    with socket.socket(fileno=int(number)) as door:
        while True:
            said, outputs, _, _ = socket.recv_fds(door, _MESSAGE_BYTES, 2)
            if not said:
                return
            if said == WAIT:
                _, status = os.waitpid(process, 0)
                door.send(str(os.waitstatus_to_exitcode(status)).encode())
                continue
            process = os.fork()
            if process == 0:
                door.close()
                _run(loaded.main, said.decode().split("\0"), outputs)
            for output in outputs:
                os.close(output)
            door.send(str(process).encode())


def _run(work: object, arguments: list[str], outputs: list[int]) -> NoReturn:
    code = 1
    for place, output in enumerate(outputs, start=1):
        os.dup2(output, place)
        os.close(output)
    sys.argv = ["", *arguments]
    sys.stdout, sys.stderr = (os.fdopen(number, "w", encoding="utf-8") for number in (1, 2))
    try:
        code = work()  # type: ignore[operator]
        sys.stdout.flush()
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
