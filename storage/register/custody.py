"""Custody events and the stays they tell of."""

import hashlib
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Connection, and_, delete, func, or_, select, update

from coldwitness.domain.box_stays import BoxStay, box_stays
from coldwitness.domain.reading import ENDING_EVENTS, Event, Reading, event_without_words
from coldwitness.storage.register import schema
from coldwitness.storage.register.database import Database, parts
from coldwitness.storage.register.probes import SentProbes, drop_unseen
from coldwitness.storage.register.shipments import lock, make_known

_TELLING = ("packed", *ENDING_EVENTS)
_BEFORE_ALL = -(2**62)
_GENERATION = "custody_generation"
_REBUILDING = "custody_rebuilding"
_REMEMBERED = 100_000
"""Shipments known to be known, so that not every batch asks."""


class SqlCustody:
    """The part of the register about events, the stays they tell of, and whom readings name."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: dict[str, str | None] = {}
        self._probes = SentProbes(database)

    def add_events(self, events: Sequence[Event], received_ms: Sequence[int]) -> frozenset[str]:
        with self._database.write() as connection:
            fresh = self._insert(connection, events, received_ms)
            changed = {event.shipment for event in fresh if event.shipment is not None}
            earliest: dict[str, int] = {}
            for event in fresh:
                if event.box and event.shipment and event.event in _TELLING:
                    known = earliest.get(event.box, event.time_ms)
                    earliest[event.box] = min(known, event.time_ms)
            for box in sorted(earliest):
                changed |= self._tell_again(connection, box, since_ms=earliest[box])
        return frozenset(changed)

    def events(self, shipments: Sequence[str]) -> dict[str, list[Event]]:
        table = schema.events
        found: defaultdict[str, list[Event]] = defaultdict(list)
        with self._database.read() as connection:
            for part in parts(shipments):
                rows = connection.execute(
                    select(table.c.shipment, table.c.body)
                    .where(table.c.shipment.in_(part))
                    .order_by(table.c.shipment, table.c.time_ms, table.c.digest)
                )
                for shipment, body in rows:
                    found[shipment].append(msgspec.json.decode(body, type=Event))
        return dict(found)

    def first_received(self, shipments: Sequence[str]) -> dict[str, int]:
        """When the first event of each shipment that has any was received, UTC epoch ms."""
        table = schema.events
        found: dict[str, int] = {}
        with self._database.read() as connection:
            for part in parts(shipments):
                query = select(table.c.shipment, func.min(table.c.received_ms))
                query = query.where(table.c.shipment.in_(part)).group_by(table.c.shipment)
                found |= {row[0]: row[1] for row in connection.execute(query)}
        return found

    def every_event(self) -> list[tuple[Event, int]]:
        """All events with their receive times, by time, for export."""
        table = schema.events
        query = select(table.c.body, table.c.received_ms).order_by(table.c.time_ms, table.c.digest)
        with self._database.read() as connection:
            return [
                (msgspec.json.decode(body, type=Event), received)
                for body, received in connection.execute(query)
            ]

    def stays(self, shipments: Sequence[str]) -> list[BoxStay]:
        table = schema.stays
        found = []
        with self._database.read() as connection:
            for part in parts(shipments):
                rows = connection.execute(
                    select(table)
                    .where(table.c.shipment.in_(part))
                    .order_by(table.c.shipment, table.c.start_ms, table.c.box)
                )
                found += [BoxStay(row.box, row.shipment, row.start_ms, row.end_ms) for row in rows]
        return found

    def delivered_of(self, boxes: Sequence[str], *, since_ms: int) -> dict[str, list[Event]]:
        table = schema.events
        found: defaultdict[str, list[Event]] = defaultdict(list)
        with self._database.read() as connection:
            for part in parts(boxes):
                rows = connection.execute(
                    select(table.c.box, table.c.body)
                    .where(
                        table.c.box.in_(part),
                        table.c.event == "delivered",
                        table.c.time_ms >= since_ms,
                    )
                    .order_by(table.c.box, table.c.time_ms, table.c.digest)
                )
                for box, body in rows:
                    found[box].append(msgspec.json.decode(body, type=Event))
        return dict(found)

    def shipments_at(self, boxes: Sequence[str], time_ms: Sequence[int]) -> list[str | None]:
        if not boxes:
            return []
        stays = self._stays_of(sorted(set(boxes)), min(time_ms), max(time_ms))
        starts = {box: [stay.start_ms for stay in of_box] for box, of_box in stays.items()}
        found: list[str | None] = []
        for box, time in zip(boxes, time_ms, strict=True):
            at = bisect_right(starts.get(box, []), time) - 1
            stay = stays[box][at] if at >= 0 else None
            inside = stay is not None and (stay.end_ms is None or time < stay.end_ms)
            found.append(stay.shipment if stay is not None and inside else None)
        return found

    def note_seen(self, shipments: Mapping[str, str | None]) -> None:
        unknown = {
            shipment: courier
            for shipment, courier in shipments.items()
            if shipment not in self._seen or (courier and self._seen[shipment] is None)
        }
        if not unknown:
            return
        with self._database.write() as connection:
            make_known(self._database, connection, unknown)
        if len(self._seen) > _REMEMBERED:
            self._seen.clear()
        self._seen.update(unknown)

    def note_probes(self, readings: Sequence[Reading]) -> None:
        self._probes.note(
            readings, generation_of=lambda connection: _generation(_facts(connection))
        )

    def carried(self, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], dict[str, int]]:
        return self._probes.carried(pairs)

    def begin_rebuild(self) -> None:
        """From now on every event that comes in, live or from the journal, is marked as seen;
        beginning again before the end changes nothing."""
        self._probes.forget()
        with self._database.write() as connection:
            facts = _facts(connection)
            if _REBUILDING not in facts:
                connection.execute(delete(schema.state).where(schema.state.c.key == _GENERATION))
                connection.execute(
                    schema.state.insert(),
                    [
                        {"key": _GENERATION, "value": str(_generation(facts) + 1)},
                        {"key": _REBUILDING, "value": "yes"},
                    ],
                )

    def finish_rebuild(self) -> frozenset[str]:
        """Drop the events that were not seen since the rebuild began, and tell all stays anew;
        returns the shipments whose events or stays came out otherwise."""
        table = schema.events
        with self._database.write() as connection:
            generation = _generation(_facts(connection))
            unseen = table.c.generation < generation
            gone = connection.execute(select(table.c.shipment).where(unseen).distinct())
            changed = {shipment for shipment in gone.scalars() if shipment is not None}
            connection.execute(delete(table).where(unseen))
            drop_unseen(connection, generation=generation)
            boxes = set(connection.execute(select(table.c.box).distinct()).scalars())
            boxes |= set(connection.execute(select(schema.stays.c.box).distinct()).scalars())
            for box in sorted(box for box in boxes if box is not None):
                changed |= self._tell_again(connection, box, since_ms=_BEFORE_ALL)
            connection.execute(delete(schema.state).where(schema.state.c.key == _REBUILDING))
        return frozenset(changed)

    def _stays_of(self, boxes: Sequence[str], from_ms: int, to_ms: int) -> dict[str, list[BoxStay]]:
        """Stays of each box that reach into [from_ms, to_ms], by start."""
        table = schema.stays
        found: defaultdict[str, list[BoxStay]] = defaultdict(list)
        with self._database.read() as connection:
            for part in parts(boxes):
                rows = connection.execute(
                    select(table)
                    .where(
                        table.c.box.in_(part),
                        table.c.start_ms <= to_ms,
                        or_(table.c.end_ms.is_(None), table.c.end_ms > from_ms),
                    )
                    .order_by(table.c.box, table.c.start_ms)
                )
                for row in rows:
                    found[row.box].append(BoxStay(row.box, row.shipment, row.start_ms, row.end_ms))
        return found

    def forget_words(self, events: Sequence[Event]) -> None:
        """Take what these events say of persons out of them; when and where they were stays."""
        table = schema.events
        with self._database.write() as connection:
            for event in events:
                _, digest = _written(event)
                plain, its_digest = _written(event_without_words(event))
                its = update(table).where(table.c.digest == digest)
                if digest != its_digest:
                    connection.execute(its.values(body=plain, digest=its_digest))

    def _insert(
        self, connection: Connection, events: Sequence[Event], received_ms: Sequence[int]
    ) -> list[Event]:
        """Store events; returns those that were not known. A known one keeps its earliest
        receive time."""
        table = schema.events
        fresh: dict[str, Event] = {}
        rows: dict[str, dict[str, object]] = {}
        written = [_written(event) for event in events]
        digests = [digest for _, digest in written]
        known = self._known(connection, digests)
        generation = _generation(_facts(connection))
        make_known(
            self._database,
            connection,
            {event.shipment: event.courier for event in events if event.shipment is not None},
        )
        lock(self._database, connection, [e.shipment for e in events if e.shipment is not None])
        for event, (body, digest), received in zip(events, written, received_ms, strict=True):
            if digest in rows:
                rows[digest]["received_ms"] = min(received, int(str(rows[digest]["received_ms"])))
                continue
            if digest not in known:
                fresh[digest] = event
            rows[digest] = {
                "digest": digest,
                "shipment": event.shipment,
                "box": event.box,
                "event": event.event,
                "time_ms": event.time_ms,
                "received_ms": received,
                "body": body,
                "generation": generation,
            }
        insert = self._database.insert(table)
        new = insert.excluded
        statement = insert.on_conflict_do_update(
            index_elements=["digest"],
            set_={"received_ms": new.received_ms, "generation": new.generation},
            where=or_(table.c.generation < new.generation, new.received_ms < table.c.received_ms),
        )
        if rows:
            connection.execute(statement, list(rows.values()))
        return list(fresh.values())

    def _known(self, connection: Connection, digests: Sequence[str]) -> set[str]:
        table = schema.events
        known: set[str] = set()
        for part in parts(digests):
            query = select(table.c.digest).where(table.c.digest.in_(part))
            known.update(connection.execute(query).scalars())
        return known

    def _tell_again(self, connection: Connection, box: str, *, since_ms: int) -> set[str]:
        """Make the box's stays again from the one that began before `since_ms` on; returns
        the shipments whose stays came out otherwise."""
        table = schema.stays
        if not self._database.is_sqlite:
            # Two workers with events of one box: the second waits and sees the first's.
            connection.execute(select(func.pg_advisory_xact_lock(func.hashtext(box))))
        before = connection.execute(
            select(func.max(table.c.start_ms)).where(
                table.c.box == box, table.c.start_ms < since_ms
            )
        ).scalar_one()
        start_ms = _BEFORE_ALL if before is None else before
        old = {
            BoxStay(row.box, row.shipment, row.start_ms, row.end_ms)
            for row in connection.execute(
                select(table).where(table.c.box == box, table.c.start_ms >= start_ms)
            )
        }
        bodies = connection.execute(
            select(schema.events.c.body).where(
                and_(
                    schema.events.c.box == box,
                    schema.events.c.time_ms >= start_ms,
                    schema.events.c.event.in_(_TELLING),
                )
            )
        ).scalars()
        new = set(box_stays(msgspec.json.decode(body, type=Event) for body in bodies))
        if new == old:
            return set()
        connection.execute(delete(table).where(table.c.box == box, table.c.start_ms >= start_ms))
        if new:
            connection.execute(
                table.insert(),
                [
                    {
                        "box": stay.box,
                        "start_ms": stay.start_ms,
                        "end_ms": stay.end_ms,
                        "shipment": stay.shipment,
                    }
                    for stay in new
                ],
            )
        return {stay.shipment for stay in new ^ old}


def _facts(connection: Connection) -> dict[str, str]:
    table = schema.state
    query = select(table.c.key, table.c.value).where(table.c.key.in_((_GENERATION, _REBUILDING)))
    return {row.key: str(row.value) for row in connection.execute(query)}


def _generation(facts: dict[str, str]) -> int:
    return int(facts.get(_GENERATION, "0"))


def _written(event: Event) -> tuple[str, str]:
    """As it is kept, and the digest by which it is known again."""
    body = msgspec.json.encode(event)
    return body.decode(), hashlib.sha256(body).hexdigest()
