"""Clues in the register: what judging decides of them, what people do with them, and the feed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection, func, select, update

from coldwitness.domain.clues import (
    ENDED,
    Change,
    Clue,
    ClueAct,
    HistoryLine,
    with_history,
)
from coldwitness.domain.instants import instant_ms, rfc3339
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.reach import Reach
from coldwitness.domain.result import CheckResult
from coldwitness.storage.clue_ports import (
    EVERY_CLUE,
    ClueChange,
    ClueEntry,
    ClueFilter,
    CluePolicy,
    HeldPolicy,
    KeptClue,
    NearLimits,
    NoticePolicy,
    ToldOfShipment,
)
from coldwitness.storage.decisions import ClueTaken
from coldwitness.storage.office_ports import Attachment
from coldwitness.storage.register import schema
from coldwitness.storage.register.attachments import TOLD, attachment_of_row
from coldwitness.storage.register.database import Database, parts
from coldwitness.storage.register.feed import (
    ACTS,
    CLUES,
    ENTRIES,
    TAKEN,
    entries,
    entry_of_row,
    keep_changes,
    kept_of_row,
    rows_of,
)

_NOTHING_TOLD = ToldOfShipment(frozenset(), None)
_AT_ONCE = 200
"""Clues told of in one transaction when their time has come."""
OUTSIDE = "outside"
"""The matter of a clue that came from elsewhere."""


class SqlClues:
    """The part of the register about clues."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def after(
        self, cursor: int, *, limit: int = 50, wanted: ClueFilter = EVERY_CLUE
    ) -> list[ClueEntry]:
        query = entries(wanted).where(ENTRIES.c.cursor > cursor).order_by(ENTRIES.c.cursor)
        with self._database.read() as connection:
            rows = connection.execute(query.limit(limit)).mappings()
            return [entry_of_row(row) for row in rows]

    def listed(
        self,
        *,
        wanted: ClueFilter = EVERY_CLUE,
        before: int | None = None,
        limit: int = 50,
    ) -> list[ClueEntry]:
        query = entries(wanted).join(CLUES, CLUES.c.cursor == ENTRIES.c.cursor)
        if before is not None:
            query = query.where(ENTRIES.c.cursor < before)
        query = query.order_by(ENTRIES.c.cursor.desc()).limit(limit)
        with self._database.read() as connection:
            return [entry_of_row(row) for row in connection.execute(query).mappings()]

    def one(self, clue_id: str, *, wanted: ClueFilter = EVERY_CLUE) -> ClueEntry | None:
        query = entries(wanted).join(CLUES, CLUES.c.cursor == ENTRIES.c.cursor)
        with self._database.read() as connection:
            row = connection.execute(query.where(CLUES.c.id == clue_id)).mappings().one_or_none()
        return None if row is None else entry_of_row(row)

    def seen(self, names: Iterable[str], *, reach: Reach) -> frozenset[str]:
        query = entries(ClueFilter(reach=reach)).join(CLUES, CLUES.c.cursor == ENTRIES.c.cursor)
        found: set[str] = set()
        with self._database.read() as connection:
            for part in parts(sorted(names)):
                rows = connection.execute(query.where(CLUES.c.id.in_(part)))
                found.update(row.clue for row in rows)
        return frozenset(found)

    def history(self, clue_id: str) -> list[ClueEntry]:
        query = entries(EVERY_CLUE).where(ENTRIES.c.clue == clue_id).order_by(ENTRIES.c.cursor)
        with self._database.read() as connection:
            return [entry_of_row(row) for row in connection.execute(query).mappings()]

    def last_cursor(self) -> int:
        """Of the newest entry; 0 where there is none."""
        with self._database.read() as connection:
            return int(connection.execute(select(schema.feed.c.last)).scalar_one())

    def near_limits(self) -> NearLimits:
        # A limit that ended stays among those that were told of: the clue says which still run.
        query = entries(EVERY_CLUE).join(CLUES, CLUES.c.cursor == ENTRIES.c.cursor)
        query = query.where(CLUES.c.standing, CLUES.c.noticed != "[]", CLUES.c.status.not_in(ENDED))
        due = overdue = 0
        with self._database.read() as connection:
            for row in connection.execution_options(yield_per=_AT_ONCE).execute(query).mappings():
                states = {one.state for one in entry_of_row(row).clue.deadlines}
                overdue += "overdue" in states
                due += "due" in states and "overdue" not in states
        return NearLimits(due=due, overdue=overdue)

    def act(self, clue_id: str, act: ClueAct) -> ClueEntry | None:
        with self._database.write() as connection:
            row = rows_of(connection, [clue_id]).get(clue_id)
            numbers = select(func.max(ACTS.c.number)).where(ACTS.c.clue == clue_id)
            number = max(connection.execute(numbers).scalar_one() or 0, 0) + 1
            body = msgspec.json.encode(act).decode()
            connection.execute(ACTS.insert().values(clue=clue_id, number=number, body=body))
            if row is None:
                # It was an entry once: a reader's cursor must not lie ahead of what comes.
                feed = schema.feed
                connection.execute(update(feed).values(last=feed.c.last + 1))
                return None
            kept = kept_of_row(row)
            change = Change(kind="updated", reason=act.reason, at=act.at, by=act.by, version=0)
            found = replace(kept.found, updated_at=act.at)
            (entry,) = keep_changes(
                self._database, connection, [ClueChange(_told(kept, found, act.at), change)]
            )
            return entry

    def take(self, clue: Clue, *, by: str, reason: str) -> ClueEntry:
        with self._database.write() as connection:
            said = msgspec.json.encode(ClueTaken(clue, by, reason)).decode()
            connection.execute(
                self._database.insert(ACTS)
                .values(clue=clue.id, number=TAKEN, body=said)
                .on_conflict_do_nothing()
            )
            if clue.id in rows_of(connection, [clue.id]):
                known = self.one(clue.id)
                if known is not None:
                    return known
            at = clue.discovered_at
            line = HistoryLine(at=at, by=by, kind="opened", was=None, now=None, reason=reason)
            kept = KeptClue(OUTSIDE, with_history(clue, line), told_ms=instant_ms(at))
            change = Change(kind="opened", reason=reason, at=at, by=by, version=0)
            (entry,) = keep_changes(self._database, connection, [ClueChange(kept, change)])
            return entry

    def tell_held(self, *, told_before_ms: int, policy: HeldPolicy) -> list[ClueEntry]:
        waiting = select(CLUES.c.id).where(CLUES.c.held, CLUES.c.updated_ms <= told_before_ms)
        with self._database.read() as connection:
            ids = list(connection.execute(waiting.limit(_AT_ONCE)).scalars())
        if not ids:
            return []
        with self._database.write() as connection:
            rows = rows_of(connection, ids).values()
            changes = [
                policy(kept_of_row(row))
                for row in rows
                if row["held"] and row["updated_ms"] <= told_before_ms
            ]
            return keep_changes(self._database, connection, changes)

    def tell_due(self, *, today: date, policy: NoticePolicy) -> list[ClueEntry]:
        waiting = select(CLUES.c.id).where(CLUES.c.notice_on <= today.isoformat())
        with self._database.read() as connection:
            ids = list(connection.execute(waiting.limit(_AT_ONCE)).scalars())
        if not ids:
            return []
        with self._database.write() as connection:
            changes, noticed = [], {}
            for clue_id, row in rows_of(connection, ids).items():
                standing = self.one(clue_id)
                said = None if standing is None else policy(standing.clue)
                if said is None:
                    continue
                kept, at = kept_of_row(row), rfc3339(said.at_ms)
                line = HistoryLine(
                    at=at, by=said.by, kind="due", was=None, now=None, reason=said.reason
                )
                found = with_history(replace(kept.found, updated_at=at), line)
                change = Change(kind="due", reason=said.reason, at=at, by=said.by, version=0)
                changes.append(ClueChange(_told(kept, found, at), change))
                noticed[clue_id] = said.names
            return keep_changes(self._database, connection, changes, noticed)


