"""Every line of every shipped rule pack reaches the worst status it can have, and none goes beyond.

What falls short is never printed as not applicable.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import msgspec
import numpy as np
import pytest

from coldwitness.analysis.terms import Delegation
from coldwitness.config.rules import QUESTIONS, RECORD_QUESTIONS, Question, RulePack, load_packs
from coldwitness.domain.words import Status
from tests.analysis.building import START_S, Given, Series
from tests.analysis.judging import Seen, minutes, seen


def all_in_force(pack: RulePack) -> RulePack:
    """The pack with the lines that begin after these tests' day as if they had begun before."""
    day = date(2025, 1, 1)
    lines = tuple(
        msgspec.structs.replace(line, valid_from=min(line.valid_from, day))
        for line in pack.requirements
    )
    return replace(pack, requirements=lines)


PACKS = {pack.name: all_in_force(pack) for pack in load_packs()}
DAY_S = 86_400.0
ORIGIN, DESTINATION = (36.8, 118.0, 100.0), (36.8, 118.3, 100.0)
CUSTODY = (("packed", 0.0), ("picked_up", 300.0), ("arrived", 3500.0), ("delivered", 3600.0))
GOOD = Given(
    start=0.0,
    end=3600.0,
    by_event=True,
    accuracy_c=0.3,
    interval_s=60.0,
    calibrated_until=30 * DAY_S,
    isolation_coolant=1,
    isolation_goods=1,
    goods_aboard=1,
    origin=ORIGIN,
    destination=DESTINATION,
    events=CUSTODY,
    hold_h=8.0,
    due=7200.0,
    box_known=1,
    delegation=Delegation.STATED,
    platform_named=True,
)


def ride(drug: Any = 5.0, at: np.ndarray[Any, Any] | None = None, **more: Any) -> Series:
    """A reading a minute on the way from origin to destination, each received at once."""
    at = minutes(61) if at is None else at
    told: dict[str, Any] = {
        "lat": np.full(at.size, 36.8),
        "lon": 118.0 + 0.3 * at / 3600,
        "seq": (at / 60).astype(int),
        "received": at + 1.0,
        "lid_open": np.zeros(at.size, dtype=int),
        **more,
    }
    return Series(at, drug, **told)


def restless(seed: int = 3, n: int = 61) -> np.ndarray[Any, Any]:
    rng = np.random.default_rng(seed)
    return np.round(5 + 0.5 * np.sin(np.arange(n) / 9) + rng.normal(0, 0.2, n), 1)


def copied() -> tuple[tuple[Series, ...], tuple[Given, ...]]:
    """The second shipment's readings are the first's, a day later."""
    value, at = restless(n=241), minutes(241)
    given = replace(GOOD, end=14_400.0, events=(*CUSTODY[:2], ("delivered", 14_400.0)))
    first = ride(value, at, shipment="S0", logger="LG-0")
    later = ride(value, at, shipment="S1", received=at + DAY_S)
    return (later, first), (given, given)


def stored() -> tuple[tuple[Series, ...], tuple[Given, ...]]:
    """Half an hour at a depot on the way, with the event that says so."""
    at = minutes(61)
    on_the_way = np.clip(at, 0, 900) + np.clip(at - 2700, 0, 900)
    wobble = 1e-5 * (np.arange(61) % 3)
    depot = (("stored", 1000.0), ("retrieved", 2600.0))
    way = ride(lon=118.0 + 0.3 * on_the_way / 1800, lat=36.8 + wobble)
    return (way,), (replace(GOOD, events=(*CUSTODY[:2], *depot, *CUSTODY[2:])),)


def of(series: Series, **given: Any) -> tuple[tuple[Series, ...], tuple[Given, ...]]:
    return (series,), (replace(GOOD, **given),)


