"""Shipments that nobody declared: how many of one courier, and of one logger, are judged an hour.

An id is made up in no time, and every new one costs the register a row and a result. So of
shipments without a manifest that were never judged so many are handed on to be judged; of the
others the readings are held: they stay in the journal, and which rows they stand in is noted. Their
sender is told. They are stored and judged as time goes by, or at once where a manifest comes or
somebody asks. Nothing is lost, so nobody gains by a flood. Events do not wait: they say whose box
it was, of other shipments too. But of shipments that nobody declared so many of a courier are
stored an hour; what comes beyond stays in the journal alone.
"""

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from coldwitness.config.settings import QuotaSettings
from coldwitness.domain.reading import Event, Reading
from coldwitness.ingest.decoded_rows import DecodedRows
from coldwitness.ingest.progress import Held, Progress
from coldwitness.storage.journal import Row
from coldwitness.storage.ports import Shipments

HOUR_MS = 3_600_000
TOLD_EVERY_MS = 60_000
"""Of one courier or logger a refusal a minute is listed: a flood of names is one mistake."""
RELEASED_EVERY_S = 60.0
KNOWN_EVERY_S = 15.0
_REMEMBERED = 20_000
_SETTLED = 50_000
_ASKED_AT_ONCE = 10_000


class Allowance:
    """So many an hour, all of them at once if need be, of each name. Names that were not heard for
    long are forgotten, and have the whole again."""

    def __init__(self, per_hour: int) -> None:
        self._most = float(per_hour)
        self._left: OrderedDict[str, tuple[float, int]] = OrderedDict()

    def left(self, name: str, now_ms: int) -> int:
        """How many it has now."""
        known = self._left.get(name)
        if known is None:
            return int(self._most)
        left, since_ms = known
        return int(min(self._most, left + max(now_ms - since_ms, 0) * self._most / HOUR_MS))

    def take(self, name: str, now_ms: int) -> None:
        """One of them; the clock never goes back."""
        left, since_ms = self._left.pop(name, (self._most, now_ms))
        now_ms = max(now_ms, since_ms)
        left = min(self._most, left + (now_ms - since_ms) * self._most / HOUR_MS)
        self._left[name] = (left - 1.0, now_ms)
        if len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)


class _Mention(NamedTuple):
    """Who named a shipment first among some rows."""

    row: Row
    courier: str | None
    logger: str | None


@dataclass(frozen=True)
class Sorted:
    """waiting : shipments that are not judged now. held : rows of which the readings of some are
    not stored now. due : named shipments of which what was held before is stored now. left_events :
    row and shipment of events that are not stored."""

    waiting: frozenset[str] = frozenset()
    held: tuple[Held, ...] = ()
    due: frozenset[str] = frozenset()
    left_events: tuple[tuple[int, str], ...] = ()


