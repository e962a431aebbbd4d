"""A probe that the logger carries and that says nothing is missed, and no other is."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from coldwitness.analysis.judge import judge
from coldwitness.analysis.record.build import build_tracks
from coldwitness.analysis.record.case import Case, case_of
from coldwitness.domain.words import Status
from tests.analysis.building import Given, Series, table, terms_of
from tests.analysis.judging import NUMBERS, PACK, minutes, seen

HOUR = Given(start=0.0, end=6000.0)
HUNDRED = minutes(101)


def case(*series: Series, carried: tuple[str, ...] = (), given: Given = HOUR) -> Case:
    before = {name: np.ones(1, dtype=np.bool_) for name in carried}
    terms = replace(terms_of(given), carried=before)
    return case_of(build_tracks(table(*series), shipments=("S1",)), terms, NUMBERS)


def missed(*series: Series, carried: tuple[str, ...] = ()) -> list[str]:
    return case(*series, carried=carried).silent_probes.probe.tolist()


def trip(**probes: Any) -> Series:
    return Series(
        HUNDRED, 5.0, probes={name.replace("_", "."): its for name, its in probes.items()}
    )


def first(count: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """A value in the first `count` of 101 readings."""
    return np.where(np.arange(101) < count, -1.0, np.nan)


def test_a_probe_carried_before_and_never_sent_is_missed_over_the_whole_time() -> None:
    silent = case(trip(), carried=("coolant",)).silent_probes
    assert (silent.probe.tolist(), silent.before.tolist()) == (["coolant"], [True])
    assert silent.length_s.tolist() == [6000.0]


def test_a_probe_that_goes_on_or_was_never_there_is_not_missed() -> None:
    assert missed(trip(coolant=-1.0), carried=("coolant",)) == []
    assert missed(trip()) == []
    assert missed(trip(), carried=("drug",)) == []


@pytest.mark.parametrize(("spoken", "expected"), [(0, []), (60, ["coolant"]), (75, ["coolant"])])
def test_a_probe_that_falls_silent_on_the_trip_is_missed(spoken: int, expected: list[str]) -> None:
    """Five more readings lie within the permitted interval of its last."""
    assert missed(trip(coolant=first(spoken))) == expected


@pytest.mark.parametrize(("spoken", "expected"), [(76, []), (75, ["coolant"])])
def test_a_fifth_of_the_readings_without_it_is_too_much(spoken: int, expected: list[str]) -> None:
    assert missed(trip(coolant=first(spoken))) == expected


def test_a_probe_that_is_sent_every_five_minutes_is_not_silent() -> None:
    assert missed(trip(coolant=np.where(np.arange(101) % 5 == 0, -1.0, np.nan))) == []


def test_a_logger_that_says_nothing_at_all_misses_no_probe() -> None:
    assert missed(Series(np.array([7000.0]), 5.0), carried=("coolant",)) == []


def test_a_second_drug_probe_is_missed_beside_one_that_speaks_and_a_hole_in_it_is_a_hole() -> None:
    assert missed(trip(), carried=("drug.2",)) == ["drug.2"]
    assert missed(trip(drug_2=first(50)), carried=("drug.2",)) == []
    assert missed(Series(HUNDRED, None, probes={"coolant": -1.0}), carried=("drug",)) == []


def test_a_missed_drug_probe_leaves_range_and_recording_open() -> None:
    before = seen(trip(drug_2=5.0), given=HOUR)
    assert before.status("range") == Status.COMPLIANT
    judgement = judge(case(trip(), carried=("drug.2",)), PACK)
    for question in ("range", "recording"):
        assert judgement.status_of(question)[0] == Status.INSUFFICIENT_EVIDENCE


@pytest.mark.parametrize(
    ("probe", "coolant", "goods"),
    [
        ("coolant", Status.INSUFFICIENT_EVIDENCE, Status.NOT_APPLICABLE),
        ("goods", Status.ASSERTED, Status.INSUFFICIENT_EVIDENCE),
        ("ambient", Status.INSUFFICIENT_EVIDENCE, Status.NOT_APPLICABLE),
    ],
)
def test_a_missed_probe_of_a_zone_leaves_its_isolation_open(
    probe: str, coolant: Status, goods: Status
) -> None:
    declared = replace(HOUR, isolation_coolant=1, isolation_goods=1)
    judgement = judge(case(trip(), carried=(probe,), given=declared), PACK)
    assert judgement.status_of("coolant_isolation")[0] == coolant
    assert judgement.status_of("goods_isolation")[0] == goods
