"""A name for this process that no other has, here or on another machine; and whether the process of
such a name has ended, where that can be seen from here."""

import os
import secrets
import socket
from functools import cache
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NAMESPACE = Path("/proc/self/ns/pid")
_PROCESSES = Path("/proc")


@cache
def _own(process_id: int) -> str:
    born = _born(process_id)
    where = _where_from()
    if where is None or born is None:
        return f"{socket.gethostname()}/{process_id}/{secrets.token_hex(8)}"
    return f"{where}/{process_id}/{born}"


def own_name() -> str:
    """The same as long as the process lives, another one after every start."""
    return _own(os.getpid())


def has_ended(name: str) -> bool:
    """Whether the process of this name is gone for good; False too where nobody here can say: on
    another machine, in another container, or on a system without /proc."""
    where, _, its = name.partition("/")
    number, _, born = its.partition("/")
    if where != _where_from() or not number.isdecimal():
        return False
    return _born(int(number)) != born


def _where_from() -> str | None:
    """Where process ids mean the same processes: this start of this machine, this container."""
    try:
        boot = _BOOT.read_text("ascii").strip().replace("-", "")[:16]
        return f"{boot}-{_NAMESPACE.stat().st_ino:x}"
    except OSError:
        return None


def _born(process_id: int) -> str | None:
    """When a process began, in ticks since the machine did; None where there is none."""
    try:
        # Its name, in brackets, may hold anything; the 22nd field is the 20th behind it.
        told = (_PROCESSES / str(process_id) / "stat").read_text("utf-8", "replace")
        state, *rest = told.rpartition(")")[2].split()
        return None if state in "ZX" else rest[18]
    except (OSError, ValueError, IndexError):
        return None