class Newcomers:
    """Of one worker."""

    def __init__(
        self,
        shipments: Shipments,
        settings: QuotaSettings,
        *,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shipments = shipments
        self._settings = settings
        self._couriers = Allowance(settings.courier_shipments_per_hour)
        self._loggers = Allowance(settings.logger_shipments_per_hour)
        self._events = Allowance(settings.courier_events_per_hour)
        self._now_ms = now_ms
        self._clock_s = clock_s
        self._release_at_s = 0.0
        self._known_at_s = 0.0
        self._settled: set[str] = set()
        self._told_ms: OrderedDict[str, int] = OrderedDict()

    def sort(self, decoded: DecodedRows) -> "Sorted":
        """Who of the shipments that these rows name is judged now; take readings that are held out
        of the rows. Who sent others is listed among what was refused. Raises Unavailable."""
        named = {one.shipment for one in decoded.readings}
        named |= {one.shipment for one in decoded.events}
        asked = sorted(name for name in named if name is not None and name not in self._settled)
        if not asked:
            return Sorted()
        known = self._shipments.couriers_of(asked)
        undeclared = self._shipments.undeclared(sorted(known)) | (set(asked) - known.keys())
        if len(self._settled) > _SETTLED:
            self._settled.clear()
        self._settled.update(name for name in asked if name not in undeclared)
        left_events = self._leave_events(decoded, undeclared)
        waiting: set[str] = set()
        for name, mention in _mentions(decoded, undeclared).items():
            why = self._spent(mention)
            if why is not None:
                waiting.add(name)
                if self._is_to_be_told(mention, "quota", of=why):
                    text = (
                        f"shipment {name}: {why} shipments without a manifest in an hour are"
                        " judged; its readings wait in the journal, and it is judged later, or"
                        " when its manifest comes (quota)"
                    )
                    _list(decoded, mention, "quota", text)
        told_of = {event.shipment for event in decoded.events}
        unknown = frozenset(n for n in waiting if n not in known and n not in told_of)
        held = _taken_out(decoded, unknown)
        # What was held of one that is known or admitted now belongs to what is judged.
        due = frozenset(set(asked) - unknown)
        return Sorted(frozenset(waiting), held, due, left_events)

    def _leave_events(
        self, decoded: DecodedRows, undeclared: Set[str]
    ) -> tuple[tuple[int, str], ...]:
        """Take out the events of these that are beyond their courier's quota: of a message all of
        one shipment's or none. Row and shipment of those that are out."""
        stored: dict[tuple[int, str], bool] = {}
        kept: list[int] = []
        for place, (event, row) in enumerate(zip(decoded.events, decoded.events_rows, strict=True)):
            name, courier = event.shipment, event.courier or ""
            if name is None or name not in undeclared:
                kept.append(place)
                continue
            one = (row.row, name)
            if one not in stored:
                stored[one] = self._events.left(courier, row.received_ms) >= 1
                if not stored[one]:
                    self._list_event(decoded, event, row)
            if stored[one]:
                self._events.take(courier, row.received_ms)
                kept.append(place)
        if len(kept) < len(decoded.events):
            decoded.keep_events(kept)
        return tuple(one for one, is_stored in stored.items() if not is_stored)

    def _list_event(self, decoded: DecodedRows, event: Event, row: Row) -> None:
        text = (
            f"shipment {event.shipment}: {self._settings.courier_events_per_hour} events an hour of"
            f" shipments without a manifest are stored of courier {event.courier or '?'}; this one"
            " stays in the journal alone (undeclared_events)"
        )
        mention = _Mention(row, event.courier, event.logger)
        if self._is_to_be_told(mention, "undeclared_events"):
            _list(decoded, mention, "undeclared_events", text)

    def released(self, progress: Progress) -> frozenset[str]:
        """Those that waited and are to be judged now, asked for once a minute. Raises
        Unavailable."""
        now_s, now_ms = self._clock_s(), self._now_ms()
        if now_s < self._release_at_s:
            return frozenset()
        self._release_at_s = now_s + RELEASED_EVERY_S
        found: set[str] = set()
        most = self._settings.courier_shipments_per_hour
        waiting: dict[str, list[str]] = {
            courier or "": names
            for courier, names in self._shipments.undeclared_by_courier(most=most).items()
        }
        for courier in progress.held_couriers():
            waiting.setdefault(courier, []).extend(progress.longest_held(courier, limit=most))
        for courier, names in waiting.items():
            for name in names[: max(self._couriers.left(courier, now_ms), 0)]:
                self._couriers.take(courier, now_ms)
                found.add(name)
        return frozenset(found)

    def known_meanwhile(self, progress: Progress) -> frozenset[str]:
        """Those that are held and of which the register heard otherwise, by a manifest or another
        worker, looked for now and then. Raises Unavailable."""
        now_s = self._clock_s()
        if now_s < self._known_at_s:
            return frozenset()
        self._known_at_s = now_s + KNOWN_EVERY_S
        found: set[str] = set()
        after = ""
        while names := progress.held_after(after, limit=_ASKED_AT_ONCE):
            found |= self._shipments.couriers_of(names).keys()
            after = names[-1]
        return frozenset(found)

    def _spent(self, mention: _Mention) -> str | None:
        """Take one from courier and logger; whose are used up, else None."""
        courier, logger = mention.courier or "", f"{mention.courier}/{mention.logger}"
        now_ms = mention.row.received_ms
        if mention.logger is not None and self._loggers.left(logger, now_ms) < 1:
            return f"logger {mention.logger}: {self._settings.logger_shipments_per_hour}"
        if self._couriers.left(courier, now_ms) < 1:
            return f"courier {courier or '?'}: {self._settings.courier_shipments_per_hour}"
        self._couriers.take(courier, now_ms)
        if mention.logger is not None:
            self._loggers.take(logger, now_ms)
        return None

    def _is_to_be_told(self, mention: _Mention, reason: str, *, of: str = "") -> bool:
        """Once a minute of each courier, or of what else is `of` it."""
        key = f"{mention.courier}\n{reason}\n{of}"
        told_ms = self._told_ms.get(key)
        if told_ms is not None and mention.row.received_ms - told_ms < TOLD_EVERY_MS:
            return False
        self._told_ms[key] = mention.row.received_ms
        self._told_ms.move_to_end(key)
        if len(self._told_ms) > _REMEMBERED:
            self._told_ms.popitem(last=False)
        return True


def _list(decoded: DecodedRows, mention: _Mention, reason: str, text: str) -> None:
    decoded.list_beside(mention.row, reason, text, courier=mention.courier, logger=mention.logger)


def _taken_out(decoded: DecodedRows, shipments: Set[str]) -> tuple[Held, ...]:
    """Take the readings of these out; which rows they stood in."""
    if not shipments:
        return ()
    kept: list[int] = []
    held: dict[Held, None] = {}
    for place, (reading, row) in enumerate(
        zip(decoded.readings, decoded.readings_rows, strict=True)
    ):
        if reading.shipment is None or reading.shipment not in shipments:
            kept.append(place)
        else:
            held[Held(reading.shipment, row.row, reading.courier or "")] = None
    decoded.keep_readings(kept)
    return tuple(held)


def _mentions(decoded: DecodedRows, wanted: Set[str]) -> Mapping[str, _Mention]:
    """Who named each of these first, of those that were named."""
    found: dict[str, _Mention] = {}
    readings = zip(decoded.readings, decoded.readings_rows, strict=True)
    events = zip(decoded.events, decoded.events_rows, strict=True)
    said: Iterable[tuple[Reading | Event, Row]] = chain(readings, events)
    for one, row in said:
        name = one.shipment
        if name is not None and name in wanted and name not in found:
            found[name] = _Mention(row, one.courier, one.logger)
    return found
