"""Instants: RFC 3339 text to UTC epoch milliseconds and back."""

import re
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

CHINA = ZoneInfo("Asia/Shanghai")
"""Rules, days and whatever an inspector reads are in Beijing time."""

EARLIEST_MS = 0
"""1970-01-01: a logger whose clock was never set says something near this."""
LATEST_MS = 4_102_444_800_000
"""2100-01-01."""

_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,12}))?"
    r"(?:([Zz])|([+-])(\d\d):?(\d\d))"
)
_USUAL = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T(?:[01][0-9]|2[0-3]):[0-9]{2}:[0-9]{2}(?:\.[0-9]{3})?Z"
)
"""As this program writes instants itself. Python reads these, at a fifth of the cost."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_NAIVE_EPOCH = _EPOCH.replace(tzinfo=None)


def instant_ms(text: str) -> int:
    """UTC epoch ms of an RFC 3339 time with zone; digits beyond milliseconds are cut off.

    A leap second (:60) counts as the second after it. An offset without its colon
    (`+0200`), as some loggers write it, is accepted. Raises ValueError saying what is wrong.
    """
    if _USUAL.fullmatch(text):
        with suppress(ValueError):  # a leap second, and what is no day
            return (datetime.fromisoformat(text) - _EPOCH) // _MILLISECOND
    match = _RFC3339.fullmatch(text)
    if match is None:
        if re.match(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d", text) and not re.search(
            r"([Zz]|[+-]\d\d:?\d\d)$", text
        ):
            raise ValueError(f"time without a zone: {text[:40]!r}")
        raise ValueError(
            f"expected an RFC 3339 time such as 2026-11-21T08:00:00Z, got {text[:40]!r}"
        )
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    leap = second == 60
    try:
        whole = datetime(year, month, day, hour, minute, 59 if leap else second, tzinfo=UTC)
    except ValueError as error:
        raise ValueError(f"no such time: {text[:40]!r} ({error})") from error
    if match[8] is None:
        if int(match[10]) > 23 or int(match[11]) > 59:
            raise ValueError(f"no such offset: {text[:40]!r}")
        offset = timedelta(hours=int(match[10]), minutes=int(match[11]))
        whole = whole - offset if match[9] == "+" else whole + offset
    fraction_ms = int((match[7] or "0").ljust(3, "0")[:3])
    return (whole - _EPOCH) // _MILLISECOND + fraction_ms + (1000 if leap else 0)


def rfc3339(time_ms: int) -> str:
    """`2026-11-21T08:00:00Z`, with milliseconds only where there are any."""
    whole, fraction_ms = divmod(int(time_ms), 1000)
    text = (_NAIVE_EPOCH + timedelta(seconds=whole)).isoformat()
    return f"{text}.{fraction_ms:03d}Z" if fraction_ms else f"{text}Z"


def rfc3339_if_any(time_ms: int | None) -> str | None:
    """The same of a time that may not have come."""
    return None if time_ms is None else rfc3339(time_ms)


def rfc3339_column(time_s: NDArray[np.float64]) -> list[str | None]:
    """(n,) UTC epoch seconds as `rfc3339` writes them; None for what is not finite."""
    known = np.isfinite(time_s)
    whole_ms = np.round(np.where(known, time_s, 0.0) * 1000.0).astype(np.int64)
    texts = np.datetime_as_string(whole_ms.view("M8[ms]"), unit="ms").tolist()
    return [
        (text[:-4] if text.endswith(".000") else text) + "Z" if has else None
        for text, has in zip(texts, known.tolist(), strict=True)
    ]


def china_day(epoch_s: float) -> date:
    """The day in Beijing on which an instant [UTC epoch s] falls."""
    return datetime.fromtimestamp(epoch_s, tz=CHINA).date()


def beijing_minute(text: str) -> str:
    """An RFC 3339 time as `2026-11-21 16:00`, Beijing time.

    >>> beijing_minute("2026-11-21T08:00:30Z")
    '2026-11-21 16:00'
    """
    at = datetime.fromtimestamp(instant_ms(text) / 1000.0, tz=UTC).astimezone(CHINA)
    return at.strftime("%Y-%m-%d %H:%M")
