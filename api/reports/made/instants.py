"""Times of the report: RFC 3339 UTC in data, China time (offset said once) before readers."""

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np

from coldwitness.domain.instants import CHINA, instant_ms, rfc3339, rfc3339_column
from coldwitness.domain.tracks import FloatArray


def instant(time_s: float) -> str:
    """UTC epoch seconds as RFC 3339 with Z; milliseconds only where there are any."""
    return rfc3339(round(time_s * 1000.0))


def instants(time_s: FloatArray) -> tuple[str | None, ...]:
    """`instant` of each; None for NaN."""
    return tuple(rfc3339_column(time_s))


def epoch_s(text: str) -> float:
    """Inverse of `instant`; raises ValueError for anything that is not RFC 3339."""
    return instant_ms(text) / 1000.0


def epochs_s(texts: Sequence[str | None]) -> FloatArray:
    """Inverse of `instants`; NaN for None. Raises ValueError for what `instants` never makes."""
    known = np.array([text is not None for text in texts], dtype=np.bool_)
    if not all(text[-1:] == "Z" for text in texts if text is not None):
        raise ValueError("expected RFC 3339 times that end in Z")
    plain = ["1970-01-01" if text is None else text[:-1] for text in texts]
    seconds = np.array(plain, dtype="M8[ms]").view(np.int64) / 1000.0
    return np.where(known, seconds, np.nan)


def china(text: str) -> datetime:
    """The instant as China's clocks showed it."""
    return datetime.fromtimestamp(epoch_s(text), tz=UTC).astimezone(CHINA)


def china_time(text: str) -> str:
    """`11-21 10:02:30`: month, day and time of day in China."""
    return f"{china(text):%m-%d %H:%M:%S}"


def china_full(text: str) -> str:
    """`2026-11-21 10:02:30` in China."""
    return f"{china(text):%Y-%m-%d %H:%M:%S}"
