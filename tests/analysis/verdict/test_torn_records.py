"""A record of which much is missing shows neither that nothing was stored nor how it was packed."""

import numpy as np
import pytest

from tests.analysis.building import Given, Series
from tests.analysis.judging import Seen, minutes, seen

ORIGIN, DESTINATION = (36.8, 118.0, 100.0), (36.8, 118.3, 100.0)
RIDE = Given(
    start=0.0,
    end=3600.0,
    by_event=True,
    interval_s=60.0,
    origin=ORIGIN,
    destination=DESTINATION,
)


def ride(kept: np.ndarray, *, late_s: float = 0.0) -> Seen:
    """Of a reading a minute on the way from origin to destination those that are `kept`; late_s :
    how late the first of them is."""
    at = minutes(61)[kept]
    at[0] += late_s
    return seen(
        Series(
            at,
            np.full(at.size, 5.0),
            seq=np.arange(61)[kept],
            lat=np.full(at.size, 36.8),
            lon=118.0 + 0.3 * at / 3600,
        ),
        given=RIDE,
    )


def without(every: int) -> np.ndarray:
    return np.flatnonzero(np.arange(61) % every != 1)


@pytest.mark.parametrize(
    ("every", "storage", "packing"),
    [
        (70, "compliant", "compliant"),
        (20, "compliant", "compliant"),
        (7, "insufficient_evidence", "to_check"),
        (3, "insufficient_evidence", "to_check"),
    ],
)
def test_beyond_a_tenth_lost_nothing_is_shown_by_what_is_left(
    every: int, storage: str, packing: str
) -> None:
    found = ride(without(every))
    assert found.line("ANNEX6-10")["status"] == "compliant", "short holes weigh on no range"
    line = found.line("ANNEX6-14")
    assert line["status"] == storage
    assert ("记录缺失较多" in line["basis"]["zh"]) is (storage != "compliant")
    assert found.line("ANNEX1-05")["status"] == packing


@pytest.mark.parametrize(("late_s", "status"), [(89.0, "compliant"), (91.0, "to_check")])
def test_the_first_reading_at_packing_comes_within_the_loggers_own_interval(
    late_s: float, status: str
) -> None:
    kept = np.r_[0, 2:61]  # the second reading is gone, so the first may be late
    assert ride(kept, late_s=late_s).line("ANNEX1-05")["status"] == status
