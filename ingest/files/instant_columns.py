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
from coldwitness.ingest.files.day_orders import DayOrder, told_order, year_first
from coldwitness.ingest.formats.instants import UNSET_BEFORE_MS, moment_ms, rfc3339_ms, time_ms

_Zoned = Annotated[datetime, msgspec.Meta(tz=True)]
_LOOSE = re.compile(
    r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?"
    r"\s*(Z|z|UTC|GMT|[+-]\d{2}:?\d{2})?"
)
"""Year first, as spreadsheets rewrite RFC 3339: slashes, missing zeros or seconds."""


_COMPACT = re.compile(
    r"(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])[T ]?([01]\d|2[0-3])([0-5]\d)([0-5]\d)?", re.ASCII
)
"""YYYYMMDDhhmm or YYYYMMDDhhmmss: 12 and 14 digits, where milliseconds have 13."""
_HALF = re.compile(
    r"[上下]午|凌晨|清晨|早上|早晨|中午|傍晚|晚上|(?<![A-Za-z])[AP]\.?M\.?(?![A-Za-z])", re.I
)
_LATER = frozenset({"下午", "傍晚", "晚上", "pm", "p.m.", "pm.", "p.m"})
_WEEKDAY = re.compile(
    r"(?:星期|周)[一二三四五六日天]\s*|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,?\s+"
)
_SHEET = re.compile(r'="?([^"]*)"?|\'(.*)')
"""What spreadsheets put around a text to keep it one."""


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
    seconds = np.fromiter(map(datetime.timestamp, moments), np.float64, len(moments))
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
    try:
        order = told_order(texts)
    except BadMessage as error:
        return result, dict.fromkeys(range(len(texts)), str(error))
    for row, text in enumerate(texts):
        try:
            result[row] = text_ms(text, zone=zone, order=order)
        except BadMessage as error:
            wrong[row] = str(error)
    return result, wrong


def _whole_ms(digits: str) -> int:
    """Epoch ms of a whole number, which must be one since 2001: a shorter number is the day of a
    spreadsheet or a compact date cut short, and no time of a reading."""
    value = time_ms(int(digits)) if len(digits) <= 18 else time_ms(-1)
    if value < UNSET_BEFORE_MS:
        raise BadMessage(
            "bad_time",
            "time: expected epoch milliseconds since 2001, YYYYMMDDhhmmss or RFC 3339, "
            f"got {digits[:40]} (a spreadsheet's day number? save the column as text)",
        )
    return value


def _plainly(text: str) -> tuple[str, bool | None]:
    """The year-first form of a Chinese or compact date, and whether it says afternoon (True),
    morning (False) or neither (None)."""
    compact = _COMPACT.fullmatch(text)
    if compact is not None:
        year, month, day, hour, minute, second = compact.groups()
        return f"{year}-{month}-{day} {hour}:{minute}:{second or '00'}", None
    plain = re.sub(r"(\d{4})年\s*(\d{1,2})月\s*(\d{1,2})[日号]", r"\1-\2-\3 ", text)
    plain = re.sub(r"(\d{1,2})[时点](\d{1,2})分(?:(\d{1,2})秒)?", _clock, plain)
    plain = _WEEKDAY.sub("", plain)
    words = _HALF.findall(plain)
    if len(words) != 1:
        return plain.strip(), None
    word, plain = words[0].lower(), _HALF.sub(" ", plain).strip()
    if word == "中午":
        return plain, re.search(r"\s(12|1|01|2|02):", plain) is not None
    if word in ("晚上", "傍晚") and re.search(r"\s12:", plain):
        raise BadMessage("bad_time", f"time: {text[:60]!r}: noon or midnight?")
    return plain, word in _LATER


def _clock(found: re.Match[str]) -> str:
    return f"{found[1]}:{found[2].zfill(2)}:{(found[3] or '0').zfill(2)}"


def _of_day(hour: int, *, afternoon: bool, shown: str) -> int:
    """The hour of 24 of one of 12; 下午 14 says the same twice and is taken, 上午 14 is none."""
    if hour == 0 or (hour > 12 and not afternoon):
        raise BadMessage("bad_time", f"time: no such time {shown[:60]!r}")
    return hour if hour > 12 else hour % 12 + (12 if afternoon else 0)


def text_ms(text: str, *, zone: tzinfo | None, order: DayOrder | None = None) -> int:
    """One text of a time column to epoch ms; raises BadMessage.

    order : whether day or month comes first in the column's dates, where a row told it.
    """
    found = _text_ms(plain_cell(text), zone=zone, order=order)
    if found < UNSET_BEFORE_MS:
        raise BadMessage("bad_time", f"time: {text[:40]!r}: a clock that was never set")
    return found


def plain_cell(text: str) -> str:
    """A cell without what spreadsheets put around it, and with plain blanks."""
    bare = text.replace("\u00a0", " ").strip()
    kept = _SHEET.fullmatch(bare)
    return bare if kept is None else (kept[1] if kept[1] is not None else kept[2]).strip()


def _text_ms(text: str, *, zone: tzinfo | None, order: DayOrder | None) -> int:
    if text.isascii() and text.isdigit() and _COMPACT.fullmatch(text) is None:
        return _whole_ms(text)
    plain, half = _plainly(year_first(text, order))
    loose = _LOOSE.fullmatch(plain)
    if loose is None:
        return rfc3339_ms(text, zone=zone)
    year, month, day, hour, minute = (int(part) for part in loose.groups()[:5])
    if half is not None:
        hour = _of_day(hour, afternoon=half, shown=text)
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
