"""Work that goes on by itself until it is ended: a round now and then, and turns side by side."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from coldwitness.domain.errors import Unavailable

log = logging.getLogger(__name__)

POLL_S = 1.0
_Item = TypeVar("_Item")


class Rounds:
    """One thread that does a round every second, sooner where it is woken, and whatever fails.

    work : one round. name : of the thread, and in what is logged. turns : how many turns may be
    taken side by side.
    """

    def __init__(self, work: Callable[[], None], *, name: str, turns: int) -> None:
        self._work = work
        self._name = name
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._busy: dict[str, Future[None]] = {}
        self._pool = ThreadPoolExecutor(max_workers=turns, thread_name_prefix=name)

    def start(self) -> None:
        self._thread = threading.Thread(target=self._work_for_ever, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the round and the turns under way."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._pool.shutdown(wait=True)

    def wake(self) -> None:
        self._wake.set()

    @property
    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        return self._stopping.is_set()

    def take_turns(
        self,
        waiting: Callable[[], Mapping[str, Sequence[_Item]]],
        turn: Callable[[Sequence[_Item]], None],
    ) -> None:
        """Begin a turn for everybody for whom something waits and whose last turn is over; does not
        wait for its end. Whose turn is over is seen before `waiting` is asked: of a turn that ends
        in between, what it did may still be told as waiting."""
        self._busy = {whose: its for whose, its in self._busy.items() if not its.done()}
        for whose, items in waiting().items():
            if whose not in self._busy:
                self._busy[whose] = self._pool.submit(turn, items)

    def wait_for_turns(self) -> None:
        """Until all turns that were begun are over; raises what one of them raised."""
        for its in list(self._busy.values()):
            its.result()

    def _work_for_ever(self) -> None:
        while not self._stopping.is_set():
            try:
                self._work()
            except Unavailable as error:
                log.warning("%s waits for the register: %s", self._name, error)
            except Exception:  # it must go on after any mistake
                log.exception("a round of %s failed; goes on with the next", self._name)
            self._wake.wait(timeout=POLL_S)
            self._wake.clear()
