"""Alarms, challenges and the latest findings, in every database that the register may be."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event

from coldwitness.domain.alarms import Alarm
from coldwitness.domain.probe_challenges import ChallengeDecision, ProbeChallenge
from coldwitness.domain.text import Text
from coldwitness.storage.alarm_ports import AlarmMessage, OwedRound
from coldwitness.storage.register import SqlRegister
from tests.storage.readings import T0
from tests.storage.results import finding, record, result

SAID = Text("失联", "silent")


def alarm(name: str, subject: str, at_ms: int = T0) -> Alarm:
    return Alarm(name, "silent", subject, subject, SAID, SAID, raised_ms=at_ms)


def test_one_alarm_of_a_subject_stands_at_a_time(register: SqlRegister) -> None:
    alarms = register.alarms
    first, second = alarm("al_1", "S-1"), alarm("al_2", "S-1", T0 + 1)
    assert alarms.raise_new([first, alarm("al_3", "S-2")]) == [first, alarm("al_3", "S-2")]
    assert alarms.raise_new([second, first]) == []
    assert alarms.acknowledge("al_1", by="鲁C-0101", now_ms=T0 + 2)
    assert not alarms.acknowledge("al_1", by="other", now_ms=T0 + 3)
    assert alarms.raise_new([second]) == [], "known, and it still holds"
    alarms.settle("silent", ["S-1"], now_ms=T0 + 4)
    assert alarms.raise_new([second]) == [second]
    assert [one.id for one in alarms.unsettled("silent")] == ["al_3", "al_2"]
    assert [one.id for one in alarms.listed()] == ["al_2", "al_3", "al_1"], "open ones first"
    known = alarms.one("al_1")
    assert known is not None
    assert (known.acknowledged_by, known.is_open) == ("鲁C-0101", False)


def test_messages_are_owed_once_a_round_and_tried_until_they_are_over(
    register: SqlRegister,
) -> None:
    alarms = register.alarms
    alarms.raise_new([alarm("al_1", "S-1")])
    message = AlarmMessage("al_1.0.0", "al_1", "值班", 0, "due", 0, T0, T0)
    alarms.owe([OwedRound("al_1", 0, [message])], now_ms=T0)
    other = AlarmMessage("al_1.0.1", "al_1", "b", 0, "due", 0, T0, T0)
    late = OwedRound("al_1", 0, [message, other])  # by another process, too late
    alarms.owe([late], now_ms=T0 + 1)
    assert alarms.due(now_ms=T0 - 1) == []
    assert alarms.due(now_ms=T0) == [message]
    alarms.put_off(message.id, until_ms=T0 + 10)
    assert alarms.due(now_ms=T0 + 9) == []
    (its,) = alarms.due(now_ms=T0 + 10)
    assert not alarms.claim(message, until_ms=T0 + 15), "read before it was put off"
    assert alarms.claim(its, until_ms=T0 + 15)
    assert not alarms.claim(its, until_ms=T0 + 15), "another's by now"
    assert alarms.due(now_ms=T0 + 14) == []
    assert [one.id for one in alarms.due(now_ms=T0 + 15)] == [message.id], "its sender died"
    alarms.tried(message.id, state="due", now_ms=T0 + 10, next_try_ms=T0 + 20, error="451")
    (again,) = alarms.due(now_ms=T0 + 20)
    assert (again.attempts, again.error) == (1, "451")
    alarms.tried(message.id, state="done", now_ms=T0 + 21)
    (done,) = alarms.messages(["al_1"])
    assert (done.state, done.done_ms, done.attempts, done.error) == ("done", T0 + 21, 2, None)
    assert alarms.followed() is None
    alarms.follow(7)
    alarms.follow(9)
    assert alarms.followed() == 9


def test_many_alarms_are_raised_and_owed_by_a_few_statements(register: SqlRegister) -> None:
    """A flood of made-up shipments is as many silent boxes."""
    alarms = register.alarms
    many = [alarm(f"al_{n:04d}", f"S-{n}") for n in range(1000)]
    statements: list[str] = []

    def hear(*said: object) -> None:
        statements.append(str(said[2]))

    with heard(hear):
        assert alarms.raise_new([*many, many[0], alarm("al_9", "S-7")]) == many
        alarms.owe([OwedRound(one.id, 0, [said_of(one, 0)]) for one in many[:900]], now_ms=T0)
        again = [OwedRound(one.id, 1, [said_of(one, 1)]) for one in many[:400]]
        first = [OwedRound(one.id, 0, [said_of(one, 0)]) for one in many]
        alarms.owe([*again, *first], now_ms=T0 + 1)
    assert len(statements) <= 30
    assert [one.rounds for one in alarms.unsettled()] == [2] * 400 + [1] * 600
    assert len(alarms.messages([one.id for one in many])) == 1400, "each round once"


def said_of(one: Alarm, number: int) -> AlarmMessage:
    return AlarmMessage(f"{one.id}.{number}.0", one.id, "值班", number, "due", 0, T0, T0)


@contextmanager
def heard(hear: Callable[..., None]) -> Iterator[None]:
    """Tell `hear` of each statement to a database."""
    event.listen(Engine, "before_cursor_execute", hear)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", hear)


def test_a_shipment_has_one_challenge_at_a_time_and_its_first_decision(
    register: SqlRegister,
) -> None:
    def made(name: str) -> ProbeChallenge:
        return ProbeChallenge(
            id=name, shipment="S-1", probe="drug", action="warm", started_ms=T0,
            ordered_ms=T0 + 1, until_ms=T0 + 2, by="鲁C-0101",
        )  # fmt: skip

    decision = ChallengeDecision(
        outcome="alive", decided_ms=T0, step_c=3.0, stepped_ms=None, disturbed_to_ms=T0, readings=4
    )
    challenges = register.challenges
    assert challenges.start(made("pc_1"))
    assert not challenges.start(made("pc_2"))
    assert challenges.running() == [made("pc_1")]
    challenges.decide(made("pc_1"), decision)
    other = ChallengeDecision(
        outcome="not_alive", decided_ms=T0, step_c=0.0, stepped_ms=None, disturbed_to_ms=None,
        readings=4,
    )  # fmt: skip
    challenges.decide(made("pc_1"), other)
    kept = challenges.one("pc_1")
    assert kept is not None
    assert kept.decision == decision
    assert challenges.start(made("pc_2"))
    assert [one.challenge.id for one in challenges.of(["S-1", "S-9"])["S-1"]] == ["pc_1", "pc_2"]


def test_latest_findings_go_on_behind_a_place(register: SqlRegister) -> None:
    for name in ("S-1", "S-2", "S-3"):
        record(register, result(finding(), shipment=name))
    found = register.results.latest_findings(limit=10)
    assert len(found) == 3
    places = [place for place, _ in found]
    assert places == sorted(places, reverse=True)
    first = register.results.latest_findings(limit=1)
    rest = register.results.latest_findings(before=first[0][0], limit=10)
    assert [*first, *rest] == found
    assert register.results.latest_findings(kind="nothing") == []
