"""How times, lengths and ranges are written on the pages: as the report writes them."""

import math
from datetime import UTC, datetime

from markupsafe import Markup, escape

from coldwitness.api.reports.made.wording import Lang, duration, range_words
from coldwitness.domain.instants import CHINA, instant_ms, rfc3339
from coldwitness.domain.result import Limits

ABSENT = "—"


def beijing_time(text: str | None, *, seconds: bool = False) -> str:
    """An RFC 3339 time as China time; the pages say so where they print it."""
    if text is None:
        return ABSENT
    at = datetime.fromtimestamp(instant_ms(text) / 1000.0, tz=UTC).astimezone(CHINA)
    return at.strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def beijing_ms(at_ms: int) -> str:
    """UTC epoch milliseconds as China time."""
    return beijing_time(rfc3339(at_ms))


def length(seconds: float | None, lang: Lang) -> str:
    """A duration as the report writes it."""
    return duration(None if seconds is None or math.isnan(seconds) else seconds, lang)


def ahead(between_s: tuple[float, float], lang: Lang) -> str:
    """By how much a clock is ahead, between two bounds: `−19 min 04 s … +2 s`."""
    least, most = (_signed(bound_s, lang) for bound_s in between_s)
    return least if least == most else f"{least} … {most}"


def _signed(seconds: float, lang: Lang) -> str:
    told = duration(abs(round(seconds)), lang)
    sign = "−" if round(seconds) < 0 else "+" if round(seconds) else ""
    return f"{sign}{told}"


def span_c(low_c: float | None, high_c: float | None) -> str:
    """`2.1 – 9.43 °C`, the lowest and the highest."""
    return ABSENT if low_c is None or high_c is None else range_words(low_c, high_c)


def label_range(limits: Limits) -> str:
    """`2.0 – 8.0 °C`, `≤ 20.0 °C`."""
    return range_words(limits.low, limits.high)


def with_code(text: str) -> Markup:
    """Plain text in which `backticks` mark code."""
    parts = text.split("`")
    pieces = [
        escape(part) if n % 2 == 0 else Markup("<code>{}</code>").format(part)
        for n, part in enumerate(parts)
    ]
    return Markup("").join(pieces)
