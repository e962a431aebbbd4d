"""What somebody without the key can do to rows and heads together is found, and never signed on."""

import random
import shutil
import sqlite3
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coldwitness.config.settings import JournalSettings
from coldwitness.domain.errors import BadInput, ConfigError
from coldwitness.storage.journal import (
    Journal,
    KeptElsewhere,
    Signer,
    kept_elsewhere,
    layout,
    verify_journal,
)
from coldwitness.storage.journal import journal as journal_module
from coldwitness.storage.journal.heads import SignedHead, read_heads
from coldwitness.storage.journal.layout import Segment, segments
from coldwitness.storage.journal.merkle import Frontier, leaf_hash
from coldwitness.storage.journal.rows import row_bytes
from coldwitness.storage.journal.segment import SegmentWriter, read_chained, read_head
from tests.journal.conftest import DAY_MS, NOON_MS, messages

Open = Callable[..., Journal]


def texts(folder: Path, signer: Signer, *outside: SignedHead) -> list[str]:
    reports = verify_journal(folder, public=signer.public, outside=outside)
    return [problem.text for report in reports for problem in report.problems]


@pytest.fixture
def runs(tmp_path: Path, open_journal: Open) -> Segment:
    """One open day of 30 rows, signed in three runs: four heads."""
    for run in range(3):
        with open_journal() as journal:
            journal.append(messages(10 * run, 10))
    return segments(tmp_path, "w1")[0]


def rewrite(segment: Segment, *, row: int, rows: int) -> None:
    """Another payload in `row`, everything after `rows` cut, and chain, tree and head to match:
    nothing secret is needed for that."""
    meta, _ = read_head(segment.database)
    chain, frontier = meta.seed(), Frontier()
    connection = sqlite3.connect(segment.database)
    with connection:
        connection.execute("DELETE FROM message WHERE row > ?", (rows,))
        connection.execute("UPDATE message SET payload = x'AA' WHERE row = ?", (row,))
        for stored, _ in list(read_chained(connection, meta, after=0)):
            leaf = leaf_hash(row_bytes(stored))
            chain = sha256(chain + leaf).digest()
            frontier.push(leaf)
            connection.execute("UPDATE message SET chain = ? WHERE row = ?", (chain, stored.row))
        peaks = b"".join(frontier.peaks)
        connection.execute("UPDATE head SET row = ?, chain = ?, peaks = ?", (rows, chain, peaks))
    connection.close()


def test_heads_are_counted_and_each_names_the_one_before(
    tmp_path: Path, runs: Segment, open_journal: Open, signer: Signer
) -> None:
    with open_journal() as journal:
        journal.append(messages(30, 5, received_ms=NOON_MS + DAY_MS))
    heads = [h for day in segments(tmp_path, "w1") for h in read_heads(day.heads)[0]]
    assert [(head.number, head.row) for head in heads] == [
        (1, 0),
        (2, 10),
        (3, 20),
        (4, 30),
        (5, 30),
        (6, 35),
    ]
    assert [h.previous for h in heads[1:]] == [h.digest() for h in heads[:-1]]
    assert texts(tmp_path, signer) == []


@pytest.mark.parametrize("left", [1, 40, -2, -1, 0])
def test_a_head_that_a_power_cut_tore_is_no_fault_and_makes_room_for_the_next(
    tmp_path: Path, runs: Segment, open_journal: Open, signer: Signer, left: int
) -> None:
    """left : bytes of the last line that are there, or are not."""
    *before, last = runs.heads.read_bytes().splitlines()
    runs.heads.write_bytes(b"\n".join([*before, last[: len(last) + left if left <= 0 else left]]))
    assert texts(tmp_path, signer) == []
    with open_journal() as journal:
        journal.append(messages(30, 10))
    heads, unreadable = read_heads(runs.heads)
    assert (len(heads), unreadable) == (5 if left == 0 else 4, [])
    assert [head.number for head in heads] == [*range(1, len(heads) + 1)]
    assert texts(tmp_path, signer) == []


def test_a_whole_line_that_is_no_head_is_a_fault_and_stays(
    tmp_path: Path, runs: Segment, open_journal: Open, signer: Signer
) -> None:
    runs.heads.write_bytes(runs.heads.read_bytes() + b"{\n")
    for run in range(2):
        (said,) = texts(tmp_path, signer)
        assert said.endswith("line 5 is no signed head"), run
        with open_journal() as journal:
            journal.append(messages(30 + 10 * run, 10))


