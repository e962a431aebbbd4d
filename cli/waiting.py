"""Serving until somebody ends it: Ctrl-C, or a service manager's SIGTERM."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


def wait_for_the_end(asked: threading.Event | None = None) -> None:
    """Return on SIGINT or SIGTERM, or when `asked` is set; raises nothing, so that every part
    can end in order."""
    with ending(asked or threading.Event()) as end:
        # Short waits: a signal is only handled between them on some platforms.
        while not end.wait(0.5):
            pass


@contextmanager
def ending(event: threading.Event) -> Iterator[threading.Event]:
    """Within, SIGINT and SIGTERM set `event`; outside, the handlers are as they were."""

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        event.set()

    before = {
        number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
