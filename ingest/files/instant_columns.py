"""Columns of times, as texts or datetimes, to UTC epoch milliseconds."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import numpy as np

from coldwitness.domain.errors import BadInput, BadMessage
from coldwitness.domain.instants import LATEST_MS
from coldwitness.domain.tracks import IntArray
from coldwitness.ingest.formats.instants import moment_ms, rfc3339_ms, time_ms

_Zoned = Annotated[datetime, msgspec.Meta(tz=True)]
_LOOSE = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?"
    r"\s*(Z|z|UTC|GMT|[+-]\d{2}:?\d{2})?"
)
"""Year first, as spreadsheets rewrite RFC 3339: slashes, missing zeros or seconds."""


def named_zone(name: str | None) -> tzinfo | None:
    """The zone of `--timezone`: an IANA name or an offset such as +08:00; None stays None."""
    if name is None:
        return None
    offset = re.fullmatch(r"([+-])(\d{2}):?(\d{2})", name)
    if offset is not None:
        ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        if ahead < timedelta(hours=24):
            return timezone(ahead if offset[1] == "+" else -ahead)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(
            f"timezone: expected an IANA name such as Asia/Shanghai or +08:00, got {name[:60]!r}"
        ) from None


def moments_ms(moments: Sequence[datetime]) -> IntArray:
    """Zoned datetimes to epoch ms, finer digits cut off."""
    seconds = np.fromiter((m.timestamp() for m in moments), np.float64, len(moments))
    return np.rint(seconds * 1e6).astype(np.int64) // 1000


def texts_ms(texts: Sequence[str], *, zone: tzinfo | None) -> tuple[IntArray, Mapping[int, str]]:
    """(epoch ms, what is wrong by row): RFC 3339, epoch ms, or year-first local forms.

    A time without a zone is read in `zone`; without one it is wrong. Wrong rows are -1.
    """
    try:
        result = moments_ms(msgspec.convert(texts, list[_Zoned]))
        if result.size and result.min() >= 0 and result.max() <= LATEST_MS:
            return result, {}
    except msgspec.ValidationError:
        pass
    result = np.full(len(texts), -1, np.int64)
    wrong: dict[int, str] = {}
    for row, text in enumerate(texts):
        try:
            result[row] = text_ms(text, zone=zone)
        except BadMessage as error:
            wrong[row] = str(error)
    return result, wrong


def text_ms(text: str, *, zone: tzinfo | None) -> int:
    """One text of a time column to epoch ms; raises BadMessage."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return time_ms(int(text)) if len(text) <= 18 else time_ms(-1)
    loose = _LOOSE.fullmatch(text)
    if loose is None:
        return rfc3339_ms(text, zone=zone)
    year, month, day, hour, minute = (int(part) for part in loose.groups()[:5])
    second = int(loose[6] or 0)
    if second == 60:
        return rfc3339_ms(text, zone=zone)
    micros = int((loose[7] or "0").ljust(6, "0")[:6])
    try:
        moment = datetime(  # noqa: DTZ001 - the zone follows, and moment_ms refuses none
            year, month, day, hour, minute, second, micros
        )
    except ValueError:
        raise BadMessage("bad_time", f"time: no such time {text[:60]!r}") from None
    if loose[8] is not None:
        offset = "+00:00" if loose[8][0] not in "+-" else loose[8]
        moment = moment.replace(tzinfo=named_zone(offset))
    return moment_ms(moment, shown=text, zone=zone)
