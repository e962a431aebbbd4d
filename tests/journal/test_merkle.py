"""The tree against the definition in RFC 9162, written the other way round."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.storage.journal.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    root_of,
    verify_consistency,
    verify_inclusion,
)


def mth(entries: list[bytes]) -> bytes:
    """MTH of RFC 9162 2.1.1, straight from its recursive definition."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    split = 1
    while split * 2 < len(entries):
        split *= 2
    return sha256(b"\x01" + mth(entries[:split]) + mth(entries[split:])).digest()


def entries_of(count: int) -> list[bytes]:
    return [f"row {i}".encode() for i in range(count)]


def leaves_of(count: int) -> list[bytes]:
    return [leaf_hash(entry) for entry in entries_of(count)]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 32, 33, 77])
def test_the_root_is_that_of_the_definition(count: int) -> None:
    assert root_of(leaves_of(count)) == mth(entries_of(count))


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert Frontier().root() == EMPTY_ROOT == sha256(b"").digest()


def test_a_frontier_taken_up_from_its_peaks_goes_on_alike() -> None:
    leaves = leaves_of(45)
    frontier = Frontier()
    for leaf in leaves[:29]:
        frontier.push(leaf)
    resumed = Frontier(frontier.size, frontier.peaks)
    for leaf in leaves[29:]:
        resumed.push(leaf)
    assert resumed.root() == mth(entries_of(45))


def test_a_frontier_with_the_wrong_number_of_peaks_is_refused() -> None:
    with pytest.raises(ValueError, match="2 peaks"):
        Frontier(5, [b"x" * 32])


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_every_leaf_is_proved_at_its_place_and_nowhere_else(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70))
    index = data.draw(st.integers(0, size - 1))
    leaves = leaves_of(size)
    root, proof = root_of(leaves), inclusion_proof(leaves, index)
    assert verify_inclusion(leaves[index], index=index, size=size, proof=proof, root=root)
    other = data.draw(st.integers(0, size - 1))
    if other != index:
        assert not verify_inclusion(leaves[index], index=other, size=size, proof=proof, root=root)
        assert not verify_inclusion(leaves[other], index=index, size=size, proof=proof, root=root)
    assert not verify_inclusion(
        leaves[index], index=index, size=size, proof=[*proof, root], root=root
    )
    if proof:
        assert not verify_inclusion(
            leaves[index], index=index, size=size, proof=proof[:-1], root=root
        )


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_a_grown_tree_is_proved_consistent_and_a_changed_one_is_not(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 70))
    old_size = data.draw(st.integers(1, size))
    leaves = leaves_of(size)
    proof = consistency_proof(leaves, old_size)
    old_root, root = root_of(leaves[:old_size]), root_of(leaves)
    assert verify_consistency(
        old_size=old_size, old_root=old_root, size=size, root=root, proof=proof
    )
    changed = list(leaves)
    changed[data.draw(st.integers(0, old_size - 1))] = leaf_hash(b"edited")
    assert not verify_consistency(
        old_size=old_size,
        old_root=old_root,
        size=size,
        root=root_of(changed),
        proof=consistency_proof(changed, old_size),
    )


def test_a_leaf_outside_the_tree_has_no_proof() -> None:
    with pytest.raises(ValueError, match="no leaf 3"):
        inclusion_proof(leaves_of(3), 3)
    assert not verify_inclusion(leaf_hash(b"x"), index=3, size=3, proof=[], root=EMPTY_ROOT)
    with pytest.raises(ValueError, match="old size"):
        consistency_proof(leaves_of(3), 0)
