"""How times, lengths and numbers are written on the pages."""

import math
from datetime import UTC, datetime

from markupsafe import Markup, escape

from coldwitness.api.reports.made.wording import Lang, unit_words
from coldwitness.domain.instants import CHINA, instant_ms
from coldwitness.domain.result import Limits

ABSENT = "—"


def beijing_time(text: str | None, *, seconds: bool = False) -> str:
    """An RFC 3339 time as China time; the pages say so where they print it."""
    if text is None:
        return ABSENT
    at = datetime.fromtimestamp(instant_ms(text) / 1000.0, tz=UTC).astimezone(CHINA)
    return at.strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def length(seconds: float | None, lang: Lang) -> str:
    """`2 小时 5 分`, `2 h 5 min`; under a minute in seconds."""
    if seconds is None or math.isnan(seconds):
        return ABSENT
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    hour, minute, second = (unit_words(unit, lang) for unit in ("h", "min", "s"))
    if hours:
        return f"{hours} {hour} {minutes} {minute}"
    if minutes:
        return f"{minutes} {minute}" + (f" {left} {second}" if left and minutes < 10 else "")
    return f"{left} {second}"


def degrees(value: float | None) -> str:
    return ABSENT if value is None else f"{number(value)} °C"


def number(value: float) -> str:
    """One decimal, with a real minus sign."""
    return f"{value:.1f}".replace("-", "−")


def span_c(low_c: float | None, high_c: float | None) -> str:
    """`2.1 – 9.4 °C`, the lowest and the highest."""
    if low_c is None or high_c is None:
        return ABSENT
    return f"{number(low_c)} – {number(high_c)} °C"


def percent(value: float | None) -> str:
    """A share; never rounded up to a whole that was not reached."""
    if value is None:
        return ABSENT
    return f"{math.floor(value * 1000) / 10:.1f} %"


def label_range(limits: Limits) -> str:
    """`2–8 °C`, `≤ 20 °C`."""
    low, high = limits.low, limits.high
    if low is not None and high is not None:
        words = f"{low:g} – {high:g} °C" if low < 0 else f"{low:g}–{high:g} °C"
    elif high is not None:
        words = f"≤ {high:g} °C"
    else:
        words = ABSENT if low is None else f"≥ {low:g} °C"
    return words.replace("-", "−")


def with_code(text: str) -> Markup:
    """Plain text in which `backticks` mark code."""
    parts = text.split("`")
    pieces = [
        escape(part) if n % 2 == 0 else Markup("<code>{}</code>").format(part)
        for n, part in enumerate(parts)
    ]
    return Markup("").join(pieces)
