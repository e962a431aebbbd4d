"""The feed: entries in one order, and how a change of a clue becomes one.

Everything here runs in the transaction of whatever changed the clue, so a change is told if and
only if it is kept.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta

import msgspec
from msgspec.structs import replace
from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    bindparam,
    or_,
    select,
    update,
)

from coldwitness.domain.clues import Change, Clue, ClueAct, standing_clue
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.reach import division_prefix
from coldwitness.storage.clue_ports import ClueChange, ClueEntry, ClueFilter, KeptClue
from coldwitness.storage.register import bodies, schema
from coldwitness.storage.register.belongings import about_seen
from coldwitness.storage.register.database import Database, clean, parts
from coldwitness.storage.register.journalled import clue_marks_of

CLUES, ENTRIES, ACTS, LINKS = (
    schema.clues,
    schema.clue_entries,
    schema.clue_acts,
    schema.clue_links,
)
LINKED_MOST = 20
TAKEN = -1
"""Number among a clue's acts of how it came in from elsewhere; those of people count from 1."""


class Told(msgspec.Struct, frozen=True):
    """What an entry's row holds beside its cursor."""

    change: Change
    clue: Clue


def keep_changes(
    database: Database,
    connection: Connection,
    changes: Sequence[ClueChange],
    noticed: Mapping[str, frozenset[str]] | None = None,
) -> list[ClueEntry]:
    """Keep clues as they stand now, and put on the feed what is to be told of them; returns the
    entries. noticed : names of notices given by these entries, by clue."""
    if not changes:
        return []
    ids = [one.kept.found.id for one in changes]
    known = rows_of(connection, ids)
    acts = acts_of(connection, ids)
    again = clue_marks_of(connection, [clue_id for clue_id in ids if clue_id not in known])
    _link(database, connection, changes)
    told: list[tuple[Change, Clue]] = []
    rows: dict[str, dict[str, object]] = {}
    for one in changes:
        clue_id = one.kept.found.id
        row = known.get(clue_id)
        version, found = 0 if row is None else row["version"], one.kept.found
        if clue_id in again:
            # Found again after it was lost: its day, its time limits, and no version twice.
            mark = again[clue_id]
            version = mark.version + len(acts[clue_id])
            found = replace(found, discovered_at=mark.discovered_at, deadlines=mark.deadlines)
        version += one.change is not None
        found = replace(found, version=version)
        given = _noticed(row) | (noticed or {}).get(clue_id, frozenset())
        clue = standing_clue(found, acts[clue_id], given)
        if one.change is not None:
            linked = tuple(connection.execute(_LINKED, {"mine": clue_id}).scalars())
            told.append((replace(one.change, version=version), replace(clue, linked=linked)))
        rows[clue_id] = _row(one.kept, found, clue, given)
    entries = _on_the_feed(connection, told)
    cursors = {entry.clue.id: entry.cursor for entry in entries}
    for clue_id, values in rows.items():
        before = known.get(clue_id)
        values["cursor"] = cursors.get(clue_id, None if before is None else before["cursor"])
    insert = database.insert(CLUES)
    first = next(iter(rows.values()))
    changed = {name: insert.excluded[name] for name in first if name not in ("id", "created_ms")}
    upsert = insert.on_conflict_do_update(index_elements=["id"], set_=changed)
    connection.execute(upsert, list(rows.values()))
    return entries


def rows_of(connection: Connection, ids: Sequence[str]) -> dict[str, RowMapping]:
    """The clues' rows, held against other writers until the transaction ends."""
    found = {}
    for part in parts(sorted(set(ids))):
        query = select(CLUES).where(CLUES.c.id.in_(part)).order_by(CLUES.c.id)
        for row in connection.execute(query.with_for_update()).mappings():
            found[row["id"]] = row
    return found


def kept_of_row(row: RowMapping) -> KeptClue:
    return KeptClue(
        matter=row["matter"],
        found=msgspec.json.decode(row["found"], type=Clue),
        told_ms=row["updated_ms"],
        held=row["held"],
        open=row["open"],
    )


def acts_of(connection: Connection, ids: Iterable[str]) -> defaultdict[str, list[ClueAct]]:
    """What people did with these clues, in their order."""
    found: defaultdict[str, list[ClueAct]] = defaultdict(list)
    for part in parts(sorted(set(ids))):
        query = select(ACTS).where(ACTS.c.clue.in_(part), ACTS.c.number > TAKEN)
        query = query.order_by(ACTS.c.clue, ACTS.c.number)
        for row in connection.execute(query):
            found[row.clue].append(msgspec.json.decode(row.body, type=ClueAct))
    return found


def entry_of_row(row: RowMapping) -> ClueEntry:
    told = msgspec.json.decode(bodies.unpacked(row["body"], None), type=Told)
    return ClueEntry(cursor=row["cursor"], change=told.change, clue=told.clue)


