"""Instants as senders write them, to UTC epoch milliseconds.

A time without a zone is refused: eight hours of doubt would put any reading outside the
custody window or inside it.
"""

from datetime import UTC, datetime, timedelta

import msgspec

from domain.errors import BadMessage

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
LAST_MS = 253_402_300_799_999
"""End of the year 9999: the last instant RFC 3339 can write."""
_SECONDS_LIKE = range(1_000_000_000, 10_000_000_000)
"""As milliseconds these are January to April 1970, as seconds 2001 to 2286."""


def time_ms(value: str | int) -> int:
    """An RFC 3339 text or an integer of epoch milliseconds, as the native contract has it."""
    if isinstance(value, str):
        return rfc3339_ms(value)
    if value in _SECONDS_LIKE:
        raise BadMessage("bad_time", f"time: expected epoch milliseconds, {value} looks like s")
    if not 0 <= value <= LAST_MS:
        raise BadMessage("bad_time", f"time: expected epoch milliseconds, got {str(value)[:40]}")
    return value


def rfc3339_ms(text: str) -> int:
    """`2026-11-21T08:00:00.123+08:00` -> UTC epoch ms; finer digits than ms are cut off.

    Any offset, `Z` or `z`, a blank or `t` for the `T`. Second 60 (a leap second) is the
    second that follows. Raises BadMessage: `time_without_zone` or `bad_time`.
    """
    try:
        moment = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        if text[17:19] == "60" and text[14:16] == "59":
            return rfc3339_ms(f"{text[:17]}59{text[19:]}") + 1000
        shown = repr(text[:60])
        expected = "expected RFC 3339 with a zone or epoch milliseconds"
        raise BadMessage("bad_time", f"time: {expected}, got {shown}") from None
    return moment_ms(moment, shown=text)


def moment_ms(moment: datetime, *, shown: str) -> int:
    """UTC epoch ms of a datetime; `shown` is named in the refusal if it has no zone."""
    if moment.tzinfo is None:
        raise BadMessage(
            "time_without_zone", f"time: expected a zone (Z or an offset), got {shown[:60]!r}"
        )
    since = (moment - _EPOCH) // _MILLISECOND
    if not 0 <= since <= LAST_MS:
        raise BadMessage("bad_time", f"time: expected 1970 to 9999, got {shown[:60]!r}")
    return since


def epoch_s_ms(seconds: float) -> int:
    """Epoch seconds as many gateways send them, whole or with fractions, to epoch ms."""
    if not 0 <= seconds <= LAST_MS / 1000:
        raise BadMessage("bad_time", f"time: expected epoch seconds, got {str(seconds)[:40]}")
    return round(seconds * 1000)
