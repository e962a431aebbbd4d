"""A thread that looks again and again, from `start` to `stop`, whatever fails."""

import logging
import threading
from abc import ABC, abstractmethod

from coldwitness.domain.errors import Unavailable

log = logging.getLogger(__name__)


class Looks(ABC):
    """name : of the thread, and of what is looked at in the log. at_once : the first look is not
    waited for. away : what is logged, and how loudly, where a look raises Unavailable; the next
    may succeed.
    """

    def __init__(
        self,
        *,
        name: str,
        every_s: float,
        away: str,
        level: int = logging.WARNING,
        at_once: bool = False,
    ) -> None:
        self._name = name
        self._every_s = every_s
        self._away = away
        self._level = level
        self._at_once = at_once
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @abstractmethod
    def look(self) -> None:
        """One look."""

    def start(self) -> None:
        self._thread = threading.Thread(target=self._look_for_ever, name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the look that is under way."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    @property
    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def _look_for_ever(self) -> None:
        if self._at_once:
            self._try()
        while not self._stopping.wait(self._every_s):
            self._try()

    def _try(self) -> None:
        try:
            self.look()
        except Unavailable as error:
            log.log(self._level, "%s: %s", self._away, error)
        except Exception:  # it must outlive any mistake
            log.exception("a look at %s failed; goes on with the next", self._name)