Case = Callable[[], tuple[tuple[Series, ...], tuple[Given, ...]]]
IS, SUSPECTED, OPEN = Status.BREACH, Status.SUSPECTED, Status.INSUFFICIENT_EVIDENCE
WORST: Mapping[str, tuple[Status | None, Case]] = {
    "range": (IS, lambda: of(ride(np.where(np.arange(61) < 20, 5.0, 50.0)))),
    "recording": (OPEN, lambda: of(ride(at=minutes(61)[30:]))),
    "coolant_isolation": (SUSPECTED, lambda: of(ride(), isolation_coolant=0, active=0)),
    "goods_isolation": (SUSPECTED, lambda: of(ride(), shared="items[0] a; items[1] b")),
    "storage_on_the_way": (IS, stored),
    "intervals": (OPEN, lambda: of(ride(at=minutes(3, every=1800.0)))),
    "integrity": (SUSPECTED, copied),
    "probe_in_box": (OPEN, lambda: of(replace(ride(), drug=None, probes={"coolant": -1.0}))),
    "custody_events": (None, lambda: of(ride(), events=CUSTODY[::3])),
    "delivery_time": (None, lambda: of(ride(), due=3000.0)),
    "hold_time": (None, lambda: of(ride(), hold_h=0.5)),
    "box_model": (None, lambda: of(ride(), box_known=0)),
    "seal": (None, lambda: of(ride(lid_open=(np.arange(61) == 30).astype(int)))),
    "entrusted": (None, lambda: of(ride(), delegation=Delegation.NO_AGREEMENT)),
    "packing_temperature": (None, lambda: of(ride(np.where(np.arange(61) < 9, 12.0, 5.0)))),
    "live_upload": (None, lambda: of(ride(received=minutes(61) + 7200.0))),
    "logger_accuracy": (None, lambda: of(ride(), accuracy_c=2.0)),
    "calibration": (None, lambda: of(ride(), calibrated_until=0.0)),
    "ban_list": (None, lambda: of(ride(), banned="items[0] a")),
    "box_upkeep": (None, lambda: of(ride())),
}
"""By question: the worst it can come to, None what the pack makes of a shortfall; and a delivery
that comes to it."""
ABSENT: Mapping[str, Case] = {
    "custody_events": lambda: of(ride(), events=(), by_event=False),
    "delivery_time": lambda: of(ride(), due=None),
    "hold_time": lambda: of(ride(), hold_h=None),
    "box_model": lambda: of(ride(), box_known=-1),
    "seal": lambda: of(replace(ride(), lid_open=None)),
    "entrusted": lambda: of(ride(), delegation=Delegation.NOT_SAID),
    "packing_temperature": lambda: of(ride(at=minutes(61)[10:])),
    "live_upload": lambda: of(replace(ride(), received=None)),
    "logger_accuracy": lambda: of(ride(), accuracy_c=None),
    "calibration": lambda: of(ride(), calibrated_until=None),
    "box_upkeep": lambda: of(ride()),
}
"""By question about papers and custody: a delivery of whose subject the record knows nothing."""


@cache
def judged(pack: str, question: Question, absent: bool = False) -> Seen:
    series, given = ABSENT[question]() if absent else WORST[question][1]()
    shipments = tuple(dict.fromkeys(one.shipment for one in series))
    return seen(*series, given=given, shipments=shipments, pack=PACKS[pack])


def expected(pack: RulePack, question: Question, on_shortfall: str | None) -> Status:
    worst = WORST[question][0]
    return Status[(on_shortfall or "").upper()] if worst is None else worst


LINES = [(pack.name, line.id) for pack in PACKS.values() for line in pack.requirements]


def line_of(pack: str, id_: str) -> Any:
    return next(line for line in PACKS[pack].requirements if line.id == id_)


def test_every_question_has_its_case() -> None:
    assert set(QUESTIONS) <= set(WORST)
    assert set(RECORD_QUESTIONS) - {"ban_list"} <= set(ABSENT), "the list always says something"


@pytest.mark.parametrize(("pack", "id_"), LINES)
def test_every_line_reaches_its_worst_status_and_no_case_goes_beyond(pack: str, id_: str) -> None:
    line = line_of(pack, id_)
    worst = {
        question: expected(PACKS[pack], question, line.on_shortfall) for question in line.questions
    }
    reached = {question: judged(pack, question).line(id_)["status"] for question in line.questions}
    assert {q: s.upper() for q, s in reached.items()} == {q: s.name for q, s in worst.items()}
    for question in QUESTIONS:
        found = judged(pack, question).line(id_)
        assert Status[found["status"].upper()] <= max(worst.values()), question


@pytest.mark.parametrize(("pack", "id_"), LINES)
def test_what_falls_short_or_is_absent_is_never_not_applicable(pack: str, id_: str) -> None:
    line = line_of(pack, id_)
    (question, *others) = line.questions
    if question not in RECORD_QUESTIONS:
        assert not others or line.asks == "telemetry"
        return
    assert judged(pack, question).line(id_)["status"] != "not_applicable"
    if question not in ABSENT:
        return
    missing = judged(pack, question, absent=True).line(id_)
    shortfall = "custody_events", "box_model"  # no event at all, and no box named, fall short
    wanted = line.on_shortfall if question in shortfall else line.on_absence
    assert missing["status"] == wanted


@pytest.mark.parametrize("pack", PACKS)
def test_the_same_delivery_without_the_fault_has_none_of_it(pack: str) -> None:
    (series, given) = of(ride())
    found = seen(*series, given=given, pack=PACKS[pack])
    statuses = {one["id"]: one["status"] for one in found.result["requirements"]}
    assert not [id_ for id_, its in statuses.items() if its in ("breach", "suspected")]
    assert found.result["findings"] == []
    assert START_S > 0
