"""Alarms and the messages that tell of them."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, and_, func, or_, select, update

from coldwitness.domain.alarms import Alarm, AlarmRule
from coldwitness.domain.reach import EVERYTHING, Reach
from coldwitness.domain.text import Text
from coldwitness.storage.alarm_ports import AlarmMessage, MessageState
from coldwitness.storage.register import schema
from coldwitness.storage.register.belongings import about_seen
from coldwitness.storage.register.claims import claimed
from coldwitness.storage.register.database import Database, clean, parts

_ALARMS, _MESSAGES, _STATE = schema.alarms, schema.alarm_messages, schema.state
_FOLLOWED = "alarms_followed"


class SqlAlarms:
    """The part of the register about alarms. Several processes may raise and tell."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def raise_new(self, alarms: Sequence[Alarm]) -> list[Alarm]:
        new = []
        with self._database.write() as connection:
            # PostgreSQL would let two that raise at once both find nothing standing.
            one_at_a_time = select(_STATE.c.key).where(_STATE.c.key == _FOLLOWED)
            connection.execute(one_at_a_time.with_for_update())
            for alarm in alarms:
                same = and_(_ALARMS.c.rule == alarm.rule, _ALARMS.c.subject == alarm.subject)
                known = select(_ALARMS.c.id).where(
                    or_(_ALARMS.c.id == alarm.id, and_(same, _ALARMS.c.settled_ms.is_(None)))
                )
                if connection.execute(known.limit(1)).first() is not None:
                    continue
                connection.execute(
                    _ALARMS.insert().values(
                        id=alarm.id,
                        rule=alarm.rule,
                        subject=alarm.subject,
                        shipment=alarm.shipment,
                        title_zh=clean(alarm.title.zh),
                        title_en=clean(alarm.title.en),
                        text_zh=clean(alarm.text.zh),
                        text_en=clean(alarm.text.en),
                        raised_ms=alarm.raised_ms,
                        rounds=0,
                    )
                )
                new.append(alarm)
        return new

    def settle(self, rule: AlarmRule, subjects: Sequence[str], *, now_ms: int) -> None:
        with self._database.write() as connection:
            for part in parts(subjects):
                its = update(_ALARMS).where(
                    _ALARMS.c.rule == rule,
                    _ALARMS.c.subject.in_(part),
                    _ALARMS.c.settled_ms.is_(None),
                )
                connection.execute(its.values(settled_ms=now_ms))

    def unsettled(self, rule: AlarmRule | None = None) -> list[Alarm]:
        query = select(_ALARMS).where(_ALARMS.c.settled_ms.is_(None))
        if rule is not None:
            query = query.where(_ALARMS.c.rule == rule)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(_ALARMS.c.raised_ms, _ALARMS.c.id))
            return [_alarm(row) for row in rows.mappings()]

    def listed(self, *, limit: int = 100, reach: Reach = EVERYTHING) -> list[Alarm]:
        closed = _ALARMS.c.acknowledged_ms.is_not(None) | _ALARMS.c.settled_ms.is_not(None)
        query = select(_ALARMS).where(*about_seen(_ALARMS.c.shipment, reach))
        query = query.order_by(closed, _ALARMS.c.raised_ms.desc(), _ALARMS.c.id).limit(limit)
        with self._database.read() as connection:
            return [_alarm(row) for row in connection.execute(query).mappings()]

    def one(self, alarm_id: str) -> Alarm | None:
        with self._database.read() as connection:
            query = select(_ALARMS).where(_ALARMS.c.id == alarm_id)
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else _alarm(row)

    def acknowledge(self, alarm_id: str, *, by: str, now_ms: int) -> bool:
        its = update(_ALARMS).where(_ALARMS.c.id == alarm_id, _ALARMS.c.acknowledged_ms.is_(None))
        with self._database.write() as connection:
            told = its.values(acknowledged_ms=now_ms, acknowledged_by=clean(by))
            return connection.execute(told).rowcount == 1

    def owe(
        self, alarm_id: str, messages: Sequence[AlarmMessage], *, round: int, now_ms: int
    ) -> None:
        its = update(_ALARMS).where(_ALARMS.c.id == alarm_id, _ALARMS.c.rounds == round)
        with self._database.write() as connection:
            told = connection.execute(its.values(rounds=round + 1, told_ms=now_ms))
            if messages and told.rowcount == 1:
                rows = [vars(message) for message in messages]
                connection.execute(self._database.insert(_MESSAGES).on_conflict_do_nothing(), rows)

    def due(self, *, now_ms: int, limit: int = 100) -> list[AlarmMessage]:
        query = select(_MESSAGES).where(
            _MESSAGES.c.state == "due", _MESSAGES.c.next_try_ms <= now_ms
        )
        query = query.order_by(_MESSAGES.c.next_try_ms, _MESSAGES.c.id).limit(limit)
        with self._database.read() as connection:
            return [AlarmMessage(**row) for row in connection.execute(query).mappings()]

    def claim(self, message: AlarmMessage, *, until_ms: int) -> bool:
        read_ms = message.next_try_ms
        return claimed(
            self._database, _MESSAGES, message.id, next_try_ms=read_ms, until_ms=until_ms
        )

    def tried(
        self,
        message_id: str,
        *,
        state: MessageState,
        now_ms: int,
        next_try_ms: int | None = None,
        error: str | None = None,
    ) -> None:
        its = update(_MESSAGES).where(_MESSAGES.c.id == message_id)
        with self._database.write() as connection:
            connection.execute(
                its.values(
                    state=state,
                    attempts=_MESSAGES.c.attempts + 1,
                    next_try_ms=func.coalesce(next_try_ms, _MESSAGES.c.next_try_ms),
                    done_ms=None if state == "due" else now_ms,
                    error=clean(error),
                )
            )

    def put_off(self, message_id: str, *, until_ms: int) -> None:
        its = update(_MESSAGES).where(_MESSAGES.c.id == message_id)
        with self._database.write() as connection:
            connection.execute(its.values(next_try_ms=until_ms))

    def messages(self, alarm_ids: Sequence[str]) -> list[AlarmMessage]:
        found = []
        with self._database.read() as connection:
            for part in parts(alarm_ids):
                query = select(_MESSAGES).where(_MESSAGES.c.alarm.in_(part))
                query = query.order_by(_MESSAGES.c.round, _MESSAGES.c.person)
                found += [AlarmMessage(**row) for row in connection.execute(query).mappings()]
        return found

    def followed(self) -> int | None:
        query = select(_STATE.c.value).where(_STATE.c.key == _FOLLOWED)
        with self._database.read() as connection:
            value = connection.execute(query).scalar_one_or_none()
        return None if value is None else int(value)

    def follow(self, cursor: int) -> None:
        put = self._database.insert(_STATE).values(key=_FOLLOWED, value=str(cursor))
        put = put.on_conflict_do_update(index_elements=["key"], set_={"value": str(cursor)})
        with self._database.write() as connection:
            connection.execute(put)


def _alarm(row: RowMapping) -> Alarm:
    return Alarm(
        id=row["id"],
        rule=row["rule"],
        subject=row["subject"],
        shipment=row["shipment"],
        title=Text(row["title_zh"], row["title_en"]),
        text=Text(row["text_zh"], row["text_en"]),
        raised_ms=row["raised_ms"],
        settled_ms=row["settled_ms"],
        acknowledged_ms=row["acknowledged_ms"],
        acknowledged_by=row["acknowledged_by"],
        rounds=row["rounds"],
        told_ms=row["told_ms"],
    )
