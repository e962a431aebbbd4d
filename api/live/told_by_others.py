"""The live stream where several processes judge and several answer: news go through the register,
under numbers that mean the same everywhere, so that a browser may come back to any of them."""

import logging
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

from coldwitness.api.live.hub import KEPT_EVENTS, LiveHub
from coldwitness.api.live.news import KINDS, News
from coldwitness.domain.result import CheckResult
from coldwitness.judging.observer import JudgingObserver, NewestReading
from coldwitness.storage.clue_ports import ClueEntry
from coldwitness.storage.live_ports import LiveNews
from coldwitness.storage.looks import Looks

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


class ToldByOthers(Looks):
    """Brings what any process judged to this one's listeners, from `start` to `stop`."""

    def __init__(self, live: LiveNews, hub: LiveHub) -> None:
        super().__init__(
            name="live news",
            every_s=LOOK_EVERY_S,
            away="news of other processes",
            level=logging.DEBUG,
        )
        self._live = live
        self._hub = hub
        self._number: int | None = None

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
