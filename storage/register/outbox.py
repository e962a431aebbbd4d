"""Webhooks, and what is owed to them until they take it."""

import hashlib
import secrets

from sqlalchemy import select, update

from coldwitness.storage.clue_ports import Delivery, Webhook
from coldwitness.storage.register import schema
from coldwitness.storage.register.database import Database, clean


class SqlOutbox:
    """The part of the register about webhooks and their deliveries. One worker delivers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_webhook(self, url: str, secret: str, *, now_ms: int) -> Webhook:
        webhook = Webhook(
            id="wh_" + secrets.token_hex(8),
            url=url,
            secret=secret,
            created_ms=now_ms,
            disabled=False,
        )
        with self._database.write() as connection:
            connection.execute(
                schema.webhooks.insert().values(
                    id=webhook.id,
                    url=url,
                    secret=secret,
                    created_ms=now_ms,
                    disabled=False,
                )
            )
        return webhook

    def webhooks(self) -> list[Webhook]:
        table = schema.webhooks
        with self._database.read() as connection:
            rows = connection.execute(select(table).order_by(table.c.created_ms, table.c.id))
            return [
                Webhook(row.id, row.url, row.secret, row.created_ms, row.disabled) for row in rows
            ]

    def disable_webhook(self, webhook_id: str) -> None:
        table = schema.webhooks
        with self._database.write() as connection:
            connection.execute(update(table).where(table.c.id == webhook_id).values(disabled=True))

    def owe(self, webhook_id: str, clue_id: str, body: bytes, *, now_ms: int) -> None:
        name = f"{webhook_id}\n{clue_id}".encode()
        insert = self._database.insert(schema.deliveries)
        with self._database.write() as connection:
            connection.execute(
                insert.values(
                    id="msg_" + hashlib.sha256(name).hexdigest()[:24],
                    webhook=webhook_id,
                    clue=clue_id,
                    body=body,
                    state="due",
                    attempts=0,
                    next_try_ms=now_ms,
                    created_ms=now_ms,
                ).on_conflict_do_nothing()
            )

    def due(self, *, now_ms: int, limit: int = 100) -> list[Delivery]:
        """Oldest due first; none of a disabled webhook."""
        owed, hooks = schema.deliveries, schema.webhooks
        query = (
            select(owed, hooks.c.url, hooks.c.secret, hooks.c.created_ms.label("hook_ms"))
            .join(hooks, hooks.c.id == owed.c.webhook)
            .where(owed.c.state == "due", owed.c.next_try_ms <= now_ms, ~hooks.c.disabled)
            .order_by(owed.c.next_try_ms, owed.c.created_ms, owed.c.id)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [
                Delivery(
                    id=row.id,
                    webhook=Webhook(row.webhook, row.url, row.secret, row.hook_ms, False),
                    clue_id=row.clue,
                    body=row.body,
                    attempts=row.attempts,
                    next_try_ms=row.next_try_ms,
                )
                for row in connection.execute(query)
            ]

    def done(self, delivery_id: str, *, now_ms: int) -> None:
        table = schema.deliveries
        with self._database.write() as connection:
            connection.execute(
                update(table)
                .where(table.c.id == delivery_id)
                .values(state="done", done_ms=now_ms, attempts=table.c.attempts + 1, error=None)
            )

    def failed(self, delivery_id: str, *, next_try_ms: int | None, error: str) -> None:
        table = schema.deliveries
        later = {"state": "dead"} if next_try_ms is None else {"next_try_ms": next_try_ms}
        with self._database.write() as connection:
            connection.execute(
                update(table)
                .where(table.c.id == delivery_id)
                .values(attempts=table.c.attempts + 1, error=clean(error), **later)
            )
