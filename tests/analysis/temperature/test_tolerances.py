"""Single and cumulative tolerances: the same record, another pack, another verdict."""

from typing import Any

import numpy as np
import pytest

from coldwitness.config.finding_kinds import code_of
from coldwitness.config.rules import RulePack, load_packs
from coldwitness.domain.words import Status
from tests.analysis.building import Drug, Given, Series
from tests.analysis.judging import BREAKS, PACK, Seen, minutes, pack_with, seen

TYPE_1, TYPE_2 = (
    next(pack for pack in load_packs() if pack.id == id_)
    for id_ in ("who-vaccine-type1", "who-vaccine")
)
HOURS = 30
DAY = Given(
    start=0.0,
    end=HOURS * 3600.0,
    isolation_coolant=1,
    isolation_goods=1,
    calibrated_until=1e9,
    interval_s=60,
    accuracy_c=0.5,
)


def course(*stays: tuple[float, float, float], base_c: float = 5.0) -> Series:
    """Thirty hours at `base_c` with stays (from hour, to hour, °C), a reading a minute."""
    at_s = minutes(HOURS * 60 + 1)
    drug = np.full(at_s.size, base_c)
    for begin, end, level in stays:
        drug[(at_s >= begin * 3600) & (at_s < end * 3600)] = level
    return Series(at_s, drug, seq=range(at_s.size))


def under(pack: RulePack, *stays: tuple[float, float, float], **given: Any) -> Seen:
    terms = Given(**{**vars(DAY), **given})
    return seen(course(*stays), given=terms, pack=pack)


@pytest.mark.parametrize(
    ("stays", "chinese", "type1", "type2"),
    [
        ([], Status.COMPLIANT, Status.COMPLIANT, Status.COMPLIANT),
        ([(2, 13, 12.0)], Status.BREACH, Status.COMPLIANT, Status.COMPLIANT),
        ([(2, 13, 8.3)], Status.INSUFFICIENT_EVIDENCE, Status.COMPLIANT, Status.COMPLIANT),
        ([(1, 8, 12.0), (9, 16, 12.0)], Status.BREACH, Status.COMPLIANT, Status.COMPLIANT),
        ([(1, 23, 12.0)], Status.BREACH, Status.COMPLIANT, Status.BREACH),
        ([(1, 23, 10.3)], Status.BREACH, Status.COMPLIANT, Status.INSUFFICIENT_EVIDENCE),
        ([(1, 23, 9.7)], Status.BREACH, Status.COMPLIANT, Status.COMPLIANT),
        ([(2, 3, 31.0)], Status.BREACH, Status.COMPLIANT, Status.BREACH),
        ([(2, 3, 30.2)], Status.BREACH, Status.COMPLIANT, Status.INSUFFICIENT_EVIDENCE),
        ([(2, 13, 31.0)], Status.BREACH, Status.BREACH, Status.BREACH),
        ([(2, 2.2, 46.0)], Status.BREACH, Status.BREACH, Status.BREACH),
        ([(2, 2.5, -2.0)], Status.BREACH, Status.COMPLIANT, Status.COMPLIANT),
        ([(2, 4, -2.0)], Status.BREACH, Status.BREACH, Status.BREACH),
        ([(2, 2.6, -2.0), (5, 5.6, -2.0)], Status.BREACH, Status.BREACH, Status.BREACH),
    ],
)
def test_one_record_has_its_verdict_by_each_pack(
    stays: list[tuple[float, float, float]], chinese: Status, type1: Status, type2: Status
) -> None:
    assert under(PACK, *stays).status("range") == chinese
    assert under(TYPE_1, *stays).status("range") == type1
    assert under(TYPE_2, *stays).status("range") == type2


def test_the_verdict_of_the_whole_record_differs_between_the_packs() -> None:
    assert under(PACK, (2, 11, 12.0)).result["verdict"] == "breach"
    found = under(TYPE_2, (2, 11, 12.0)).line("WHO-VAC.range")
    assert found["status"] == "compliant"
    assert found["setting"]["values"]["above_single_tolerance_s"] == 72000.0
    assert "在规则容许的时间内" in found["basis"]["zh"]
    assert "均在范围内" not in found["basis"]["zh"]


def test_a_record_that_never_left_the_range_is_said_to_have_kept_it() -> None:
    assert "读数均在范围内" in under(TYPE_2).line("WHO-VAC.range")["basis"]["zh"]


def test_a_tolerated_stay_is_told_and_weighs_on_nothing() -> None:
    (told,) = under(TYPE_2, (2, 11, 12.0)).found(*BREAKS)
    assert told["measures"]["tolerated"] is True
    assert told["requirements"] == []
    (told,) = under(TYPE_2, (2, 23, 12.0)).found(*BREAKS)
    assert "tolerated" not in told["measures"]
    assert told["requirements"] == ["WHO-VAC.range"]


def test_freezing_is_tolerated_for_no_time() -> None:
    found = under(TYPE_2, (2, 2.1, -2.0), items=(Drug(freeze_sensitive=True),))
    assert found.status("range") == Status.BREACH
    assert found.found(code_of("cold_chain_break/frozen"))


def test_a_hole_inside_a_stay_never_makes_it_tolerated() -> None:
    at_s = minutes(HOURS * 60 + 1)
    drug = np.full(at_s.size, 5.0)
    drug[(at_s >= 2 * 3600) & (at_s < 23 * 3600)] = 12.0
    for begin in range(2, 23):
        kept = ~((at_s > begin * 3600 + 600) & (at_s < begin * 3600 + 3000))
        hidden = Series(at_s[kept], drug[kept], seq=np.flatnonzero(kept))
        found = seen(hidden, given=DAY, pack=TYPE_2)
        assert found.status("range") >= Status.INSUFFICIENT_EVIDENCE


@pytest.mark.parametrize(
    ("single_s", "status"),
    [(3599.0, Status.BREACH), (3600.0, Status.COMPLIANT), (3601.0, Status.COMPLIANT)],
)
def test_a_single_stay_at_below_and_above_its_limit(single_s: float, status: Status) -> None:
    # From 8 °C at minute 60 up to 16 °C at once and back to 8 °C at minute 120: one hour above 8.
    at_s = np.array([0.0, 3540.0, 3600.0, 3660.0, 7140.0, 7200.0, 7260.0, HOURS * 3600.0])
    grid = minutes(HOURS * 60 + 1)
    drug = np.interp(grid, at_s, [5.0, 5.0, 8.0, 16.0, 16.0, 8.0, 5.0, 5.0])
    pack = pack_with(above_single_tolerance_s=single_s, above_total_tolerance_s=9e4)
    exact = Given(**{**vars(DAY), "accuracy_c": 0.0})
    found = seen(Series(grid, drug, seq=range(grid.size)), given=exact, pack=pack)
    assert found.status("range") == status


def test_a_tolerance_on_one_side_excuses_nothing_on_the_other() -> None:
    pack = pack_with(above_single_tolerance_s=36000.0, above_total_tolerance_s=72000.0)
    assert under(pack, (2, 3, 12.0)).status("range") == Status.COMPLIANT
    assert under(pack, (2, 2.1, 1.0)).status("range") == Status.BREACH
    assert under(pack, (2, 3, 12.0), (5, 5.1, 1.0)).status("range") == Status.BREACH
