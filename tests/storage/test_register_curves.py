"""Curves kept many at once are kept as if one after another."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from sqlalchemy import select

from coldwitness.storage.ports import StoredCurves
from coldwitness.storage.register import open_register, schema
from coldwitness.storage.register.copies import CROWD
from coldwitness.storage.register.database import Database

Kept = Mapping[str, StoredCurves | None]


def curves(*keys: int) -> StoredCurves:
    return StoredCurves(keys, b"curve " + repr(keys).encode())


def index_of(folder: Path, batches: Sequence[Kept]) -> dict[str, tuple[bytes, set[int]]]:
    """Bodies and keys of all kept shipments after keeping these batches."""
    folder.mkdir()
    url = f"sqlite:///{folder / 'register.sqlite'}"
    register = open_register(url)
    for batch in batches:
        register.copies.keep_curves(batch)
    register.close()
    database = Database(url)
    found: dict[str, tuple[bytes, set[int]]] = {}
    with database.read() as connection:
        for row in connection.execute(select(schema.curves)):
            found[row.shipment] = (row.body, set())
            its = select(schema.curve_keys.c.key).where(schema.curve_keys.c.curve == row.id)
            found[row.shipment][1].update(connection.execute(its).scalars())
    database.close()
    return found


def grown(number: int) -> Kept:
    return {f"S{number:02d}": curves(1, 2, number + 100)}


FIRST: list[Kept] = [{f"S{n:02d}": curves(1, n + 100)} for n in range(CROWD + 2)]
CHANGES: list[Kept] = [{"S00": None, "S01": curves(7)}, *map(grown, range(2, CROWD + 2))]


def merged(batches: Sequence[Kept]) -> Kept:
    return {name: its for batch in batches for name, its in batch.items()}


@pytest.mark.parametrize("batches", [FIRST, [*FIRST, *CHANGES]])
def test_many_curves_at_once_are_kept_as_if_in_turn(tmp_path: Path, batches: list[Kept]) -> None:
    together = [merged(FIRST), *([merged(CHANGES)] if batches is not FIRST else [])]
    assert index_of(tmp_path / "turn", batches) == index_of(tmp_path / "once", together)


@pytest.mark.parametrize("others", [CROWD - 1, CROWD, CROWD + 1])
def test_a_key_leads_to_no_more_curves_than_a_crowd(tmp_path: Path, others: int) -> None:
    batch = {f"S{number:02d}": curves(1, number + 100) for number in range(others)}
    found = index_of(tmp_path / "once", [batch, {"T": curves(1)}])
    led = [name for name, (_, keys) in found.items() if 1 in keys]
    assert len(led) == min(others + 1, CROWD)
    assert ("T" in led) == (others < CROWD)
