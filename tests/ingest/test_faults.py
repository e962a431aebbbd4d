"""Killed, full, slow, away, down: nothing accepted is lost, and nothing is kept twice."""

import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from coldwitness.domain.errors import Unavailable
from coldwitness.ingest.acknowledging import Receiver
from coldwitness.ingest.mqtt.broker import BrokerConnection
from coldwitness.ingest.mqtt.health import health_payload
from coldwitness.ingest.sides import ReceivingSide
from coldwitness.storage.journal import Journal, JournalReader, Message, PartlyKept, Signer
from tests.ingest.conftest import (
    MemoryCustody,
    MemoryStore,
    Mosquitto,
    settings_for,
    shipped_limits,
    wait_until,
)
from tests.ingest.killing import kill_at_random
from tests.ingest.publishing import Publisher, publish_all, reading, topic
from tests.ingest.test_service import service, subscribed
from tests.ingest.wall_clock import Wall

KILLS = {"mosquitto": 6, "nats": 2}
"""nats-server sends unacknowledged messages again after its ack_wait only: each kill takes that."""


def test_killed_at_random_moments_every_accepted_message_is_in_the_journal_once(
    broker: Any, tmp_path: Path
) -> None:
    kills = KILLS["mosquitto" if isinstance(broker, Mosquitto) else "nats"]
    outcome = kill_at_random(broker.port, tmp_path / "journal", kills=kills, seed=20261122)
    assert outcome.published > 150
    assert (outcome.missing, outcome.doubled, outcome.problems) == (0, 0, 0)
    assert outcome.rows == outcome.published


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_killed_at_200_random_moments(broker: Any, tmp_path: Path) -> None:
    outcome = kill_at_random(broker.port, tmp_path / "journal", kills=200, seed=1, rate_per_s=400.0)
    assert (outcome.missing, outcome.doubled, outcome.problems) == (0, 0, 0)
    assert outcome.rows == outcome.published


@pytest.mark.soak
def test_a_burst_of_30000_for_an_absent_worker_is_kept_by_the_shipped_mosquitto(
    mosquitto: Mosquitto, tmp_path: Path, store: MemoryStore, register: MemoryCustody
) -> None:
    settings = settings_for(mosquitto.port, tmp_path)
    with service(settings, store, register, []) as running:
        wait_until(lambda: subscribed(running))
    publish_all(mosquitto.port, [(topic(f"BX-{n % 100}"), reading(n)) for n in range(30_000)])
    with service(settings, store, register, []) as running:
        wait_until(lambda: running.status().journalled == 30_000, within_s=60)
        wait_until(lambda: running.status().readings == 30_000, within_s=60)


def test_a_burst_waits_an_hour_by_the_brokers_clock_for_a_worker_that_is_away(
    tmp_path: Path,
) -> None:
    wall = Wall(tmp_path)
    limits = shipped_limits() + "\nallow_anonymous true"
    with Mosquitto(tmp_path / "mosquitto", limits, environment=wall.environment()) as broker:
        settings = settings_for(broker.port, tmp_path)
        receiving = ReceivingSide(settings)
        receiving.start()
        wait_until(lambda: receiving.broker.connected)
        receiving.stop()
        publish_all(broker.port, [(topic(f"BX-{n % 100}"), reading(n)) for n in range(3000)])
        wall.set("+3600")
        time.sleep(1.5)  # the broker looks at what has expired once a second
        again = ReceivingSide(settings)
        again.start()
        wait_until(lambda: again.receiver.counts.journalled == 3000, within_s=60)
        again.stop()
    kept = {row.payload for row in JournalReader(tmp_path / "journal").read("w1")}
    assert kept == {reading(n) for n in range(3000)}


