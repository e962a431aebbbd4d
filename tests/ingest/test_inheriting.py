"""What waits for a worker that is gone, another of its group takes, and gives back."""

import json
from collections import Counter
from pathlib import Path

import pytest

from coldwitness.config.settings import MqttSettings
from coldwitness.ingest.inheriting import AFTER_S, HEARD_WITHIN_S, Inheriting
from coldwitness.ingest.mqtt.health import health_payload, health_topic
from coldwitness.ingest.sides import ReceivingSide
from coldwitness.storage.journal import JournalReader, Message
from tests.ingest.conftest import Mosquitto, settings_for, wait_until
from tests.ingest.killing import start_receiving
from tests.ingest.publishing import Publisher, reading, topic


def kept(directory: Path) -> Counter[bytes]:
    """Of all workers."""
    return Counter(row.payload for row in JournalReader(directory).read_all() if not row.note)


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coldwitness.ingest.inheriting.AFTER_S", 0.5)


def test_what_waits_for_a_killed_worker_another_takes_and_none_is_lost_or_doubled(
    mosquitto: Mosquitto, tmp_path: Path, quickly: None
) -> None:
    directory = tmp_path / "journal"
    one = ReceivingSide(settings_for(mosquitto.port, tmp_path, worker="w1", shared_group="g"))
    one.start()
    two = start_receiving(mosquitto.port, directory, "w2", "g")
    sent = [(topic(f"BX-{n % 9}"), reading(n)) for n in range(900)]
    with Publisher(mosquitto.port) as publisher:
        wait_until(lambda: one.broker.connected and heard_of(one, "running"), within_s=40)
        publisher.publish(iter(sent[:200]))
        publisher.wait()
        wait_until(lambda: sum(kept(directory).values()) == 200)
        reader = JournalReader(directory)
        assert min(reader.last_row("w1"), reader.last_row("w2")) > 50
        two.kill()
        two.join()
        publisher.publish(iter(sent[200:600]))  # half of them wait for the killed one
        publisher.wait()
        wait_until(lambda: sum(kept(directory).values()) == 600, within_s=40)
        assert one._inheriting is not None
        assert one._inheriting.of == ("w2",)
        back = start_receiving(mosquitto.port, directory, "w2", "g")
        wait_until(lambda: one._inheriting.of == (), within_s=40)  # type: ignore[union-attr]
        before = JournalReader(directory).last_row("w2")
        publisher.publish(iter(sent[600:]))
        publisher.wait()
        wait_until(lambda: sum(kept(directory).values()) >= 900, within_s=40)
        assert JournalReader(directory).last_row("w2") > before + 50, "it has its part again"
    back.kill()
    back.join()
    one.stop()
    assert kept(directory) == Counter(payload for _, payload in sent)


def heard_of(side: ReceivingSide, state: str) -> bool:
    assert side._inheriting is not None
    return any(its.state == state for its in side._inheriting._others.values())


def inheriting(worker: str, now: list[float]) -> Inheriting:
    return Inheriting(
        MqttSettings(shared_group="g"),
        worker=worker,
        topics=["a"],
        now_ms=lambda: 0,
        now_s=lambda: now[0],
    )


def said(worker: str, state: str, *, group: str | None = "g") -> Message:
    payload = health_payload(worker=worker, state=state, group=group)  # type: ignore[arg-type]
    return Message(health_topic(worker), payload, 0)


def test_the_first_by_name_of_those_that_run_takes_it_once_it_is_gone_for_a_while() -> None:
    now = [100.0]
    first, second = inheriting("w1", now), inheriting("w2", now)
    for one in (first, second):
        one.hear(said("w1", "running"))
        one.hear(said("w2", "running"))
        one.hear(said("w3", "lost"))
    assert first._to_take() == second._to_take() == []
    now[0] += AFTER_S
    for one in (first, second):
        one.hear(said("w1", "running"))
        one.hear(said("w2", "running"))
        one.hear(said("w3", "lost"))
    assert first._to_take() == ["w3"]
    assert second._to_take() == []
    now[0] += HEARD_WITHIN_S
    assert second._to_take() == ["w3"], "nothing is heard of the first any more"
    second.hear(said("w3", "running"))
    assert second._to_take() == []


@pytest.mark.parametrize(
    "message",
    [
        said("w3", "lost", group=None),
        said("w3", "lost", group="other"),
        said("w1", "lost"),
        Message("coldchain/v1/_heads/w3", b"{}", 0),
        Message(health_topic("w3"), b"no json", 0),
        Message(health_topic("w3"), json.dumps({"worker": "w3", "state": "odd"}).encode(), 0),
    ],
)
def test_what_says_nothing_of_a_worker_of_the_group_is_not_for_it(message: Message) -> None:
    now = [0.0]
    one = inheriting("w1", now)
    one.hear(message)
    now[0] += 10 * AFTER_S
    assert one._to_take() == []


def test_where_the_broker_keeps_nothing_of_a_worker_nothing_is_made(
    mosquitto: Mosquitto, tmp_path: Path, quickly: None
) -> None:
    """A worker that was given up long ago has no session, and gets none."""
    one = ReceivingSide(settings_for(mosquitto.port, tmp_path, worker="w1", shared_group="g"))
    one.start()
    with Publisher(mosquitto.port) as publisher:
        wait_until(lambda: one.broker.connected)
        gone = health_payload(worker="w9", state="lost", group="g")
        publisher.publish(iter([(health_topic("w9"), gone)]))
        publisher.wait()
        assert one._inheriting is not None
        wait_until(lambda: "w9" in one._inheriting._others)  # type: ignore[union-attr]
        wait_until(lambda: not one._inheriting._others)  # type: ignore[union-attr]
        publisher.publish((topic(), reading(n)) for n in range(50))
        publisher.wait()
        wait_until(lambda: one.receiver.counts.journalled == 50)
    one.stop()