def entries(wanted: ClueFilter) -> Select[tuple[object, ...]]:
    """Entries that somebody wants and may see: the one place where such a question is made."""
    table = ENTRIES
    conditions: list[ColumnElement[bool]] = []
    for column, value in (
        (table.c.courier, wanted.courier),
        (table.c.seller, wanted.seller),
        (table.c.kind, wanted.kind),
        (table.c.source, wanted.source),
        (table.c.status, wanted.status),
        (table.c.standing, wanted.standing),
        (table.c.shipment, wanted.shipment),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.division is not None:
        conditions.append(_below(wanted.division))
    if not wanted.reach.everything:
        # A clue without a shipment belongs to the division it names.
        own = [_below(code) for code in sorted(wanted.reach.divisions)]
        elsewhere = and_(table.c.shipment.is_(None), or_(*own)) if own else None
        theirs = and_(*about_seen(table.c.shipment, wanted.reach))
        conditions.append(theirs if elsewhere is None else or_(theirs, elsewhere))
    return select(table).where(*conditions)


def next_notice_on(clue: Clue) -> date | None:
    """The first day on which a time limit of the clue has something to tell; None while it is
    withdrawn, and when nothing runs."""
    if clue.standing == "withdrawn":
        return None
    days = [
        one.remind_on if one.state == "running" else one.due_on + timedelta(days=1)
        for one in clue.deadlines
        if one.state in ("running", "due")
    ]
    return min(days, default=None)


def _below(division: str) -> ColumnElement[bool]:
    return ENTRIES.c.division.startswith(division_prefix(division), autoescape=True)


def _on_the_feed(connection: Connection, told: Sequence[tuple[Change, Clue]]) -> list[ClueEntry]:
    if not told:
        return []
    # The counter's row stays locked until the commit: cursors are without holes and in the
    # order in which readers come to see them.
    connection.execute(update(schema.feed).values(last=schema.feed.c.last + len(told)))
    last = connection.execute(select(schema.feed.c.last)).scalar_one()
    first = last - len(told) + 1
    found = [
        ClueEntry(cursor=first + n, change=change, clue=clue)
        for n, (change, clue) in enumerate(told)
    ]
    connection.execute(ENTRIES.insert(), [_entry_row(entry) for entry in found])
    return found


def _entry_row(entry: ClueEntry) -> dict[str, object]:
    clue = entry.clue
    body = msgspec.json.encode(Told(entry.change, clue))
    return {
        "cursor": entry.cursor,
        "clue": clue.id,
        "version": clue.version,
        "change": entry.change.kind,
        "shipment": clue.shipment,
        "kind": clue.kind,
        "source": clue.source,
        "status": clue.status,
        "standing": clue.standing,
        "body": bodies.packed(body, None),
        **_companies(clue),
    }


def _row(kept: KeptClue, found: Clue, clue: Clue, noticed: frozenset[str]) -> dict[str, object]:
    notice_on = next_notice_on(clue)
    return {
        "id": clue.id,
        "shipment": clue.shipment,
        "matter": kept.matter,
        "kind": clue.kind,
        "source": clue.source,
        "status": clue.status,
        "standing": clue.standing == "stands",
        "version": found.version,
        "created_ms": instant_ms(clue.discovered_at),
        "updated_ms": kept.told_ms,
        "held": kept.held,
        "open": kept.open,
        "notice_on": None if notice_on is None else notice_on.isoformat(),
        "found": msgspec.json.encode(found).decode(),
        "noticed": msgspec.json.encode(sorted(noticed)).decode(),
    }


def _companies(clue: Clue) -> dict[str, str | None]:
    by_role = {party.role: party for party in clue.parties}
    courier, seller = by_role.get("courier"), by_role.get("seller")
    return {
        "division": clean(clue.division),
        "courier": None if courier is None else clean(courier.id or courier.uscc or courier.name),
        "seller": None if seller is None else clean(seller.uscc or seller.name),
    }


def _noticed(row: RowMapping | None) -> frozenset[str]:
    if row is None:
        return frozenset()
    return frozenset(msgspec.json.decode(row["noticed"], type=list[str]))


def _link(database: Database, connection: Connection, changes: Sequence[ClueChange]) -> None:
    rows = [
        {"kind": kind, "name": clean(name), "clue": one.kept.found.id}
        for one in changes
        for kind, name in (*one.kept.links, *_own_links(one.kept.found))
    ]
    if rows:
        connection.execute(database.insert(LINKS).on_conflict_do_nothing(), rows)


def _own_links(clue: Clue) -> list[tuple[str, str]]:
    companies = _companies(clue)
    sides = [(side, companies[side]) for side in ("courier", "seller")]
    named = [(side, name) for side, name in sides if name is not None]
    return [*named, *(("shipment", shipment) for shipment in clue.shipments)]


def _linked() -> Select[tuple[str]]:
    mine = select(LINKS.c.kind, LINKS.c.name).where(LINKS.c.clue == bindparam("mine")).subquery()
    same = and_(LINKS.c.kind == mine.c.kind, LINKS.c.name == mine.c.name)
    return (
        select(CLUES.c.id)
        .join(LINKS, LINKS.c.clue == CLUES.c.id)
        .join(mine, same)
        .where(CLUES.c.id != bindparam("mine"))
        .group_by(CLUES.c.id, CLUES.c.cursor)
        .order_by(CLUES.c.cursor.desc())
        .limit(LINKED_MOST)
    )


_LINKED = _linked()
"""The newest other clues that share a courier, seller, shipment, box or batch with `mine`. Made
once: to make it took longer than to ask it."""
