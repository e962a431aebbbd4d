"""Appending, reading, rolling over at midnight, sealing, resuming."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coldwitness.domain.errors import BadInput, ConfigError, Unavailable
from coldwitness.storage.journal import (
    Journal,
    JournalReader,
    Message,
    Signer,
    verify_journal,
)
from coldwitness.storage.journal import reader as reader_module
from coldwitness.storage.journal.layout import segments
from coldwitness.storage.journal.merkle import leaf_hash, verify_inclusion
from coldwitness.storage.journal.rows import kept_bytes, parse_row
from coldwitness.storage.journal.sealed import read_seal
from coldwitness.storage.journal.sealing import seal_segment
from coldwitness.storage.journal.segment import Head, SegmentMeta, read_head
from tests.journal.conftest import DAY_MS, NOON_MS, message, messages

Open = Callable[..., Journal]


def test_what_append_returned_is_read_back_in_order_with_every_field(
    tmp_path: Path, open_journal: Open
) -> None:
    odd = Message("a/\udcff/b", b"\x00\xff", NOON_MS + 5, qos=0, retain=True, dup=True)
    with open_journal() as journal:
        assert journal.append(messages(0, 700)) == range(1, 701)
        assert journal.append([odd]) == range(701, 702)
    rows = list(JournalReader(tmp_path).read("w1"))
    assert [row.row for row in rows] == list(range(1, 702))
    assert rows[3].payload == b'{"logger":"LG-1","seq":3}'
    last = rows[-1]
    assert (last.topic, last.payload, last.qos, last.retain, last.dup, last.note) == (
        odd.topic, odd.payload, 0, True, True, False,
    )  # fmt: skip
    assert parse_row(kept_bytes(last)) == last


def test_reading_goes_on_after_a_position_and_stops_at_a_limit(
    tmp_path: Path, open_journal: Open
) -> None:
    with open_journal() as journal:
        journal.append(messages(0, 50))
        reader = JournalReader(tmp_path)
        assert [r.row for r in reader.read("w1", after=47)] == [48, 49, 50]
        assert [r.row for r in reader.read("w1", after=10, limit=2)] == [11, 12]
        assert list(reader.read("w1", after=50)) == []
        assert reader.row("w1", 50).row == 50
        assert reader.last_row("w1") == 50
        with pytest.raises(BadInput, match="no row 51"):
            reader.row("w1", 51)


def test_numbering_goes_on_over_restarts_and_days(tmp_path: Path, open_journal: Open) -> None:
    with open_journal() as journal:
        journal.append(messages(0, 3))
    with open_journal() as journal:
        assert journal.append(messages(3, 2)) == range(4, 6)
        assert journal.append(messages(5, 2, received_ms=NOON_MS + DAY_MS)) == range(6, 8)
    reader = JournalReader(tmp_path)
    assert [row.row for row in reader.read("w1")] == list(range(1, 8))
    first, second = segments(tmp_path, "w1")
    assert (first.state, second.state) == ("sealed", "open")
    assert [row.row for row in reader.read("w1", after=4, limit=2)] == [5, 6]


def test_a_batch_over_midnight_is_split_by_day(tmp_path: Path, open_journal: Open) -> None:
    midnight = NOON_MS + DAY_MS // 2
    with open_journal() as journal:
        assert journal.append(messages(0, 10, received_ms=midnight - 5)) == range(1, 11)
    first, second = segments(tmp_path, "w1")
    assert read_seal(first.seal).last_row == 5
    assert read_head(second.database)[0].first_row == 6
    assert read_head(second.database)[0].previous_chain == read_seal(first.seal).chain


def test_receive_times_in_the_journal_never_run_backwards(
    tmp_path: Path, open_journal: Open
) -> None:
    with open_journal() as journal:
        journal.append([message(1, received_ms=NOON_MS)])
        journal.append([message(2, received_ms=NOON_MS - DAY_MS)])
    assert [row.received_ms for row in JournalReader(tmp_path).read("w1")] == [NOON_MS, NOON_MS]


def test_a_sealed_day_reads_the_same_as_it_did_open(
    tmp_path: Path, open_journal: Open, signer: Signer
) -> None:
    with open_journal() as journal:
        journal.append(messages(0, 10_000))
        before = list(JournalReader(tmp_path).read("w1"))
        journal.append(messages(10_000, 1, received_ms=NOON_MS + DAY_MS))
    segment = segments(tmp_path, "w1")[0]
    assert segment.state == "sealed"
    assert not segment.database.exists()
    assert list(JournalReader(tmp_path).read("w1", limit=10_000)) == before
    assert read_seal(segment.seal).holds(signer.public)
    assert len(read_seal(segment.seal).blocks) == 3


def test_a_journal_left_open_on_an_old_day_is_sealed_when_a_new_day_begins(
    tmp_path: Path, open_journal: Open
) -> None:
    with open_journal() as journal:
        journal.append(messages(0, 3))
    with open_journal() as journal:
        journal.tick()
        journal.append(messages(3, 1, received_ms=NOON_MS + 3 * DAY_MS))
    assert [s.state for s in segments(tmp_path, "w1")] == ["sealed", "open"]
    assert [r.row for r in JournalReader(tmp_path).read("w1")] == [1, 2, 3, 4]
    assert all(not report.problems for report in verify_journal(tmp_path, public=None))


def test_messages_do_not_wait_for_the_sealing_of_days_that_are_over(
    tmp_path: Path, open_journal: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = threading.Event()

    def seal_slowly(*given: Any) -> None:
        assert slow.wait(60)
        seal_segment(*given)

    monkeypatch.setattr("coldwitness.storage.journal.journal.seal_segment", seal_slowly)
    with open_journal() as journal:
        for day in range(4):
            journal.append(messages(day * 3, 3, received_ms=NOON_MS + day * DAY_MS))
        assert journal.last_row == 12
        assert [s.state for s in segments(tmp_path, "w1")] == ["open"] * 4
        slow.set()
    assert [s.state for s in segments(tmp_path, "w1")] == ["sealed"] * 3 + ["open"]
    assert all(not report.problems for report in verify_journal(tmp_path, public=None))


def test_a_worker_name_in_use_is_refused_and_another_is_not(open_journal: Open) -> None:
    busy = pytest.raises(ConfigError, match="'w1' is in use by process")
    with open_journal("w1"), open_journal("w2"), busy:
        open_journal("w1")
    open_journal("w1").close()


def test_a_redelivery_of_what_is_kept_is_left_out_and_a_second_saying_is_not(
    open_journal: Open,
) -> None:
    with open_journal() as journal:
        journal.append([message(1), message(2)])
        again = [message(2, dup=True), message(3, dup=True), message(3, dup=True), message(1)]
        assert journal.not_yet_kept(again) == [again[1], again[3]]
    with open_journal() as journal:
        assert journal.not_yet_kept([message(2, dup=True)]) == []


def test_rows_are_proved_to_an_outsider_from_open_and_sealed_days(
    tmp_path: Path, open_journal: Open
) -> None:
    with open_journal() as journal:
        journal.append(messages(0, 100))
        journal.append(messages(100, 5, received_ms=NOON_MS + DAY_MS))
    proofs = JournalReader(tmp_path).proofs("w1", [7, 100, 103])
    assert [proof.row for proof in proofs] == [7, 100, 103]
    sealed_root = read_seal(segments(tmp_path, "w1")[0].seal).merkle_root
    assert [proof.root.hex() == sealed_root for proof in proofs] == [True, True, False]
    for proof in proofs:
        assert verify_inclusion(
            leaf_hash(proof.entry), index=proof.index, size=proof.size, proof=proof.path,
            root=proof.root,
        )  # fmt: skip
        assert parse_row(proof.entry).row == proof.row
    with pytest.raises(BadInput, match="no row 106"):
        JournalReader(tmp_path).proofs("w1", [106])


def test_stats_name_each_segment(tmp_path: Path, open_journal: Open) -> None:
    with open_journal() as journal:
        journal.append(messages(0, 100))
        journal.append(messages(100, 5, received_ms=NOON_MS + DAY_MS))
    first, second = JournalReader(tmp_path).stats()
    assert (first.day, first.state, first.first_row, first.last_row) == (
        "2024-06-01", "sealed", 1, 100,
    )  # fmt: skip
    assert (second.day, second.state, second.first_row, second.last_row) == (
        "2024-06-02", "open", 101, 105,
    )  # fmt: skip
    assert first.bytes > 0


def test_a_day_that_is_sealed_while_it_is_looked_at_is_read(
    tmp_path: Path, open_journal: Open, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_journal() as journal:
        journal.append(messages(0, 3))
    (day,) = segments(tmp_path, "w1")
    read = reader_module.read_head

    def sealed_before_it_is_opened(path: Path) -> tuple[SegmentMeta, Head]:
        seal_segment(day, signer)
        return read(path)

    monkeypatch.setattr(reader_module, "read_head", sealed_before_it_is_opened)
    reader = JournalReader(tmp_path)
    assert reader.last_row("w1") == 3
    monkeypatch.setattr(reader_module, "read_head", read)
    assert [row.row for row in reader.rows_at("w1", [1, 3])] == [1, 3]


def test_a_day_that_cannot_be_opened_is_no_empty_one(
    tmp_path: Path, open_journal: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_journal() as journal:
        journal.append(messages(0, 3))

    def fails(path: Path) -> tuple[SegmentMeta, Head]:
        raise Unavailable(f"journal {path}: disk I/O error")

    monkeypatch.setattr(reader_module, "read_head", fails)
    with pytest.raises(Unavailable, match="disk I/O error"):
        JournalReader(tmp_path).last_row("w1")
