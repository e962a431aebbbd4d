"""A short form of `benchmarks.integrity_worlds`: drawn curves in a world that is no detector's."""

from functools import cache

import numpy as np
import pytest

from benchmarks.fast_load_world import FORGERIES, Boxes, fast_loads
from benchmarks.integrity_worlds import told
from coldwitness.domain.tracks import FloatArray
from tests.analysis.building import Given

BOXES = 20
GIVEN = [Given(start=0.0, end=60.0 * 89)] * BOXES


@cache
def loads(*, broken: bool, opened: bool) -> Boxes:
    return fast_loads(BOXES, seed=7, broken=broken, openings=(2, 3) if opened else (0, 0))


def implausible(boxes: Boxes, drug_c: FloatArray) -> float:
    return float(told(boxes.tracks(drug_c), GIVEN)["implausible"].mean())


@pytest.mark.parametrize("opened", [False, True])
def test_true_records_of_fast_loads_are_not_implausible(opened: bool) -> None:
    boxes = loads(broken=False, opened=opened)
    assert implausible(boxes, boxes.drug_c) == 0.0


@pytest.mark.parametrize(
    ("name", "opened", "least"),
    [
        ("straight line over the break", False, 0.7),
        ("clipped", False, 0.6),
        ("refrigerator's cycle", False, 0.9),
        ("digits drawn evenly", True, 0.9),
    ],
)
def test_most_drawn_curves_are(name: str, opened: bool, least: float) -> None:
    boxes = loads(broken=True, opened=opened)
    random = np.random.default_rng(3)
    drawn = np.stack([FORGERIES[name](one, random) for one in boxes.drug_c])
    assert implausible(boxes, drawn) >= least
