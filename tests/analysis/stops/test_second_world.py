"""Stops in a second world (benchmarks/grid_city.py), from files: nobody honest is accused, nothing
stored is acquitted. Six deliveries a family; docs/scoreboard.md has the run of a hundred."""

import pytest

from benchmarks.stops_world import COMPLIANT, FAMILIES, judged

BOXES, SEED = 6, 3


@pytest.mark.parametrize("name", FAMILIES)
def test_each_family_is_judged_as_it_is_true(name: str) -> None:
    truth, _ = FAMILIES[name]
    found = judged(name, BOXES, SEED)
    assert found.total() == BOXES
    if truth == "honest":
        assert found["suspected"] + found["breach"] == 0
    else:
        assert sum(found[status] for status in COMPLIANT) == 0
