"""Of a way with doubtful positions some missing ones are enough to show nothing."""

import numpy as np
import pytest

from coldwitness.analysis.stops.stop_judgement import StorageReason
from coldwitness.domain.words import Status
from tests.analysis.stops.stop_journeys import Fixed, delivery, judge


def whole() -> Fixed:
    return delivery(200).fixes(every_s=30.0)


def gone(fixed: Fixed, count: int) -> np.ndarray:
    """Positions of that many readings on the ride, one here and one there."""
    rows = np.zeros(fixed.time_s.size, dtype=bool)
    rows[2 : 2 + 3 * count : 3] = True
    return rows


def coarse(fixed: Fixed) -> np.ndarray:
    accuracy_m = np.full(fixed.time_s.size, 10.0)
    accuracy_m[fixed.time_s.size // 2] = 150.0
    return accuracy_m


@pytest.mark.parametrize(
    ("lost", "doubtful", "reason"),
    [
        (0, False, StorageReason.NOTHING_FOUND),
        (6, False, StorageReason.NOTHING_FOUND),
        (0, True, StorageReason.NOTHING_FOUND),
        (6, True, StorageReason.POSITIONS_TORN),
    ],
)
def test_a_coarse_position_and_missing_ones_together_show_nothing(
    lost: int, doubtful: bool, reason: StorageReason
) -> None:
    fixed = whole()
    accuracy_m = coarse(fixed) if doubtful else np.full(fixed.time_s.size, 10.0)
    judged = judge(fixed.without(gone(fixed, lost)), accuracy_m=accuracy_m)
    assert StorageReason(judged.reason[0]) == reason
    expected = Status.INSUFFICIENT_EVIDENCE if lost and doubtful else Status.COMPLIANT
    assert Status(judged.status[0]) == expected
