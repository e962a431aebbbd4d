"""A stretch of journal rows, decoded: readings and events to store, refusals to list."""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

import msgspec

from coldwitness.domain.errors import BadMessage
from coldwitness.domain.instants import instant_ms, rfc3339
from coldwitness.domain.reading import Event, Reading, split_probe
from coldwitness.ingest.clock_offsets import ClockOffsets
from coldwitness.ingest.personal_forms import masked
from coldwitness.ingest.progress import WHOLE, Quarantined
from coldwitness.ingest.refusal_senders import with_senders
from coldwitness.ingest.routes import IMPORT_TOPIC, Routes
from coldwitness.ingest.row_names import (
    birth_key,
    decided_keys,
    named_shipment_keys,
    spoken_keys,
)
from coldwitness.storage.journal import Row
from coldwitness.storage.journal.row_index import Named
from coldwitness.storage.ports import RefusedReading

_MAX_TEXT = 500


@dataclass
class DecodedRows:
    """Parallel lists: readings, when they were received, and in which rows; events likewise."""

    readings: list[Reading] = field(default_factory=list)
    readings_received_ms: list[int] = field(default_factory=list)
    readings_rows: list[Row] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    events_received_ms: list[int] = field(default_factory=list)
    events_rows: list[Row] = field(default_factory=list)
    refused: list[Quarantined] = field(default_factory=list)
    births: list[tuple[str, int]] = field(default_factory=list)
    named: list[Named] = field(default_factory=list)
    """Of what each row speaks, by the names of `row_names`."""
    unmapped: list[tuple[str, str]] = field(default_factory=list)

    def keep_readings(self, places: Sequence[int]) -> None:
        """Keep the readings at these places alone."""
        self.readings = [self.readings[place] for place in places]
        self.readings_received_ms = [self.readings_received_ms[place] for place in places]
        self.readings_rows = [self.readings_rows[place] for place in places]

    def keep_events(self, places: Sequence[int]) -> None:
        """Keep the events at these places alone."""
        self.events = [self.events[place] for place in places]
        self.events_received_ms = [self.events_received_ms[place] for place in places]
        self.events_rows = [self.events_rows[place] for place in places]

    def put_aside(self, refused: Sequence[RefusedReading]) -> None:
        """List readings that the store will never take, one line a row: a backlog of thousands
        beyond a store's retention is one mistake, and not thousands."""
        of_row: dict[int, list[RefusedReading]] = {}
        for one in refused:
            of_row.setdefault(self.readings_rows[one.index].row, []).append(one)
        lowest: dict[int, int] = {}
        for known in self.refused if of_row else ():
            lowest[known.row] = min(known.part, lowest.get(known.row, 0))
        for number, mine in of_row.items():
            first = mine[0]
            reading = self.readings[first.index]
            more = f" and {len(mine) - 1} more readings" if len(mine) > 1 else ""
            text = (
                f"logger {reading.logger} {rfc3339(reading.time_ms)}{more}: the store refuses it"
                f" for good: {first.text}"
            )
            part = lowest.get(number, 0) - 1
            aside = _quarantined(self.readings_rows[first.index], part, "store_refused", text)
            self.refused.append(replace(aside, courier=reading.courier, logger=reading.logger))

    def list_beside(
        self, row: Row, reason: str, text: str, *, courier: str | None, logger: str | None
    ) -> None:
        """List that something of a row is left out, beside what is listed of it already."""
        parts = [known.part for known in self.refused if known.row == row.row]
        aside = _quarantined(row, min([WHOLE + 1, *parts]) - 1, reason, text)
        self.refused.append(replace(aside, courier=courier, logger=logger))


def decode_rows(
    rows: Iterable[Row],
    routes: Routes,
    *,
    future_tolerance_s: float,
    clocks: ClockOffsets | None = None,
    listed: Set[tuple[str, str]] = frozenset(),
) -> DecodedRows:
    """Decode rows in their order. Notes of the journal itself are passed over.

    listed : loggers and names of theirs without a role that were listed before. Others are listed
        once as `unmapped_probe` and are in `unmapped`; their readings stand.

    A reading or event later than its receipt by more than the tolerance is not given out for
    judging but listed as `future_time`: nobody can have measured it yet.
    """
    result = DecodedRows()
    tolerance_ms = int(future_tolerance_s * 1000)
    stateful = routes.is_stateful
    for row in rows:
        if row.note:
            keys = {*decided_keys(row), *named_shipment_keys(row)}
            result.named += [(key, row.row) for key in keys]
            continue
        before = len(result.refused)
        try:
            decoded = routes.decode(row)
        except BadMessage as error:
            _refuse(result, row, WHOLE, error.reason, str(error))
            result.named += [(key, row.row) for key in named_shipment_keys(row)]
            _name_senders(result, before, row, routes)
            continue
        if stateful and routes.is_birth(row.topic):
            result.births.append((row.topic, row.row))
            result.named.append((birth_key(routes.birth_node(row.topic)), row.row))
        result.named += [(key, row.row) for key in spoken_keys(decoded)]
        if decoded.refused:
            result.named += [(key, row.row) for key in named_shipment_keys(row)]
            for refusal in decoded.refused:
                part = WHOLE if refusal.index is None else refusal.index
                _refuse(result, row, part, refusal.reason, refusal.text)
        if decoded.readings:
            latest_ms = row.received_ms + tolerance_ms
            _take_readings(result, row, decoded.readings, latest_ms, clocks, listed)
            if row.removal is not None:
                result.readings_received_ms[-len(row.removal.received_ms) :] = (
                    row.removal.received_ms
                )
            elif row.topic == IMPORT_TOPIC:
                _receipts_as_told(result, row, decoded.readings)
        if decoded.events:
            _take_events(result, row, decoded.events, row.received_ms + tolerance_ms)
        if len(result.refused) > before:
            _name_senders(result, before, row, routes)
    return result


