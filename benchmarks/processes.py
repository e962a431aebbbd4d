"""What a process takes of processor and memory, as Linux tells it of each."""

import os
from contextlib import suppress
from pathlib import Path

_TICKS_A_S = os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """A process and its children."""
    pids = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # the thread has ended meanwhile
            pids += [int(child) for child in (task / "children").read_text().split()]
    return pids


def has_ended(pid: int) -> bool:
    """Ended, and not waited for yet."""
    return _stat(pid)[0] == "Z"


def processor_s(pid: int) -> float:
    """Processor time of a process and its children so far, of those too that it has waited for."""
    return sum(sum(map(int, _stat(one)[11:15])) for one in family(pid)) / _TICKS_A_S


def resident_mb(pid: int) -> float:
    """Its resident memory now."""
    return _told_mb(pid, "VmRSS")


def family_mb(pid: int) -> float:
    """The same of a process and its children."""
    return sum(map(resident_mb, family(pid)))


def highest_mb(pid: int) -> float:
    """The most that its resident memory was."""
    return _told_mb(pid, "VmHWM")


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _told_mb(pid: int, name: str) -> float:
    """0 of a process that has ended: it tells no memory."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    return 0.0
