"""The clue feed: what was decided of clues is kept here, read in order, and answered."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import msgspec
from sqlalchemy import Connection, RowMapping, bindparam, select, update

from coldwitness.domain.instants import instant_ms
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.measures import given
from coldwitness.domain.reach import EVERYTHING, Reach
from coldwitness.domain.result import CheckResult, Finding
from coldwitness.storage.clue_ports import Clue, CluePolicy, ClueStatus, ToldOfShipment
from coldwitness.storage.register import schema
from coldwitness.storage.register.belongings import about_seen
from coldwitness.storage.register.database import Database, clean, parts
from coldwitness.storage.register.journalled import take_statuses
from coldwitness.storage.register.manifests import newest_manifests

_TABLE = schema.clues
_NOTHING_TOLD = ToldOfShipment(frozenset(), None)


class SqlClues:
    """The part of the register about the clue feed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def after(self, cursor: int, *, limit: int = 50, reach: Reach = EVERYTHING) -> list[Clue]:
        of_theirs = about_seen(_TABLE.c.shipment, reach)
        query = select(_TABLE).where(_TABLE.c.cursor > cursor, *of_theirs).order_by(_TABLE.c.cursor)
        with self._database.read() as connection:
            return [_clue_of(row) for row in connection.execute(query.limit(limit)).mappings()]

    def one(self, clue_id: str) -> Clue | None:
        query = select(_TABLE).where(_TABLE.c.id == clue_id)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _clue_of(row)

    def set_status(
        self, clue_id: str, *, status: ClueStatus, note: str | None, now_ms: int
    ) -> Clue | None:
        change = (
            update(_TABLE)
            .where(_TABLE.c.id == clue_id)
            .values(status=status, status_note=clean(note), updated_ms=now_ms)
            .returning(*_TABLE.c)
        )
        with self._database.write() as connection:
            row = connection.execute(change).mappings().one_or_none()
        return None if row is None else _clue_of(row)


def decide_and_keep(
    connection: Connection,
    results: Sequence[CheckResult],
    policy: CluePolicy,
    *,
    judged_ms: int,
    reason: str,
) -> list[Clue]:
    """Bring the clues of these shipments to their new results; returns those that are new.

    Must run in the transaction that holds the shipments' locks: nobody may change between what
    the policy is told and what it answers.
    """
    names = [result.shipment for result in results]
    clues = _clues_of(connection, names)
    # Without a finding nothing is opened, whatever is told of the journey.
    told = _told_of(connection, [one.shipment for one in results if one.findings])
    opened: list[Clue] = []
    changed: list[Clue] = []
    for name, result in zip(names, results, strict=True):
        known = told.get(name, _NOTHING_TOLD)
        changes = policy(result, clues[name], known, judged_ms=judged_ms, reason=reason)
        opened += changes.opened
        changed += changes.changed
    if changed:
        which = _TABLE.c.id == bindparam("clue_id")
        connection.execute(
            update(_TABLE).where(which), [{"clue_id": one.id, **_said(one)} for one in changed]
        )
    return _put_on_the_feed(connection, opened)


def _put_on_the_feed(connection: Connection, opened: Sequence[Clue]) -> list[Clue]:
    if not opened:
        return []
    # Clues that were lost and are found again keep what case systems said of them.
    told = take_statuses(connection, [clue.id for clue in opened])
    opened = [
        replace(clue, status=told[clue.id][0], status_note=told[clue.id][1])
        if clue.id in told
        else clue
        for clue in opened
    ]
    # The counter's row stays locked until the commit: cursors are without holes and in the
    # order in which readers come to see them.
    connection.execute(update(schema.feed).values(last=schema.feed.c.last + len(opened)))
    last = connection.execute(select(schema.feed.c.last)).scalar_one()
    first = last - len(opened) + 1
    numbered = [replace(clue, cursor=first + n) for n, clue in enumerate(opened)]
    connection.execute(_TABLE.insert(), [_row(clue) for clue in numbered])
    return numbered


def _clues_of(connection: Connection, names: Sequence[str]) -> defaultdict[str, list[Clue]]:
    found: defaultdict[str, list[Clue]] = defaultdict(list)
    for part in parts(names):
        query = select(_TABLE).where(_TABLE.c.shipment.in_(part)).order_by(_TABLE.c.cursor)
        for row in connection.execute(query).mappings():
            found[row["shipment"]].append(_clue_of(row))
    return found


def _told_of(connection: Connection, names: Sequence[str]) -> dict[str, ToldOfShipment]:
    events = schema.events
    heard: defaultdict[str, set[str]] = defaultdict(set)
    declared: dict[str, Manifest] = {}
    for part in parts(names):
        query = select(events.c.shipment, events.c.event).where(events.c.shipment.in_(part))
        for shipment, event in connection.execute(query.distinct()):
            heard[shipment].add(event)
        declared |= newest_manifests(connection, part)
    return {name: ToldOfShipment(frozenset(heard[name]), declared.get(name)) for name in names}


def _clue_of(row: RowMapping) -> Clue:
    return Clue(
        cursor=row["cursor"],
        id=row["id"],
        shipment=row["shipment"],
        finding=msgspec.json.decode(row["finding"], type=Finding),
        requirements=tuple(msgspec.json.decode(row["requirements"])),
        verdict=row["verdict"],
        version=row["version"],
        reason=row["reason"],
        created_ms=row["created_ms"],
        updated_ms=row["updated_ms"],
        status=row["status"],
        status_note=row["status_note"],
        standing=row["standing"],
    )


def _row(clue: Clue) -> dict[str, object]:
    return {
        "id": clue.id,
        "cursor": clue.cursor,
        "shipment": clue.shipment,
        "created_ms": clue.created_ms,
        "status": clue.status,
        "status_note": clue.status_note,
        **_said(clue),
    }


def _said(clue: Clue) -> dict[str, object]:
    """What a new version may change; kind to end_ms are the finding's, for questions in SQL."""
    finding = clue.finding
    return {
        "finding_id": finding.id,
        "kind": finding.kind,
        "subtype": finding.subtype,
        "probe": given(finding.measures.probe) or "",
        "start_ms": _ms(finding.start),
        "end_ms": _ms(finding.end),
        "finding": msgspec.json.encode(finding).decode(),
        "requirements": msgspec.json.encode(clue.requirements).decode(),
        "verdict": clue.verdict,
        "version": clue.version,
        "reason": clean(clue.reason),
        "standing": clue.standing,
        "updated_ms": clue.updated_ms,
    }


def _ms(text: str | None) -> int | None:
    return None if text is None else instant_ms(text)
