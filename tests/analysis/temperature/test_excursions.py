"""Episodes out of range: limits, crossings, joining, certainty, several probes and items."""

import numpy as np
import pytest

from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.words import Status
from tests.analysis.building import Drug, Given, Series
from tests.analysis.judging import BREAKS, minutes, pack_with, seen

HOUR = Given(start=0, end=3600)


def curve(**outside: float) -> np.ndarray:
    """61 minutes at 5 °C with single readings replaced: curve(m30=9.0)."""
    value = np.full(61, 5.0)
    for name, celsius in outside.items():
        value[int(name[1:])] = celsius
    return value


@pytest.mark.parametrize("celsius", [8.0, 2.0, 7.9, 2.1])
def test_a_reading_at_or_inside_a_limit_is_inside(celsius: float) -> None:
    found = seen(Series(minutes(61), curve(m30=celsius)), given=HOUR)
    assert found.status("range") == Status.COMPLIANT
    assert not found.found(*BREAKS)
    assert found.metric("seconds_above") == 0


@pytest.mark.parametrize(("celsius", "kind"), [(8.1, "above_range"), (1.9, "below_range")])
def test_a_reading_outside_by_no_more_than_the_uncertainty_is_possible(
    celsius: float, kind: str
) -> None:
    found = seen(Series(minutes(61), curve(m30=celsius)), given=HOUR)
    (finding,) = found.found(*BREAKS)
    assert (finding["subtype"], finding["certainty"]) == (kind, "possible")
    assert finding["would_settle"] is not None
    assert found.status("range") == Status.INSUFFICIENT_EVIDENCE


@pytest.mark.parametrize(
    ("celsius", "accuracy_c", "certainty"),
    [
        (8.5, None, "possible"),
        (8.51, None, "certain"),
        (1.5, None, "possible"),
        (1.49, None, "certain"),
        (8.2, 0.2, "possible"),
        (8.21, 0.2, "certain"),
        (8.9, 1.0, "possible"),
        (8.01, 0.0, "certain"),
    ],
)
def test_a_reading_is_certain_beyond_the_uncertainty_only(
    celsius: float, accuracy_c: float | None, certainty: str
) -> None:
    given = Given(start=0, end=3600, accuracy_c=accuracy_c)
    found = seen(Series(minutes(61), curve(m30=celsius, m31=celsius)), given=given)
    assert [f["certainty"] for f in found.found(*BREAKS)] == [certainty]
    expected = Status.BREACH if certainty == "certain" else Status.INSUFFICIENT_EVIDENCE
    assert found.status("range") == expected


@pytest.mark.parametrize(
    ("low", "high", "celsius", "certainty"),
    [
        (-25.0, -10.0, -9.1, "possible"),
        (-25.0, -10.0, -8.9, "certain"),
        (-25.0, -10.0, -25.9, "possible"),
        (-25.0, -10.0, -26.1, "certain"),
    ],
)
def test_below_zero_the_uncertainty_is_wider(
    low: float, high: float, celsius: float, certainty: str
) -> None:
    value = np.full(61, -15.0)
    value[30:32] = celsius
    given = Given(start=0, end=3600, items=(Drug(low=low, high=high),))
    assert [
        f["certainty"] for f in seen(Series(minutes(61), value), given=given).found(*BREAKS)
    ] == [certainty]


def test_start_and_end_are_the_interpolated_crossings() -> None:
    found = seen(Series([0, 60, 120, 180], [5.0, 9.0, 9.0, 6.0]), given=Given(start=0, end=180))
    (finding,) = found.found(*BREAKS)
    assert (finding["start_s"], finding["end_s"]) == (pytest.approx(45), pytest.approx(140))
    assert finding["measures"]["degree_minutes"] == pytest.approx((7.5 + 60 + 10) / 60)
    assert found.metric("seconds_above") == pytest.approx(95)
    assert found.metric("degree_minutes_above") == pytest.approx(77.5 / 60)


