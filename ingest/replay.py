"""Refused messages, read again: after a format rule was mended or this program was."""

from dataclasses import dataclass

from coldwitness.ingest.decoded_rows import decode_rows
from coldwitness.ingest.following import store_decoded
from coldwitness.ingest.left_out import LeftOut
from coldwitness.ingest.progress import Progress
from coldwitness.ingest.received_bounds import REASON as BEYOND
from coldwitness.ingest.routes import Routes
from coldwitness.storage.journal import JournalReader
from coldwitness.storage.ports import CustodyLog, ReadingLog
from coldwitness.storage.share_ports import Waiting

_PAGE = 500


@dataclass(frozen=True)
class Replayed:
    messages: int
    readings: int
    events: int
    still_refused: int


def replay_refused(
    progress: Progress,
    reader: JournalReader,
    routes: Routes,
    *,
    store: ReadingLog,
    custody: CustodyLog,
    waiting: Waiting,
    future_tolerance_s: float,
    reason: str | None = None,
    row: int | None = None,
) -> Replayed:
    """Read each refused row whole again; readings that were stored before are stored once.

    What is beyond a shipment's bound stays out; events beyond a courier's quota come in.
    The receive time stays what it was, and the shipments concerned are left to be judged. What
    is still refused replaces the row's old lines.
    Raises Unavailable; then rows done stay done.
    """
    messages = readings = events = still = after = 0
    while True:
        page = progress.refusals(reason=reason, row=row, after=after, limit=_PAGE)
        if not page:
            return Replayed(messages, readings, events, still)
        beyond = LeftOut(reader.directory, {progress.worker: ()})
        for number in sorted({refused.row for refused in page}):
            decoded = decode_rows(
                [reader.row(progress.worker, number)],
                routes,
                future_tolerance_s=future_tolerance_s,
            )
            before = len(decoded.readings) + len(decoded.events)
            beyond.take_out(decoded)
            if before > len(decoded.readings) + len(decoded.events):
                decoded.refused += [
                    one for one in page if one.row == number and one.reason == BEYOND
                ]
            waiting.leave(store_decoded(decoded, store=store, custody=custody))
            progress.replace(number, decoded.refused)
            messages += 1
            readings += len(decoded.readings)
            events += len(decoded.events)
            still += len(decoded.refused)
            after = number
