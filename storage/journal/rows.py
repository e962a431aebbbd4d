"""What is journalled, and the exact bytes of a row that hashes and proofs are about."""

import struct
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from coldwitness.domain.errors import BadInput

ROW_MAGIC = b"CWR1"
NOTE_TOPIC_PREFIX = "$journal/"
"""Notes of the journal itself (a clock that was set) stand in the chain under such topics.
No publisher can use them: MQTT forbids wildcard-like `$` topics to clients by convention, and
a note also carries its own flag."""

_NOTE = 1 << 4
_HEAD = struct.Struct(">4sQqBB")
_LENGTHS = struct.Struct(">HI")
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


class Row(msgspec.Struct, frozen=True, gc=False):
    """A journalled message. row : 1, 2, 3, … for the whole life of a worker's journal.

    note : written by the journal itself, not by a logger.
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


def flags_of(message: Message, *, note: bool = False) -> int:
    """qos in bits 0-1, retain bit 2, dup bit 3, note bit 4."""
    return message.qos | message.retain << 2 | message.dup << 3 | (_NOTE if note else 0)


def row_packer(worker: str) -> Callable[[int, int, int, bytes, bytes], bytes]:
    """A packer of canonical row bytes (row, received_ms, flags, topic, payload) for a worker.

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


def make_row(
    worker: str, row: int, received_ms: int, flags: int, topic: bytes, payload: bytes
) -> Row:
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
    )


def row_bytes(row: Row) -> bytes:
    """Canonical bytes of a row: what its leaf hash is taken over."""
    flags = row.qos | row.retain << 2 | row.dup << 3 | (_NOTE if row.note else 0)
    topic = row.topic.encode("utf-8", "surrogateescape")
    return row_packer(row.worker)(row.row, row.received_ms, flags, topic, row.payload)


def parse_row(entry: bytes) -> Row:
    """The row of canonical bytes; raises BadInput if they are not exactly one row."""
    try:
        magic, row, received_ms, flags, worker_size = _HEAD.unpack_from(entry)
        at = _HEAD.size + worker_size
        worker = entry[_HEAD.size : at].decode("ascii")
        topic_size, payload_size = _LENGTHS.unpack_from(entry, at)
    except (struct.error, UnicodeDecodeError) as error:
        raise BadInput(f"not a journal row: {error}") from error
    at += _LENGTHS.size
    if magic != ROW_MAGIC or len(entry) != at + topic_size + payload_size:
        raise BadInput("not a journal row: wrong magic or length")
    topic = entry[at : at + topic_size]
    return make_row(worker, row, received_ms, flags, topic, entry[at + topic_size :])


def utc_day(time_ms: int) -> str:
    """`2026-11-22`: the UTC day an instant falls on."""
    return datetime.fromtimestamp(time_ms / 1000, tz=UTC).strftime("%Y-%m-%d")


def day_start_ms(day: str) -> int:
    return int(datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC).timestamp() * 1000)
