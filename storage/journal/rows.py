"""What is journalled, and the exact bytes of a row that hashes and proofs are about."""

import struct
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from coldwitness.domain.errors import BadInput
from coldwitness.domain.reading import Event, Reading
from coldwitness.storage.journal.commitment import (
    COMMITMENT_BYTES,
    Withheld,
    commitment_of,
    opened,
    opening_of,
    withholding,
)

ROW_MAGIC = b"CWR1"
"""Of rows whose bytes hold the message itself, as all did before 2026-11-30."""
COMMITTED_MAGIC = b"CWR2"
"""Of rows whose bytes hold a salted digest of it."""
NOTE_TOPIC_PREFIX = "$journal/"
"""Notes of the journal itself (a clock that was set) stand in the chain under such topics.
No publisher can use them: MQTT forbids wildcard-like `$` topics to clients by convention, and
a note also carries its own flag."""

_NOTE = 1 << 4
_HEAD = struct.Struct(">4sQqBB")
_LENGTHS = struct.Struct(">HI")
_LENGTH = struct.Struct(">I")
_PACK_HEAD = _HEAD.pack
_PACK_LENGTHS = _LENGTHS.pack


class Message(msgspec.Struct, frozen=True, gc=False):
    """One MQTT message as it came.

    received_ms : when it reached this worker, UTC epoch ms, by its ReceiveClock.
    topic : bytes that are no UTF-8 stand as surrogate escapes, so nothing is lost.
    """

    topic: str
    payload: bytes
    received_ms: int
    qos: int = 1
    retain: bool = False
    dup: bool = False


class Removal(msgspec.Struct, frozen=True):
    """What is kept in the place of a removed message. order : worker and row of the order. names :
    what the row named, as its day's tally counts it. readings, received_ms, events : what was
    decoded of it, without the words of persons; it stays.
    """

    row: int
    order: tuple[str, int]
    names: tuple[str, ...]
    readings: tuple[Reading, ...] = ()
    received_ms: tuple[int, ...] = ()
    events: tuple[Event, ...] = ()


class Row(msgspec.Struct, frozen=True, gc=False):
    """A journalled message. row : 1, 2, 3, … for the whole life of a worker's journal.

    note : written by the journal itself, not by a logger.
    salt : of the message's commitment (`commitment.py`), with the lengths of its parts; empty for a
    row whose bytes hold the message itself. withheld : where the message is not whole any more;
    removal : what is kept in its place.
    """

    worker: str
    row: int
    received_ms: int
    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    note: bool
    salt: bytes = b""
    withheld: Withheld | None = None
    removal: Removal | None = None

    @property
    def removed(self) -> bool:
        """Whether the message was taken away by an order."""
        return self.withheld is not None and self.withheld.removed


def flags_of(message: Message, *, note: bool = False) -> int:
    """qos in bits 0-1, retain bit 2, dup bit 3, note bit 4."""
    return message.qos | message.retain << 2 | message.dup << 3 | (_NOTE if note else 0)


@lru_cache(maxsize=64)
def row_packer(worker: str) -> Callable[[int, int, int, bytes, bytes], bytes]:
    """A packer of the bytes of rows that hold their message: row, received_ms, flags, topic,
    payload.

    Layout, big-endian: "CWR1", u64 row, i64 received_ms, u8 flags, u8 length + worker,
    u16 + u32 lengths of topic and payload, topic, payload.
    """
    name = worker.encode("ascii")
    size = len(name)

    def pack(row: int, received_ms: int, flags: int, topic: bytes, payload: bytes) -> bytes:
        return b"".join(
            (
                _PACK_HEAD(ROW_MAGIC, row, received_ms, flags, size),
                name,
                _PACK_LENGTHS(len(topic), len(payload)),
                topic,
                payload,
            )
        )

    return pack


@lru_cache(maxsize=64)
def committed_packer(worker: str) -> Callable[[int, int, int, bytes, int, bytes], bytes]:
    """A packer of the bytes of rows that hold a commitment: row, received_ms, flags, topic, length
    of the message, commitment.

    Layout as of the others, with "CWR2" and the 32 bytes in the message's place.
    """
    name = worker.encode("ascii")
    size = len(name)

    def pack(
        row: int, received_ms: int, flags: int, topic: bytes, length: int, commitment: bytes
    ) -> bytes:
        return b"".join(
            (
                _PACK_HEAD(COMMITTED_MAGIC, row, received_ms, flags, size),
                name,
                _PACK_LENGTHS(len(topic), length),
                topic,
                commitment,
            )
        )

    return pack


