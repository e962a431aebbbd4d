"""A stay before the doors of others whose shipments came out of the same box."""

import numpy as np
import pytest

from coldwitness.analysis.stops.stop_judgement import StopJudgement
from coldwitness.domain.words import Certainty, Status
from tests.analysis.stops.stop_journeys import DEPOT_M, custody, delivery, judge, spot

RIDE_S = 300.0 + 360.0
"""When the stay at DEPOT_M begins."""


def judged(
    minutes: float,
    *,
    at_s: tuple[float, ...] = (),
    aside_m: float = 0.0,
    stored: bool = False,
    opened: bool = False,
) -> StopJudgement:
    """A stay of so many minutes, with deliveries so long after its beginning."""
    fixed = delivery(60.0 * minutes).fixes()
    lat, lon, _ = spot((DEPOT_M[0], aside_m))
    told = [(RIDE_S + at, lat, lon, 100.0) for at in at_s]
    events = [("stored", RIDE_S + 30.0)] if stored else []
    inside = (fixed.time_s > RIDE_S) & (fixed.time_s < RIDE_S + 60.0 * minutes)
    more = {}
    if opened:
        lid = inside & (np.cumsum(inside) < 10)
        more = {"lid_open": lid, "probes": {"ambient": np.where(inside, 22.0, 31.0)}}
    return judge(fixed, given=custody(fixed, deliveries=told, events=events), **more)


@pytest.mark.parametrize(
    ("minutes", "deliveries", "status"),
    [
        (14.0, 0, Status.COMPLIANT),
        (16.0, 0, Status.SUSPECTED),
        (16.0, 1, Status.INSUFFICIENT_EVIDENCE),
        (29.0, 1, Status.INSUFFICIENT_EVIDENCE),
        (31.0, 1, Status.SUSPECTED),
        (29.0, 2, Status.COMPLIANT),
        (31.0, 2, Status.INSUFFICIENT_EVIDENCE),
        (46.0, 2, Status.SUSPECTED),
    ],
)
def test_each_delivery_explains_the_setting_and_accuses_of_no_more_than_once_beyond(
    minutes: float, deliveries: int, status: Status
) -> None:
    found = judged(minutes, at_s=tuple(60.0 * (3 + n) for n in range(deliveries)))
    assert Status(found.status[0]) is status
    if status is Status.INSUFFICIENT_EVIDENCE:
        (certainty,) = found.findings.certainty
        assert certainty == Certainty.POSSIBLE
        assert found.findings.details[0]["cause"] == "other_delivery"
        assert found.findings.measures["limit_s"][0] == 900.0 * deliveries


def test_what_was_carried_in_and_opened_is_explained_and_not_confirmed() -> None:
    assert Status(judged(50.0, opened=True).status[0]) is Status.BREACH
    assert Status(judged(25.0, opened=True).status[0]) is Status.SUSPECTED
    found = judged(25.0, at_s=(300.0, 900.0), opened=True)
    assert Status(found.status[0]) is Status.COMPLIANT


@pytest.mark.parametrize("aside_m", [90.0, 150.0])
def test_the_other_door_has_to_be_there(aside_m: float) -> None:
    found = judged(25.0, at_s=(300.0, 900.0), aside_m=aside_m)
    assert Status(found.status[0]) is (Status.COMPLIANT if aside_m < 100 else Status.SUSPECTED)


@pytest.mark.parametrize(("at_s", "there"), [(-60.0, False), (1700.0, True), (1900.0, False)])
def test_and_the_delivery_in_the_stay_or_right_after_it(at_s: float, there: bool) -> None:
    """The stay lasts 1500 s; an event may be pressed 300 s late."""
    found = judged(25.0, at_s=(at_s, at_s))
    assert Status(found.status[0]) is (Status.COMPLIANT if there else Status.SUSPECTED)


def test_no_delivery_explains_what_an_event_calls_storage() -> None:
    found = judged(25.0, at_s=(300.0, 900.0), stored=True)
    assert Status(found.status[0]) is Status.BREACH
