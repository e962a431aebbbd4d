"""Merkle tree hashes and proofs of RFC 9162, section 2.1, over SHA-256.

A proof shows an outsider that one row belongs to a signed day without showing him the others
(inclusion), or that a later signed head only added rows to an earlier one (consistency).
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """RFC 9162 2.1.1: SHA-256(0x00 || entry)."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """RFC 9162 2.1.1: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


class Frontier:
    """The tree head of a growing list in O(log n) memory: roots of its perfect subtrees.

    size : leaves so far; `peaks` holds one root for each set bit of size, largest first.
    """

    __slots__ = ("peaks", "size")

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if len(peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} peaks")
        self.size = size
        self.peaks = list(peaks)

    def copy(self) -> "Frontier":
        return Frontier(self.size, self.peaks)

    def push(self, leaf: bytes) -> None:
        """Append one leaf hash."""
        size = self.size
        peaks = self.peaks
        while size & 1:
            leaf = sha256(b"\x01" + peaks.pop() + leaf).digest()
            size >>= 1
        peaks.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        if not self.peaks:
            return EMPTY_ROOT
        root = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            root = node_hash(peak, root)
        return root


def root_of(leaves: Sequence[bytes]) -> bytes:
    """MTH of leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.push(leaf)
    return frontier.root()


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """PATH(index, leaves), RFC 9162 2.1.3.1; siblings from the leaf up."""
    return inclusion_proofs(leaves, [index])[index]


def inclusion_proofs(leaves: Sequence[bytes], indexes: Iterable[int]) -> dict[int, list[bytes]]:
    """PATH of each of several leaves; the tree is hashed once for all of them."""
    proofs: dict[int, list[bytes]] = {index: [] for index in indexes}
    for index in proofs:
        if not 0 <= index < len(leaves):
            raise ValueError(f"no leaf {index} among {len(leaves)}")
    level, height = list(leaves), 0
    while len(level) > 1:
        for index, proof in proofs.items():
            sibling = (index >> height) ^ 1
            if sibling < len(level):
                proof.append(level[sibling])
        level, height = _parents(level), height + 1
    return proofs


def root_from_inclusion(
    leaf: bytes, *, index: int, size: int, proof: Sequence[bytes]
) -> bytes | None:
    """The root that an inclusion proof leads to, RFC 9162 2.1.3.2; None if its shape is wrong."""
    if not 0 <= index < size:
        return None
    node, last, hashed = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return None
        if node & 1 or node == last:
            hashed = node_hash(sibling, hashed)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            hashed = node_hash(hashed, sibling)
        node >>= 1
        last >>= 1
    return hashed if last == 0 else None


def verify_inclusion(
    leaf: bytes, *, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """True if the proof shows that `leaf` stands at `index` of the tree with that root."""
    return root_from_inclusion(leaf, index=index, size=size, proof=proof) == root


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """PROOF(old_size, leaves), RFC 9162 2.1.4.1."""
    if not 0 < old_size <= len(leaves):
        raise ValueError(f"expected an old size in 1..{len(leaves)}, got {old_size}")

    def hashed(start: int, end: int) -> bytes:
        return root_of(leaves[start:end])

    return consistency_path(old_size, 0, len(leaves), hashed, whole=True)


Range = Callable[[int, int], bytes]
"""MTH of the leaves from a first up to, not with, an end."""


def inclusion_path(index: int, start: int, end: int, hashed: Range) -> list[bytes]:
    """PATH of the `index`-th leaf from `start` on, of those up to `end`: RFC 9162 2.1.3.1."""
    if end - start == 1:
        return []
    left = split(end - start)
    if index < left:
        return [*inclusion_path(index, start, start + left, hashed), hashed(start + left, end)]
    return [*inclusion_path(index - left, start + left, end, hashed), hashed(start, start + left)]


def consistency_path(old: int, start: int, end: int, hashed: Range, *, whole: bool) -> list[bytes]:
    """SUBPROOF(old, leaves from `start` to `end`, whole): RFC 9162 2.1.4.1."""
    if old == end - start:
        return [] if whole else [hashed(start, end)]
    left = split(end - start)
    if old <= left:
        inner = consistency_path(old, start, start + left, hashed, whole=whole)
        return [*inner, hashed(start + left, end)]
    inner = consistency_path(old - left, start + left, end, hashed, whole=False)
    return [*inner, hashed(start, start + left)]


def split(count: int) -> int:
    """The largest power of two smaller than `count`."""
    return 1 << (count - 1).bit_length() - 1


def verify_consistency(
    *, old_size: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]
) -> bool:
    """RFC 9162 2.1.4.2."""
    if not 0 < old_size <= size:
        return False
    if old_size == size:
        return not proof and old_root == root
    path = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    if not path:
        return False
    node, last = old_size - 1, size - 1
    while node & 1:
        node >>= 1
        last >>= 1
    old_hash = new_hash = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            old_hash = node_hash(sibling, old_hash)
            new_hash = node_hash(sibling, new_hash)
            while not node & 1 and node:
                node >>= 1
                last >>= 1
        else:
            new_hash = node_hash(new_hash, sibling)
        node >>= 1
        last >>= 1
    return last == 0 and old_hash == old_root and new_hash == root


def _parents(level: Sequence[bytes]) -> list[bytes]:
    """One level up; a lone last node rises unchanged, as the RFC's split by powers of two does."""
    paired = [node_hash(left, right) for left, right in zip(level[::2], level[1::2], strict=False)]
    if len(level) & 1:
        paired.append(level[-1])
    return paired
