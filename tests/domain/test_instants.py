from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldwitness.domain.instants import instant_ms, rfc3339


@pytest.mark.parametrize(
    ("text", "expected_ms"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-11-21T08:00:00Z", 1_795_248_000_000),
        ("2026-11-21T16:00:00+08:00", 1_795_248_000_000),
        ("2026-11-21T16:00:00+0800", 1_795_248_000_000),
        ("2026-11-21t08:00:00.5z", 1_795_248_000_500),
        ("2026-11-21T08:00:00.123456789Z", 1_795_248_000_123),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        ("1969-12-31T23:59:59Z", -1000),
    ],
)
def test_rfc3339_times_become_utc_milliseconds(text: str, expected_ms: int) -> None:
    assert instant_ms(text) == expected_ms


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("2026-11-21T08:00:00", "without a zone"),
        ("2026-11-21 08:00", "without a zone"),
        ("2026-02-30T08:00:00Z", "no such time"),
        ("2026-02-03T24:00:00Z", "no such time"),
        ("2026-02-03T08:00:00+24:00", "no such offset"),
        ("yesterday", "expected an RFC 3339 time"),
        ("", "expected an RFC 3339 time"),
        ("1700000000", "expected an RFC 3339 time"),
    ],
)
def test_unusable_times_are_refused_with_the_reason(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        instant_ms(text)


@given(st.integers(min_value=0, max_value=4_102_444_800_000))
def test_text_and_back_is_the_same_instant(time_ms: int) -> None:
    assert instant_ms(rfc3339(time_ms)) == time_ms


@given(st.datetimes(), st.sampled_from(["", ".007", ".25", ".123456"]))
def test_a_time_reads_the_same_however_its_zone_is_written(moment: datetime, fraction: str) -> None:
    text = moment.replace(microsecond=0).isoformat() + fraction
    assert instant_ms(f"{text}Z") == instant_ms(f"{text}z") == instant_ms(f"{text}+00:00")
