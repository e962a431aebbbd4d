"""A day's tally: of each box, logger and shipment, how many rows name it, and a digest of these.

Its tree is signed with every head, so that a package can show that it left out no row of them, and
that a name which it does not have has none. What a row names is read here and not by the decoders
of the formats: the rule must be the same in ten years, for whoever checks.
"""

import struct
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256

import msgspec

from coldwitness.domain.errors import BadInput
from coldwitness.storage.journal.merkle import inclusion_proofs, leaf_hash, root_of
from coldwitness.storage.journal.rows import Row

NATIVE_PREFIX = "coldchain/v1/"
IMPORT_TOPIC = "$import/telemetry"
DECIDED_PREFIX = "$journal/decided/"
NO_DIGEST = bytes(32)
_NO_BLOCK = (0, NO_DIGEST)
BLOCK_ROWS = 16
"""One hash for so many rows of a name: with one a row the tally cost as much as chain and tree."""
_ENTRY_HEAD = struct.Struct(">H")
_ENTRY_TAIL = struct.Struct(">Q")
_NATIVE_LEVELS = 5


class _Named(msgspec.Struct, gc=False):
    """Of a native object what names something; whatever else stands in it is passed over."""

    logger: str | None = None
    shipment: str | None = None


class _Said(msgspec.Struct, gc=False):
    """The same of any object, and what imported ones and decisions name besides."""

    logger: object = None
    shipment: object = None
    courier: object = None
    box: object = None
    manifest: object = None


_PLAIN = msgspec.json.Decoder(_Named)
_OBJECT = msgspec.json.Decoder(_Said)
_LIST = msgspec.json.Decoder(list[_Said])
_BOXES: dict[str, bytes | None] = {}
_BOXES_KEPT = 100_000


@dataclass(frozen=True)
class Tallied:
    """`rows` rows name it. digest : over their leaf hashes in their order, in blocks of sixteen of
    which the last may be shorter: d = SHA-256(d || block), from 32 zero bytes."""

    name: bytes
    rows: int
    digest: bytes

    def entry(self) -> bytes:
        """The bytes of its leaf: u16 length and bytes of the name, u64 rows, 32 bytes of digest."""
        return _entry_bytes(self.name, self.rows, self.digest)


@dataclass(frozen=True)
class Placed:
    """Where an entry stands in the sorted tally of a day, and the path to its root."""

    tallied: Tallied
    index: int
    path: tuple[bytes, ...]


def named_in(topic: str, payload: bytes) -> list[bytes]:
    """What a row names, each once: `box:COURIER/BOX`, `logger:ID`, `shipment:ID`; a row of another
    format its `topic:TOPIC`; the journal's own notes nothing but the shipment of a decision.

    Box and courier of a native message are those of its topic (five levels), those of an imported
    object its own; loggers and shipments are those of the JSON object, or of each of the array.
    """
    if topic.startswith(NATIVE_PREFIX):
        names = box_named(topic)
        if not _is_text(payload):
            return names
        try:
            plain = _PLAIN.decode(payload)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return _each_once(names, payload)
        if plain.logger is not None:
            names.append(b"logger:" + plain.logger.encode())
        if plain.shipment is not None:
            names.append(b"shipment:" + plain.shipment.encode())
        return names
    if not topic.startswith("$"):
        return [b"topic:" + _bytes(topic)]
    if topic == IMPORT_TOPIC or topic.startswith(DECIDED_PREFIX):
        return _each_once([], payload, own=True)
    return []


def row_names(row: Row) -> list[bytes]:
    """What a row names; of one whose message was removed what was kept of it."""
    if row.removed:
        return [] if row.removal is None else [name.encode() for name in row.removal.names]
    return named_in(row.topic, row.payload)


def box_named(topic: str) -> list[bytes]:
    """The box that a native topic of five levels names."""
    box = _BOXES.get(topic) or _box(topic)
    return [box] if box is not None else []


@dataclass(frozen=True)
class TallyHead:
    """Number of entries, and the tree head over them."""

    size: int
    root: bytes


