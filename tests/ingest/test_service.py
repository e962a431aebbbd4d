"""From a foreign publisher over a real broker into journal and stores, whatever happens."""

import json
import socket
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from coldwitness.config.settings import Settings
from coldwitness.domain.reading import Reading
from coldwitness.ingest.mqtt.broker import BrokerConnection
from coldwitness.ingest.mqtt.broker_check import question_broker
from coldwitness.ingest.mqtt.embedded import EmbeddedBroker
from coldwitness.ingest.routes import Routes
from coldwitness.ingest.service import IngestService
from coldwitness.storage.journal import (
    JournalReader,
    kept_elsewhere,
    verify_journal,
    vouched_by_others,
)
from tests.ingest.conftest import MemoryCustody, MemoryStore, Mosquitto, settings_for, wait_until
from tests.ingest.publishing import Publisher, publish_all, reading, topic


def service(
    settings: Settings, store: MemoryStore, register: Any, touched: list[frozenset[str]]
) -> IngestService:
    return IngestService(
        settings,
        store=store,
        custody=register,
        future_tolerance_s=300.0,
        on_touched=touched.append,
    )


def subscribed(running: IngestService) -> bool:
    return running.receiving.broker.connected


def test_what_is_published_is_journalled_in_its_bytes_stored_and_reported(
    broker: Any, tmp_path: Path, store: MemoryStore, register: MemoryCustody
) -> None:
    settings, touched = settings_for(broker.port, tmp_path), list[frozenset[str]]()
    sent = [(topic(f"BX-{n % 7}"), reading(n)) for n in range(500)]
    with service(settings, store, register, touched) as running:
        wait_until(lambda: subscribed(running))
        publish_all(broker.port, sent)
        wait_until(lambda: running.status().readings == 500)
        status = running.status()
    rows = [r for r in JournalReader(settings.journal.directory).read("w1") if not r.note]
    assert Counter((r.topic, r.payload) for r in rows) == Counter(sent)
    assert sorted(r.seq or 0 for r in store.kept.values()) == list(range(500))
    assert {"ZB-1"} == set().union(*touched)
    assert register.seen == {"ZB-1": "ql-express"}
    assert status.state == "running"
    assert status.mqtt == ("5" if isinstance(broker, Mosquitto) else "3.1.1")
    assert all(not report.problems for report in verify_journal(tmp_path / "journal", public=None))


def test_messages_published_while_no_worker_runs_are_there_when_it_comes_back(
    broker: Any, tmp_path: Path, store: MemoryStore, register: MemoryCustody
) -> None:
    settings, touched = settings_for(broker.port, tmp_path), list[frozenset[str]]()
    with service(settings, store, register, touched) as running:
        wait_until(lambda: subscribed(running))
    publish_all(broker.port, [(topic(), reading(n)) for n in range(300)])
    with service(settings, store, register, touched) as running:
        wait_until(lambda: running.status().readings == 300)


def test_a_reading_without_shipment_touches_the_one_its_box_carries(
    nats: EmbeddedBroker, tmp_path: Path, store: MemoryStore, register: MemoryCustody
) -> None:
    settings, touched = settings_for(nats.port, tmp_path), list[frozenset[str]]()
    packed = json.dumps({"shipment": "ZB-7", "event": "packed", "time": "2024-06-01T12:00:00Z"})
    with service(settings, store, register, touched) as running:
        wait_until(lambda: subscribed(running))
        publish_all(nats.port, [(topic("BX-7", "events"), packed.encode())])
        publish_all(nats.port, [(topic("BX-7"), reading(5, shipment=None))])
        wait_until(lambda: running.status().readings == 1)
        wait_until(lambda: len(touched) >= 1 and "ZB-7" in register.seen)
    assert set().union(*touched) == {"ZB-7"}


