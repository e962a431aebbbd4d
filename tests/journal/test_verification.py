"""Every way a journal can be wrong is found, with file and row; a whole one is left in peace."""

import gzip
import sqlite3
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coldwitness.storage.journal import Journal, Problem, Signer, verify_journal
from coldwitness.storage.journal.layout import Segment, segments
from coldwitness.storage.journal.merkle import Frontier, leaf_hash
from coldwitness.storage.journal.rows import row_bytes
from coldwitness.storage.journal.sealed import read_seal
from coldwitness.storage.journal.segment import read_chained, read_head
from tests.journal.conftest import DAY_MS, NOON_MS, message, messages

Open = Callable[..., Journal]
ROWS = 40


@pytest.fixture
def written(tmp_path: Path, open_journal: Open) -> Path:
    """A sealed day of 40 rows and an open one of 40, both with signed heads."""
    with open_journal() as journal:
        journal.append(messages(0, ROWS))
        journal.append(messages(ROWS, ROWS, received_ms=NOON_MS + DAY_MS))
    return tmp_path


def problems(folder: Path, signer: Signer) -> list[Problem]:
    reports = verify_journal(folder, public=signer.public)
    return [problem for report in reports for problem in report.problems]


def sealed_and_open(folder: Path) -> tuple[Segment, Segment]:
    first, second = segments(folder, "w1")
    return first, second


def change(segment: Segment, *statements: str) -> None:
    connection = sqlite3.connect(segment.database)
    with connection:
        for statement in statements:
            connection.execute(statement)
    connection.close()


def test_a_whole_journal_has_no_problem(written: Path, signer: Signer) -> None:
    assert problems(written, signer) == []
    reports = verify_journal(written, public=signer.public)
    assert [report.rows for report in reports] == [ROWS, ROWS]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE message SET payload = x'00' WHERE row = 50",
        "UPDATE message SET topic = x'41' WHERE row = 50",
        "UPDATE message SET received_ms = received_ms + 1 WHERE row = 50",
        "UPDATE message SET flags = flags | 4 WHERE row = 50",
    ],
)
def test_an_edited_field_is_reported_with_file_and_row_and_only_there(
    written: Path, signer: Signer, statement: str
) -> None:
    _, segment = sealed_and_open(written)
    change(segment, statement)
    edited, *others = [p for p in problems(written, signer) if p.kind == "edited"]
    assert (edited.row, edited.file, others) == (50, str(segment.database), [])
    assert f"{segment.database}: row 50" in edited.text


def test_two_exchanged_rows_are_reported_both(written: Path, signer: Signer) -> None:
    change(
        sealed_and_open(written)[1],
        "UPDATE message SET row = -1 WHERE row = 50",
        "UPDATE message SET row = 50 WHERE row = 60",
        "UPDATE message SET row = 60 WHERE row = -1",
    )
    assert {p.row for p in problems(written, signer) if p.kind == "edited"} >= {50, 60}


def test_a_row_taken_out_is_reported_as_missing(written: Path, signer: Signer) -> None:
    change(sealed_and_open(written)[1], "DELETE FROM message WHERE row = 50")
    assert ("missing", 50) in [(p.kind, p.row) for p in problems(written, signer)]


def test_a_tail_cut_off_is_found_even_if_the_head_was_set_back_with_it(
    written: Path, signer: Signer
) -> None:
    _, segment = sealed_and_open(written)
    change(segment, "DELETE FROM message WHERE row > 70")
    assert ("truncated", 70) in [(p.kind, p.row) for p in problems(written, signer)]
    change(
        segment,
        "UPDATE head SET row = 70, chain = (SELECT chain FROM message WHERE row = 70)",
    )
    assert "truncated" in [p.kind for p in problems(written, signer)]


def test_a_chain_rewritten_throughout_is_betrayed_by_the_signed_heads(
    written: Path, signer: Signer
) -> None:
    _, segment = sealed_and_open(written)
    meta, _ = read_head(segment.database)
    chain, frontier = meta.seed(), Frontier()
    connection = sqlite3.connect(segment.database)
    connection.execute("UPDATE message SET payload = x'AA' WHERE row = 50")
    for stored, _ in list(read_chained(connection, meta, after=0)):
        leaf = leaf_hash(row_bytes(stored))
        chain = sha256(chain + leaf).digest()
        frontier.push(leaf)
        connection.execute("UPDATE message SET chain = ? WHERE row = ?", (chain, stored.row))
    connection.execute("UPDATE head SET chain = ?, peaks = ?", (chain, b"".join(frontier.peaks)))
    connection.commit()
    connection.close()
    found = problems(written, signer)
    assert [p.kind for p in found] == ["head"]
    assert "rows 41 to 80 are not those that were signed" in found[0].text


def test_a_flipped_byte_in_a_sealed_day_spoils_its_block_and_is_reported(
    written: Path, signer: Signer
) -> None:
    segment, _ = sealed_and_open(written)
    content = bytearray(segment.rows.read_bytes())
    content[len(content) // 2] ^= 1
    segment.rows.write_bytes(content)
    found = problems(written, signer)
    assert found[0].kind == "unreadable"
    assert "rows 1 to 40" in found[0].text


def test_a_sealed_day_with_other_rows_is_reported(written: Path, signer: Signer) -> None:
    segment, _ = sealed_and_open(written)
    block = read_seal(segment.seal).blocks[0]
    content = bytearray(gzip.decompress(segment.rows.read_bytes()[: block.size]))
    content[content.index(b'"seq":7')] ^= 1
    packed = gzip.compress(bytes(content), mtime=0)
    segment.rows.write_bytes(packed)
    seal = msgspec.json.decode(segment.seal.read_bytes())
    seal["blocks"][0][1] = len(packed)
    segment.seal.write_bytes(msgspec.json.encode(seal))
    kinds = [(p.kind, p.row) for p in problems(written, signer)]
    assert ("edited", 8) in kinds
    assert ("signature", None) in kinds


def test_a_seal_signed_by_another_key_is_reported(written: Path) -> None:
    other = Signer(Ed25519PrivateKey.from_private_bytes(b"\x07" * 32))
    kinds = [p.kind for p in problems(written, other)]
    assert kinds.count("signature") >= 2


def test_a_day_taken_out_whole_breaks_the_link_of_the_next(written: Path, signer: Signer) -> None:
    first, _ = sealed_and_open(written)
    for path in (first.seal, first.rows, first.heads):
        path.unlink()
    assert ("link", 41) in [(p.kind, p.row) for p in problems(written, signer)]


def test_a_truncated_database_file_is_reported_with_the_rows_still_read(
    tmp_path: Path, open_journal: Open, signer: Signer
) -> None:
    with open_journal() as journal:
        journal.append(messages(0, 2000))
    segment = segments(tmp_path, "w1")[0]
    size = segment.database.stat().st_size
    with segment.database.open("r+b") as file:
        file.truncate(size // 2)
    assert problems(tmp_path, signer)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_flipped_bit_of_row_data_in_the_database_is_found(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory, signer: Signer
) -> None:
    folder = tmp_path_factory.mktemp("flip")
    with Journal(folder, worker="w1", signer=signer) as journal:
        journal.append([message(n) for n in range(20)])
    segment = segments(folder, "w1")[0]
    content = bytearray(segment.database.read_bytes())
    rows = [i for i in range(len(content)) if content.startswith(b'{"logger"', i)]
    at = data.draw(st.sampled_from(rows)) + data.draw(st.integers(0, 20))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    segment.database.write_bytes(content)
    assert problems(folder, signer)
