"""A stay too long at an allowed site is told as one, and not as a stay outside of all of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from coldwitness.config.finding_kinds import code_of, kind_of
from coldwitness.domain.words import Certainty
from coldwitness.judging.words.findings import explanation
from tests.analysis.building import Given, Series
from tests.analysis.judging import minutes, seen

ORIGIN, DESTINATION = (36.8, 118.0, 100.0), (36.8, 118.3, 100.0)
STAY: dict[str, Any] = {"dwell_s": 2220.0, "signs": []}


@pytest.mark.parametrize(
    ("subtype", "certainty"),
    [
        ("suspected", Certainty.PROBABLE),
        ("suspected", Certainty.CERTAIN),
        ("confirmed", Certainty.CERTAIN),
    ],
)
def test_the_site_is_named_with_what_it_allows(subtype: str, certainty: Certainty) -> None:
    kind = kind_of(code_of(f"temporary_storage/{subtype}"))
    inside = explanation(kind, certainty, {**STAY, "site": "城南中转站", "limit_s": 600.0})
    assert "在允许场所“城南中转站”停留 37 分，超过该处允许的 10 分" in inside.zh
    assert "之外" not in inside.zh
    assert "at the allowed site “城南中转站”, longer than the 10 min that it allows" in inside.en
    outside = explanation(kind, certainty, {**STAY, "limit_s": 900.0})
    assert "在起点、收货点和允许场所之外停留 37 分（设定 15 分）" in outside.zh


@pytest.mark.parametrize("signs", [[], (), None])
def test_a_stay_without_another_sign_says_that_there_is_none(signs: Sequence[str] | None) -> None:
    kind = kind_of(code_of("temporary_storage/suspected"))
    told = explanation(kind, Certainty.PROBABLE, {"dwell_s": 2220.0, "signs": signs})
    assert "旁证：无其他旁证。" in told.zh
    assert "no other sign" in told.en


@pytest.mark.parametrize(("name", "said"), [("城南中转站", "城南中转站"), ("", "sites[0]")])
def test_an_overstayed_site_without_a_name_is_told_by_its_place_in_the_manifest(
    name: str, said: str
) -> None:
    at = minutes(61)
    on_the_way = np.clip(at, 0, 900) + np.clip(at - 2700, 0, 900)
    wobble = 1e-5 * (np.arange(61) % 3)
    ride = Series(
        at,
        np.full(61, 5.0),
        seq=np.arange(61),
        lat=36.8 + wobble,
        lon=118.0 + 0.3 * on_the_way / 1800,
    )
    given = Given(
        start=0.0,
        end=3600.0,
        by_event=True,
        origin=ORIGIN,
        destination=DESTINATION,
        sites=[(name, 36.8, 118.15, 100.0, 0, 10.0)],
    )
    (found,) = seen(ride, given=given).found(code_of("temporary_storage/suspected"))
    assert f"在允许场所“{said}”停留" in found["explanation"]["zh"]
