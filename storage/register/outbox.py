"""Webhooks, and what is owed to them until they take it."""

import hashlib
import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy import func, select, update

from coldwitness.storage.clue_ports import (
    ClueEntry,
    Delivery,
    DeliveryLine,
    DeliveryState,
    OutboxDepth,
    Webhook,
    WebhookHealth,
)
from coldwitness.storage.register import schema
from coldwitness.storage.register.claims import claimed
from coldwitness.storage.register.database import Database, clean
from coldwitness.storage.register.secret_seal import SecretSeal

_HOOKS, _OWED = schema.webhooks, schema.deliveries
_HOOK_NAMES = [column.name for column in _HOOKS.c]
_HOOK_COLUMNS = [column.label(f"hook_{column.name}") for column in _HOOKS.c]


def _with_secrets(webhook: Webhook, made: Callable[[str, str], str]) -> Webhook:
    """With each of its secrets made anew out of what it is and what is bound into its seal; an
    address is one, because it may hold a token."""
    earlier, place = webhook.earlier_secret, f"webhook {webhook.id}"
    return replace(
        webhook,
        url=made(webhook.url, f"{place} url"),
        secret=made(webhook.secret, f"{place} secret"),
        earlier_secret=None if earlier is None else made(earlier, f"{place} earlier_secret"),
    )


def _secrets_of(webhook: Webhook) -> dict[str, str | None]:
    """Columns of them."""
    return {
        "url": webhook.url,
        "secret": webhook.secret,
        "earlier_secret": webhook.earlier_secret,
    }