def test_an_episode_open_at_either_end_of_the_window_counts_fully() -> None:
    found = seen(Series(minutes(61), np.full(61, 9.0)), given=HOUR)
    (finding,) = found.found(*BREAKS)
    assert (finding["start_s"], finding["end_s"]) == (0, 3600)
    assert finding["measures"]["open_start"] is True
    assert finding["measures"]["open_end"] is True
    assert found.metric("seconds_above") == 3600


def test_readings_outside_the_window_neither_judge_nor_interpolate() -> None:
    series = Series([-60, 0, 60, 120], [12.0, 7.0, 7.0, 12.0])
    found = seen(series, given=Given(start=0, end=60))
    assert not found.found(*BREAKS)
    assert found.status("range") == Status.COMPLIANT
    assert found.metric("readings") == 2


@pytest.mark.parametrize(("inside_s", "episodes"), [(119, 1), (120, 2), (240, 2)])
def test_episodes_parted_by_less_than_two_minutes_inside_are_one(
    inside_s: float, episodes: int
) -> None:
    # From 9 down to 7 and up again: inside from the middle of one step to that of the next.
    middle = inside_s - 60
    seconds = [0, 60, 120, 120 + 60, 120 + 60 + middle, 240 + middle, 300 + middle, 360 + middle]
    value = [5.0, 9.0, 9.0, 7.0, 7.0, 9.0, 9.0, 5.0]
    found = seen(Series(seconds, value), given=Given(start=0, end=360 + middle))
    assert len(found.found(*BREAKS)) == episodes


def test_an_episode_ends_at_the_last_reading_before_a_hole() -> None:
    seconds = [0, 60, 120, 1020, 1080, 1140]
    value = [5.0, 9.0, 9.0, 9.0, 9.0, 5.0]
    found = seen(Series(seconds, value), given=Given(start=0, end=1140))
    first, second = found.found(*BREAKS)
    assert first["end_s"] == 120
    assert first["measures"]["open_end"] is True
    assert second["start_s"] == 1020
    assert found.metric("seconds_above") == pytest.approx(15 + 60 + 60 + 15)
    least, most = found.metric("seconds_above_bounds")
    # Surely above: what was seen beyond 8.5 °C, and 100 s of falling from 9 to 8.5 °C each way.
    assert least == pytest.approx(135 + 200)
    # Possibly above: what was seen beyond 7.5 °C, and the whole hole.
    assert most == pytest.approx(165 + 30 + 900, abs=31)


@pytest.mark.parametrize(
    ("celsius", "certainty"), [(0.0, "possible"), (-0.99, "possible"), (-1.0, "certain")]
)
def test_freezing_is_inclusive_and_reported_beside_below_range(
    celsius: float, certainty: str
) -> None:
    given = Given(start=0, end=3600, items=(Drug(freeze_sensitive=True),))
    found = seen(Series(minutes(61), curve(m30=celsius, m31=celsius)), given=given)
    (frozen,) = found.found(code_of("cold_chain_break/frozen"))
    assert frozen["certainty"] == certainty
    assert frozen["measures"]["limit_c"] == 0.0
    assert len(found.found(code_of("cold_chain_break/below_range"))) == 1


def test_an_item_that_does_not_mind_freezing_has_no_frozen_finding() -> None:
    found = seen(Series(minutes(61), curve(m30=-3.0)), given=HOUR)
    assert not found.found(code_of("cold_chain_break/frozen"))


def test_just_above_freezing_is_not_frozen() -> None:
    items = (Drug(low=None, high=25.0, freeze_sensitive=True),)
    found = seen(Series(minutes(61), curve(m30=0.1)), given=Given(start=0, end=3600, items=items))
    assert found.status("range") == Status.COMPLIANT


def test_the_worst_probe_decides_and_is_named() -> None:
    cold, hot = curve(), curve()
    hot[20:40] = 9.5
    probes = {"drug.2": hot, "drug.3": cold}
    found = seen(Series(minutes(61), cold, probes=probes), given=HOUR)
    (finding,) = found.found(*BREAKS)
    assert finding["measures"]["probe"] == "drug.2"
    assert found.metric("max_c") == 9.5
    assert found.metric("seconds_above") > 1100
    assert found.status("range") == Status.BREACH


