"""A probe that was to be warmed or cooled: did it?"""

import numpy as np
import pytest

from coldwitness.analysis.integrity.probe_step import STEP_C, ProbeStep, probe_step
from coldwitness.domain.tracks import FloatArray

ORDER_S = 900.0
AT_S = np.arange(0.0, 1500.0, 30.0)


def said(value_c: FloatArray, *, upwards: bool = True) -> ProbeStep:
    return probe_step(
        AT_S, value_c=value_c, ordered_s=ORDER_S, until_s=ORDER_S + 240.0, upwards=upwards
    )


def held(by_c: float, *, from_s: float = ORDER_S + 20.0, for_s: float = 120.0) -> FloatArray:
    """At 5 °C, moved by so much while it is held, and back again."""
    return 5.0 + by_c * ((from_s < AT_S) & (from_s + for_s >= AT_S))


@pytest.mark.parametrize(("by_c", "upwards"), [(STEP_C + 0.05, True), (-STEP_C - 0.05, False)])
def test_a_step_the_way_it_should_go_is_alive(by_c: float, upwards: bool) -> None:
    step = said(held(by_c), upwards=upwards)
    assert step.outcome == "alive"
    assert step.step_c == pytest.approx(abs(by_c))
    assert step.stepped_s == 930.0
    assert step.back_s == 1050.0


def test_a_step_just_below_is_not_alive_and_not_dead() -> None:
    assert said(held(STEP_C - 0.05)).outcome == "inconclusive"
    assert said(held(0.5)).outcome == "not_alive"


def test_the_other_way_is_no_answer() -> None:
    assert said(held(-6.0)).outcome == "inconclusive"


def test_a_course_that_goes_on_is_no_step_however_steep() -> None:
    assert said(5.0 + AT_S / 100.0).outcome == "not_alive"


def test_what_moved_before_the_order_does_not_count() -> None:
    moved = held(6.0, from_s=ORDER_S - 120.0, for_s=400.0)
    assert said(moved).outcome == "inconclusive"


def test_one_reading_alone_is_no_step() -> None:
    assert said(held(20.0, for_s=30.0)).outcome == "inconclusive"


def test_who_is_not_heard_is_neither() -> None:
    silent = np.where(AT_S > ORDER_S, np.nan, 5.0)
    assert said(silent).outcome == "inconclusive"
    assert said(np.where(ORDER_S - 300.0 > AT_S, 5.0, np.nan)).readings == 0
    late = np.where((AT_S > ORDER_S - 400.0) & (AT_S < ORDER_S + 100.0), np.nan, 5.0)
    assert said(late).step_c is None, "nobody was heard when the order came"


def test_a_loud_sensor_has_to_step_further() -> None:
    noise = np.random.default_rng(5).normal(0.0, 0.5, AT_S.size)
    assert said(held(STEP_C + 0.1) + noise).outcome != "alive"
    assert said(held(15.0) + noise).outcome == "alive"
