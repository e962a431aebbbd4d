"""Texts that forked processes write and their parent reads, in memory they share.

A result's text is some thirty kilobytes: sent through a pipe, those of a fleet took the parent more
time than reading the fleet's files.
"""

import multiprocessing
import os
from types import TracebackType

from coldwitness.domain.errors import Unavailable


class SharedTexts:
    """Made before the processes are forked. Linux alone has such memory (memfd_create(2)).

    Raises Unavailable where the system has no memory for it.
    """

    def __init__(self) -> None:
        self._end = multiprocessing.get_context("fork").Value("q", 0)
        try:
            self._file = os.memfd_create("coldwitness-texts")
        except OSError as error:
            raise Unavailable(f"memory for results: {error.strerror}") from error

    def __enter__(self) -> "SharedTexts":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)

    def keep(self, text: bytes) -> int:
        """Add a text; returns where it begins."""
        with self._end.get_lock():
            at = int(self._end.value)
            self._end.value = at + len(text)
        rest = memoryview(text)
        place = at
        try:
            while rest:
                written = os.pwrite(self._file, rest, place)
                rest, place = rest[written:], place + written
        except OSError as error:
            raise Unavailable(f"memory for results: {error.strerror}") from error
        return at

    def read(self, at: int, size: int) -> bytes:
        return os.pread(self._file, size, at)
