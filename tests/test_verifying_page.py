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


TABLES = [
    FIELD.findall(block)
    for block in PAGE.read_text(encoding="utf-8").split("\n\n")
    if FIELD.search(block)
]
ROW, WHOLE, PARTS, SHOWN, WITHHELD = TABLES
Told = dict[str, int | bytes]


def read_by(table: list[tuple[str, str]], entry: bytes, at: int, told: Told) -> int:
    """Adds the fields of one of the page's tables, and nothing else known of it; where they end."""
    for name, form in table:
        if form in NUMBERS:
            size = struct.calcsize(NUMBERS[form])
            (told[name],) = struct.unpack(NUMBERS[form], entry[at : at + size])
        else:
            length = form.removesuffix(" bytes")
            size = int(length) if length.isdigit() else int(told[length])
            told[name] = entry[at : at + size]
        at += size
    return at


def read_by_the_page(entry: bytes) -> tuple[Told, bytes, bytes]:
    """Fields, bytes of the leaf, and message of a row, by the page's tables and text."""
    told: Told = {}
    at = read_by(ROW, entry, 0, told)
    leaf = entry[:at]
    if entry[at] == 0:
        at = read_by(WHOLE, entry, at, told)
        made = sha256(b"\x03" + bytes_in(told, "salt") + bytes_in(told, "message")).digest()
        message = bytes_in(told, "message")
    else:
        at = read_by(PARTS, entry, at, told)
        message, digests = b"", b""
        for _ in range(int(told["parts"])):
            at = read_by(SHOWN if entry[at] else WITHHELD, entry, at, told)
            if told["shown"]:
                part = bytes_in(told, "part")
                digests += sha256(b"\x05" + bytes_in(told, "part_salt") + part).digest()
                message += part
            else:
                digests += bytes_in(told, "digest")
                message += b"null"
        made = sha256(b"\x04" + digests).digest()
    assert at == len(entry)
    assert made == told["commitment"]
    return told, leaf, message


def bytes_in(told: Told, name: str) -> bytes:
    value = told[name]
    assert isinstance(value, bytes)
    return value


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
    forms: set[int | bytes] = set()
    for row in part["rows"]:
        entry, day = base64.b64decode(row["entry"]), days[row["worker"], row["day"]]
        told, leaf, message = read_by_the_page(entry)
        assert told["magic"] == b"CWR2"
        assert told["row"] == row["row"]
        assert told["worker"] == row["worker"].encode()
        assert bytes_in(told, "topic").startswith(b"cold")
        assert isinstance(json.loads(message), dict)
        forms.add(told["form"])
        path = [bytes.fromhex(node) for node in row["path"]]
        assert root_of(leaf, row["index"], day["size"], path).hex() == day["root"]
        changed = leaf[:-1] + bytes([leaf[-1] ^ 1])
        assert root_of(changed, row["index"], day["size"], path).hex() != day["root"]
    assert forms <= {0, 2}
