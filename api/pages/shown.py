"""How times, lengths and numbers are written on the pages."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from api.reports.wording import Lang
from domain.instants import instant_ms

_CHINA = ZoneInfo("Asia/Shanghai")
ABSENT = "—"


def beijing_time(text: str | None, *, seconds: bool = False) -> str:
    """An RFC 3339 time as China time; the pages say so where they print it."""
    if text is None:
        return ABSENT
    at = datetime.fromtimestamp(instant_ms(text) / 1000.0, tz=UTC).astimezone(_CHINA)
    return at.strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M")


def length(seconds: float | None, lang: Lang) -> str:
    """`2 小时 5 分`, `2 h 5 min`; under a minute in seconds."""
    if seconds is None or math.isnan(seconds):
        return ABSENT
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    hour, minute, second = ("小时", "分", "秒") if lang == "zh" else ("h", "min", "s")
    if hours:
        return f"{hours} {hour} {minutes} {minute}"
    if minutes:
        return f"{minutes} {minute}" + (f" {left} {second}" if left and minutes < 10 else "")
    return f"{left} {second}"


def degrees(value: float | None) -> str:
    return ABSENT if value is None else f"{value:.1f} °C"


def percent(value: float | None) -> str:
    """A share; never rounded up to a whole that was not reached."""
    if value is None:
        return ABSENT
    return f"{math.floor(value * 1000) / 10:.1f} %"


def label_range(limits: Mapping[str, Any] | None, lang: Lang) -> str:
    """`2–8 °C`, `≤ 20 °C`."""
    low = (limits or {}).get("low")
    high = (limits or {}).get("high")
    if low is not None and high is not None:
        return f"{low:g} – {high:g} °C" if low < 0 else f"{low:g}–{high:g} °C"
    if high is not None:
        return f"≤ {high:g} °C"
    return ABSENT if low is None else f"≥ {low:g} °C"
