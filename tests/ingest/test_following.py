"""From the journal into the stores: batches, their bounds, and who is told."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from coldwitness.domain.errors import Unavailable
from coldwitness.ingest.following import JournalFollower
from coldwitness.ingest.progress import Progress
from coldwitness.ingest.routes import Routes
from coldwitness.storage.journal import Journal, JournalReader, Message, Signer
from tests.ingest.conftest import MemoryCustody, MemoryStore
from tests.ingest.publishing import reading, topic

START_MS = 1_717_243_200_000


def follower_of(
    directory: Path, store: MemoryStore, register: MemoryCustody, **more: Any
) -> JournalFollower:
    return JournalFollower(
        JournalReader(directory),
        Progress(directory, "w1"),
        Routes(),
        store=store,
        custody=register,
        future_tolerance_s=1e9,
        **more,
    )


def test_large_messages_are_stored_in_batches_bounded_by_their_bytes(
    tmp_path: Path,
    signer: Signer,
    store: MemoryStore,
    register: MemoryCustody,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def backlog(first: int) -> bytes:
        return b"[" + b",".join(reading(n) for n in range(first, first + 100)) + b"]"

    with Journal(tmp_path, worker="w1", signer=signer) as journal:
        journal.append([Message(topic(), backlog(n * 100), START_MS) for n in range(10)])
    monkeypatch.setattr("coldwitness.ingest.row_turns.BATCH_BYTES", 3 * len(backlog(0)))
    follower = follower_of(tmp_path, store, register)
    assert [follower.step() for _ in range(5)] == [3, 3, 3, 1, 0]
    assert store.batches == [300, 300, 300, 100]
    assert len(store.kept) == 1000


def test_a_batch_of_which_nobody_could_be_told_is_stored_and_told_again(
    tmp_path: Path, signer: Signer, store: MemoryStore, register: MemoryCustody
) -> None:
    told: list[Mapping[str, str | None]] = []

    def tell(shipments: Mapping[str, str | None]) -> None:
        told.append(shipments)
        if len(told) == 1:
            raise Unavailable("register: down for the test")

    packed = b'{"shipment":"ZB-7","event":"packed","time":1717243200000}'
    with Journal(tmp_path, worker="w1", signer=signer) as journal:
        journal.append([Message(topic("BX-7", "events"), packed, START_MS)])
        journal.append([Message(topic(), reading(1), START_MS)])
    follower = follower_of(tmp_path, store, register, on_touched=tell)
    with pytest.raises(Unavailable):
        follower.step()
    assert follower.cursor == 0
    assert follower.step() == 2
    assert told == [{"ZB-1": "w1/2", "ZB-7": "w1/1"}] * 2
    assert len(store.kept) == len(register.events_kept) == 1
