"""Rest without positions in the pharmacy and at the consumer's: when nothing else is possible."""

import numpy as np
import pytest
from numpy.typing import NDArray

from coldwitness.analysis.stops.stop_judgement import StopJudgement
from coldwitness.domain.words import Status
from tests.analysis.stops.stop_journeys import (
    DEPOT_M,
    DOOR_M,
    ORIGIN_M,
    Fixed,
    Journey,
    custody,
    judge,
)

REST_S = 1500.0


def delivery(*, first_m: float = 0.0, last_m: float = 0.0, rest_s: float = REST_S) -> Fixed:
    """Rest at origin and door without positions; the first fix `first_m` on the way, the last one
    `last_m` before the door."""
    fixed = Journey().stand(REST_S).ride(DOOR_M).stand(rest_s).fixes()
    ridden = np.flatnonzero(fixed.x_m > 0.0)
    seen = (fixed.x_m >= first_m) & (fixed.x_m <= DOOR_M[0] - last_m)
    seen[: ridden[0] - 1] = False
    seen[np.flatnonzero(fixed.x_m < DOOR_M[0])[-1] + 2 :] = False
    return fixed.without(~seen)


def moves(fixed: Fixed) -> NDArray[np.int64]:
    """Motion on the ride, as the times say it."""
    return ((fixed.time_s > REST_S) & (fixed.time_s < REST_S + 720.0)).astype(np.int64)


def judged(fixed: Fixed, moving: NDArray[np.int64], *, pressed: bool = False) -> StopJudgement:
    end_s = float(fixed.time_s[-1])
    given = custody(fixed, by_event=True, events=[("packed", 0.0), ("delivered", end_s)])
    places = [ORIGIN_M, DOOR_M] if pressed else [None, None]
    return judge(fixed, given=given, moving=moving, event_places_m=places)


def test_rest_with_the_fixes_beside_it_at_the_places_is_free() -> None:
    fixed = delivery()
    found = judged(fixed, moves(fixed))
    assert Status(found.status[0]) is Status.COMPLIANT
    assert found.hidden_stop_max_s[0] < 300.0
    assert (found.gaps.length_s > 1200.0).sum() == 2  # told all the same


@pytest.mark.parametrize(("first_m", "last_m"), [(200.0, 0.0), (0.0, 200.0)])
def test_a_fix_short_of_the_place_needs_the_event_pressed_there(
    first_m: float, last_m: float
) -> None:
    fixed = delivery(first_m=first_m, last_m=last_m)
    alone = judged(fixed, moves(fixed))
    assert Status(alone.status[0]) is Status.INSUFFICIENT_EVIDENCE
    assert Status(judged(fixed, moves(fixed), pressed=True).status[0]) is Status.COMPLIANT


@pytest.mark.parametrize(("first_m", "last_m"), [(600.0, 0.0), (0.0, 600.0)])
def test_no_event_makes_up_for_a_fix_further_than_an_end_may_be_pressed(
    first_m: float, last_m: float
) -> None:
    fixed = delivery(first_m=first_m, last_m=last_m)
    found = judged(fixed, moves(fixed), pressed=True)
    assert Status(found.status[0]) is Status.INSUFFICIENT_EVIDENCE


def test_one_reading_in_motion_breaks_the_rest() -> None:
    fixed = delivery()
    for at_s in (600.0, REST_S + 720.0 + 600.0):
        moving = moves(fixed)
        moving[np.flatnonzero(fixed.time_s >= at_s)[0]] = 1
        assert Status(judged(fixed, moving).status[0]) is Status.INSUFFICIENT_EVIDENCE


def test_a_reading_that_is_missing_breaks_the_rest() -> None:
    fixed = delivery()
    moving = moves(fixed)
    for at_s in (600.0, REST_S + 720.0 + 600.0):
        silent = moving.copy()
        silent[np.flatnonzero(fixed.time_s >= at_s)[:1]] = -1
        assert Status(judged(fixed, silent).status[0]) is Status.INSUFFICIENT_EVIDENCE


def test_a_sensor_that_is_not_believed_frees_nothing() -> None:
    fixed = delivery()
    for moving in (np.zeros_like(moves(fixed)), 1 - moves(fixed)):
        assert Status(judged(fixed, moving).status[0]) is Status.INSUFFICIENT_EVIDENCE


@pytest.mark.parametrize(
    ("rest_s", "status"),
    [(3600.0, Status.COMPLIANT), (3660.0, Status.INSUFFICIENT_EVIDENCE)],
)
def test_rest_at_the_door_is_free_for_its_setting_only(rest_s: float, status: Status) -> None:
    fixed = delivery(rest_s=rest_s)
    assert Status(judged(fixed, moves(fixed)).status[0]) is status


def test_a_ride_to_a_depot_and_rest_there_frees_nothing() -> None:
    """Positions from the depot on: the rest there came after a ride."""
    fixed = Journey().stand(300).ride(DEPOT_M).stand(REST_S).ride(DOOR_M).stand(300).fixes()
    step_m = np.diff(fixed.x_m, append=fixed.x_m[-1])
    moving = (step_m > 1.0).astype(np.int64)
    left = np.flatnonzero(fixed.x_m > DEPOT_M[0])[0]
    fixed = fixed.without(np.arange(fixed.time_s.size) < left)
    found = judged(fixed, moving, pressed=True)
    assert Status(found.status[0]) is Status.INSUFFICIENT_EVIDENCE
