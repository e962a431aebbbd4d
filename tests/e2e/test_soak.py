"""The soak in a short form: all faults once, and the ledger adds up."""

import time
from pathlib import Path

from benchmarks.soak import Fleet, soaked
from benchmarks.soak_faults import FAULTS


def test_nothing_is_lost_or_told_twice_whatever_fails_around_it(tmp_path: Path) -> None:
    readings, boxes = 20, 30
    began_ms = time.time_ns() // 1_000_000 - readings * 60_000
    found = soaked(tmp_path, Fleet(boxes, readings, 1.0, began_ms), seed=1, pause_s=0.5)
    assert set(found.faults) == set(FAULTS)
    assert found.ledger.published == readings * boxes
    assert found.ledger.adds_up, found.ledger