def _name_senders(result: DecodedRows, first: int, row: Row, routes: Routes) -> None:
    """Say of the refusals from `first` on, all of one row, who sent them."""
    named = with_senders(result.refused[first:], row, routes.courier_of(row.topic))
    result.refused[first:] = named


def _take_events(result: DecodedRows, row: Row, events: Sequence[Event], latest_ms: int) -> None:
    for event in events:
        if event.time_ms > latest_ms:
            _refuse_future(result, row, f"event {event.event}", event.time_ms)
            continue
        result.events.append(event)
        result.events_received_ms.append(row.received_ms)
        result.events_rows.append(row)


def _take_readings(
    result: DecodedRows,
    row: Row,
    readings: Sequence[Reading],
    latest_ms: int,
    clocks: ClockOffsets | None,
    listed: Set[tuple[str, str]],
) -> None:
    received_ms = row.received_ms
    newest: Reading | None = None
    for reading in readings:
        others = _without_role(tuple(reading.temperature_c))
        if others:
            _list_unmapped(result, row, reading.logger, others, listed)
        time_ms = reading.time_ms
        if reading.time_source == "device" and (newest is None or time_ms > newest.time_ms):
            newest = reading
        if time_ms > latest_ms:
            _refuse_future(result, row, f"logger {reading.logger}", time_ms)
            continue
        result.readings.append(reading)
        result.readings_received_ms.append(received_ms)
        result.readings_rows.append(row)
    if clocks is not None and newest is not None:
        clocks.observe(newest.logger, device_ms=newest.time_ms, received_ms=received_ms)


@lru_cache(maxsize=4096)
def _without_role(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in names if split_probe(name) is None)


def _list_unmapped(
    result: DecodedRows,
    row: Row,
    logger: str,
    names: Sequence[str],
    listed: Set[tuple[str, str]],
) -> None:
    for name in names:
        one = (logger, name)
        if one in listed or one in result.unmapped:
            continue
        result.unmapped.append(one)
        text = (
            f"logger {logger}: probe {name!r} has none of the roles drug, coolant, ambient, goods:"
            " it is kept and shown, never judged; map it in the settings if it is one of them"
        )
        _refuse(result, row, WHOLE, "unmapped_probe", text)


class _Told(msgspec.Struct):
    event: Any = None
    received_at: Any = None


def _receipts_as_told(result: DecodedRows, row: Row, readings: Sequence[Reading]) -> None:
    """Imported readings were received when the file says, if it says so, and no later than now:
    an archive brought back is not a bulk of late readings. Loggers cannot say it: no broker
    brings the import's topic."""
    try:
        told = [one for one in msgspec.json.decode(row.payload, type=list[_Told]) if not one.event]
    except (msgspec.DecodeError, UnicodeDecodeError):
        return
    if len(told) != len(readings) or len(result.readings) < len(readings):
        return
    first = len(result.readings) - len(readings)
    for place, (reading, one) in enumerate(zip(readings, told, strict=True), first):
        if result.readings[place] is not reading or not isinstance(one.received_at, str):
            continue
        try:
            received_ms = instant_ms(one.received_at)
        except ValueError:
            continue
        result.readings_received_ms[place] = min(received_ms, row.received_ms)


def _refuse_future(result: DecodedRows, row: Row, what: str, time_ms: int) -> None:
    text = f"{what}: its time {rfc3339(time_ms)} lies after its receipt {rfc3339(row.received_ms)}"
    _refuse(result, row, WHOLE, "future_time", text)


def _refuse(result: DecodedRows, row: Row, part: int, reason: str, text: str) -> None:
    # Several refusals of a whole message each keep their line: -1, -2, …
    if part == WHOLE and result.refused and result.refused[-1].row == row.row:
        part = min(result.refused[-1].part, 0) - 1
    result.refused.append(_quarantined(row, part, reason, masked(text)))


def _quarantined(row: Row, part: int, reason: str, text: str) -> Quarantined:
    topic = row.topic.encode("utf-8", "replace").decode()[:_MAX_TEXT]
    text = text.encode("utf-8", "replace").decode()[:_MAX_TEXT]
    return Quarantined(row.row, part, reason, text, topic, row.received_ms)
