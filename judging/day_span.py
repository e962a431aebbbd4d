"""Days of Beijing time, both included, as instants."""

from datetime import date, timedelta

from coldwitness.config.rules import day_start_s


def span_ms(first: date | None, last: date | None) -> tuple[int | None, int | None]:
    """Start of the first day and end of the last, UTC epoch ms, half-open; None: open.

    >>> span_ms(date(1970, 1, 2), date(1970, 1, 2))
    (57600000, 144000000)
    >>> span_ms(None, date.max)
    (None, None)
    """
    begin = None if first is None else round(day_start_s(first) * 1000)
    if last is None or last == date.max:
        return begin, None
    return begin, round(day_start_s(last + timedelta(days=1)) * 1000)