def test_bad_messages_are_acknowledged_kept_counted_and_do_not_take_others_with_them(
    nats: EmbeddedBroker, tmp_path: Path, store: MemoryStore, register: MemoryCustody
) -> None:
    settings = settings_for(nats.port, tmp_path)
    settings = settings.model_copy(
        update={"mqtt": settings.mqtt.model_copy(update={"max_payload_bytes": 2000})}
    )
    backlog = b"[" + b",".join([reading(1), b'{"logger":"LG-1"}', reading(2)]) + b"]"
    sent = [
        (topic(), b"{not json"),
        (topic(), b"\xff\x00\x80"),
        (topic(), backlog),
        (topic(), b'{"big":"' + b"x" * 3000 + b'"}'),
        (topic("BX-1", "weather"), reading(3)),
        ("coldchain/v1/-bad/BX-1/readings", reading(4)),
        (topic(), reading(5, time="2090-01-01T00:00:00Z")),
        (topic(), reading(6)),
    ]
    with service(settings, store, register, []) as running:
        wait_until(lambda: subscribed(running))
        publish_all(nats.port, sent)
        wait_until(lambda: running.status().stored_row == len(sent))
        counts = running.storing.progress.counts()
        refused = running.storing.progress.refusals()
    rows = [r for r in JournalReader(settings.journal.directory).read("w1") if not r.note]
    assert [(r.topic, r.payload) for r in rows] == sent
    assert sorted(r.seq or 0 for r in store.kept.values()) == [1, 2, 6]
    assert counts["oversized"] == 1
    assert counts["unknown_topic"] == 1
    assert counts["bad_id"] == 1
    assert counts["future_time"] == 1
    assert sum(counts.values()) == 7
    assert [q.part for q in refused if q.row == 3] == [1]


def test_a_store_that_is_down_stops_neither_journal_nor_acknowledgement(
    nats: EmbeddedBroker, tmp_path: Path, store: MemoryStore, register: MemoryCustody
) -> None:
    settings = settings_for(nats.port, tmp_path)
    store.down = True
    with service(settings, store, register, []) as running:
        wait_until(lambda: subscribed(running))
        publish_all(nats.port, [(topic(), reading(n)) for n in range(400)])
        wait_until(lambda: running.status().journalled == 400)
        assert running.status().readings == 0
        wait_until(lambda: "down for the test" in running.status().store_problem)
        store.down = False
        wait_until(lambda: running.status().readings == 400)
        wait_until(lambda: not running.status().store_problem)


def test_a_row_that_makes_the_store_fail_is_refused_alone(
    nats: EmbeddedBroker, tmp_path: Path, store: MemoryStore, register: MemoryCustody
) -> None:
    def cursed(one: Reading) -> bool:
        return one.seq == 33

    settings = settings_for(nats.port, tmp_path)
    store.broken_for = cursed
    with service(settings, store, register, []) as running:
        wait_until(lambda: subscribed(running))
        publish_all(nats.port, [(topic(), reading(n)) for n in range(100)])
        wait_until(lambda: running.status().stored_row == 100)
        assert running.storing.progress.counts() == {"internal": 1}
    assert sorted(r.seq or 0 for r in store.kept.values()) == [n for n in range(100) if n != 33]


def test_a_broker_that_is_killed_and_comes_back_loses_nothing(
    broker: Any, tmp_path: Path, store: MemoryStore, register: MemoryCustody
) -> None:
    settings = settings_for(broker.port, tmp_path)
    if isinstance(broker, EmbeddedBroker):
        broker.wanted_port = broker.port
    with service(settings, store, register, []) as running:
        wait_until(lambda: subscribed(running))
        with Publisher(broker.port) as publisher:
            publisher.publish((topic(), reading(n)) for n in range(300))
            publisher.wait()
            # What a broker acknowledged and had not yet handed on dies with its memory: no worker
            # can have that back, and whether any is left here is a race.
            wait_until(lambda: running.status().last_row >= 300)
            broker.kill()
            publisher.publish((topic(), reading(n)) for n in range(300, 600))
            broker.start()
            publisher.wait()
        wait_until(lambda: running.status().readings == 600, within_s=30)


