"""Keys of API clients: a digest, a role and whose it is; never the key."""

import secrets

import msgspec
from sqlalchemy import RowMapping, or_, select, update

from coldwitness.domain.grants import Grant
from coldwitness.storage.people_ports import ClientKey
from coldwitness.storage.register import schema
from coldwitness.storage.register.database import Database, clean

_TABLE = schema.client_keys


class SqlClientKeys:
    """The part of the register about API clients."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        name: str,
        grant: Grant,
        *,
        digest: str,
        by: str,
        now_ms: int,
        ends_ms: int | None = None,
    ) -> ClientKey:
        key = ClientKey(f"k_{secrets.token_hex(4)}", name, grant, now_ms, by, ends_ms)
        row = {
            "id": key.id,
            "name": clean(name),
            "granted": msgspec.json.encode(grant).decode(),
            "digest": digest,
            "made_ms": now_ms,
            "made_by": clean(by),
            "ends_ms": ends_ms,
        }
        with self._database.write() as connection:
            connection.execute(_TABLE.insert(), [row])
        return key

    def of_digest(self, digest: str) -> ClientKey | None:
        query = select(_TABLE).where(_TABLE.c.digest == digest)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _key(row)

    def one(self, key_id: str) -> ClientKey | None:
        query = select(_TABLE).where(_TABLE.c.id == key_id)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _key(row)

    def all(self) -> list[ClientKey]:
        query = select(_TABLE).order_by(_TABLE.c.made_ms, _TABLE.c.id)
        with self._database.read() as connection:
            return [_key(row) for row in connection.execute(query).mappings()]

    def end(self, key_id: str, *, at_ms: int) -> None:
        later = or_(_TABLE.c.ends_ms.is_(None), _TABLE.c.ends_ms > at_ms)
        with self._database.write() as connection:
            connection.execute(
                update(_TABLE).where(_TABLE.c.id == key_id, later).values(ends_ms=at_ms)
            )


def _key(row: RowMapping) -> ClientKey:
    return ClientKey(
        id=row["id"],
        name=row["name"],
        grant=msgspec.json.decode(row["granted"], type=Grant),
        made_ms=row["made_ms"],
        made_by=row["made_by"],
        ends_ms=row["ends_ms"],
    )
