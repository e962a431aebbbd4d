"""First answers to posts with an Idempotency-Key, for all processes and over restarts."""

from collections.abc import Mapping

import msgspec
from sqlalchemy import delete, select, update

from coldwitness.domain.errors import Unavailable
from coldwitness.storage.people_ports import Reply
from coldwitness.storage.register import schema
from coldwitness.storage.register.database import Database
from coldwitness.storage.register.secret_seal import SecretSeal

_TABLE = schema.replied_posts


class SqlReplies:
    """The part of the register about repeated posts."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seal = SecretSeal()

    def seal_with(self, seal: SecretSeal) -> None:
        """From now on. Answers of before are gone within a day."""
        self._seal = seal

    def begin(
        self,
        place: str,
        *,
        fingerprint: str,
        now_ms: int,
        kept_ms: int,
        runs_ms: int,
        counts_ms: int | None = None,
    ) -> Reply | None:
        row = {"place": place, "fingerprint": fingerprint, "at_ms": now_ms}
        insert = self._database.insert(_TABLE).values(**row).on_conflict_do_nothing()
        with self._database.write() as connection:
            given_up = _TABLE.c.status.is_(None) & (_TABLE.c.at_ms < now_ms - runs_ms)
            own_ms = kept_ms if counts_ms is None else counts_ms
            over = (_TABLE.c.place == place) & (_TABLE.c.at_ms < now_ms - own_ms)
            old = _TABLE.c.at_ms < now_ms - kept_ms
            connection.execute(delete(_TABLE).where(old | over | given_up))
            if connection.execute(insert.returning(_TABLE.c.place)).one_or_none() is not None:
                return None
            known = connection.execute(select(_TABLE).where(_TABLE.c.place == place)).one()
        headers = {} if known.headers is None else msgspec.json.decode(known.headers)
        body = self._seal.opened(known.body or b"", of=place)
        if body is None:
            raise Unavailable("register: the first answer to this post was sealed by another key")
        return Reply(known.fingerprint, known.status, headers, body)

    def answered(self, place: str, *, status: int, headers: Mapping[str, str], body: bytes) -> None:
        # It may show a new webhook's secret.
        kept = self._seal.sealed(body, of=place)
        told = {"status": status, "headers": msgspec.json.encode(headers).decode(), "body": kept}
        with self._database.write() as connection:
            connection.execute(update(_TABLE).where(_TABLE.c.place == place).values(**told))

    def forget(self, place: str) -> None:
        with self._database.write() as connection:
            connection.execute(delete(_TABLE).where(_TABLE.c.place == place))
