"""The office's registers: what it has on record, every version kept with who and when."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from coldwitness.domain.manifest_search import folded
from coldwitness.domain.office import (
    RegisteredAgreement,
    RegisteredBan,
    RegisteredBox,
    RegisteredBoxModel,
    RegisteredSite,
    RegisterEntry,
    entry_json,
)
from coldwitness.storage.office_ports import EntryVersion
from coldwitness.storage.register import schema
from coldwitness.storage.register.database import Database, clean, parts
from coldwitness.storage.register.mentions import between, cells_around, mentioning

_Entry = TypeVar("_Entry", bound=RegisterEntry)
_ENTRIES = schema.office_entries
_WORDS_AT_ONCE = 50
"""A database takes no condition of any size."""


class SqlOffice:
    """The part of the register about the office's own registers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, name: str, entry: RegisterEntry, *, by: str, now_ms: int) -> EntryVersion:
        with self._database.write() as connection:
            (kept,) = _put(connection, [(name, entry)], by=by, now_ms=now_ms)
        return kept

    def put_all(
        self, entries: Sequence[tuple[str, RegisterEntry]], *, by: str, now_ms: int
    ) -> None:
        with self._database.write() as connection:
            for part in parts(entries):
                _put(connection, part, by=by, now_ms=now_ms)

    def history(self, kind: type[_Entry], name: str) -> list[EntryVersion]:
        query = select(_ENTRIES).where(_ENTRIES.c.register == kind.register)
        query = query.where(_ENTRIES.c.name == name).order_by(_ENTRIES.c.version)
        with self._database.read() as connection:
            return [
                EntryVersion(
                    row.version, row.at_ms, row.by_whom, msgspec.json.decode(row.body, type=kind)
                )
                for row in connection.execute(query)
            ]

    def newest(self, kind: type[_Entry], names: Iterable[str]) -> dict[str, _Entry]:
        found: dict[str, _Entry] = {}
        for part in parts(sorted(set(names))):
            found |= self._newest(kind, _ENTRIES.c.name.in_(part))
        return found

    def listed(
        self, kind: type[_Entry], *, after: str | None = None, limit: int | None = None
    ) -> dict[str, _Entry]:
        return self._newest(kind, _ENTRIES.c.name > (after or ""), limit=limit)

    def counts(self) -> dict[str, int]:
        each = func.count(_ENTRIES.c.name.distinct()).label("entries")
        query = select(_ENTRIES.c.register, each).group_by(_ENTRIES.c.register)
        with self._database.read() as connection:
            return {row.register: row.entries for row in connection.execute(query)}

    def entered_by(self, name: str) -> frozenset[tuple[str, str]]:
        last = (
            select(_ENTRIES.c.register, _ENTRIES.c.name, func.max(_ENTRIES.c.version).label("last"))
            .group_by(_ENTRIES.c.register, _ENTRIES.c.name)
            .subquery()
        )
        newest = and_(
            _ENTRIES.c.register == last.c.register,
            _ENTRIES.c.name == last.c.name,
            _ENTRIES.c.version == last.c.last,
        )
        query = select(_ENTRIES.c.register, _ENTRIES.c.name).join(last, newest)
        with self._database.read() as connection:
            rows = connection.execute(query.where(_ENTRIES.c.by_whom == name))
            return frozenset((row.register, row.name) for row in rows)

    def affected(self, entries: Iterable[tuple[str, RegisterEntry]]) -> list[str]:
        spoken: dict[str, set[str]] = {}
        words: set[str] = set()
        for name, entry in entries:
            if isinstance(entry, RegisteredBan):
                words |= {*entry.words, *entry.forms}
                continue
            register, names = self._spoken_of(name, entry)
            spoken.setdefault(register, set()).update(names)
        found = self._naming_words(sorted(words))
        with self._database.read() as connection:
            for register, told in spoken.items():
                found |= mentioning(connection, register, sorted(told))
            stays = schema.stays
            for part in parts(sorted(spoken.get(RegisteredBox.register, ()))):
                query = select(stays.c.shipment).where(stays.c.box.in_(part))
                found |= set(connection.execute(query).scalars())
        return sorted(found)

    def _spoken_of(self, name: str, entry: RegisterEntry) -> tuple[str, list[str]]:
        """In which words manifests speak of an entry."""
        if isinstance(entry, RegisteredBoxModel):
            boxes = self._newest(RegisteredBox, _ENTRIES.c.name != "")
            return RegisteredBox.register, [box for box, its in boxes.items() if its.model == name]
        if isinstance(entry, RegisteredAgreement):
            return entry.register, [between(entry.seller, entry.carrier)]
        if isinstance(entry, RegisteredSite):
            return entry.register, cells_around(entry.lat, entry.lon)
        return entry.register, [name]

    def _naming_words(self, words: Sequence[str]) -> set[str]:
        """Shipments whose newest manifest uses one of them anywhere: more than those in question,
        and never fewer."""
        found: set[str] = set()
        search = schema.shipments.c.search
        with self._database.read() as connection:
            for start in range(0, len(words), _WORDS_AT_ONCE):
                asked = [folded(word) for word in words[start : start + _WORDS_AT_ONCE]]
                uses = or_(*(search.contains(word, autoescape=True) for word in asked))
                query = select(schema.shipments.c.id).where(uses)
                found |= set(connection.execute(query).scalars())
        return found

    def _newest(
        self, kind: type[_Entry], which: ColumnElement[bool], *, limit: int | None = None
    ) -> dict[str, _Entry]:
        of_register = and_(_ENTRIES.c.register == kind.register, which)
        last = (
            select(_ENTRIES.c.name, func.max(_ENTRIES.c.version).label("version"))
            .where(of_register)
            .group_by(_ENTRIES.c.name)
            .order_by(_ENTRIES.c.name)
            .limit(limit)
            .subquery()
        )
        query = (
            select(_ENTRIES.c.name, _ENTRIES.c.body)
            .join(last, and_(_ENTRIES.c.name == last.c.name, _ENTRIES.c.version == last.c.version))
            .where(_ENTRIES.c.register == kind.register)
            .order_by(_ENTRIES.c.name)
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        return {row.name: msgspec.json.decode(row.body, type=kind) for row in rows}


def _put(
    connection: Connection,
    entries: Sequence[tuple[str, RegisterEntry]],
    *,
    by: str,
    now_ms: int,
) -> list[EntryVersion]:
    """The versions that count now, of different entries of one register."""
    register = entries[0][1].register
    names = [name for name, _ in entries]
    of_them = and_(_ENTRIES.c.register == register, _ENTRIES.c.name.in_(names))
    in_order = select(_ENTRIES).where(of_them).order_by(_ENTRIES.c.version)
    known = {row.name: row for row in connection.execute(in_order)}
    kept, new = [], []
    for name, entry in entries:
        last, body = known.get(name), entry_json(entry)
        if last is not None and last.body == body:
            kept.append(EntryVersion(last.version, last.at_ms, last.by_whom, entry))
            continue
        version = 1 if last is None else last.version + 1
        kept.append(EntryVersion(version, now_ms, by, entry))
        new.append(
            {
                "register": register,
                "name": name,
                "version": version,
                "at_ms": now_ms,
                "by_whom": clean(by),
                "body": clean(body),
            }
        )
    if new:
        connection.execute(_ENTRIES.insert(), new)
    return kept
