"""The tree in a file gives the roots and proofs that the definition gives, for every size."""

from hashlib import sha256
from pathlib import Path

import pytest

from coldwitness.storage.journal.head_tree import HeadTree
from coldwitness.storage.journal.merkle import (
    consistency_proof,
    inclusion_proof,
    root_of,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [sha256(b"%d" % i).digest() for i in range(70)]


def test_roots_and_proofs_of_all_sizes_are_those_of_the_definition(tmp_path: Path) -> None:
    tree = HeadTree(tmp_path / "tree")
    for leaf in LEAVES[:33]:
        tree.extend([leaf])
    tree.extend(LEAVES[33:])
    tree = HeadTree(tmp_path / "tree")
    assert tree.size == len(LEAVES)
    for size in range(1, len(LEAVES) + 1):
        leaves = LEAVES[:size]
        assert tree.root(size) == root_of(leaves)
        for old in range(1, size + 1):
            proof = tree.consistency(old, size)
            assert proof == consistency_proof(leaves, old)
            assert verify_consistency(
                old_size=old,
                old_root=tree.root(old),
                size=size,
                root=tree.root(size),
                proof=proof,
            )
        for index in range(0, size, 7):
            path = tree.inclusion(index, size)
            assert path == inclusion_proof(leaves, index)
            assert verify_inclusion(
                leaves[index], index=index, size=size, proof=path, root=tree.root(size)
            )


@pytest.mark.parametrize("torn", [1, 31, 32, 33, 64, 100])
def test_an_end_that_a_power_cut_tore_off_is_written_again(tmp_path: Path, torn: int) -> None:
    path = tmp_path / "tree"
    HeadTree(path).extend(LEAVES)
    path.write_bytes(path.read_bytes()[:-torn])
    tree = HeadTree(path)
    assert len(LEAVES) - 5 < tree.size < len(LEAVES)
    tree.extend(LEAVES[tree.size :])
    assert HeadTree(path).root(len(LEAVES)) == root_of(LEAVES)


def test_what_is_not_there_is_no_proof(tmp_path: Path) -> None:
    tree = HeadTree(tmp_path / "tree")
    assert tree.root(0) == sha256(b"").digest()
    assert tree.consistency(0, 0) == []
    tree.extend(LEAVES[:3])
    for wrong in (
        lambda: tree.root(4),
        lambda: tree.inclusion(3, 3),
        lambda: tree.inclusion(0, 4),
        lambda: tree.consistency(3, 2),
        lambda: tree.consistency(1, 4),
    ):
        with pytest.raises(ValueError, match="no "):
            wrong()