def test_a_burst_of_30000_is_kept_for_a_worker_whose_journal_is_slow(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    receiving = ReceivingSide(settings_for(mosquitto.port, tmp_path))
    quick, published, groups = receiving.journal.append, threading.Event(), []

    def slow(messages: Any) -> range:
        groups.append(len(messages))
        assert len(groups) <= 3 or published.wait(60)
        return quick(messages)

    monkeypatch.setattr(receiving.journal, "append", slow)
    receiving.start()
    try:
        wait_until(lambda: receiving.broker.connected)
        publish_all(mosquitto.port, [(topic(f"BX-{n % 100}"), reading(n)) for n in range(30_000)])
        assert receiving.receiver.counts.journalled < 15_000
        published.set()
        wait_until(lambda: receiving.receiver.counts.journalled == 30_000, within_s=60)
    finally:
        published.set()
        receiving.stop()
    rows = Counter(row.payload for row in JournalReader(tmp_path / "journal").read("w1"))
    assert rows == Counter(reading(n) for n in range(30_000))


def test_stock_mosquitto_would_have_lost_most_of_such_a_burst(tmp_path: Path) -> None:
    """Why a configuration is shipped, and that this test bench would notice a loss."""
    with Mosquitto(tmp_path / "stock", "allow_anonymous true") as broker:
        settings = settings_for(broker.port, tmp_path)
        receiving = ReceivingSide(settings)
        receiving.start()
        wait_until(lambda: receiving.broker.connected)
        receiving.stop()
        publish_all(broker.port, [(topic(), reading(n)) for n in range(3000)])
        again = ReceivingSide(settings)
        again.start()
        wait_until(
            lambda: again.journal.last_row >= 900,
            within_s=30,
            saying=lambda: f"{again.journal.last_row} rows, {again.problem}, {broker.log()}",
        )
        time.sleep(0.5)  # whatever else the broker has kept comes at once
        again.stop()
        assert again.journal.last_row < 1200


class FullDisk:
    """A journal whose disk has no room while `full` is set."""

    def __init__(self, journal: Journal) -> None:
        self._append = journal.append
        self.full = threading.Event()
        self.tries = 0

    def append(self, messages: Any) -> range:
        if self.full.is_set():
            self.tries += 1
            raise Unavailable("journal: database or disk is full")
        return self._append(messages)


def test_while_the_journal_has_no_room_nothing_is_acknowledged_and_then_all_is_kept(
    broker: Any,
    tmp_path: Path,
    store: MemoryStore,
    register: MemoryCustody,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    settings = settings_for(broker.port, tmp_path)
    with service(settings, store, register, []) as running:
        disk = FullDisk(running.receiving.journal)
        monkeypatch.setattr(running.receiving.journal, "append", disk.append)
        wait_until(lambda: subscribed(running))
        publish_all(broker.port, [(topic(), reading(n)) for n in range(100)])
        wait_until(lambda: running.status().journalled == 100)
        disk.full.set()
        publish_all(broker.port, [(topic(), reading(n)) for n in range(100, 1500)])
        wait_until(lambda: running.status().state == "not_acknowledging")
        wait_until(lambda: disk.tries >= 2)
        assert running.status().journalled == 100
        assert "disk is full" in running.status().problem
        disk.full.clear()
        wait_until(lambda: running.status().journalled == 1500, within_s=30)
        wait_until(lambda: running.status().state == "running")
    rows = Counter(r.payload for r in JournalReader(tmp_path / "journal").read("w1"))
    assert len(rows) == 1500
    assert set(rows.values()) == {1}


def test_too_much_waiting_for_room_is_given_back_to_the_broker(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coldwitness.ingest.acknowledging.MOST_WAITING", 500)
    receiving = ReceivingSide(settings_for(mosquitto.port, tmp_path))
    disk = FullDisk(receiving.journal)
    monkeypatch.setattr(receiving.journal, "append", disk.append)
    receiving.start()
    try:
        wait_until(lambda: receiving.broker.connected)
        disk.full.set()
        publish_all(mosquitto.port, [(topic(), reading(n)) for n in range(3000)])
        wait_until(lambda: receiving.broker.last_problem == "the journal takes no messages")
        disk.full.clear()
        wait_until(lambda: receiving.receiver.counts.journalled == 3000, within_s=60)
    finally:
        receiving.stop()
    rows = Counter(r.payload for r in JournalReader(tmp_path / "journal").read("w1"))
    assert len(rows) == 3000
    assert set(rows.values()) == {1}


def test_a_batch_over_midnight_of_which_half_failed_is_kept_once(
    tmp_path: Path, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = settings_for(1, tmp_path)
    noon = 1_717_243_200_000
    with Journal(tmp_path / "journal", worker="w1", signer=signer) as journal:
        broker = BrokerConnection(
            settings.mqtt, worker="w1", topics=[], now_ms=lambda: 0,
            last_will=health_payload(worker="w1", state="lost"),
        )  # fmt: skip
        receiver = Receiver(broker, journal, settings.journal)
        broker._client.inbox = [
            Message(topic(), reading(n), noon + n * 43_200_000) for n in range(3)
        ]
        broker._client.packet_ids = [b""] * 3
        whole = journal.append

        def half(messages: Any) -> range:
            whole(messages[:2])
            raise PartlyKept("disk full", 2)

        monkeypatch.setattr(journal, "append", half)
        receiver._take_all()
        receiver._commit()
        monkeypatch.setattr(journal, "append", whole)
        receiver._commit()
        assert receiver.counts.journalled == 1
    rows = [r.payload for r in JournalReader(tmp_path / "journal").read("w1")]
    assert rows == [reading(n) for n in range(3)]


def test_two_workers_share_the_load_and_keep_each_message_once(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    workers = [
        ReceivingSide(settings_for(mosquitto.port, tmp_path, worker=name, shared_group="ingest"))
        for name in ("w1", "w2")
    ]
    for worker in workers:
        worker.start()
    wait_until(lambda: all(worker.broker.connected for worker in workers))
    sent = [(topic(f"BX-{n % 50}"), reading(n)) for n in range(2000)]
    publish_all(mosquitto.port, sent)
    wait_until(lambda: sum(w.receiver.counts.journalled for w in workers) == 2000)
    shares = [worker.receiver.counts.journalled for worker in workers]
    for worker in workers:
        worker.stop()
    assert min(shares) > 200
    kept = Counter(r.payload for r in JournalReader(tmp_path / "journal").read_all())
    assert kept == Counter(payload for _, payload in sent)


def test_a_slow_store_slows_nothing_but_itself(
    nats: Any,
    tmp_path: Path,
    store: MemoryStore,
    register: MemoryCustody,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gate = threading.Event()
    quick = store.append

    def slow(readings: Any, received_ms: Any) -> Any:
        gate.wait(20)
        return quick(readings, received_ms)

    monkeypatch.setattr(store, "append", slow)
    with service(settings_for(nats.port, tmp_path), store, register, []) as running:
        wait_until(lambda: subscribed(running))
        with Publisher(nats.port) as publisher:
            publisher.publish((topic(), reading(n)) for n in range(1000))
            publisher.wait()
        wait_until(lambda: running.status().journalled == 1000)
        assert running.status().readings == 0
        gate.set()
        wait_until(lambda: running.status().readings == 1000)
