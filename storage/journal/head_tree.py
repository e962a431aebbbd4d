"""The tree over a worker's signed heads, kept in one growing file, so that proofs between any two
of its sizes cost a few hashes however old the journal is.

The file holds the hashes of all perfect subtrees in the order in which they become known: after
each leaf those that it completes, 32 bytes each. Leaf and inner hashes are those of RFC 9162. It
is worked out from the heads, and made anew from them where it is missing or does not fit.
"""

from collections.abc import Iterable
from pathlib import Path

from coldwitness.domain.errors import Unavailable
from coldwitness.storage.journal.merkle import (
    EMPTY_ROOT,
    consistency_path,
    inclusion_path,
    node_hash,
    split,
)

_HASH_BYTES = 32


class HeadTree:
    """One writer; any number of readers, which see the sizes that were there."""

    def __init__(self, path: Path) -> None:
        """A half-written end, as a power cut leaves it, is passed over and written again."""
        self.path = path
        try:
            stored = path.stat().st_size // _HASH_BYTES if path.exists() else 0
        except OSError as error:
            raise Unavailable(f"journal {path}: {error.strerror}") from error
        self.size = _leaves_in(stored)

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Append leaf hashes. Raises Unavailable; then the tree is as it was before."""
        written: list[bytes] = []
        first, size = _stored(self.size), self.size

        def read(level: int, index: int) -> bytes:
            place = _place(level, index)
            return written[place - first] if place >= first else self._hash(level, index)

        for leaf in leaves:
            level, index, hashed = 0, size, leaf
            written.append(hashed)
            while index & 1:
                hashed = node_hash(read(level, index - 1), hashed)
                level, index = level + 1, index >> 1
                written.append(hashed)
            size += 1
        if not written:
            return
        try:
            with self.path.open("r+b" if self.path.exists() else "w+b") as file:
                file.seek(first * _HASH_BYTES)
                file.write(b"".join(written))
                file.truncate()
        except OSError as error:
            raise Unavailable(f"journal {self.path}: {error.strerror}") from error
        self.size = size

    def leaf(self, index: int) -> bytes:
        return self._hash(0, index)

    def root(self, size: int) -> bytes:
        """The tree head of the first `size` leaves. Raises ValueError beyond what there is."""
        if not 0 <= size <= self.size:
            raise ValueError(f"no tree of {size} leaves among {self.size}")
        return self._range(0, size) if size else EMPTY_ROOT

    def inclusion(self, index: int, size: int) -> list[bytes]:
        """PATH(index, first `size` leaves), RFC 9162 2.1.3.1; siblings from the leaf up."""
        if not 0 <= index < size <= self.size:
            raise ValueError(f"no leaf {index} among {size}, there are {self.size}")
        return inclusion_path(index, 0, size, self._range)

    def consistency(self, old_size: int, size: int) -> list[bytes]:
        """PROOF(old_size, first `size` leaves), RFC 9162 2.1.4.1; none from nothing."""
        if not 0 <= old_size <= size <= self.size:
            raise ValueError(f"no tree of {old_size} within {size}, there are {self.size}")
        return consistency_path(old_size, 0, size, self._range, whole=True) if old_size else []

    def _range(self, start: int, end: int) -> bytes:
        """MTH of leaves start to end, where start is a multiple of the power of two below."""
        count = end - start
        if not count & (count - 1):
            level = count.bit_length() - 1
            return self._hash(level, start >> level)
        middle = start + split(count)
        return node_hash(self._range(start, middle), self._range(middle, end))

    def _hash(self, level: int, index: int) -> bytes:
        try:
            with self.path.open("rb") as file:
                file.seek(_place(level, index) * _HASH_BYTES)
                found = file.read(_HASH_BYTES)
        except OSError as error:
            raise Unavailable(f"journal {self.path}: {error.strerror}") from error
        if len(found) != _HASH_BYTES:
            raise Unavailable(f"journal {self.path}: ends before subtree {level}/{index}")
        return found


def _stored(leaves: int) -> int:
    """Hashes in the file for so many leaves."""
    count = 0
    while leaves:
        count, leaves = count + leaves, leaves >> 1
    return count


def _place(level: int, index: int) -> int:
    """Where the hash of the `index`-th perfect subtree of 2^level leaves stands."""
    last_leaf = ((index + 1) << level) - 1
    return _stored(last_leaf) + level


def _leaves_in(hashes: int) -> int:
    """The most leaves whose hashes all fit into so many."""
    low, high = 0, hashes
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _stored(middle) <= hashes else (low, middle - 1)
    return low
