"""Hours in which somebody is told nothing."""

from datetime import UTC, datetime, timedelta

from coldwitness.domain.instants import CHINA


def end_of_quiet_ms(quiet: str | None, *, now_ms: int) -> int:
    """When somebody may be told [UTC epoch ms]: now, or at the end of the quiet hours in which now
    lies. quiet : `22:00-06:30` of Beijing time, the begin in it and the end not; over midnight too.

    >>> end_of_quiet_ms("22:00-06:30", now_ms=0) - 0  # 08:00 in Beijing
    0
    """
    if quiet is None:
        return now_ms
    begin, end = (_minutes(text) for text in quiet.split("-"))
    now = datetime.fromtimestamp(now_ms / 1000, tz=UTC).astimezone(CHINA)
    minute = now.hour * 60 + now.minute
    over_midnight = begin > end
    inside = minute >= begin or minute < end if over_midnight else begin <= minute < end
    if not inside:
        return now_ms
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    tomorrow = 1 if over_midnight and minute >= begin else 0
    return round((midnight + timedelta(days=tomorrow, minutes=end)).timestamp() * 1000)


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)