class Tally:
    """Of one worker's day. It can be gone on with: `counted` is what stood before."""

    def __init__(self, counted: Iterable["Counting"] = ()) -> None:
        self._full: dict[bytes, tuple[int, bytes]] = {}
        """Number of full blocks, and the digest over them, of names that have any."""
        self._blocks: dict[bytes, list[bytes]] = {}
        self._leaves: dict[bytes, bytes] = {}
        for one in counted:
            if one.rows >= BLOCK_ROWS:
                self._full[one.name] = (one.rows // BLOCK_ROWS, one.folded)
            self._blocks[one.name] = list(one.block)
        self._unhashed = set(self._blocks)

    def add(self, names: Iterable[bytes], leaf: bytes) -> None:
        """Count one row, by its leaf hash, to each of its names."""
        blocks = self._blocks
        for name in names:
            block = blocks.get(name)
            if block is None:
                blocks[name] = [leaf]
            else:
                block.append(leaf)
                if len(block) == BLOCK_ROWS:
                    full, folded = self._full.get(name, _NO_BLOCK)
                    self._full[name] = (full + 1, _fold(folded, block))
                    block.clear()
        self._unhashed.update(names)

    def unhashed(self) -> list["Counting"]:
        """What is new or other since the head was asked for last, by name."""
        counted = []
        for name in sorted(self._unhashed):
            block = self._blocks[name]
            full, folded = self._full.get(name, _NO_BLOCK)
            rows = full * BLOCK_ROWS + len(block)
            counted.append(Counting(name, rows, folded, tuple(block)))
        return counted

    def head(self) -> TallyHead:
        """Over the entries in the order of their names' bytes."""
        leaves, blocks, full_of = self._leaves, self._blocks, self._full
        for name in self._unhashed:
            block = blocks[name]
            full, folded = full_of.get(name, _NO_BLOCK)
            rows = full * BLOCK_ROWS + len(block)
            leaves[name] = leaf_hash(_entry_bytes(name, rows, _fold(folded, block)))
        self._unhashed.clear()
        root = root_of([leaves[name] for name in sorted(leaves)])
        return TallyHead(len(leaves), root)

    def entries(self) -> list[Tallied]:
        return [self._entry(name) for name in sorted(self._blocks)]

    def _entry(self, name: bytes) -> Tallied:
        block = self._blocks[name]
        full, folded = self._full.get(name, _NO_BLOCK)
        return Tallied(name, full * BLOCK_ROWS + len(block), _fold(folded, block))


class Counting(msgspec.Struct, frozen=True, gc=False):
    """A name in the middle of a day. folded : the digest without the leaves of the last, open
    block."""

    name: bytes
    rows: int
    folded: bytes
    block: tuple[bytes, ...]

    def tallied(self) -> Tallied:
        return Tallied(self.name, self.rows, _fold(self.folded, self.block))


def tally_head(entries: Sequence[Tallied]) -> TallyHead:
    """Of all entries of a day, sorted by name."""
    return TallyHead(len(entries), root_of([leaf_hash(one.entry()) for one in entries]))


def tallied(name: bytes, leaves: Sequence[bytes]) -> Tallied:
    """The entry of a name by the leaf hashes of all its rows."""
    digest = NO_DIGEST
    for at in range(0, len(leaves), BLOCK_ROWS):
        digest = _fold(digest, leaves[at : at + BLOCK_ROWS])
    return Tallied(name, len(leaves), digest)


def place(entries: Sequence[Tallied], names: Iterable[bytes]) -> dict[bytes, tuple[Placed, ...]]:
    """Of each name its place in the sorted `entries`; of one that is not there its neighbours (one
    at either end, none in an empty tally)."""
    sorted_names = [one.name for one in entries]
    wanted: dict[bytes, list[int]] = {}
    for name in names:
        at = bisect_left(sorted_names, name)
        there = at < len(entries) and sorted_names[at] == name
        around = [at] if there else [at - 1, at]
        wanted[name] = [index for index in around if 0 <= index < len(entries)]
    leaves = [leaf_hash(one.entry()) for one in entries]
    paths = inclusion_proofs(leaves, {index for found in wanted.values() for index in found})
    return {
        name: tuple(Placed(entries[index], index, tuple(paths[index])) for index in found)
        for name, found in wanted.items()
    }


def tally_file(row: int, entries: Iterable[Tallied]) -> bytes:
    """A sealed day's tally as it is kept: u64 row up to which it counts, then the entries."""
    return _ENTRY_TAIL.pack(row) + b"".join(one.entry() for one in entries)


def read_tally_file(data: bytes) -> tuple[int, list[Tallied]]:
    """Raises BadInput for what is none."""
    entries, at = [], _ENTRY_TAIL.size
    try:
        (row,) = _ENTRY_TAIL.unpack_from(data)
        while at < len(data):
            (size,) = _ENTRY_HEAD.unpack_from(data, at)
            name_at = at + _ENTRY_HEAD.size
            (rows,) = _ENTRY_TAIL.unpack_from(data, name_at + size)
            at = name_at + size + _ENTRY_TAIL.size + len(NO_DIGEST)
            if at > len(data):
                raise struct.error("cut off")
            name = data[name_at : name_at + size]
            entries.append(Tallied(name, rows, data[at - len(NO_DIGEST) : at]))
    except struct.error as error:
        raise BadInput(f"no tally of a day: {error}") from error
    return row, entries


def _entry_bytes(name: bytes, rows: int, digest: bytes) -> bytes:
    return _ENTRY_HEAD.pack(len(name)) + name + _ENTRY_TAIL.pack(rows) + digest


def _fold(digest: bytes, block: Sequence[bytes]) -> bytes:
    return sha256(digest + b"".join(block)).digest() if block else digest


def _box(topic: str) -> bytes | None:
    levels = topic.split("/")
    box = None
    if len(levels) == _NATIVE_LEVELS:
        box = b"box:" + _bytes(f"{levels[2]}/{levels[3]}")
    if len(_BOXES) >= _BOXES_KEPT:
        _BOXES.clear()
    _BOXES[topic] = box
    return box


def _each_once(names: list[bytes], payload: bytes, *, own: bool = False) -> list[bytes]:
    """Names of any object or array of objects. own : its box, courier and manifest count too."""
    found = dict.fromkeys(names)
    for said in _said(payload):
        if own and isinstance(said.box, str):
            courier = said.courier if isinstance(said.courier, str) else ""
            found[b"box:" + _bytes(f"{courier}/{said.box}")] = None
        if isinstance(said.logger, str):
            found[b"logger:" + _bytes(said.logger)] = None
        if isinstance(said.shipment, str):
            found[b"shipment:" + _bytes(said.shipment)] = None
        if own and isinstance(said.manifest, dict) and isinstance(said.manifest.get("id"), str):
            found[b"shipment:" + _bytes(said.manifest["id"])] = None
    return list(found)


def _is_text(payload: bytes) -> bool:
    """What is passed over is not looked at closely; a payload that is no UTF-8 names nothing."""
    if payload.isascii():
        return True
    try:
        payload.decode()
    except UnicodeDecodeError:
        return False
    return True


def _said(payload: bytes) -> list[_Said]:
    if not _is_text(payload):
        return []
    try:
        if payload.lstrip()[:1] == b"[":
            return _LIST.decode(payload)
        return [_OBJECT.decode(payload)]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return []


def _bytes(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