def decide_and_keep(
    database: Database,
    connection: Connection,
    results: Sequence[CheckResult],
    policy: CluePolicy,
    *,
    judged_ms: int,
    reason: str,
) -> list[ClueEntry]:
    """Bring the clues of these shipments to their new results; returns the entries that tell of it.

    Must run in the transaction that holds the shipments' locks: nobody may change between what
    the policy is told and what it answers.
    """
    clues = _clues_of(connection, [result.shipment for result in results])
    # Where there is neither a finding nor a clue nothing changes, whatever is told of the journey.
    asked = [one for one in results if one.findings or one.shipment in clues]
    told = _told_of(connection, [one.shipment for one in asked])
    changes: list[ClueChange] = []
    for result in asked:
        name = result.shipment
        changes += policy(
            result,
            clues.get(name, ()),
            told.get(name, _NOTHING_TOLD),
            judged_ms=judged_ms,
            reason=reason,
        )
    return keep_changes(database, connection, changes)


def _told(kept: KeptClue, found: Clue, at: str) -> KeptClue:
    """Told of just now, for another reason than growth: that too is told with it."""
    return KeptClue(kept.matter, found, told_ms=instant_ms(at), held=False, open=kept.open)


def _clues_of(connection: Connection, names: Sequence[str]) -> dict[str, list[KeptClue]]:
    """What judging found of these shipments before, oldest first."""
    ids: list[str] = []
    for part in parts(names):
        query = select(CLUES.c.id).where(CLUES.c.shipment.in_(part), CLUES.c.source == "system")
        ids += connection.execute(query).scalars()
    rows = sorted(rows_of(connection, ids).values(), key=lambda row: row["created_ms"])
    found: defaultdict[str, list[KeptClue]] = defaultdict(list)
    for row in rows:
        found[row["shipment"]].append(kept_of_row(row))
    return dict(found)


def _told_of(connection: Connection, names: Sequence[str]) -> dict[str, ToldOfShipment]:
    events, manifests, shipments = schema.events, schema.manifests, schema.shipments
    heard: defaultdict[str, set[str]] = defaultdict(set)
    files: defaultdict[str, list[Attachment]] = defaultdict(list)
    told: dict[str, ToldOfShipment] = {}
    newest = (shipments.c.id == manifests.c.shipment) & (
        shipments.c.manifest_version == manifests.c.version
    )
    for part in parts(names):
        query = select(events.c.shipment, events.c.event).where(events.c.shipment.in_(part))
        for shipment, event in connection.execute(query.distinct()):
            heard[shipment].add(event)
        attached = select(*TOLD).where(schema.attachments.c.shipment.in_(part))
        in_order = attached.order_by(schema.attachments.c.at_ms, schema.attachments.c.sha256)
        for one in connection.execute(in_order).mappings():
            files[one["shipment"]].append(attachment_of_row(one))
        declared = select(manifests).join(shipments, newest).where(shipments.c.id.in_(part))
        for row in connection.execute(declared):
            told[row.shipment] = ToldOfShipment(
                frozenset(heard[row.shipment]),
                msgspec.json.decode(row.body, type=Manifest),
                manifest_version=row.version,
                manifest_sha256=row.digest,
                sender=row.sender,
                attachments=tuple(files[row.shipment]),
            )
    return {name: told.get(name) or ToldOfShipment(frozenset(heard[name]), None) for name in names}
