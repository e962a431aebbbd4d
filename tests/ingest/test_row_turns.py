"""Rows by turns: every sender's share, each one's order, and a cursor that passes nothing."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.ingest import row_turns
from coldwitness.ingest.row_turns import RowTurns
from coldwitness.storage.journal import Journal, JournalReader, Message, Outline, Row, Signer

T0 = 1_795_219_200_000
DAY_MS = 86_400_000


class Rows:
    """A journal in memory: who sent each row, and when."""

    def __init__(self, said: list[tuple[str, int]], *, first: int = 1) -> None:
        self.rows = [
            Row("w1", first + n, T0 + day * DAY_MS, sender, b"1", 1, False, False, False)
            for n, (sender, day) in enumerate(said)
        ]

    def read(self, worker: str, *, after: int, limit: int) -> Iterator[Row]:
        return (row for row in [r for r in self.rows if r.row > after][:limit])

    def outlines(self, worker: str, *, after: int, limit: int) -> Iterator[Outline]:
        for row in self.read(worker, after=after, limit=limit):
            yield Outline(row.row, row.received_ms, row.topic, len(row.payload))

    def rows_at(self, worker: str, rows: list[int]) -> Iterator[Row]:
        wanted = set(rows)
        return (row for row in self.rows if row.row in wanted)

    def turns(self) -> RowTurns:
        return RowTurns(self, "w1", cursor=0, sender_of=str)  # type: ignore[arg-type]


def all_given(turns: RowTurns, *, most: int) -> list[list[Row]]:
    given_rows = []
    while rows := turns.next(most=most):
        assert turns.next(most=most) == rows, "the same until they are stored"
        given_rows.append(rows)
        turns.stored()
    return given_rows


def test_few_rows_are_given_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = Rows([("a", 0), ("b", 0), ("a", 0)]).turns()
    (rows,) = all_given(turns, most=4)
    assert [row.row for row in rows] == [1, 2, 3]
    assert turns.cursor == 3


def test_behind_a_flood_another_sender_is_in_the_first_batch() -> None:
    turns = Rows([("flood", 0)] * 1000 + [("honest", 0)] * 3).turns()
    first, *_ = all_given(turns, most=10)
    assert [row.row for row in first] == [1, 2, 3, 4, 5, 6, 7, 1001, 1002, 1003]
    assert turns.cursor == 1003


def test_the_cursor_never_passes_a_row_that_is_not_stored() -> None:
    turns = Rows([("flood", 0)] * 100 + [("honest", 0)] * 3).turns()
    turns.next(most=10)
    assert turns.then() == (7, [("2026-11-21", 1, 7)])
    turns.stored()
    assert turns.cursor == 7


def test_a_message_larger_than_its_share_is_given_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(row_turns, "BATCH_BYTES", 1)
    rows = all_given(Rows([("a", 0), ("b", 0), ("a", 0)]).turns(), most=10)
    assert sorted(row.row for batch in rows for row in batch) == [1, 2, 3]


def test_beyond_the_look_ahead_a_sender_waits_until_the_flood_before_it_is_stored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(row_turns, "LOOK_AHEAD_ROWS", 50)
    batches = all_given(Rows([("flood", 0)] * 100 + [("honest", 0)]).turns(), most=10)
    place = [n for n, batch in enumerate(batches) if any(row.topic == "honest" for row in batch)]
    assert place == [6]


@settings(deadline=None, max_examples=200)
@given(
    said=st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from([0, 0, 0, 1])), max_size=60),
    most=st.integers(1, 12),
    first=st.sampled_from([1, 7]),
)
def test_all_rows_are_given_once_each_senders_in_order_and_every_day_is_covered(
    said: list[tuple[str, int]], most: int, first: int
) -> None:
    day = 0
    days = [(sender, day := day + step) for sender, step in said]
    journal = Rows(days, first=first)
    turns = journal.turns()
    given_rows: list[Row] = []
    covered: dict[str, set[int]] = {}
    while rows := turns.next(most=most):
        given_rows += rows
        cursor, passed = turns.then()
        done = {row.row for row in given_rows}
        assert all(row.row in done for row in journal.rows if row.row <= cursor)
        if turns.in_order:
            passed = [("", rows[0].row, rows[-1].row)]
        for _, start, end in passed:
            covered.setdefault("", set()).update(range(start, end + 1))
        turns.stored()
        assert turns.cursor == cursor
    assert sorted(row.row for row in given_rows) == [row.row for row in journal.rows]
    assert covered.get("", set()) == {row.row for row in journal.rows}
    for sender in "abcd":
        mine = [row.row for row in given_rows if row.topic == sender]
        assert mine == sorted(mine)


def test_outlines_and_runs_of_a_journal_are_its_rows(tmp_path: Path, signer: Signer) -> None:
    with Journal(tmp_path, worker="w1", signer=signer) as journal:
        journal.append([Message(f"t/{n}", b"x" * n, T0 + n) for n in range(20)])
        reader = JournalReader(tmp_path)
        outlines = list(reader.outlines("w1", after=3, limit=5))
        assert [(one.row, one.topic, one.payload_bytes) for one in outlines] == [
            (row, f"t/{row - 1}", row - 1) for row in range(4, 9)
        ]
        wanted = [2, 3, 4, 9, 11, 12, 20, 21]
        assert [row.row for row in reader.rows_at("w1", wanted)] == wanted[:-1]
