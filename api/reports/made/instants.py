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
    if not _are_instants([text for text in texts if text is not None]):
        raise ValueError("expected RFC 3339 times in UTC, to the second or millisecond")
    plain = ["1970-01-01" if text is None else text[:-1] for text in texts]
    seconds = np.array(plain, dtype="M8[ms]").view(np.int64) / 1000.0
    return np.where(known, seconds, np.nan)


_SHAPES = (b"0000-00-00T00:00:00Z", b"0000-00-00T00:00:00.000Z")
"""With 0 for each digit."""


def _are_instants(texts: Sequence[str]) -> bool:
    """Whether each has one of the shapes that `instants` makes: numpy reads more, and warns of
    what it does not read."""
    if not {len(text) for text in texts} <= {len(shape) for shape in _SHAPES}:
        return False
    if "\0" in "".join(texts):  # as what is shorter ends in an array
        return False
    longest = max(map(len, _SHAPES))
    signs = np.array(texts, dtype=f"S{longest}").view(np.uint8).reshape(-1, longest)
    shapes = np.where((signs >= ord("0")) & (signs <= ord("9")), np.uint8(ord("0")), signs)
    known = [np.frombuffer(shape.ljust(longest, b"\0"), np.uint8) for shape in _SHAPES]
    return bool(np.logical_or.reduce([(shapes == shape).all(axis=1) for shape in known]).all())


def china(text: str) -> datetime:
    """The instant as China's clocks showed it."""
    return datetime.fromtimestamp(epoch_s(text), tz=UTC).astimezone(CHINA)


def china_time(text: str) -> str:
    """`11-21 10:02:30`: month, day and time of day in China."""
    return f"{china(text):%m-%d %H:%M:%S}"


def china_full(text: str) -> str:
    """`2026-11-21 10:02:30` in China."""
    return f"{china(text):%Y-%m-%d %H:%M:%S}"
