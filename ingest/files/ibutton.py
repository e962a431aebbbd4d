"""Maxim iButton thermochron exports (OneWireViewer): header facts, then Date/Time,Unit,Value.

The rows carry a 12-hour or 24-hour wall clock without a zone, their dates in the order of the
PC's country; the header's mission times, always in English, tell that order and carry a zone
(`CDT`). It is an abbreviation that several countries may share, so only those with one meaning
in practice are taken; `--timezone` decides over any of them.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from pathlib import Path

from coldwitness.domain.errors import BadInput, BadMessage
from coldwitness.domain.identifiers import is_id
from coldwitness.domain.reading import Reading
from coldwitness.domain.reading_table import reading_table
from coldwitness.ingest.files.content import FileContent, Refusals
from coldwitness.ingest.files.opening import opened_text
from coldwitness.ingest.formats.instants import moment_ms
from coldwitness.ingest.formats.measurements import celsius_of
from coldwitness.ingest.formats.plausible import TEMPERATURE_RANGE_C, measured

_HOURS_BY_ZONE = {
    "UTC": 0,
    "GMT": 0,
    "EST": -5,
    "EDT": -4,
    "CDT": -5,
    "MST": -7,
    "MDT": -6,
    "PST": -8,
    "PDT": -7,
    "AKST": -9,
    "AKDT": -8,
    "HST": -10,
    "CET": 1,
    "CEST": 2,
    "EET": 2,
    "EEST": 3,
    "WET": 0,
    "WEST": 1,
    "JST": 9,
    "KST": 9,
}
"""Abbreviations with one meaning in practice. CST is absent: China's and America's differ by
14 hours, so it has to be named by `--timezone`."""

_ROW = re.compile(
    r"(\d{1,4})([/.-])(\d{1,2})\2(\d{1,4}),? +(上午|下午)? ?(\d{1,2}):(\d{2})(?::(\d{2}))?"
    r"(?:\s?([AaPp])\.?\s?[Mm]\.?)?"
)
_MISSION = re.compile(
    r"(?:Mission Start(?: Time)?|First Sample Timestamp):\s+\w{3} (\w{3}) +(\d{1,2}) "
    r"\d{2}:\d{2}:\d{2} (\S+) (\d{4})"
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ORDERS: Mapping[str, tuple[str, ...]] = {
    "/": ("mdy", "dmy", "ymd"),
    "-": ("dmy", "ymd", "mdy"),
    ".": ("dmy", "ymd", "mdy"),
}
"""Orders of day, month and year by the mark between them, the likeliest first."""
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?", re.ASCII)


def recognises(start: str) -> bool:
    return start.startswith("1-Wire/iButton")


def read_ibutton(path: Path, *, zone: tzinfo | None) -> FileContent:
    """Read one export; the registration number is the logger.

    Raises BadInput if the table or a usable zone is missing.
    """
    logger = "ibutton"
    begun: list[date] = []
    rows: list[tuple[int, str]] = []
    in_table = False
    with opened_text(path) as stream:
        for number, raw in enumerate(stream, start=1):
            line = raw.strip()
            if in_table:
                if line:
                    rows.append((number, line))
                continue
            named = re.match(r"1-Wire/iButton Registration Number:\s*(\S+)", line)
            if named is not None and is_id(named[1]):
                logger = named[1]
            mission = _MISSION.match(line)
            if mission is not None:
                begun.extend(_mission_date(mission))
                if zone is None:
                    zone = _header_zone(mission[3], f"{path}, line {number}")
            in_table = line.replace(" ", "").lower().startswith("date/time,unit,value")
    if not in_table:
        raise BadInput(f"{path}: expected a line Date/Time,Unit,Value of an iButton export")
    if zone is None:
        raise BadInput(
            f"{path}: no mission time in the header says the zone of the rows; "
            "name it with --timezone, such as Asia/Shanghai"
        )
    refusals = Refusals()
    readings: list[Reading] = []
    order = _order([line for _, line in rows], begun)
    for number, line in rows:
        try:
            read = _reading(line, logger, zone, order)
            if read is not None:
                readings.append(read)
        except BadMessage as error:
            refusals.add(f"{path}, line {number}", str(error))
    return FileContent(reading_table(readings, None), one_shipment=True, refusals=refusals)


def _mission_date(match: re.Match[str]) -> list[date]:
    try:
        return [date(int(match[4]), _MONTHS.index(match[1]) + 1, int(match[2]))]
    except ValueError:
        return []


def _order(lines: Sequence[str], begun: Sequence[date]) -> str:
    """`mdy`, `dmy` or `ymd`: the order of the rows' dates, which follows the PC's country.

    The one in which the first row falls on the mission's start or first sample; without
    those, the one in which every row is a date and all lie closest together; then the usual
    one for the mark between the numbers.
    """
    matches = [match for line in lines if (match := _ROW.match(line)) is not None]
    if not matches:
        return "mdy"
    likely = _ORDERS[matches[0][2]]
    first = {order: _date(matches[0], order) for order in likely}
    started = [
        order
        for order, day in first.items()
        if day is not None and any(abs((day - known).days) <= 1 for known in begun)
    ]
    if len(started) == 1:
        return started[0]
    spans: dict[str, int] = {}
    for order in started or likely:
        days = [_date(match, order) for match in matches]
        known = [day for day in days if day is not None]
        if len(known) == len(days):
            spans[order] = (max(known) - min(known)).days
    return min(spans, key=spans.__getitem__) if spans else likely[0]


def _date(match: re.Match[str], order: str) -> date | None:
    """The date of a row in an order; None if it is none, or if its year stands elsewhere."""
    texts = dict(zip(order, (match[1], match[3], match[4]), strict=True))
    if len(texts["y"]) not in (2, 4) or len(texts["m"]) > 2 or len(texts["d"]) > 2:
        return None
    year = int(texts["y"])
    try:
        return date(year + 2000 if year < 100 else year, int(texts["m"]), int(texts["d"]))
    except ValueError:
        return None


def _header_zone(name: str, where: str) -> tzinfo:
    offset = re.fullmatch(r"(?:GMT|UTC)?([+-])(\d{2}):?(\d{2})", name)
    if offset is not None:
        ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(ahead if offset[1] == "+" else -ahead)
    if name not in _HOURS_BY_ZONE:
        raise BadInput(
            f"{where}: zone {name[:20]!r} has more than one meaning or none known; "
            "name it with --timezone, such as Asia/Shanghai"
        )
    return timezone(timedelta(hours=_HOURS_BY_ZONE[name]), name)


def _reading(line: str, logger: str, zone: tzinfo | None, order: str) -> Reading | None:
    """One row; None for the humidity of a DS1923."""
    when, unit, value = _fields(line)
    unit = unit.strip().upper().lstrip("°")
    if unit in ("%RH", "RH"):
        return None
    match = _ROW.fullmatch(when.strip())
    if match is None:
        raise BadMessage("bad_time", f"time: expected M/D/YY h:mm:ss AM or PM, got {when[:40]!r}")
    day = _date(match, order)
    hour, half = int(match[6]), match[9] or {"上午": "A", "下午": "P"}.get(match[5] or "")
    if half is not None:
        if not 1 <= hour <= 12:
            raise BadMessage("bad_time", f"time: no such hour on a 12-hour clock: {when[:40]!r}")
        hour = hour % 12 + (12 if half in "pP" else 0)
    try:
        if day is None:
            raise ValueError
        moment = datetime.combine(day, time(hour, int(match[7]), int(match[8] or 0)))
    except ValueError:
        raise BadMessage("bad_time", f"time: no such time {when[:40]!r}") from None
    if _NUMBER.fullmatch(value.strip()) is None:
        raise BadMessage("wrong_type", f"value: expected a number, got {value[:40]!r}")
    number = float(value.strip().replace(",", "."))
    if unit not in ("C", "F"):
        raise BadMessage("wrong_type", f"unit: expected C or F, got {unit[:20]!r}")
    read = celsius_of(number, unit)
    celsius = None if read is None else measured(read)
    if celsius is None:
        low, high = TEMPERATURE_RANGE_C
        raise BadMessage("out_of_range", f"value: expected {low:g} to {high:g} °C, got {value!r}")
    return Reading(
        logger=logger,
        time_ms=moment_ms(moment, shown=when, zone=zone),
        temperature_c={"drug": celsius},
    )


def _fields(line: str) -> tuple[str, str, str]:
    """Time, unit and value; a decimal comma leaves a fourth field to join."""
    fields = line.split(",")
    if len(fields) == 3:
        return fields[0], fields[1], fields[2]
    if len(fields) == 4:
        return fields[0], fields[1], f"{fields[2]}.{fields[3]}"
    raise BadMessage("wrong_type", f"expected Date/Time,Unit,Value, got {line[:60]!r}")
