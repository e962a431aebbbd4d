"""What a package holds, read in parts: it may be as large as all memory that there is."""

import io
import struct
import zipfile
from collections.abc import Mapping
from typing import IO, cast

from coldwitness.api.reports.made.written import IN_MEMORY, READ_AT_ONCE, Held, InTurn, Kept
from coldwitness.api.reports.packed.package import zip_into
from coldwitness.api.reports.packed.standalone_verify import MOST_BYTES
from coldwitness.domain.errors import BadInput

_LIST_BYTES = 1_000_000
"""Longest list of files."""
_END, _END_SIZE, _LIST_SIZE_AT = b"PK\x05\x06", 22, 12
_END_BYTES = _END_SIZE + 65_535
"""The end of a zip with the longest comment."""
_HEAD_BYTES = 1_000
"""A zip's own bytes are written in pieces shorter than this, and some of them twice."""


class Member(InTurn):
    """Bytes within others."""

    def __init__(self, whole: Held, first: int, size: int) -> None:
        self._whole, self._first, self.size = whole, first, size

    def read(self, first: int, size: int) -> bytes | memoryview:
        return self._whole.read(self._first + first, max(0, min(size, self.size - first)))

    def held(self) -> bytes | memoryview:
        if self.size <= IN_MEMORY:
            return self.read(0, self.size)
        return memoryview(self._whole.held())[self._first : self._first + self.size]


def members_of(data: Kept) -> tuple[dict[str, Held], bool]:
    """Contents by name, and whether the zip is exactly the one that our writer makes of them.
    Raises BadInput where it cannot be read."""
    try:
        _require_few(data)
        with zipfile.ZipFile(data.file) as archive:
            infos = archive.infolist()
            if sum(info.file_size for info in infos) > MOST_BYTES:
                raise BadInput("too large")
            files = {info.filename: _member(archive, info, data) for info in infos}
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        ValueError,
    ) as error:
        raise BadInput(str(error)[:200]) from error
    return files, len(files) == len(infos) and is_zip_of(files, data)


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, data: Kept) -> Held:
    """As it stands in the zip, or unpacked beside it. Raises BadZipFile for a wrong checksum."""
    with archive.open(info) as file:
        if info.compress_type != zipfile.ZIP_STORED:
            return Kept(iter(lambda: file.read(READ_AT_ONCE), b""))
        first, size = data.file.tell(), 0
        while part := file.read(READ_AT_ONCE):
            size += len(part)
    return Member(data, first, size)


def _require_few(data: Held) -> None:
    """A zip's list of its files is read whole. Raises BadInput for a long one."""
    end = bytes(data.read(max(0, data.size - _END_BYTES), _END_BYTES))
    at = end.rfind(_END)
    if at >= 0 and len(end) >= at + _END_SIZE:
        (size,) = struct.unpack_from("<L", end, at + _LIST_SIZE_AT)
        if size > _LIST_BYTES:
            raise BadInput("too many files")


def is_zip_of(files: Mapping[str, Held], data: Held) -> bool:
    """Whether `data` is the one zip of these files in this order."""
    against = _Against(data)
    zip_into(cast("IO[bytes]", against), {name: file.parts() for name, file in files.items()})
    return against.same()


class _Against(io.RawIOBase):
    """Takes what a zip's writer writes and holds it against bytes that are there."""

    def __init__(self, expected: Held) -> None:
        self._expected, self._at, self._end = expected, 0, 0
        self._alike = True
        self._short: dict[int, bytes] = {}

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + (0, self._at, self._end)[whence]
        return self._at

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload]
        if len(part) <= _HEAD_BYTES:
            self._short[self._at] = part
        else:
            self._alike &= self._expected.read(self._at, len(part)) == part
        self._at += len(part)
        self._end = max(self._end, self._at)
        return len(part)

    def same(self) -> bool:
        """To be asked once all was written."""
        return (
            self._alike
            and self._end == self._expected.size
            and all(self._expected.read(at, len(one)) == one for at, one in self._short.items())
        )
