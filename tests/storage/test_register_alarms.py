"""Alarms, challenges and the latest findings, in every database that the register may be."""

from coldwitness.domain.alarms import Alarm
from coldwitness.domain.probe_challenges import ChallengeDecision, ProbeChallenge
from coldwitness.domain.text import Text
from coldwitness.storage.alarm_ports import AlarmMessage
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
    alarms.owe("al_1", [message], round=0, now_ms=T0)
    other = AlarmMessage("al_1.0.1", "al_1", "b", 0, "due", 0, T0, T0)
    alarms.owe("al_1", [message, other], round=0, now_ms=T0 + 1)  # by another process, too late
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
