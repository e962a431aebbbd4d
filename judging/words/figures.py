"""How numbers, temperatures and durations are written, in a result as in reports and pages."""

from functools import lru_cache

from coldwitness.config.labels import labels
from coldwitness.domain.text import Text

_UNITS = labels("results")["units"]
_UNKNOWN = labels("results")["lasting"]["unknown"]
DAYS_FROM_S = 172_800
"""From two days on hours say enough."""


def number(value: float | None, digits: int = 2) -> str:
    """A number as it is read: no trailing zeros, no sign before a zero (the canonical JSON of a
    report keeps none, and words made again from it have to be the same); a dash where there is
    none."""
    if value is None:
        return "—"
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text.replace("-", "−")


def decimal(value: float, *, places: int = 2) -> str:
    """A temperature: at least one and at most `places` decimals, with a true minus sign."""
    text = f"{value:.{places}f}"
    while text.endswith("0") and not text.endswith(".0"):
        text = text[:-1]
    return ("0.0" if text == "-0.0" else text).replace("-", "−")


@lru_cache(maxsize=4096)  # most of a fleet's are a few whole minutes
def duration(seconds: float | None) -> Text:
    """`1 小时 02 分 05 秒` / `1 h 02 min 05 s`, in whole seconds; from two days on
    `3 天 04 小时`."""
    if seconds is None:
        return _UNKNOWN
    return Text(*(_spoken(round(seconds), lang) for lang in ("zh", "en")))


def _spoken(whole: int, lang: str) -> str:
    """The two or three largest parts; none that is 0 at the end."""
    days, rest = divmod(whole, 86_400) if whole >= DAYS_FROM_S else (0, whole)
    hours, rest = divmod(rest, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = (
        [(days, "d"), (hours, "h")] if days else [(hours, "h"), (minutes, "min"), (seconds, "s")]
    )
    while len(parts) > 1 and parts[0][0] == 0:
        parts = parts[1:]
    while len(parts) > 1 and parts[-1][0] == 0:
        parts = parts[:-1]
    return " ".join(
        f"{amount:0{2 if place else 1}d} {getattr(_UNITS[unit], lang)}"
        for place, (amount, unit) in enumerate(parts)
    )
