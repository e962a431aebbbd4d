"""Refused messages, read again: after a format rule was mended or this program was."""

from dataclasses import dataclass

from coldwitness.ingest.decoding import Decoding
from coldwitness.ingest.index import IngestIndex
from coldwitness.ingest.interpretation import interpret
from coldwitness.ingest.storing import store_interpreted
from coldwitness.storage.journal import JournalReader
from coldwitness.storage.ports import Register, TelemetryStore

_PAGE = 500


@dataclass(frozen=True)
class Replayed:
    messages: int
    readings: int
    events: int
    still_refused: int


def replay_refused(
    index: IngestIndex,
    reader: JournalReader,
    decoding: Decoding,
    *,
    store: TelemetryStore,
    register: Register,
    future_tolerance_s: float,
    reason: str | None = None,
    row: int | None = None,
) -> Replayed:
    """Read each refused row whole again; readings that were stored before are stored once.

    The receive time stays what it was, and the shipments concerned are left to be judged. What
    is still refused replaces the row's old lines.
    Raises Unavailable; then rows done stay done.
    """
    messages = readings = events = still = after = 0
    while True:
        page = index.refusals(reason=reason, row=row, after=after, limit=_PAGE)
        if not page:
            return Replayed(messages, readings, events, still)
        for number in sorted({refused.row for refused in page}):
            interpreted = interpret(
                [reader.row(index.worker, number)],
                decoding,
                future_tolerance_s=future_tolerance_s,
            )
            register.leave_to_judge(store_interpreted(interpreted, store=store, register=register))
            index.replace(number, interpreted.refused)
            messages += 1
            readings += len(interpreted.readings)
            events += len(interpreted.events)
            still += len(interpreted.refused)
            after = number
