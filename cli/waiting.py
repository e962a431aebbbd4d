"""Serving until somebody ends it: Ctrl-C, or a service manager's SIGTERM."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

ENDING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def ending(event: threading.Event) -> Iterator[threading.Event]:
    """Within, SIGINT and SIGTERM set `event`; outside, the handlers are as they were. For the main
    thread.

    The signal's number comes through a pipe to a thread that sets the event. A Python handler
    would not do: it runs in the main thread alone, which may wait for something that a signal
    taken by another thread does not wake, or may hold the very lock that `set` asks for.
    """
    told, tell = os.pipe()
    os.set_blocking(tell, False)
    listening = threading.Thread(target=_listen, args=(told, event), name="ending", daemon=True)
    listening.start()
    before = {number: signal.signal(number, lambda *_: None) for number in ENDING}
    wakeup_before = signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    try:
        yield event
    finally:
        signal.set_wakeup_fd(wakeup_before)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(tell)
        listening.join()
        os.close(told)


def _listen(told: int, event: threading.Event) -> None:
    """Until the pipe is closed at its other end."""
    while numbers := os.read(told, 64):
        if any(number in ENDING for number in numbers):
            event.set()
