"""What may be too long for memory: written once, then read from the beginning whenever needed."""

import hashlib
import tempfile
from collections.abc import Iterable, Iterator
from mmap import ACCESS_READ, mmap
from typing import IO, Protocol
from weakref import finalize

from cryptography.hazmat.primitives import hashes

IN_MEMORY = 16_000_000
"""Bytes; what is longer lies in a file without a name, which ends with the process."""
READ_AT_ONCE = 1_000_000


def room() -> IO[bytes]:
    """A file in memory while it is short."""
    return tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)


def parts_of(file: IO[bytes]) -> Iterator[bytes]:
    """All that a file holds, in turn. One reader at a time."""
    file.seek(0)
    while part := file.read(READ_AT_ONCE):
        yield part


class Held(Protocol):
    """Bytes of some size. read : some of them. parts : all in turn. held : all at once, for what
    cannot take them in parts; where they are many as they lie on the disk, so that no memory runs
    out by it: kept no longer than they are read."""

    size: int

    def read(self, first: int, size: int) -> bytes | memoryview: ...
    def parts(self) -> Iterator[bytes | memoryview]: ...
    def held(self) -> bytes | memoryview: ...


class InTurn:
    """What can be read here and there is read in turn so."""

    size: int

    def read(self, first: int, size: int) -> bytes | memoryview:
        raise NotImplementedError

    def parts(self) -> Iterator[bytes | memoryview]:
        for first in range(0, self.size, READ_AT_ONCE):
            yield self.read(first, min(READ_AT_ONCE, self.size - first))


class Given(InTurn):
    """Bytes that are in memory already."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read(self, first: int, size: int) -> memoryview:
        return memoryview(self._data)[first : first + size]

    def held(self) -> bytes:
        return self._data


class Kept(InTurn):
    """Bytes that were written. The file is closed with it."""

    def __init__(self, parts: Iterable[bytes | memoryview]) -> None:
        """Raises OSError where there is no room for them."""
        self.file = room()
        finalize(self, self.file.close)
        for part in parts:
            self.file.write(part)
        self.size = self.file.tell()
        self.file.flush()

    def read(self, first: int, size: int) -> bytes:
        self.file.seek(first)
        return self.file.read(size)

    def held(self) -> bytes | memoryview:
        if self.size <= IN_MEMORY:
            return self.read(0, self.size)
        return memoryview(mmap(self.file.fileno(), 0, access=ACCESS_READ))


class Digests:
    """SHA-256 and SM3 of bytes that come in parts."""

    def __init__(self) -> None:
        self._sha256, self._sm3 = hashlib.sha256(), hashes.Hash(hashes.SM3())

    def add(self, part: bytes | memoryview) -> None:
        self._sha256.update(part)
        self._sm3.update(part)

    def told(self) -> tuple[str, str]:
        """Hexadecimal; once all was added."""
        return self._sha256.hexdigest(), self._sm3.finalize().hex()


class Written(Kept):
    """With their digests (hexadecimal), which are taken while they are written."""

    def __init__(self, parts: Iterable[bytes | memoryview]) -> None:
        digests = Digests()

        def noted() -> Iterator[bytes | memoryview]:
            for part in parts:
                digests.add(part)
                yield part

        super().__init__(noted())
        self.sha256, self.sm3 = digests.told()


def says(held: Held, parts: Iterable[bytes | memoryview]) -> bool:
    """Whether these parts together are those bytes."""
    at = 0
    for part in parts:
        if held.read(at, len(part)) != part:
            return False
        at += len(part)
    return at == held.size
