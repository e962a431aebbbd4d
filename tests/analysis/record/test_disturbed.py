"""What an officer did to a probe is unknown time, ten minutes at most."""

from dataclasses import replace

import numpy as np
import pytest

from coldwitness.analysis.record.disturbed import undisturbed
from coldwitness.analysis.terms import Disturbances
from coldwitness.domain.tracks import FloatArray
from tests.analysis.building import START_S, Given, Series, terms_of, tracks_of

MINUTES = np.arange(31) * 60.0


def drug_c(
    said: FloatArray, *, from_min: float, to_min: float, received: FloatArray | None = None
) -> FloatArray:
    """What is left to be judged of a drug probe that was challenged."""
    tracks = tracks_of(Series(MINUTES, drug=said, received=received))
    told = Disturbances(
        np.array([0]),
        ("drug",),
        np.array([START_S + from_min * 60.0]),
        np.array([START_S + to_min * 60.0]),
    )
    terms = replace(terms_of(Given()), disturbances=told)
    return undisturbed(tracks, terms).temperature_c["drug"]


def test_the_time_of_the_disturbance_has_no_value_and_all_other_has() -> None:
    said = np.where((MINUTES >= 600) & (MINUTES <= 900), 20.0, 5.0)
    left = drug_c(said, from_min=10, to_min=15)
    assert np.isnan(left[10:16]).all()
    assert (left[:10] == 5.0).all()
    assert (left[16:] == 5.0).all()


def test_it_lasts_ten_minutes_at_most() -> None:
    left = drug_c(np.full(31, 5.0), from_min=10, to_min=25)
    assert np.isnan(left).sum() == 11
    assert left[21] == 5.0


@pytest.mark.parametrize(("before_c", "hidden"), [(8.0, True), (8.1, False), (1.9, False)])
def test_time_that_was_out_of_range_already_stays_judged(before_c: float, hidden: bool) -> None:
    left = drug_c(np.where(MINUTES < 600, before_c, 20.0), from_min=10, to_min=15)
    assert bool(np.isnan(left).any()) == hidden


def test_a_clock_that_is_off_is_corrected_by_when_readings_came() -> None:
    ahead_s = 300.0
    left = drug_c(np.full(31, 5.0), from_min=10, to_min=15, received=MINUTES - ahead_s)
    assert np.flatnonzero(np.isnan(left)).tolist() == list(range(15, 21))


def test_who_did_nothing_changes_nothing() -> None:
    tracks = tracks_of(Series(MINUTES, drug=np.full(31, 5.0)))
    assert undisturbed(tracks, terms_of(Given())) is tracks
