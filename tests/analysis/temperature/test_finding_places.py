"""Where a break began, and the longest stop that a silence can hide."""

import numpy as np
import pytest

from tests.analysis.building import Given, Series
from tests.analysis.judging import BREAKS, GAPS, minutes, seen

METRE_DEG = 1 / 111_194.93


def test_a_break_says_where_the_box_was_when_it_began() -> None:
    value = np.full(61, 5.0)
    value[30:40] = 9.0
    lat = 36.8 + minutes(61) * 10 * METRE_DEG
    found = seen(Series(minutes(61), value, lat=lat, lon=118.3), given=Given(start=0, end=3600))
    (finding,) = found.found(*BREAKS)
    assert finding["where"]["lat"] == pytest.approx(lat[30], abs=1e-6)
    assert finding["where"]["lon"] == 118.3


def test_a_break_without_a_position_near_in_time_has_no_place() -> None:
    value = np.full(61, 5.0)
    value[30:40] = 9.0
    lat = np.where(minutes(61) < 1200, 36.8, np.nan)
    series = Series(minutes(61), value, lat=lat, lon=np.where(np.isnan(lat), np.nan, 118.3))
    assert seen(series, given=Given(start=0, end=3600)).found(*BREAKS)[0]["where"] is None


def test_a_stop_hidden_in_a_silence_is_shorter_by_the_way_travelled() -> None:
    t = minutes(121)
    t = t[(t <= 1800) | (t >= 5400)]
    # 12 km in the hour of silence: six minutes at 120 km/h.
    lat = np.where(t <= 1800, 36.8, 36.8 + 12_000 * METRE_DEG)
    found = seen(Series(t, 5.0, lat=lat, lon=118.3), given=Given(start=0, end=7200))
    gap = next(f for f in found.found(*GAPS) if f["subtype"] == "no_readings")
    assert gap["measures"]["hidden_stop_max_s"] == pytest.approx(3600 - 360, abs=2)


def test_without_positions_the_whole_silence_could_be_a_stop() -> None:
    t = minutes(121)
    t = t[(t <= 1800) | (t >= 5400)]
    found = seen(Series(t, 5.0), given=Given(start=0, end=7200))
    gap = next(f for f in found.found(*GAPS) if f["subtype"] == "no_readings")
    assert gap["measures"]["hidden_stop_max_s"] == 3600
