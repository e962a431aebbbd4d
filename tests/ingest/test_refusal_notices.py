"""Whoever sent what cannot be used reads why, on a topic of its own; nobody takes that for data."""

import json
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from coldwitness.domain.errors import BadMessage
from coldwitness.ingest.mqtt.embedded import EmbeddedBroker
from coldwitness.ingest.mqtt.health import is_own, refused_topic
from coldwitness.ingest.progress import Progress, Quarantined
from coldwitness.ingest.refusal_notices import AGAIN_AFTER_S, LOOK_EVERY_S, RefusalNotices
from coldwitness.ingest.routes import Routes
from coldwitness.storage.journal import JournalReader, Row
from tests.ingest.conftest import MemoryCustody, MemoryStore, settings_for, wait_until
from tests.ingest.publishing import publish_all, reading, topic
from tests.ingest.test_service import service, subscribed


def refused(row: int, *, logger: str | None = "LG-1", reason: str = "no_time") -> Quarantined:
    return Quarantined(row, -1, reason, "time: required", "t", 1_795_230_245_000, "ql", logger)


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


def test_a_courier_reads_what_was_refused_and_ingest_never_does(
    nats: EmbeddedBroker, tmp_path: Path, store: MemoryStore, register: MemoryCustody
) -> None:
    settings = settings_for(nats.port, tmp_path)
    heard: list[mqtt.MQTTMessage] = []
    listener = mqtt.Client(CallbackAPIVersion.VERSION2, "courier")
    listener.on_message = lambda _c, _u, message: heard.append(message)
    listener.on_connect = lambda c, *_: c.subscribe("coldchain/v1/ql-express/_refused/+", 1)
    listener.connect("127.0.0.1", nats.port)
    listener.loop_start()
    with service(settings, store, register, []) as running:
        wait_until(lambda: subscribed(running))
        # Loggers that are called like the last level of a native topic.
        for name in ("LG-7", "readings", "events"):
            wrong = {"logger": name, "time": "2026-11-21T08:00:00", "temperature": {"drug": 4.5}}
            publish_all(nats.port, [(topic(), json.dumps(wrong).encode())])
        wait_until(lambda: len(heard) == 3)
        publish_all(nats.port, [(topic(), reading(1))])
        wait_until(lambda: running.status().readings == 1)
    listener.disconnect()
    listener.loop_stop()
    told = {message.topic: json.loads(message.payload) for message in heard}
    assert set(told) == {refused_topic("ql-express", n) for n in ("LG-7", "readings", "events")}
    notice = told[refused_topic("ql-express", "readings")]
    assert (notice["logger"], notice["reason"], notice["count"]) == (
        "readings",
        "time_without_zone",
        1,
    )
    assert "expected" in notice["text"]
    rows = [row for row in JournalReader(settings.journal.directory).read("w1") if not row.note]
    assert len(rows) == 4


@pytest.mark.parametrize("logger", ["readings", "events", "LG-1"])
def test_a_notice_is_our_own_whatever_the_loggers_name(logger: str) -> None:
    told = refused_topic("ql", logger)
    assert is_own(told)
    with pytest.raises(BadMessage, match="no evidence"):
        Routes().decode(Row("w", 1, 1, told, b"{}", 1, False, False, False))


def test_a_logger_is_answered_once_a_minute_with_the_count_of_the_rest(tmp_path: Path) -> None:
    told: list[tuple[str, bytes]] = []
    clock = Clock()
    with Progress(tmp_path, "w1") as progress:
        notices = RefusalNotices(
            tmp_path, "w1", lambda at, body: told.append((at, body)), clock_s=clock
        )
        for row in range(1, 30):
            progress.advance(row, refused=[refused(row)])
            notices.tell()
            clock.now_s += LOOK_EVERY_S
    assert len(told) == 1
    clock.now_s += AGAIN_AFTER_S
    notices.tell()
    assert [json.loads(body)["count"] for _, body in told] == [1, 28]
    assert {at for at, _ in told} == {"coldchain/v1/ql/_refused/LG-1"}


def test_what_was_listed_before_or_is_nobodys_mistake_is_not_told(tmp_path: Path) -> None:
    told: list[str] = []
    with Progress(tmp_path, "w1") as progress:
        progress.advance(1, refused=[refused(1)])
        notices = RefusalNotices(tmp_path, "w1", lambda at, _: told.append(at), clock_s=Clock())
        progress.advance(2, refused=[refused(2, reason="retained")])
        progress.advance(3, refused=[refused(3, logger=None)])
    notices.tell()
    assert told == ["coldchain/v1/ql/_refused/unknown"]
