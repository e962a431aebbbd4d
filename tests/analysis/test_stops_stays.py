"""Stays of many shipments at once: the same as each alone, however many fixes there are."""

from dataclasses import fields

import numpy as np

from analysis.stops_fixes import Fixes, positions
from analysis.stops_stays import Stays, find_stays
from analysis.window import judged_window
from tests.analysis.building import Series, terms_of, tracks_of
from tests.analysis.stop_journeys import NUMBERS, Fixed, custody, degrees, delivery


def fixes_of_all(journeys: list[Fixed]) -> Fixes:
    names = tuple(f"S{i}" for i in range(len(journeys)))
    series = []
    for name, fixed in zip(names, journeys, strict=True):
        lat, lon = degrees(fixed.x_m, fixed.y_m)
        series.append(Series(fixed.time_s, drug=5.0, lat=lat, lon=lon, shipment=name))
    tracks = tracks_of(*series, shipments=names)
    terms = terms_of(*[custody(fixed) for fixed in journeys], shipments=names)
    return positions(tracks, terms, judged_window(tracks, terms), NUMBERS)


def assert_same(stays: Stays, others: Stays) -> None:
    for field in fields(Stays):
        np.testing.assert_allclose(getattr(stays, field.name), getattr(others, field.name))


def test_a_hundred_thousand_fixes_lose_no_stay_and_repeat_none():
    """More fixes than are worked on at a time."""
    kinds = [delivery(s).fixes(every_s=1.0, noise_m=6.0, seed=s) for s in (400, 1200, 2400)]
    journeys = [kinds[i % 3] for i in range(48)]
    fixes = fixes_of_all(journeys)
    assert len(fixes) > 100_000
    together = find_stays(fixes, NUMBERS)
    alone = [find_stays(fixes_of_all([kind]), NUMBERS) for kind in kinds]
    counts = np.bincount(together.shipment, minlength=48)
    assert counts.tolist() == [len(alone[i % 3]) for i in range(48)]
    dwell_s = np.concatenate([alone[i % 3].dwell_s for i in range(48)])
    np.testing.assert_allclose(together.dwell_s, dwell_s)
    assert (np.diff(together.first_fix) > 0).all()


def test_positions_that_jump_between_two_masts_are_no_stay_and_no_error():
    """All within a square of two radii, none within a radius of their middle."""
    time_s = np.arange(0.0, 1800.0, 60.0)
    mast_m = np.where(np.arange(time_s.size) % 2 == 0, 0.0, 170.0)
    assert len(find_stays(fixes_of_all([Fixed(time_s, mast_m, mast_m)]), NUMBERS)) == 0
