"""What a row names, and the digest that counts it: the program and the one-file verifier agree."""

import json
import random
from hashlib import sha256
from pathlib import Path

import pytest

from coldwitness.api.reports.packed import standalone_verify
from coldwitness.domain.errors import BadInput
from coldwitness.storage.journal import Journal, JournalReader, Message, Signer, row_bytes
from coldwitness.storage.journal.merkle import leaf_hash, root_of, verify_inclusion
from coldwitness.storage.journal.segment import read_tally
from coldwitness.storage.journal.separable import names_and_parts, part_lengths_of
from coldwitness.storage.journal.tally import (
    Tally,
    named_in,
    place,
    read_tally_file,
    row_names,
    tallied,
    tally_file,
    tally_head,
)
from tests.journal.conftest import NOON_MS

READINGS = "coldchain/v1/ql/BX-1/readings"
IMPORT = "$import/telemetry"
DECIDED = "$journal/decided/manifest"


@pytest.mark.parametrize(
    ("topic", "payload", "names"),
    [
        (READINGS, {"logger": "L", "shipment": "S"}, ["box:ql/BX-1", "logger:L", "shipment:S"]),
        (READINGS, {"logger": "L", "box": "BX-9"}, ["box:ql/BX-1", "logger:L"]),
        (READINGS, [{"logger": "L"}, {"logger": "M"}], ["box:ql/BX-1", "logger:L", "logger:M"]),
        (READINGS, {"logger": 7, "shipment": "S"}, ["box:ql/BX-1", "shipment:S"]),
        (READINGS, {"x": {"logger": "L"}}, ["box:ql/BX-1"]),
        (READINGS, [{"logger": "L"}, 1], ["box:ql/BX-1"]),
        (READINGS, "text", ["box:ql/BX-1"]),
        ("coldchain/v1/ql/readings", {"logger": "L"}, ["logger:L"]),
        ("v3/app/devices/d/up", {"logger": "L"}, ["topic:v3/app/devices/d/up"]),
        (IMPORT, {"logger": "L", "courier": "ql", "box": "B"}, ["box:ql/B", "logger:L"]),
        (IMPORT, {"box": "B", "courier": 1}, ["box:/B"]),
        (DECIDED, {"type": "manifest", "manifest": {"id": "S"}}, ["shipment:S"]),
        (DECIDED, {"manifest": ["S"]}, []),
        ("$journal/clock", {"shipment": "S"}, []),
    ],
)
def test_what_a_row_names(topic: str, payload: object, names: list[str]) -> None:
    said = json.dumps(payload).encode()
    expected = {name.encode() for name in names}
    assert set(named_in(topic, said)) == expected
    assert len(named_in(topic, said)) == len(expected)
    assert standalone_verify.named_in(topic, said) == expected


def test_program_and_one_file_verifier_name_the_same_in_hurt_messages() -> None:
    """Bytes changed, cut, doubled and put in: what one reads of them the other reads as well."""
    draw = random.Random(5)
    whole = [
        b'{"shipment":"ZB-1","logger":"LG-\\u51b7","time":"2026-11-21T10:00:00Z","temperature":'
        b'{"drug":4.5e0,"ambient":-20.5},"position":{"lat":36.8},"note":"\xe5\x86\xb7","a":[1,null]}',
        b'[{"logger":"A","shipment":null},{"logger":"B","logger":"C","box":"X","courier":"q"}]',
        b' {"manifest":{"id":"S","x":[{}]},"logger":true,"shipment":"S"}\n',
    ]
    pieces = [
        b'"',
        b"\\",
        b"{",
        b"}",
        b",",
        b"0",
        b"-",
        b"\xff",
        b"\\ud800",
        b"NaN",
        b"1e999",
        b"\x00",
    ]
    pieces += [b"\xef\xbb\xbf", b"\\ud83d\\ude00", b"01", b".5", b"tru", b"[[", b" ", b"\x0b"]
    for _ in range(20_000):
        said = bytearray(draw.choice(whole))
        for _ in range(draw.choice([1, 1, 2, 4])):
            at = draw.randrange(len(said) + 1)
            match draw.randrange(4):
                case 0:
                    said[at:at] = draw.choice(pieces)
                case 1:
                    del said[at : at + draw.randrange(1, 5)]
                case 2:
                    said[at : at + 1] = bytes([draw.randrange(256)])
                case _:
                    end = min(len(said), at + draw.randrange(1, 20))
                    said[at:at] = said[at:end]
        for topic in (READINGS, IMPORT, DECIDED):
            mine, theirs = (
                named_in(topic, bytes(said)),
                standalone_verify.named_in(topic, bytes(said)),
            )
            assert set(mine) == theirs, bytes(said)
            together = names_and_parts(topic, bytes(said))
            assert together == (mine, part_lengths_of(topic, bytes(said))), bytes(said)


