"""The canonical export: the same stores give the same bytes, whatever they are made of.

NDJSON. First the readings, by UTC day, logger, time and text, then the events by time and text.
Its digest says whether two stores hold the same evidence.
"""

from collections.abc import Iterator

from coldwitness.storage.archive.native import event_line, reading_line
from coldwitness.storage.register import SqlRegister
from coldwitness.storage.telemetry import WholeStore
from coldwitness.storage.telemetry.columns import readings_of

DAY_MS = 86_400_000


def canonical_lines(store: WholeStore, register: SqlRegister) -> Iterator[bytes]:
    """The lines, each with its newline; a day of readings is held in memory at a time."""
    for day_ms in store.days_ms():
        yield from day_lines(store, day_ms)
    yield from event_lines(register)


def day_lines(store: WholeStore, day_ms: int) -> list[bytes]:
    """Those of the readings of the UTC day that begins at `day_ms`."""
    columns = store.between(day_ms, day_ms + DAY_MS)
    lines = (
        (reading.logger, reading.time_ms, reading_line(reading, received))
        for reading, received in readings_of(columns)
    )
    return [line + b"\n" for _, _, line in sorted(set(lines))]


def event_lines(register: SqlRegister) -> Iterator[bytes]:
    """Those of all events."""
    events = register.custody.every_event()
    for _, line in sorted((event.time_ms, event_line(event, at)) for event, at in events):
        yield line + b"\n"