def test_an_open_day_rewritten_with_its_heads_deleted_is_found_and_not_signed_on(
    tmp_path: Path, runs: Segment, open_journal: Open, signer: Signer
) -> None:
    rewrite(runs, row=5, rows=30)
    runs.heads.unlink()
    assert any("no signed head" in text for text in texts(tmp_path, signer))
    with pytest.raises(ConfigError, match="no signed head"):
        open_journal()


def test_rows_put_back_to_an_earlier_head_with_later_heads_kept_are_not_signed_on(
    tmp_path: Path, runs: Segment, open_journal: Open, signer: Signer
) -> None:
    rewrite(runs, row=25, rows=30)
    assert any("are not those that were signed" in text for text in texts(tmp_path, signer))
    with pytest.raises(ConfigError, match=r"row 30 .* is not the one that was signed"):
        open_journal()
    rewrite(runs, row=5, rows=20)
    with pytest.raises(ConfigError, match="rows end before row 30"):
        open_journal()


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        ([0, 1, 3], "heads 3 to 3 are missing"),
        ([3], "heads 1 to 3 are missing"),
        ([0, 1, 2, 2, 3], "a second head 3"),
    ],
)
def test_a_head_left_out_or_put_in_twice_is_found(
    tmp_path: Path, runs: Segment, signer: Signer, kept: list[int], said: str
) -> None:
    lines = runs.heads.read_bytes().splitlines(keepends=True)
    runs.heads.write_bytes(b"".join(lines[i] for i in kept))
    assert any(said in text for text in texts(tmp_path, signer))


def test_the_heads_of_a_sealed_day_cannot_be_taken_away(
    tmp_path: Path, open_journal: Open, signer: Signer
) -> None:
    with open_journal() as journal:
        for day in range(3):
            journal.append(messages(10 * day, 10, received_ms=NOON_MS + day * DAY_MS))
    segments(tmp_path, "w1")[1].heads.unlink()
    assert any("heads 3 to 4 are missing" in text for text in texts(tmp_path, signer))


@pytest.mark.parametrize("sealed", [False, True])
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("later_days", [0, 1])
def test_a_worker_killed_before_the_first_row_of_a_day_goes_on_and_the_chain_holds(
    tmp_path: Path,
    runs: Segment,
    open_journal: Open,
    signer: Signer,
    monkeypatch: pytest.MonkeyPatch,
    sealed: bool,
    signed: bool,
    later_days: int,
) -> None:
    """sealed : whether the day before was sealed when it was killed. A thread that seals ends with
    its process, so none may go on here."""

    class Killed(BaseException):
        pass

    def killed(*_: object, **__: object) -> None:
        raise Killed

    place = SegmentWriter if signed else journal_module
    monkeypatch.setattr(place, "append" if signed else "sign_head", killed)
    if not sealed:
        monkeypatch.setattr(Journal, "_seal_beside", lambda *_: None)
    journal = open_journal()
    journal.close = lambda: None  # type: ignore[method-assign]
    with pytest.raises(Killed):
        journal.append(messages(30, 5, received_ms=NOON_MS + DAY_MS))
    if journal._sealing is not None:
        journal._sealing.join()
    journal._lock.close()  # what the kernel does
    monkeypatch.undo()
    with open_journal() as journal:
        assert journal.last_row == 30
        journal.append(messages(30, 5, received_ms=NOON_MS + (1 + later_days) * DAY_MS))
    with open_journal() as journal:
        assert journal.last_row == 35
        journal.append(messages(35, 5, received_ms=NOON_MS + 3 * DAY_MS))
    assert texts(tmp_path, signer) == []


def test_a_damaged_day_before_the_last_does_not_stop_the_worker(
    tmp_path: Path, open_journal: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Journal, "_seal_beside", lambda *_: None)
    for day in range(3):
        with open_journal() as journal:
            journal.append(messages(10 * day, 10, received_ms=NOON_MS + day * DAY_MS))
    segments(tmp_path, "w1")[0].database.write_bytes(b"no database")
    with open_journal() as journal:
        assert journal.last_row == 30