@pytest.mark.parametrize("rows", [1, 15, 16, 17, 32, 40])
def test_the_digest_is_folded_in_blocks_of_sixteen(rows: int) -> None:
    leaves = [sha256(b"%d" % n).digest() for n in range(rows)]
    digest = bytes(32)
    for at in range(0, rows, 16):
        digest = sha256(digest + b"".join(leaves[at : at + 16])).digest()
    counting = Tally()
    for leaf in leaves:
        counting.add([b"logger:L"], leaf)
    (one,) = counting.entries()
    assert (one.rows, one.digest) == (rows, digest)
    assert one == tallied(b"logger:L", leaves)


def test_a_tally_goes_on_from_what_was_kept_of_it() -> None:
    draw = random.Random(3)
    rows = [
        (
            [b"logger:%d" % draw.randrange(5), b"shipment:%d" % draw.randrange(9)],
            sha256(b"%d" % n).digest(),
        )
        for n in range(300)
    ]
    whole, kept = Tally(), dict[bytes, object]()
    going = Tally()
    for n, (names, leaf) in enumerate(rows):
        whole.add(names, leaf)
        going.add(names, leaf)
        if n % 37 == 0:
            kept |= {one.name: one for one in going.unhashed()}
            going.head()
            going = Tally(kept.values())  # type: ignore[arg-type]
    assert going.head() == whole.head() == tally_head(whole.entries())
    entries = whole.entries()
    assert whole.head().root == root_of([leaf_hash(one.entry()) for one in entries])
    assert read_tally_file(tally_file(300, entries)) == (300, entries)
    with pytest.raises(BadInput):
        read_tally_file(tally_file(300, entries)[:-1])


def test_a_day_of_many_names_keeps_its_tally_and_goes_on_from_it(
    tmp_path: Path, signer: Signer
) -> None:
    """A flood of made-up shipments: as many names as messages, kept by few statements."""
    said = [
        Message(READINGS, b'{"logger":"L-%d","shipment":"S-%d"}' % (n % 7, n), NOON_MS + n)
        for n in range(3001)
    ]
    heads = []
    for messages in (said[:1700], said[1700:]):
        with Journal(tmp_path, worker="w1", signer=signer) as journal:
            journal.append(messages)
        heads.append(journal.last_head)
    rows = list(JournalReader(tmp_path).read("w1"))
    (segment,) = JournalReader(tmp_path).segments("w1")
    whole = Tally()
    for row in rows:
        whole.add(row_names(row), leaf_hash(row_bytes(row)))
    assert read_tally(segment.database) == (3001, whole.entries())
    last = heads[-1]
    assert last is not None
    assert (last.tally_size, last.tally_root) == (3009, whole.head().root.hex())


def test_a_name_that_is_not_there_stands_between_its_neighbours() -> None:
    entries = [tallied(name, [bytes(32)]) for name in (b"a", b"c", b"e")]
    head = tally_head(entries)
    placed = place(entries, [b"0", b"b", b"c", b"z"])
    assert {name: [one.index for one in found] for name, found in placed.items()} == {
        b"0": [0],
        b"b": [0, 1],
        b"c": [1],
        b"z": [2],
    }
    for found in placed.values():
        for one in found:
            assert verify_inclusion(
                leaf_hash(one.tallied.entry()),
                index=one.index,
                size=head.size,
                proof=one.path,
                root=head.root,
            )
    assert place([], [b"a"]) == {b"a": ()}
