"""How numbers and durations are written in the words of a result."""

from coldwitness.domain.text import Text


def number(value: float | None, digits: int = 2) -> str:
    """A number as it is read: no trailing zeros, no sign before a zero (the canonical JSON of a
    report keeps none, and words made again from it have to be the same); a dash where there is
    none."""
    if value is None:
        return "—"
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def duration(seconds: float | None) -> Text:
    """Seconds below two minutes, minutes below three hours, hours above."""
    if seconds is None:
        return Text("时长未知", "unknown length")
    if seconds < 120:
        return Text(f"{number(seconds, 0)} 秒", f"{number(seconds, 0)} s")
    if seconds < 10800:
        return Text(f"{number(seconds / 60, 1)} 分钟", f"{number(seconds / 60, 1)} min")
    return Text(f"{number(seconds / 3600, 1)} 小时", f"{number(seconds / 3600, 1)} h")