def test_the_worker_says_on_its_health_topic_how_it_is_and_the_broker_when_it_is_lost(
    nats: EmbeddedBroker,
    tmp_path: Path,
    store: MemoryStore,
    register: MemoryCustody,
) -> None:
    heard: list[str] = []
    listener = mqtt.Client(CallbackAPIVersion.VERSION2, "listener")
    listener.on_message = lambda _c, _u, m: heard.append(json.loads(m.payload)["state"])
    listener.on_connect = lambda c, *_: c.subscribe("coldchain/v1/_workers/+/health", 1)
    listener.connect("127.0.0.1", nats.port)
    listener.loop_start()
    settings = settings_for(nats.port, tmp_path)
    with service(settings, store, register, []) as running:
        wait_until(lambda: heard[-1:] == ["running"])
        connection = cast("socket.socket", running.receiving.broker._client.socket())
        connection.shutdown(socket.SHUT_RDWR)
        wait_until(lambda: "lost" in heard)
        wait_until(lambda: heard[-1:] == ["running"])
    wait_until(lambda: heard[-1:] == ["stopped"])
    listener.disconnect()
    listener.loop_stop()
    assert JournalReader(settings.journal.directory).last_row("w1") == 0


def test_each_signed_head_stands_retained_as_a_checkpoint_up_to_the_last_row(
    nats: EmbeddedBroker, tmp_path: Path, store: MemoryStore, register: MemoryCustody
) -> None:
    settings = settings_for(nats.port, tmp_path)
    with service(settings, store, register, []) as running:
        wait_until(lambda: subscribed(running))
        publish_all(nats.port, [(topic(), reading(n)) for n in range(20)])
        wait_until(lambda: running.status().readings == 20)
    heard: list[bytes] = []
    listener = mqtt.Client(CallbackAPIVersion.VERSION2, "courier")
    listener.on_message = lambda _c, _u, m: heard.append(m.payload)
    listener.on_connect = lambda c, *_: c.subscribe("coldchain/v1/_heads/+", 1)
    listener.connect("127.0.0.1", nats.port)
    listener.loop_start()
    wait_until(lambda: len(heard) == 1)
    listener.disconnect()
    listener.loop_stop()
    folder = tmp_path / "journal"
    reports = verify_journal(folder, public=None)
    vouched, against = vouched_by_others(
        folder, reports, kept_elsewhere(heard[0], where="heard"), public=None
    )
    assert against == []
    assert [(one.worker, one.row) for one in vouched] == [("w1", 20)]


def test_a_session_that_another_client_takes_again_and_again_is_told_where_one_looks(
    mosquitto: Mosquitto,
    tmp_path: Path,
    store: MemoryStore,
    register: MemoryCustody,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = settings_for(mosquitto.port, tmp_path)
    monkeypatch.setattr("coldwitness.ingest.sides.HEALTH_EVERY_S", 0.2)
    with service(settings, store, register, []) as running:
        broker = running.receiving.broker
        for _ in range(4):
            assert broker.taken_over == ""
            wait_until(lambda: subscribed(running))
            before = broker.connection
            thief = mqtt.Client(
                CallbackAPIVersion.VERSION2, "coldwitness-ingest-w1", protocol=mqtt.MQTTv5
            )
            thief.connect("127.0.0.1", mosquitto.port)
            wait_until(lambda before=before: broker.connection > before)
        wait_until(lambda: broker.taken_over.startswith("session taken over"))
        assert running.receiving.problem == broker.taken_over
        wait_until(lambda: subscribed(running))
        wait_until(
            lambda: (
                "session taken over"
                in question_broker(settings.mqtt, Routes().filters(), worker="w1").worker
            )
        )


def test_a_broker_that_says_who_has_the_session_is_believed_at_once(tmp_path: Path) -> None:
    """Over a bare socket: of the brokers of this test bed none says it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        settings = settings_for(listening.getsockname()[1], tmp_path).mqtt
        connection = BrokerConnection(
            settings, worker="w1", topics=["a"], now_ms=lambda: 0, last_will=b""
        )
        broker = ThreadPoolExecutor(1).submit(_lets_in_and_says_taken_over, listening)
        wait_until(lambda: bool(connection.poll(0.1) or connection.taken_over))
        assert connection.last_problem.startswith("session taken over: another client connects")
        broker.result()


def _lets_in_and_says_taken_over(listening: socket.socket) -> None:
    with listening.accept()[0] as link:
        link.recv(4096)  # CONNECT
        link.sendall(bytes.fromhex("2003000000"))
        said = link.recv(4096)  # SUBSCRIBE
        link.sendall(bytes.fromhex("9004") + said[2:4] + bytes.fromhex("0001"))
        link.sendall(bytes.fromhex("e0028e00"))
