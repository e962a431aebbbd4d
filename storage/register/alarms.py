"""Alarms and the messages that tell of them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, RowMapping, func, select, update

from coldwitness.domain.alarms import Alarm, AlarmRule
from coldwitness.domain.reach import EVERYTHING, Reach
from coldwitness.domain.text import Text
from coldwitness.storage.alarm_ports import AlarmMessage, MessageState, OwedRound
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

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        """A transaction that writes, in which no other process raises or owes: PostgreSQL would
        let two that raise at once both find nothing standing."""
        with self._database.write() as connection:
            one_at_a_time = select(_STATE.c.key).where(_STATE.c.key == _FOLLOWED)
            connection.execute(one_at_a_time.with_for_update())
            yield connection

    def raise_new(self, alarms: Sequence[Alarm]) -> list[Alarm]:
        with self._alone() as connection:
            ids: set[str] = set()
            for part in parts([alarm.id for alarm in alarms]):
                ids |= set(connection.scalars(select(_ALARMS.c.id).where(_ALARMS.c.id.in_(part))))
            standing: set[tuple[str, str]] = set()
            for part in parts([alarm.subject for alarm in alarms]):
                whose = select(_ALARMS.c.rule, _ALARMS.c.subject).where(
                    _ALARMS.c.subject.in_(part), _ALARMS.c.settled_ms.is_(None)
                )
                standing |= {(rule, subject) for rule, subject in connection.execute(whose)}
            new = []
            for alarm in alarms:
                if alarm.id in ids or (alarm.rule, alarm.subject) in standing:
                    continue
                ids.add(alarm.id)
                standing.add((alarm.rule, alarm.subject))
                new.append(alarm)
            if new:
                connection.execute(_ALARMS.insert(), [_row(alarm) for alarm in new])
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

    def owe(self, rounds: Sequence[OwedRound], *, now_ms: int) -> None:
        by_round: dict[int, list[str]] = {}
        for one in rounds:
            by_round.setdefault(one.round, []).append(one.alarm)
        # Alone: of two that took several at once each could wait for what the other has.
        with self._alone() as connection:
            taken: set[str] = set()
            for number, alarm_ids in by_round.items():
                for part in parts(alarm_ids):
                    its = update(_ALARMS).where(_ALARMS.c.id.in_(part), _ALARMS.c.rounds == number)
                    told = its.values(rounds=number + 1, told_ms=now_ms).returning(_ALARMS.c.id)
                    taken |= set(connection.scalars(told))
            rows = [vars(said) for one in rounds if one.alarm in taken for said in one.messages]
            if rows:
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


def _row(alarm: Alarm) -> dict[str, object]:
    return {
        "id": alarm.id,
        "rule": alarm.rule,
        "subject": alarm.subject,
        "shipment": alarm.shipment,
        "title_zh": clean(alarm.title.zh),
        "title_en": clean(alarm.title.en),
        "text_zh": clean(alarm.text.zh),
        "text_en": clean(alarm.text.en),
        "raised_ms": alarm.raised_ms,
        "rounds": 0,
    }


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
