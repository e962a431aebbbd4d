"""Instants as senders write them, to UTC epoch milliseconds.

A time without a zone is refused: eight hours of doubt would put any reading outside the
custody window or inside it.
"""

import math
from datetime import UTC, datetime, timedelta, tzinfo

import msgspec

from coldwitness.domain.errors import BadMessage
from coldwitness.domain.instants import LATEST_MS, instant_ms

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
SECONDS_LIKE = range(1_000_000_000, 10_000_000_000)
"""As milliseconds these are January to April 1970, as seconds 2001 to 2286."""

UNSET_BEFORE_MS = 1_000_000_000_000
"""2001: a stamp before it is of a clock that counts from its start, or is in seconds."""


def time_ms(value: str | int, *, zone: tzinfo | None = None) -> int:
    """An RFC 3339 text or an integer of epoch milliseconds, as the native contract has it.

    zone : the zone of texts that name none; None: such texts are refused.
    """
    if isinstance(value, str):
        return rfc3339_ms(value, zone=zone)
    if value in SECONDS_LIKE:
        raise BadMessage("bad_time", f"time: expected epoch milliseconds, {value} looks like s")
    if not 0 <= value <= LATEST_MS:
        raise BadMessage("bad_time", f"time: expected epoch milliseconds, got {str(value)[:40]}")
    return value


def rfc3339_ms(text: str, *, zone: tzinfo | None = None) -> int:
    """`2026-11-21T08:00:00.123+08:00` -> UTC epoch ms; finer digits than ms are cut off.

    Any offset, `Z` or `z`, a blank or `t` for the `T`; a leap second is the second after it.
    Raises BadMessage: `time_without_zone` or `bad_time`.
    """
    try:
        moment = msgspec.convert(text, datetime)
    except msgspec.ValidationError:
        try:
            return instant_ms(text)
        except ValueError as error:
            raise BadMessage("bad_time", f"time: {error}") from None
    return moment_ms(moment, shown=text, zone=zone)


def first_instant_ms(*candidates: object) -> int | None:
    """The first of a server's own stamps that is an instant of a clock that was set, else None.

    For stamps that say when a network received something: one that is damaged gives way to
    the next, and in the end to the time of receipt, which the reading then says.
    """
    for value in candidates:
        if isinstance(value, str):
            try:
                stamp_ms = rfc3339_ms(value)
            except BadMessage:
                continue
            if stamp_ms >= UNSET_BEFORE_MS:
                return stamp_ms
    return None


def moment_ms(moment: datetime, *, shown: str, zone: tzinfo | None = None) -> int:
    """UTC epoch ms of a datetime; one without a zone is read in `zone` or refused.

    A local time that a change of the clocks made happen twice or not at all is refused
    (`ambiguous_time`): it would have to be guessed.
    """
    if moment.tzinfo is None:
        if zone is None:
            raise BadMessage(
                "time_without_zone", f"time: expected a zone (Z or an offset), got {shown[:60]!r}"
            )
        moment = moment.replace(tzinfo=zone)
        if moment.utcoffset() != moment.replace(fold=1).utcoffset():
            raise BadMessage(
                "ambiguous_time",
                f"time: {shown[:60]!r} falls into a change of the clocks of {zone}: "
                "it happened twice or never",
            )
    since = (moment - _EPOCH) // _MILLISECOND
    if not 0 <= since <= LATEST_MS:
        raise BadMessage("bad_time", f"time: expected 1970 to 2100, got {shown[:60]!r}")
    return since


def epoch_s_ms(seconds: float) -> int:
    """Epoch seconds as many gateways send them, whole or with fractions, to epoch ms; numbers that
    as seconds lie beyond the year 5000 are milliseconds already."""
    if seconds >= _MILLISECONDS_FROM:
        seconds /= 1000.0
    if not 0 <= seconds <= LATEST_MS / 1000:
        raise BadMessage("bad_time", f"time: expected epoch seconds, got {str(seconds)[:40]}")
    return round(seconds * 1000)


def set_clock_ms(*stamps: object) -> int | None:
    """The first of a gateway's stamps that is of a clock that was set: epoch seconds or
    milliseconds, as number or digits, or RFC 3339 with a zone. None where none is one.

    Raises BadMessage for a number beyond every calendar.
    """
    for stamp in stamps:
        digits = isinstance(stamp, str) and stamp.isascii() and stamp.isdigit() and len(stamp) < 16
        if isinstance(stamp, bool) or not (digits or isinstance(stamp, int | float)):
            found = first_instant_ms(stamp)
        else:
            number = float(str(stamp))
            found = epoch_s_ms(number) if math.isfinite(number) and number > 0 else None
        if found is not None and found >= UNSET_BEFORE_MS:
            return found
    return None


_MILLISECONDS_FROM = 100_000_000_000