def test_100_of_100_rewrites_are_found_by_a_head_that_somebody_else_kept(
    tmp_path: Path, runs: Segment, open_journal: Open, signer: Signer
) -> None:
    """The operator has the key: the whole history is made anew and signed again."""
    outside = read_heads(runs.heads)[0][-1]
    draw, rows = random.Random(14), 30
    for case in range(100):
        folder, cut = tmp_path / f"case{case}", draw.choice([rows, draw.randrange(1, rows)])
        hidden = draw.randrange(0, cut)
        with Journal(folder, worker="w1", signer=signer) as journal:
            said = messages(0, cut)
            said[hidden] = msgspec.structs.replace(said[hidden], payload=b"cool")
            journal.append(said)
        assert texts(folder, signer) == []
        assert texts(folder, signer, outside), case
        shutil.rmtree(folder)
    assert texts(tmp_path, signer, outside) == []


def test_a_journal_that_is_gone_is_found_by_a_head_kept_elsewhere(
    tmp_path: Path, runs: Segment, signer: Signer
) -> None:
    outside = read_heads(runs.heads)[0][-1]
    shutil.rmtree(runs.folder)
    assert any("rows and seal are gone" in text for text in texts(tmp_path, signer, outside))


def test_heads_kept_elsewhere_are_read_alone_or_in_a_health_message(runs: Segment) -> None:
    line = runs.heads.read_bytes().splitlines()[-1]
    (alone,) = kept_elsewhere(line, where="kept").heads
    health = b'{"worker":"w1","signed_head":' + line + b"}\n"
    assert kept_elsewhere(health, where="kept") == KeptElsewhere(heads=(alone,))
    nothing_yet = b'{"worker":"w2","signed_head":null,"checkpoint":null}\n'
    assert kept_elsewhere(health + nothing_yet, where="kept").heads == (alone,)
    with pytest.raises(BadInput, match="line 1 is no signed head"):
        kept_elsewhere(b"{}", where="kept")
    with pytest.raises(BadInput, match="no signed note"):
        kept_elsewhere(b"\n", where="kept")
    with pytest.raises(BadInput, match="no signed head in it"):
        kept_elsewhere(nothing_yet, where="kept")


def test_a_missing_or_exchanged_key_stops_the_start_where_there_is_a_journal(
    tmp_path: Path,
) -> None:
    settings = JournalSettings(directory=tmp_path)
    with Journal.open(settings) as journal:
        journal.append(messages(0, 3))
    key = layout.signing_key(tmp_path)
    kept = key.read_bytes()
    key.unlink()
    with pytest.raises(ConfigError, match="missing, but there is a journal"):
        Journal.open(settings)
    assert not key.exists()
    other = Signer(Ed25519PrivateKey.from_private_bytes(b"\x07" * 32))
    with pytest.raises(ConfigError, match="signed by key"):
        Journal(tmp_path, worker="w1", signer=other)
    key.write_bytes(kept)
    key.chmod(0o600)
    with Journal.open(settings) as journal:
        assert journal.last_row == 3


def test_heads_of_an_earlier_version_are_followed_by_counted_ones(
    tmp_path: Path, runs: Segment, open_journal: Open, signer: Signer
) -> None:
    """Days that an earlier version wrote have heads without a number: they verify unchanged."""
    old = []
    for head in read_heads(runs.heads)[0][1:]:
        plain = msgspec.structs.replace(
            head, schema="coldwitness.head/1", number=msgspec.UNSET, previous=msgspec.UNSET
        )
        signature = signer.sign(plain.signed_bytes())
        old.append(msgspec.structs.replace(plain, signature=signature))
    runs.heads.write_bytes(b"".join(msgspec.json.encode(head) + b"\n" for head in old))
    assert b"number" not in runs.heads.read_bytes()
    assert texts(tmp_path, signer) == []
    with open_journal() as journal:
        journal.append(messages(30, 5))
    last = read_heads(runs.heads)[0][-1]
    assert (last.number, last.previous) == (1, old[-1].digest())
    assert texts(tmp_path, signer) == []
    runs.heads.write_bytes(b"".join(msgspec.json.encode(h) + b"\n" for h in (*old[:2], last)))
    assert texts(tmp_path, signer) != []
