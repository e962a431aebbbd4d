"""Processes that end with the one that started them, however that ended.

Linux kills a process when the *thread* that started it ends, if it asked for that (prctl): start it
from a thread that lives as long as it is needed. Elsewhere it lives on until it is done.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

_ON_LINUX = sys.platform == "linux"
_PR_SET_PDEATHSIG = 1
_LAUNCHER = f"""
import ctypes, os, sys
ctypes.CDLL(None).prctl({_PR_SET_PDEATHSIG}, {int(signal.SIGKILL)}, 0, 0, 0)
if os.getppid() != int(sys.argv[1]):
    sys.exit("the parent ended before this one began")
os.execvp(sys.argv[2], sys.argv[2:])
"""
"""What was asked for survives exec. It is asked for in a process of its own and not between fork
and exec of ours, which has threads."""


def end_with_parent(parent: int) -> None:
    """In a process that was forked, before it does anything. parent : process id of who forked."""
    if _ON_LINUX:
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def ending_with_us(command: Sequence[str]) -> list[str]:
    """The command as it is to be started, so that it ends with this process."""
    if not _ON_LINUX:
        return list(command)
    return [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(os.getpid()), *command]
