"""Parts of a process that run beside one another: started in turn, and ended against it."""

from collections.abc import Iterable
from contextlib import ExitStack
from typing import Protocol


class Part(Protocol):
    """Something that runs until it is stopped."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


def start_in_turn(parts: Iterable[Part | None], opened: ExitStack) -> None:
    """Start those that are there; each is stopped when what was `opened` is closed, the last one
    first."""
    for part in parts:
        if part is not None:
            part.start()
            opened.callback(part.stop)
