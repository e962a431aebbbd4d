"""What may be too long for memory: written once, then read from the beginning whenever needed."""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from mmap import ACCESS_READ, mmap
from typing import IO
from weakref import finalize

from cryptography.hazmat.primitives import hashes

IN_MEMORY = 16_000_000
"""Bytes; what is longer lies in a file without a name, which ends with the process."""
_READ_AT_ONCE = 1_000_000


def room() -> IO[bytes]:
    """A file in memory while it is short."""
    return tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)


def parts_of(file: IO[bytes]) -> Iterator[bytes]:
    """All that a file holds, in turn. One reader at a time."""
    file.seek(0)
    while part := file.read(_READ_AT_ONCE):
        yield part


class Written:
    """Bytes with their size and digests (hexadecimal), which are taken while they are written.
    The file is closed with it."""

    def __init__(self, parts: Iterable[bytes]) -> None:
        """Raises OSError where there is no room for them."""
        sha256, sm3 = hashlib.sha256(), hashes.Hash(hashes.SM3())
        self.file = room()
        finalize(self, self.file.close)
        for part in parts:
            sha256.update(part)
            sm3.update(part)
            self.file.write(part)
        self.size = self.file.tell()
        self.sha256 = sha256.hexdigest()
        self.sm3 = sm3.finalize().hex()

    def held(self) -> bytes | memoryview:
        """All of them at once, for what cannot take them in parts: where they are many the file
        as it lies on the disk, so that no memory runs out by it."""
        if self.size <= IN_MEMORY:
            return b"".join(parts_of(self.file))
        self.file.flush()
        return memoryview(mmap(self.file.fileno(), 0, access=ACCESS_READ))
