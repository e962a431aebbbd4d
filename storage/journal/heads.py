"""Signed heads of an open day: from time to time the chain and tree root, signed, in a file.

Without them a tail that was cut off an unsealed segment, or a rewritten chain, could not be
told from an honest shorter one. They also go out with the worker's health messages, so that a
witness elsewhere holds them.
"""

import os
from pathlib import Path

import msgspec
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from coldwitness.domain.errors import Unavailable
from coldwitness.storage.journal.segment import Head, SegmentMeta
from coldwitness.storage.journal.signing import Signer, signature_holds

HEAD_SCHEMA = "coldwitness.head/1"


class SignedHead(msgspec.Struct, frozen=True):
    """The segment of `worker` and `day` as of `row`, signed over its canonical JSON without
    `signature`."""

    worker: str
    day: str
    row: int
    chain: str
    merkle_root: str
    time_ms: int
    key_id: str
    signature: str = ""
    schema: str = HEAD_SCHEMA

    def signed_bytes(self) -> bytes:
        fields = msgspec.to_builtins(self)
        del fields["signature"]
        return rfc8785.dumps(fields)

    def holds(self, public: Ed25519PublicKey) -> bool:
        return signature_holds(public, self.signed_bytes(), self.signature)


def sign_head(meta: SegmentMeta, head: Head, *, time_ms: int, signer: Signer) -> SignedHead:
    unsigned = SignedHead(
        worker=meta.worker,
        day=meta.day,
        row=head.row,
        chain=head.chain.hex(),
        merkle_root=head.frontier.root().hex(),
        time_ms=time_ms,
        key_id=signer.key_id,
    )
    return msgspec.structs.replace(unsigned, signature=signer.sign(unsigned.signed_bytes()))


def add_head(path: Path, head: SignedHead) -> None:
    """Append one line durably; a line that a power cut left half-written stays by itself."""
    try:
        with path.open("a+b") as file:
            if file.tell() > 0:
                file.seek(-1, os.SEEK_END)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write(msgspec.json.encode(head) + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise Unavailable(f"journal {path}: {error.strerror}") from error


def read_heads(path: Path) -> tuple[list[SignedHead], list[int]]:
    """Heads of a file by row, and the numbers of lines that are none; nothing if no file."""
    heads: list[SignedHead] = []
    unreadable: list[int] = []
    if path.exists():
        for number, line in enumerate(path.read_bytes().splitlines(), start=1):
            try:
                heads.append(msgspec.json.decode(line, type=SignedHead))
            except msgspec.MsgspecError:
                unreadable.append(number)
    return sorted(heads, key=lambda head: head.row), unreadable