class SqlOutbox:
    """The part of the register about webhooks and their deliveries. Several processes may
    deliver."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seal = SecretSeal()

    def seal_with(self, seal: SecretSeal) -> None:
        """From now on, and what is kept in clear as well."""
        self._seal = seal
        with self._database.read() as connection:
            rows = connection.execute(select(_HOOKS)).mappings()
            found = [Webhook(**row) for row in rows]
        changed = [(before, after) for before in found if (after := self._kept(before)) != before]
        if not changed:
            return
        with self._database.write() as connection:
            if self._database.is_sqlite:
                connection.exec_driver_sql("PRAGMA secure_delete = ON")
            for before, after in changed:
                # Another server may have sealed it meanwhile.
                its = (_HOOKS.c.id == before.id) & (_HOOKS.c.secret == before.secret)
                connection.execute(update(_HOOKS).where(its).values(**_secrets_of(after)))
        self._database.forget_written()

    def _kept(self, webhook: Webhook) -> Webhook:
        """As it stands in the register."""
        return _with_secrets(
            webhook, lambda text, place: self._seal.sealed(text.encode(), of=place).decode()
        )

    def _shown(self, webhook: Webhook) -> Webhook:
        """As it is; what cannot be opened is empty."""
        return _with_secrets(
            webhook,
            lambda text, place: (self._seal.opened(text.encode(), of=place) or b"").decode(),
        )

    def add_webhook(
        self, url: str, secret: str, *, now_ms: int, owner: str | None = None
    ) -> Webhook:
        name = "wh_" + secrets.token_hex(8)
        with self._database.write() as connection:
            last = connection.execute(select(schema.feed.c.last)).scalar_one()
            webhook = Webhook(
                name,
                url,
                secret,
                created_ms=now_ms,
                disabled=False,
                owed_up_to=last,
                owner=None if owner is None else clean(owner),
            )
            connection.execute(_HOOKS.insert().values(**vars(self._kept(webhook))))
        return webhook

    def webhooks(self) -> list[Webhook]:
        with self._database.read() as connection:
            rows = connection.execute(select(_HOOKS).order_by(_HOOKS.c.created_ms, _HOOKS.c.id))
            return [self._shown(Webhook(**row)) for row in rows.mappings()]

    def disable_webhook(self, webhook_id: str) -> None:
        with self._database.write() as connection:
            its = update(_HOOKS).where(_HOOKS.c.id == webhook_id)
            connection.execute(its.values(disabled=True))

    def change_secret(self, webhook_id: str, secret: str, *, earlier_until_ms: int) -> None:
        with self._database.write() as connection:
            its = _HOOKS.c.id == webhook_id
            row = connection.execute(select(_HOOKS).where(its)).mappings().one()
            before = self._shown(Webhook(**row))
            after = replace(
                before,
                secret=secret,
                earlier_secret=before.secret or None,
            )
            kept = _secrets_of(self._kept(after)) | {"earlier_until_ms": earlier_until_ms}
            connection.execute(update(_HOOKS).where(its).values(**kept))

    def owe(
        self, webhook_id: str, entries: Sequence[tuple[ClueEntry, bytes]], *, now_ms: int
    ) -> None:
        if not entries:
            return
        rows = [
            {
                "id": _name(webhook_id, entry),
                "webhook": webhook_id,
                "clue": entry.clue.id,
                "cursor": entry.cursor,
                "body": body,
                "state": "due",
                "attempts": 0,
                "next_try_ms": now_ms,
                "created_ms": now_ms,
            }
            for entry, body in entries
        ]
        last = max(entry.cursor for entry, _ in entries)
        further = update(_HOOKS).where(_HOOKS.c.id == webhook_id, _HOOKS.c.owed_up_to < last)
        with self._database.write() as connection:
            connection.execute(self._database.insert(_OWED).on_conflict_do_nothing(), rows)
            connection.execute(further.values(owed_up_to=last))

    def pass_over(self, webhook_id: str, *, up_to: int) -> None:
        further = update(_HOOKS).where(_HOOKS.c.id == webhook_id, _HOOKS.c.owed_up_to < up_to)
        with self._database.write() as connection:
            connection.execute(further.values(owed_up_to=up_to))

    def owe_again(self, webhook_id: str, *, after: int, now_ms: int) -> int:
        again = (
            update(_OWED)
            .where(_OWED.c.webhook == webhook_id, _OWED.c.cursor > after)
            .values(state="due", attempts=0, next_try_ms=now_ms, done_ms=None, error=None)
        )
        with self._database.write() as connection:
            changed = connection.execute(again).rowcount
            # What came before it was added was never owed: that is read from the feed anew.
            its = update(_HOOKS).where(_HOOKS.c.id == webhook_id)
            first = select(func.min(_OWED.c.cursor)).where(_OWED.c.webhook == webhook_id)
            oldest = connection.execute(first).scalar_one()
            if oldest is None or oldest > after + 1:
                connection.execute(its.values(owed_up_to=after))
        return changed

    def due(self, *, now_ms: int, limit: int = 100) -> list[Delivery]:
        earlier = _OWED.alias()
        waits_for = select(earlier.c.id).where(
            earlier.c.webhook == _OWED.c.webhook,
            earlier.c.clue == _OWED.c.clue,
            earlier.c.state == "due",
            earlier.c.cursor < _OWED.c.cursor,
        )
        query = (
            select(_OWED, *_HOOK_COLUMNS)
            .join(_HOOKS, _HOOKS.c.id == _OWED.c.webhook)
            .where(_OWED.c.state == "due", _OWED.c.next_try_ms <= now_ms, ~_HOOKS.c.disabled)
            .where(~waits_for.exists())
            .order_by(_OWED.c.cursor, _OWED.c.next_try_ms, _OWED.c.id)
            .limit(limit)
        )
        with self._database.read() as connection:
            return [
                Delivery(
                    id=row["id"],
                    webhook=self._shown(
                        Webhook(**{name: row[f"hook_{name}"] for name in _HOOK_NAMES})
                    ),
                    clue_id=row["clue"],
                    cursor=row["cursor"],
                    body=row["body"],
                    attempts=row["attempts"],
                    next_try_ms=row["next_try_ms"],
                )
                for row in connection.execute(query).mappings()
            ]

    def claim(self, delivery: Delivery, *, until_ms: int) -> bool:
        read_ms = delivery.next_try_ms
        return claimed(self._database, _OWED, delivery.id, next_try_ms=read_ms, until_ms=until_ms)

    def done(self, delivery_id: str, *, now_ms: int) -> None:
        with self._database.write() as connection:
            connection.execute(
                update(_OWED)
                .where(_OWED.c.id == delivery_id)
                .values(state="done", done_ms=now_ms, attempts=_OWED.c.attempts + 1, error=None)
            )

    def failed(self, delivery_id: str, *, next_try_ms: int | None, error: str) -> None:
        later = {"state": "dead"} if next_try_ms is None else {"next_try_ms": next_try_ms}
        with self._database.write() as connection:
            connection.execute(
                update(_OWED)
                .where(_OWED.c.id == delivery_id)
                .values(attempts=_OWED.c.attempts + 1, error=clean(error), **later)
            )

    def log(
        self,
        webhook_id: str,
        *,
        state: DeliveryState | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[DeliveryLine]:
        query = select(_OWED).where(_OWED.c.webhook == webhook_id)
        if state is not None:
            query = query.where(_OWED.c.state == state)
        if before is not None:
            query = query.where(_OWED.c.cursor < before)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(_OWED.c.cursor.desc()).limit(limit))
            return [
                DeliveryLine(
                    id=row.id,
                    cursor=row.cursor,
                    clue_id=row.clue,
                    state=row.state,
                    attempts=row.attempts,
                    created_ms=row.created_ms,
                    next_try_ms=row.next_try_ms,
                    done_ms=row.done_ms,
                    error=row.error,
                )
                for row in rows
            ]

    def health(self, webhook_id: str) -> WebhookHealth:
        mine = _OWED.c.webhook == webhook_id
        states = select(_OWED.c.state, func.count()).where(mine).group_by(_OWED.c.state)
        tried = mine & (_OWED.c.state == "due") & (_OWED.c.attempts > 0)
        failing = select(_OWED.c.created_ms, _OWED.c.error).where(tried)
        taken = select(func.max(_OWED.c.done_ms)).where(mine)
        with self._database.read() as connection:
            count = {row[0]: row[1] for row in connection.execute(states)}
            oldest = connection.execute(failing.order_by(_OWED.c.cursor).limit(1)).one_or_none()
            return WebhookHealth(
                waiting=count.get("due", 0),
                dead=count.get("dead", 0),
                failing_since_ms=None if oldest is None else oldest.created_ms,
                last_error=None if oldest is None else oldest.error,
                last_done_ms=connection.execute(taken).scalar_one(),
            )

    def depth(self) -> OutboxDepth:
        counted = (
            select(_OWED.c.state, func.count(), func.min(_OWED.c.created_ms))
            .join(_HOOKS, _HOOKS.c.id == _OWED.c.webhook)
            .where(_OWED.c.state.in_(("due", "dead")), ~_HOOKS.c.disabled)
            .group_by(_OWED.c.state)
        )
        with self._database.read() as connection:
            found = {state: (count, since) for state, count, since in connection.execute(counted)}
        due, since_ms = found.get("due", (0, None))
        return OutboxDepth(due, found.get("dead", (0, None))[0], since_ms)


def _name(webhook_id: str, entry: ClueEntry) -> str:
    """The message's id: the same at every attempt, another for every entry."""
    name = f"{webhook_id}\n{entry.clue.id}\n{entry.change.version}".encode()
    return "msg_" + hashlib.sha256(name).hexdigest()[:24]
