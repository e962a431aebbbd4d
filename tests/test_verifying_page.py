"""What docs/verifying.md says of a package's bytes is enough to check them."""

import base64
import json
import re
import struct
from hashlib import sha256
from pathlib import Path

from tests.reports.packages import files_of, honest

PAGE = Path(__file__).parent.parent / "docs" / "verifying.md"
FIELD = re.compile(r"^\| (\w+) \| `([^`]+)` \|", re.MULTILINE)
NUMBERS = {"u8": ">B", "u16": ">H", "u32": ">I", "u64": ">Q", "i64": ">q"}


def read_by_the_page(entry: bytes) -> dict[str, int | bytes]:
    """The fields of a row by the page's table, and nothing else known of it."""
    told: dict[str, int | bytes] = {}
    at = 0
    for name, form in FIELD.findall(PAGE.read_text(encoding="utf-8")):
        if form in NUMBERS:
            size = struct.calcsize(NUMBERS[form])
            (told[name],) = struct.unpack(NUMBERS[form], entry[at : at + size])
        else:
            length = form.removesuffix(" bytes")
            size = int(length) if length.isdigit() else int(told[length])
            told[name] = entry[at : at + size]
        at += size
    assert at == len(entry)
    return told


def root_of(entry: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """RFC 9162, 2.1.3.2, written from the RFC's text."""
    node, last, hashed = index, size - 1, sha256(b"\x00" + entry).digest()
    for sibling in path:
        assert last > 0
        if node % 2 == 1 or node == last:
            hashed = sha256(b"\x01" + sibling + hashed).digest()
            while node % 2 == 0 and node != 0:
                node, last = node // 2, last // 2
        else:
            hashed = sha256(b"\x01" + hashed + sibling).digest()
        node, last = node // 2, last // 2
    assert last == 0
    return hashed


def test_a_verifier_made_from_the_pages_table_reads_and_proves_each_row_of_a_package() -> None:
    part = json.loads(files_of(honest())["journal.json"])
    days = {(day["worker"], day["day"]): day for day in part["days"]}
    assert part["rows"]
    for row in part["rows"]:
        entry, day = base64.b64decode(row["entry"]), days[row["worker"], row["day"]]
        told = read_by_the_page(entry)
        assert told["magic"] == b"CWR1"
        assert told["row"] == row["row"]
        assert told["worker"] == row["worker"].encode()
        assert bytes(told["topic"] if isinstance(told["topic"], bytes) else b"").startswith(b"cold")
        json.loads(told["payload"] if isinstance(told["payload"], bytes) else b"")
        path = [bytes.fromhex(node) for node in row["path"]]
        assert root_of(entry, row["index"], day["size"], path).hex() == day["root"]
        changed = entry[:-1] + bytes([entry[-1] ^ 1])
        assert root_of(changed, row["index"], day["size"], path).hex() != day["root"]