def test_each_item_is_judged_by_its_own_limits() -> None:
    value = curve()
    value[20:40] = 9.5
    items = (Drug(name="insulin"), Drug(high=10.0, name="drops"), Drug(high=25.0, name="pills"))
    found = seen(Series(minutes(61), value), given=Given(start=0, end=3600, items=items))
    assert [item["status"] for item in found.result["items"]] == [
        "breach",
        "compliant",
        "compliant",
    ]
    (finding,) = found.found(*BREAKS)
    assert [item["findings"] for item in found.result["items"]] == [[finding["id"]], [], []]
    assert found.result["items"][2]["limits"] == {"low": 2.0, "high": 25.0}


def test_a_tolerated_time_out_of_range_is_told_and_does_not_breach() -> None:
    value = curve(m30=9.0, m31=9.0)
    pack = pack_with(out_of_range_tolerance_s=600)
    found = seen(Series(minutes(61), value), given=HOUR, pack=pack)
    (finding,) = found.found(*BREAKS)
    assert finding["requirements"] == []
    assert finding["measures"]["tolerated"] is True
    assert found.status("range") == Status.COMPLIANT
    assert found.line("ANNEX6-10")["setting"]["values"] == {"out_of_range_tolerance_s": 600.0}
    beyond = curve()
    beyond[20:40] = 9.0
    assert seen(Series(minutes(61), beyond), given=HOUR, pack=pack).status("range") == Status.BREACH
    items = (Drug(), Drug(high=8.2))
    both = seen(Series(minutes(61), value), given=Given(start=0, end=3600, items=items), pack=pack)
    assert [item["status"] for item in both.result["items"]] == ["compliant", "compliant"]


def test_without_limits_the_range_is_not_judged() -> None:
    given = Given(start=0, end=3600, items=(), limits_known=False, has_manifest=False)
    found = seen(Series(minutes(61), np.full(61, 50.0)), given=given)
    assert found.status("range") == Status.INSUFFICIENT_EVIDENCE
    assert not found.found(*BREAKS)


@pytest.mark.parametrize(
    ("allowed", "status", "certainty"),
    [
        (30.0, Status.COMPLIANT, None),
        (20.0, Status.COMPLIANT, None),
        (19.9, Status.INSUFFICIENT_EVIDENCE, "possible"),
        (18.0, Status.BREACH, "certain"),
    ],
)
def test_a_stability_budget_is_measured_by_the_bounds(
    allowed: float, status: Status, certainty: str | None
) -> None:
    # Twenty minutes above 8 °C by straight lines, 19.5 beyond 8.5 °C.
    value = np.full(61, 5.0)
    value[20:40] = 10.0
    used = 19 + 2 * 0.4
    items = (Drug(high=30.0, budget=((8.0, 25.0, allowed - 20 + used),)),)
    found = seen(Series(minutes(61), value), given=Given(start=0, end=3600, items=items))
    budgets = found.found(code_of("cold_chain_break/budget_exceeded"))
    assert [f["certainty"] for f in budgets] == ([] if certainty is None else [certainty])
    assert Status[found.result["items"][0]["status"].upper()] == status
    if budgets:
        assert budgets[0]["measures"]["minutes_used"] == pytest.approx(used)


def test_a_kept_budget_does_not_excuse_a_reading_out_of_range() -> None:
    value = curve(m30=9.0, m31=9.0)
    items = (Drug(budget=((8.0, 25.0, 240.0),)),)
    found = seen(Series(minutes(61), value), given=Given(start=0, end=3600, items=items))
    assert [f["subtype"] for f in found.found(*BREAKS)] == ["above_range"]
    assert not found.found(code_of("cold_chain_break/budget_exceeded"))
    assert found.status("range") == Status.BREACH


def test_time_above_the_band_of_a_budget_does_not_count_in_it() -> None:
    value = np.full(61, 5.0)
    value[20:40] = 30.0
    items = (Drug(high=40.0, budget=((8.0, 25.0, 10.0),)),)
    found = seen(Series(minutes(61), value), given=Given(start=0, end=3600, items=items))
    assert not found.found(code_of("cold_chain_break/budget_exceeded"))
