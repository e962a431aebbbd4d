"""What was refused, told to whoever sent it: a retained message on a topic of the courier's own.

Rate-limited: a logger that sends rubbish every second is answered once a minute, and a flood of
names no faster than the broker bears; what was refused meanwhile is counted in the next notice.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from coldwitness.domain.errors import Unavailable
from coldwitness.domain.instants import rfc3339
from coldwitness.ingest.mqtt.health import refused_topic
from coldwitness.ingest.progress import Progress, Quarantined

LOOK_EVERY_S = 2.0
AGAIN_AFTER_S = 60.0
"""Between two notices of one logger."""
MOST_AT_ONCE = 50
_LOOKED_AT = 2000
_KEPT = 10_000
_SILENT = frozenset({"retained", "unmapped_probe"})
"""What is no mistake of the sender's."""


class RefusalNotices:
    """Publishes what the storing side of the same worker lists, in whichever process that runs."""

    def __init__(
        self,
        directory: Path,
        worker: str,
        publish: Callable[[str, bytes], None],
        *,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """directory : the journal's. What was listed before is not told again."""
        self._directory = directory
        self._worker = worker
        self._publish = publish
        self._clock_s = clock_s
        self._look_at_s = 0.0
        self._told_at_s: dict[str, float] = {}
        self._waiting: dict[str, tuple[Quarantined, int]] = {}
        with suppress(Unavailable), Progress(directory, worker) as progress:
            self._after = progress.cursor()

    def tell(self) -> None:
        """Look for refusals since the last look, and publish what is due. Cheap when called often;
        a progress that cannot be read is looked at again later."""
        now_s = self._clock_s()
        if now_s < self._look_at_s:
            return
        self._look_at_s = now_s + LOOK_EVERY_S
        with suppress(Unavailable), Progress(self._directory, self._worker) as progress:
            for refused in progress.refusals(after=self._after, limit=_LOOKED_AT):
                self._after = refused.row
                self._note(refused)
        due = [
            topic
            for topic in self._waiting
            if now_s - self._told_at_s.get(topic, -AGAIN_AFTER_S) >= AGAIN_AFTER_S
        ]
        for topic in due[:MOST_AT_ONCE]:
            refused, count = self._waiting.pop(topic)
            self._publish(topic, _notice(refused, count, self._worker))
            self._told_at_s[topic] = now_s
        if len(self._told_at_s) > _KEPT:
            self._told_at_s = dict(sorted(self._told_at_s.items(), key=lambda one: one[1])[-_KEPT:])

    def _note(self, refused: Quarantined) -> None:
        if refused.courier is None or refused.reason in _SILENT:
            return
        topic = refused_topic(refused.courier, refused.logger or "unknown")
        _, count = self._waiting.get(topic, (refused, 0))
        if topic in self._waiting or len(self._waiting) < _KEPT:
            self._waiting[topic] = (refused, count + 1)


def _notice(refused: Quarantined, count: int, worker: str) -> bytes:
    return msgspec.json.encode(
        {
            "courier": refused.courier,
            "logger": refused.logger,
            "reason": refused.reason,
            "text": refused.text,
            "topic": refused.topic,
            "received": rfc3339(refused.received_ms),
            "count": count,
            "worker": worker,
            "row": refused.row,
        }
    )
