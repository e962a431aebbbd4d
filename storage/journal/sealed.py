"""A sealed day: rows as independent gzip blocks, and a signed seal beside them.

The file needs no database to be read in five years: each block is a gzip member holding
records of u32 length + kept row bytes + 32 bytes of chain. A flipped byte spoils one
block and not the day, because the seal lists where each block starts.
"""

import gzip
import struct
import zlib
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import msgspec
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.storage.journal.durable import placed
from coldwitness.storage.journal.layout import Segment
from coldwitness.storage.journal.segment_meta import SegmentMeta
from coldwitness.storage.journal.signing import ALGORITHM, Signer, signature_holds

SEAL_SCHEMA = "coldwitness.seal/1"
BLOCK_ROWS = 4096
BLOCK_BYTES = 8_000_000
_LENGTH = struct.Struct(">I")
_CHAIN_BYTES = 32


class Block(msgspec.Struct, frozen=True, array_like=True):
    """Where a gzip member starts and the first row in it; `size` bytes long."""

    offset: int
    size: int
    first_row: int
    rows: int


class Seal(msgspec.Struct, frozen=True):
    """What a day's file held when it was closed; signed over its canonical JSON (RFC 8785)
    without `signature`.

    file : its name, where it was written anew without messages that an order removed; all that is
    said of rows, chain and root is as it was.
    """

    segment: SegmentMeta
    last_row: int
    first_received_ms: int
    last_received_ms: int
    chain: str
    merkle_root: str
    file_sha256: str
    file_bytes: int
    blocks: tuple[Block, ...]
    sealed_ms: int
    key_id: str
    signature: str = ""
    algorithm: str = ALGORITHM
    schema: str = SEAL_SCHEMA
    file: str | msgspec.UnsetType = msgspec.UNSET

    @property
    def rows(self) -> int:
        return self.last_row - self.segment.first_row + 1

    def signed_bytes(self) -> bytes:
        """The exact bytes the signature is over."""
        fields = msgspec.to_builtins(self)
        del fields["signature"]
        return rfc8785.dumps(fields)

    def holds(self, public: Ed25519PublicKey) -> bool:
        return signature_holds(public, self.signed_bytes(), self.signature)


@dataclass(frozen=True)
class SealedRow:
    """Kept bytes of one row and the chain value stored with it."""

    entry: bytes
    chain: bytes


@dataclass(frozen=True)
class WrittenFile:
    sha256: str
    size: int
    blocks: tuple[Block, ...]


def write_rows(path: Path, first_row: int, rows: Iterable[SealedRow]) -> WrittenFile:
    """Write `rows` durably at `path` (made aside, then renamed)."""
    digest, offset, blocks = sha256(), 0, []
    try:
        with placed(path) as file:
            for first, count, content in _blocks(first_row, rows):
                packed = gzip.compress(content, compresslevel=6, mtime=0)
                file.write(packed)
                digest.update(packed)
                blocks.append(Block(offset, len(packed), first, count))
                offset += len(packed)
    except OSError as error:
        raise Unavailable(f"journal {path}: {error.strerror}") from error
    return WrittenFile(digest.hexdigest(), offset, tuple(blocks))


def sign_seal(seal: Seal, signer: Signer) -> Seal:
    return msgspec.structs.replace(seal, signature=signer.sign(seal.signed_bytes()))


def seal_json(seal: Seal) -> bytes:
    return msgspec.json.format(msgspec.json.encode(seal), indent=1) + b"\n"


def read_seal(path: Path) -> Seal:
    """The seal in a file; raises BadInput naming it."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Seal)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise BadInput(f"{path}: not a seal: {error}") from error


def rows_file(segment: Segment, seal: Seal) -> Path:
    """Where the rows of a sealed day lie."""
    return segment.rows if seal.file is msgspec.UNSET else segment.folder / seal.file


def read_block(path: Path, block: Block, wanted: Collection[int] | None = None) -> list[SealedRow]:
    """The rows of one block, or those of it whose numbers are wanted; raises BadInput if its bytes
    are damaged."""
    where = f"{path}: rows {block.first_row} to {block.first_row + block.rows - 1}"
    try:
        with path.open("rb") as file:
            file.seek(block.offset)
            packed = file.read(block.size)
        content = gzip.decompress(packed)
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput(f"{where}: unreadable: {error}") from error
    rows, at, number = [], 0, block.first_row
    while at < len(content):
        end = at + _LENGTH.size
        if end > len(content):
            raise BadInput(f"{where}: cut off")
        end += _LENGTH.unpack_from(content, at)[0]
        if end + _CHAIN_BYTES > len(content):
            raise BadInput(f"{where}: cut off")
        if wanted is None or number in wanted:
            entry = content[at + _LENGTH.size : end]
            rows.append(SealedRow(entry, content[end : end + _CHAIN_BYTES]))
        at, number = end + _CHAIN_BYTES, number + 1
    return rows


def _blocks(first_row: int, rows: Iterable[SealedRow]) -> Iterator[tuple[int, int, bytes]]:
    content, count, first = bytearray(), 0, first_row
    for row in rows:
        content += _LENGTH.pack(len(row.entry))
        content += row.entry
        content += row.chain
        count += 1
        if count == BLOCK_ROWS or len(content) >= BLOCK_BYTES:
            yield first, count, bytes(content)
            first, count, content = first + count, 0, bytearray()
    if count:
        yield first, count, bytes(content)