def make_row(
    worker: str,
    row: int,
    received_ms: int,
    flags: int,
    topic: bytes,
    payload: bytes,
    salt: bytes | None = b"",
) -> Row:
    """salt : None for a message that was removed; then `payload` is its length and commitment."""
    withheld = None
    if salt is None:
        (length,) = _LENGTH.unpack_from(payload)
        withheld = Withheld(payload[_LENGTH.size :], length, removed=True)
        payload, salt = b"", b""
    return Row(
        worker,
        row,
        received_ms,
        topic.decode("utf-8", "surrogateescape"),
        payload,
        flags & 3,
        bool(flags & 4),
        bool(flags & 8),
        bool(flags & _NOTE),
        salt,
        withheld,
    )


def removed_payload(row: Row) -> bytes:
    """What stands in the place of a removed message: its length and commitment."""
    return _LENGTH.pack(len(row.payload)) + commitment_of(row.salt, row.payload)


def row_bytes(row: Row) -> bytes:
    """Canonical bytes of a row: what its leaf hash is taken over."""
    flags = row.qos | row.retain << 2 | row.dup << 3 | (_NOTE if row.note else 0)
    topic = row.topic.encode("utf-8", "surrogateescape")
    if row.withheld is not None:
        size, commitment = row.withheld.size, row.withheld.commitment
    elif row.salt:
        size, commitment = len(row.payload), commitment_of(row.salt, row.payload)
    else:
        return row_packer(row.worker)(row.row, row.received_ms, flags, topic, row.payload)
    pack = committed_packer(row.worker)
    return pack(row.row, row.received_ms, flags, topic, size, commitment)


def kept_bytes(row: Row) -> bytes:
    """The same with what opens the commitment behind it, where the row holds one and its message is
    whole."""
    opening = opening_of(row.salt, row.payload) if row.salt and row.withheld is None else b""
    return row_bytes(row) + opening


def withheld_bytes(row: Row, hidden: Collection[int]) -> bytes:
    """The same without the parts of these numbers (from 0) of a message in parts."""
    return row_bytes(row) + withholding(row.salt, row.payload, hidden)


def parse_row(entry: bytes) -> Row:
    """The row of kept bytes; raises BadInput if they are not exactly one row. A message that does
    not fit its commitment shows in `row_bytes`, which makes it anew."""
    try:
        magic, row, received_ms, flags, worker_size = _HEAD.unpack_from(entry)
        at = _HEAD.size + worker_size
        worker = entry[_HEAD.size : at].decode("ascii")
        topic_size, payload_size = _LENGTHS.unpack_from(entry, at)
    except (struct.error, UnicodeDecodeError) as error:
        raise BadInput(f"not a journal row: {error}") from error
    at += _LENGTHS.size
    topic = entry[at : at + topic_size]
    at += topic_size
    if magic == COMMITTED_MAGIC and len(entry) >= at + COMMITMENT_BYTES:
        opening = entry[at + COMMITMENT_BYTES :]
        if not opening:
            gone = entry[at - topic_size - _LENGTH.size : at - topic_size]
            gone += entry[at : at + COMMITMENT_BYTES]
            return make_row(worker, row, received_ms, flags, topic, gone, None)
        salt, payload, some = opened(opening, size=payload_size)
        made = make_row(worker, row, received_ms, flags, topic, payload, salt)
        return made if some is None else msgspec.structs.replace(made, withheld=some)
    if magic != ROW_MAGIC or len(entry) != at + payload_size:
        raise BadInput("not a journal row: wrong magic or length")
    return make_row(worker, row, received_ms, flags, topic, entry[at:])


def utc_day(time_ms: int) -> str:
    """`2026-11-22`: the UTC day an instant falls on."""
    return datetime.fromtimestamp(time_ms / 1000, tz=UTC).strftime("%Y-%m-%d")


def day_start_ms(day: str) -> int:
    return int(datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).timestamp() * 1000)
