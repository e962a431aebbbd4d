"""People who sign in, and their sessions: digests and slow hashes, never a password or a cookie."""

import msgspec
from sqlalchemy import RowMapping, case, delete, exists, select, update

from coldwitness.domain.grants import Grant
from coldwitness.storage.people_ports import Person, Session
from coldwitness.storage.register import schema
from coldwitness.storage.register.database import Database, clean

_PEOPLE = schema.people
_OTHERS = _PEOPLE.alias()
_SESSIONS = schema.sessions


class SqlPeople:
    """The part of the register about people and their sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str, grant: Grant, *, password: str | None, by: str, now_ms: int) -> bool:
        row = {
            "name": name,
            "granted": msgspec.json.encode(grant).decode(),
            "password": password,
            "made_ms": now_ms,
            "made_by": clean(by),
            "failures": 0,
        }
        insert = self._database.insert(_PEOPLE).values(**row).on_conflict_do_nothing()
        with self._database.write() as connection:
            made = connection.execute(insert.returning(_PEOPLE.c.name)).one_or_none()
        return made is not None

    def one(self, name: str) -> Person | None:
        query = select(_PEOPLE).where(_PEOPLE.c.name == name)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _person(row)

    def all(self) -> list[Person]:
        with self._database.read() as connection:
            rows = connection.execute(select(_PEOPLE).order_by(_PEOPLE.c.name)).mappings()
            return [_person(row) for row in rows]

    def any(self) -> bool:
        with self._database.read() as connection:
            return connection.execute(select(_PEOPLE.c.name).limit(1)).first() is not None

    def set_password(self, name: str, password: str) -> None:
        known = update(_PEOPLE).where(_PEOPLE.c.name == name)
        with self._database.write() as connection:
            connection.execute(known.values(password=password, failures=0, locked_until_ms=None))

    def disable(self, name: str, *, at_ms: int | None) -> None:
        with self._database.write() as connection:
            connection.execute(
                update(_PEOPLE).where(_PEOPLE.c.name == name).values(disabled_ms=at_ms)
            )
            if at_ms is not None:
                connection.execute(delete(_SESSIONS).where(_SESSIONS.c.person == name))

    def bind(self, name: str, subject: str) -> bool:
        unbound = (_PEOPLE.c.name == name) & _PEOPLE.c.subject.is_(None)
        bound = exists().where(_OTHERS.c.subject == subject)
        with self._database.write() as connection:
            connection.execute(update(_PEOPLE).where(unbound, ~bound).values(subject=subject))
            query = select(_PEOPLE.c.subject).where(_PEOPLE.c.name == name)
            return bool(connection.execute(query).scalar_one_or_none() == subject)

    def failed(self, name: str, *, most: int, locked_until_ms: int) -> None:
        last = _PEOPLE.c.failures >= most - 1
        with self._database.write() as connection:
            connection.execute(
                update(_PEOPLE)
                .where(_PEOPLE.c.name == name)
                .values(
                    failures=case((last, 0), else_=_PEOPLE.c.failures + 1),
                    locked_until_ms=case((last, locked_until_ms), else_=_PEOPLE.c.locked_until_ms),
                )
            )

    def begin(self, digest: str, name: str, *, now_ms: int, gone_before_ms: int) -> None:
        with self._database.write() as connection:
            connection.execute(delete(_SESSIONS).where(_SESSIONS.c.seen_ms < gone_before_ms))
            connection.execute(
                update(_PEOPLE)
                .where(_PEOPLE.c.name == name)
                .values(failures=0, locked_until_ms=None)
            )
            row = {"digest": digest, "person": name, "made_ms": now_ms, "seen_ms": now_ms}
            connection.execute(_SESSIONS.insert(), [row])

    def session(self, digest: str) -> Session | None:
        query = (
            select(_PEOPLE, _SESSIONS.c.seen_ms, _SESSIONS.c.made_ms.label("begun_ms"))
            .join(_SESSIONS, _SESSIONS.c.person == _PEOPLE.c.name)
            .where(_SESSIONS.c.digest == digest)
        )
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else Session(_person(row), row["begun_ms"], row["seen_ms"])

    def seen(self, digest: str, *, now_ms: int) -> None:
        with self._database.write() as connection:
            connection.execute(
                update(_SESSIONS).where(_SESSIONS.c.digest == digest).values(seen_ms=now_ms)
            )

    def end(self, digest: str) -> None:
        with self._database.write() as connection:
            connection.execute(delete(_SESSIONS).where(_SESSIONS.c.digest == digest))

    def end_all_of(self, name: str) -> None:
        with self._database.write() as connection:
            connection.execute(delete(_SESSIONS).where(_SESSIONS.c.person == name))


def _person(row: RowMapping) -> Person:
    return Person(
        name=row["name"],
        grant=msgspec.json.decode(row["granted"], type=Grant),
        password=row["password"],
        made_ms=row["made_ms"],
        made_by=row["made_by"],
        disabled_ms=row["disabled_ms"],
        locked_until_ms=row["locked_until_ms"],
    )
