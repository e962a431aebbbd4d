"""The live stream where several processes judge and several answer: news go through the register,
under numbers that mean the same everywhere, so that a browser may come back to any of them."""

import logging
import threading
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from coldwitness.api.live.hub import KEPT_EVENTS, LiveHub
from coldwitness.api.live.news import KINDS, News
from coldwitness.domain.errors import Unavailable
from coldwitness.domain.result import CheckResult
from coldwitness.judging.observer import JudgingObserver, NewestReading
from coldwitness.storage.clue_ports import ClueEntry
from coldwitness.storage.live_ports import LiveNews

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.4
_PAGE = 1000


class TellingOthers(JudgingObserver):
    """Puts what this process judged before all that answer."""

    def __init__(self, live: LiveNews) -> None:
        self._live = live
        self._news = News(self)
        self._events: list[tuple[str, bytes]] = []

    def publish(self, name: str, data: Struct) -> None:
        """One event of the run; told with all of it."""
        self._events.append((name, msgspec.json.encode(data)))

    def on_judged(
        self,
        results: Sequence[CheckResult],
        entries: Sequence[ClueEntry],
        newest: Mapping[str, NewestReading],
    ) -> None:
        """Raises Unavailable."""
        self._events = []
        self._news.on_judged(results, entries, newest)
        self._live.tell(self._events)


class ToldByOthers:
    """Brings what any process judged to this one's listeners, from `start` to `stop`."""

    def __init__(self, live: LiveNews, hub: LiveHub) -> None:
        self._live = live
        self._hub = hub
        self._number: int | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._look_for_ever, name="live news", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    @property
    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def look(self) -> None:
        """Publish what came; at first what a listener may still ask for. Raises Unavailable."""
        if self._number is None:
            self._number = max(self._live.last() - KEPT_EVENTS, 0)
        while lines := self._live.after(self._number, limit=_PAGE):
            for line in lines:
                if line.name in KINDS:  # a newer program's is for newer programs
                    data = msgspec.json.decode(line.body, type=KINDS[line.name])
                    self._hub.publish(line.name, data, number=line.number)
            self._number = lines[-1].number

    def _look_for_ever(self) -> None:
        while not self._stopping.wait(LOOK_EVERY_S):
            try:
                self.look()
            except Unavailable as error:
                log.debug("news of other processes: %s", error)
            except Exception:  # listeners would hear nothing more
                log.exception("a look at news failed; goes on with the next")
