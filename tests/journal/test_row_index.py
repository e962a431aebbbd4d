"""Rows found by name, in open and sealed days, and an index that knows what it has not seen."""

from collections.abc import Callable
from pathlib import Path

import pytest

from coldwitness.domain.errors import Unavailable
from coldwitness.storage.journal import Journal, JournalReader, RowIndex, Signer, key_of
from coldwitness.storage.journal.sealing import seal_finished
from tests.journal.conftest import messages

DAY = "2024-06-01"
NAMED = key_of("shipment", "S-1")


def test_names_of_different_kinds_are_different_keys() -> None:
    assert key_of("shipment", "A") == key_of("shipment", "A")
    assert len({key_of(kind, name) for kind in ("shipment", "box") for name in ("A", "B")}) == 4


def test_an_index_knows_which_rows_it_has_seen(tmp_path: Path) -> None:
    index = RowIndex(tmp_path, "w1")
    assert index.covered(DAY) == range(0)
    assert index.rows(DAY, [NAMED]) == set()
    index.add(DAY, [(NAMED, 3), (NAMED, 5)], first=1, last=5)
    index.add(DAY, [(NAMED, 3), (NAMED, 8)], first=4, last=9)
    assert index.covered(DAY) == range(1, 10)
    assert index.rows(DAY, [NAMED, key_of("shipment", "S-2")]) == {3, 5, 8}
    assert RowIndex(tmp_path, "w2").rows(DAY, [NAMED]) == set()


def test_rows_that_do_not_touch_the_covered_ones_are_covered_alone(tmp_path: Path) -> None:
    index = RowIndex(tmp_path, "w1")
    index.add(DAY, [], first=1, last=5)
    index.add(DAY, [(NAMED, 9)], first=8, last=9)
    assert index.covered(DAY) == range(8, 10), "6 and 7 were never looked at"
    index.add(DAY, [], first=1, last=7)
    assert index.covered(DAY) == range(1, 10)


def test_a_file_that_is_no_index_is_unavailable_and_names_itself(tmp_path: Path) -> None:
    index = RowIndex(tmp_path, "w1")
    index.add(DAY, [(NAMED, 1)], first=1, last=1)
    index.close()
    (path,) = (tmp_path / "derived" / "rows" / "w1").glob("*.sqlite")
    path.write_bytes(b"x" * 4096)
    with pytest.raises(Unavailable, match=str(path)):
        index.rows(DAY, [NAMED])


def test_rows_are_read_by_number_from_open_and_sealed_days_alike(
    tmp_path: Path, signer: Signer, open_journal: Callable[..., Journal]
) -> None:
    with open_journal() as journal:
        journal.append(messages(1, 5000))
    reader = JournalReader(tmp_path)
    wanted = {1, 2, 4096, 4097, 5000, 9999}
    opened = list(reader.rows_at("w1", wanted))
    assert [row.row for row in opened] == [1, 2, 4096, 4097, 5000]
    assert len(list(seal_finished(tmp_path, signer))) == 1
    assert list(reader.rows_at("w1", wanted)) == opened
    (segment,) = reader.segments("w1")
    assert reader.bounds(segment) == range(1, 5001)
