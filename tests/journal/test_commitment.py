"""A row holds its message by a salted digest: nothing else opens it, and parts can be withheld."""

import json
import random
from pathlib import Path

import msgspec
import pytest

from coldwitness.api.reports.packed import standalone_verify
from coldwitness.domain.errors import BadInput
from coldwitness.storage.journal import Journal, JournalReader, Message, Row, Signer, row_bytes
from coldwitness.storage.journal.commitment import fresh_salts, part_lengths
from coldwitness.storage.journal.merkle import leaf_hash
from coldwitness.storage.journal.rows import kept_bytes, make_row, parse_row, withheld_bytes
from coldwitness.storage.journal.segment import SegmentWriter
from coldwitness.storage.journal.segment_meta import FIRST_FORMAT, SegmentMeta
from coldwitness.storage.journal.separable import part_lengths_of
from tests.journal.conftest import NOON_MS, messages

NATIVE = "coldchain/v1/ql/BX-1/readings"
PERSONAL = (
    b'{"logger":"LG-1","temperature":{"drug":4.5},"receiver":{"name":"Wang","phone":"138"},'
    b'"time":"2026-06-18T00:00:00Z", "position":{"lat":36.8,"lon":118.0,"address":"x"} }'
)


def row_of(payload: bytes, *, topic: str = NATIVE) -> Row:
    (salt,) = fresh_salts([part_lengths_of(topic, payload)])
    return make_row("w1", 7, NOON_MS, 1, topic.encode(), payload, salt)


def parts_of(payload: bytes, topic: str) -> list[bytes]:
    lengths, at = part_lengths_of(topic, payload), 0
    parts = []
    for length in lengths:
        parts.append(payload[at : at + length])
        at += length
    return [*parts, payload[at:]]


@pytest.mark.parametrize(
    ("topic", "payload", "values"),
    [
        (NATIVE, b'{"logger":"L","temperature":{"drug":1},"position":{"lat":1,"lon":2}}', []),
        (NATIVE, b'[{"logger":"L","seq":1},{"logger":"M"}]', []),
        (NATIVE, b'{"logger":"L","fw":"1.2","seq":1}', [b'"1.2"']),
        (NATIVE, b'[{"logger":"L","x":[1,{"a":"}"}]},{"y":{"b":2}}]', [b'[1,{"a":"}"}]', b"2"]),
        (NATIVE, PERSONAL, [b'"Wang"', b'"138"', b"36.8", b"118.0", b'"x"']),
        (NATIVE, b'{"event":"delivered","note":"Wang"}', [b'"Wang"']),
        ("v3/up", b'{"a\\"b":"1","n":{"q":{"r":1}},"e":{}}', [b'"1"', b'{"r":1}']),
        ("v3/up", b'{"a":1,', []),
        ("v3/up", b"\xff{}", []),
        ("$journal/decided/x", b'{"a":1}', []),
    ],
)  # fmt: skip
def test_the_values_that_may_be_withheld_are_parts_of_their_own(
    topic: str, payload: bytes, values: list[bytes]
) -> None:
    parts = parts_of(payload, topic)
    assert b"".join(parts) == payload
    assert parts[1::2] == values


def test_a_row_is_read_again_and_its_leaf_tells_nothing_of_the_message() -> None:
    for payload in (b"", b"\x00\xff", PERSONAL):
        row = row_of(payload)
        assert parse_row(kept_bytes(row)) == row
        assert len(row_bytes(row)) == len(kept_bytes(row)) - 17 - len(payload) - (
            4 + len(row.salt) - 16 if len(row.salt) > 16 else 0
        )
        assert payload == b"" or payload not in row_bytes(row)
        again = msgspec.structs.replace(row, salt=fresh_salts([part_lengths(row.salt)])[0])
        assert row_bytes(again) != row_bytes(row), "the same message twice is not told by its leaf"


def test_any_parts_can_be_withheld_and_the_leaf_stays() -> None:
    row, draw = row_of(PERSONAL), random.Random(9)
    count = len(part_lengths(row.salt)) + 1
    assert count == 11
    for _ in range(50):
        hidden = set(draw.sample(range(count), draw.randrange(count + 1)))
        kept = withheld_bytes(row, hidden)
        shown = parse_row(kept)
        assert leaf_hash(row_bytes(shown)) == leaf_hash(row_bytes(row))
        assert standalone_verify.read_row(kept)[2:] == (shown.payload, leaf_hash(row_bytes(row)))
    values = withheld_bytes(row, {1, 3, 9})
    for word in (b"Wang", b"138", b'"x"'):
        assert word not in values
    told = json.loads(parse_row(values).payload)
    assert told["receiver"] == {"name": None, "phone": None}
    assert told["position"] == {"lat": 36.8, "lon": 118.0, "address": None}


def test_a_changed_bit_leads_to_another_leaf_or_is_no_row() -> None:
    row = row_of(PERSONAL)
    leaf = leaf_hash(row_bytes(row))
    forms = (kept_bytes(row), withheld_bytes(row, {1, 3}), kept_bytes(row_of(b"{}")))
    for kept, right in zip(forms, (leaf, leaf, None), strict=True):
        at_commitment = len(row_bytes(row)) - 32
        for at in range(0, len(kept), 3):
            hurt = bytearray(kept)
            hurt[at] ^= 0x10
            found = []
            for read in (_leaf, _leaf_alone):
                try:
                    found.append(read(bytes(hurt)))
                except (BadInput, ValueError, IndexError, UnicodeError):
                    found.append(b"")
            if right is not None and not at_commitment <= at < at_commitment + 32:
                assert right not in found, at


def _leaf(kept: bytes) -> bytes:
    return leaf_hash(row_bytes(parse_row(kept)))


def _leaf_alone(kept: bytes) -> bytes:
    try:
        return standalone_verify.read_row(kept)[3]
    except standalone_verify.MALFORMED as error:
        raise ValueError from error


def test_a_day_that_was_begun_with_whole_messages_goes_on_so_and_the_next_one_does_not(
    tmp_path: Path, signer: Signer
) -> None:
    folder = tmp_path / "segments" / "w1"
    folder.mkdir(parents=True)
    meta = SegmentMeta("w1", "2024-06-01", 1, format=FIRST_FORMAT)
    with Journal(tmp_path, worker="w2", signer=signer):
        pass
    SegmentWriter(folder / "2024-06-01.sqlite", meta).close()
    with Journal(tmp_path, worker="w1", signer=signer) as journal:
        journal.append(messages(0, 9))
        journal.append([Message(NATIVE, PERSONAL, NOON_MS + 86_400_000)])
    rows = list(JournalReader(tmp_path).read("w1"))
    assert [row.salt == b"" for row in rows] == [True] * 9 + [False]
    assert rows[-1].payload == PERSONAL
