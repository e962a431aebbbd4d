"""Two loggers that say where the box is: a telephone that rides on does not ride for the box."""

from dataclasses import replace

import numpy as np
import pytest

from coldwitness.analysis.record.case import case_of
from coldwitness.analysis.stops.stop_judgement import StopJudgement, judge_stops
from coldwitness.domain.words import Status
from tests.analysis.building import Series, terms_of, tracks_of
from tests.analysis.stops.stop_journeys import (
    DEPOT_M,
    DOOR_M,
    NUMBERS,
    Fixed,
    Journey,
    custody,
    degrees,
    delivery,
)


def both(box: Fixed, phone: Fixed, *, named: bool, phone_shift_s: float = 0.0) -> StopJudgement:
    """The box's logger, which has the drug's probe, and a telephone."""
    lat, lon = degrees(box.x_m, box.y_m)
    phone_lat, phone_lon = degrees(phone.x_m, phone.y_m)
    tracks = tracks_of(
        Series(box.time_s, 5.0, lat=lat, lon=lon, logger="BOX"),
        Series(
            phone.time_s + phone_shift_s,
            None,
            probes={"ambient": np.full(phone.time_s.size, 20.0)},
            lat=phone_lat,
            lon=phone_lon,
            logger="PHONE",
        ),
    )
    terms = terms_of(custody(box))
    if named:
        terms = replace(terms, logger_id=("BOX",))
    return judge_stops(case_of(tracks, terms, NUMBERS))


def rounds(until_s: float) -> Fixed:
    """A telephone that goes on riding about."""
    journey = Journey().stand(300).ride(DEPOT_M)
    while journey.now_s < until_s - 400.0:
        journey.ride((DEPOT_M[0], 2500.0)).ride(DEPOT_M)
    fixed = journey.ride(DOOR_M).stand(300).fixes(every_s=45.0, noise_m=4.0, seed=7)
    kept = fixed.time_s <= until_s
    return Fixed(fixed.time_s[kept], fixed.x_m[kept], fixed.y_m[kept])


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("stop_s", [1500.0, 3000.0, 5400.0])
def test_a_telephone_that_rides_on_does_not_hide_where_the_box_stands(
    stop_s: float, named: bool
) -> None:
    box = delivery(stop_s).fixes(every_s=60.0, noise_m=4.0)
    judged = both(box, rounds(float(box.time_s[-1])), named=named)
    assert Status(judged.status[0]) is Status.SUSPECTED
    assert judged.sources_disagree == (True,)


@pytest.mark.parametrize("shift_s", [0.0, 100.0, -100.0])
def test_two_loggers_of_one_box_with_other_clocks_agree(shift_s: float) -> None:
    trip = Journey().stand(300).ride(DOOR_M).stand(300)
    box = trip.fixes(every_s=60.0, noise_m=4.0)
    judged = both(box, trip.fixes(every_s=45.0, noise_m=6.0), named=True, phone_shift_s=shift_s)
    assert judged.sources_disagree == (False,)
    assert Status(judged.status[0]) is Status.COMPLIANT
