"""What a record cannot exclude is said of it, and what it can is not."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from coldwitness.config.labels import labels
from coldwitness.domain.words import UNSHOWN_WORDS, Status
from tests.analysis.building import Given, Series
from tests.analysis.judging import minutes, seen

AT = minutes(61)
WHOLE = Series(
    AT,
    np.full(61, 5.0),
    probes={"coolant": np.full(61, -1.0), "ambient": np.full(61, 25.0)},
    seq=np.arange(61),
    received=AT + 1.0,
    lat=np.full(61, 36.8),
    lon=118.0 + AT * 1e-5,
    moving=np.ones(61, dtype=int),
    lid_open=np.zeros(61, dtype=int),
)
GIVEN = Given(start=0.0, end=3600.0, by_event=True, interval_s=60.0)


def unshown(series: Series, given: Given = GIVEN) -> list[str]:
    told = seen(series, given=given).result["evidence"]["cannot_show"]
    assert all(one["text"]["zh"] and one["text"]["en"] for one in told)
    return [one["code"] for one in told]


def test_a_whole_record_leaves_open_only_what_never_arrived() -> None:
    assert unshown(WHOLE) == ["left_out", "clock_within"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"probes": {"coolant": np.full(61, -1.0)}}, "never_sent"),
        ({"moving": None}, "never_sent"),
        ({"lid_open": None}, "never_sent"),
        ({"received": None}, "clock"),
        ({"lat": np.where(AT < 400, np.nan, 36.8)}, "end_unseen"),
        ({"lat": np.where(AT > 3200, np.nan, 36.8)}, "end_unseen"),
        ({"lat": np.where(AT > 3400, np.nan, 36.8)}, None),
    ],
)
def test_what_is_absent_opens_what_it_would_show(change: dict[str, Any], code: str | None) -> None:
    assert unshown(replace(WHOLE, **change)) == [
        word
        for word in UNSHOWN_WORDS
        if word in (code, "left_out") or (word == "clock_within" and code != "clock")
    ]


def test_without_numbers_and_interval_deletions_leave_no_trace() -> None:
    bare = replace(WHOLE, seq=None)
    assert "uncounted" not in unshown(bare)
    assert "uncounted" in unshown(bare, replace(GIVEN, interval_s=None))


def without(first: int, last: int, *, drug_c: float) -> Series:
    """The whole record at `drug_c`, without the readings of these minutes, both included."""
    kept = np.delete(np.arange(61), slice(first, last + 1))
    n = kept.size
    return Series(
        AT[kept],
        np.full(n, drug_c),
        probes={"coolant": np.full(n, -1.0), "ambient": np.full(n, 25.0)},
        seq=kept,
        received=AT[kept] + 1.0,
        lat=np.full(n, 36.8),
        lon=118.0 + AT[kept] * 1e-5,
        moving=np.ones(n, dtype=int),
        lid_open=np.zeros(n, dtype=int),
    )


def test_a_missing_reading_may_have_been_a_steep_one() -> None:
    one, four = without(30, 30, drug_c=5.0), without(30, 33, drug_c=5.0)
    assert unshown(one) == ["short_hole", "left_out", "clock_within"]
    assert unshown(four) == ["short_hole", "left_out", "clock_within"]


def test_in_a_longer_hole_the_range_alone_does_not_know_of_steep_readings() -> None:
    told = seen(without(30, 34, drug_c=5.0), given=GIVEN)
    assert (told.status("range"), told.status("recording")) == (
        Status.COMPLIANT,
        Status.INSUFFICIENT_EVIDENCE,
    )
    assert unshown(without(30, 34, drug_c=5.0)) == [
        "short_hole",
        "long_hole",
        "left_out",
        "clock_within",
    ]


def test_a_longer_hole_in_which_the_range_can_have_been_left_is_said_by_its_line() -> None:
    told = seen(without(30, 34, drug_c=7.9), given=GIVEN)
    assert told.status("range") == Status.INSUFFICIENT_EVIDENCE
    assert "long_hole" not in unshown(without(30, 34, drug_c=7.9))


def test_each_has_its_words() -> None:
    assert tuple(labels("results")["cannot_show"]) == UNSHOWN_WORDS
