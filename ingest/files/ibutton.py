"""Maxim iButton thermochron exports (OneWireViewer): header facts, then Date/Time,Unit,Value.

The rows carry a 12-hour (or 24-hour) wall clock without a zone; the header's mission times
carry one (`CDT`). The header's zone is an abbreviation that several countries share, so only
those of the United States, where the program writes the PC's own zone, and UTC are taken;
`--timezone` decides over any of them.
"""

import re
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path

from domain.errors import BadInput, BadMessage
from domain.identifiers import is_id
from domain.reading import Reading
from domain.reading_table import reading_table
from ingest.files.content import FileContent, Refusals
from ingest.files.opening import opened_text
from ingest.formats.instants import moment_ms
from ingest.formats.plausible import TEMPERATURE_RANGE_C, measured

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
}
"""Abbreviations with one meaning in practice. CST is absent: China's and America's differ by
14 hours, so it has to be named by `--timezone`."""

_ROW = re.compile(
    r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4}) (\d{1,2}):(\d{2})(?::(\d{2}))?(?: ?([AaPp])\.?[Mm]\.?)?"
)
_MISSION = re.compile(
    r"(?:Mission Start Time|First Sample Timestamp):\s+\w{3} \w{3} +\d{1,2} "
    r"\d{2}:\d{2}:\d{2} (\S+) \d{4}"
)
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?", re.ASCII)


def recognises(start: str) -> bool:
    return start.startswith("1-Wire/iButton")


def read_ibutton(path: Path, *, zone: tzinfo | None) -> FileContent:
    """Read one export; the registration number is the logger.

    Raises BadInput if the table or a usable zone is missing.
    """
    refusals = Refusals()
    readings: list[Reading] = []
    logger = "ibutton"
    in_table = False
    with opened_text(path) as stream:
        for number, raw in enumerate(stream, start=1):
            line = raw.strip()
            where = f"{path}, line {number}"
            if in_table:
                if line:
                    try:
                        readings.append(_reading(line, logger, zone))
                    except BadMessage as error:
                        refusals.add(where, str(error))
                continue
            named = re.match(r"1-Wire/iButton Registration Number:\s*(\S+)", line)
            if named is not None and is_id(named[1]):
                logger = named[1]
            mission = _MISSION.match(line)
            if mission is not None and zone is None:
                zone = _header_zone(mission[1], where)
            in_table = line.replace(" ", "").lower().startswith("date/time,unit,value")
    if not in_table:
        raise BadInput(f"{path}: expected a line Date/Time,Unit,Value of an iButton export")
    return FileContent(reading_table(readings, None), one_shipment=True, refusals=refusals)


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


def _reading(line: str, logger: str, zone: tzinfo | None) -> Reading:
    when, unit, value = _fields(line)
    match = _ROW.fullmatch(when.strip())
    if match is None:
        raise BadMessage("bad_time", f"time: expected M/D/YY h:mm:ss AM or PM, got {when[:40]!r}")
    month, day, year, hour, minute = (int(part) for part in match.groups()[:5])
    if match[7] is not None:
        if not 1 <= hour <= 12:
            raise BadMessage("bad_time", f"time: no such hour on a 12-hour clock: {when[:40]!r}")
        hour = hour % 12 + (12 if match[7] in "pP" else 0)
    try:
        moment = datetime(  # noqa: DTZ001 - the zone follows, and moment_ms refuses none
            year + 2000 if year < 100 else year, month, day, hour, minute, int(match[6] or 0)
        )
    except ValueError:
        raise BadMessage("bad_time", f"time: no such time {when[:40]!r}") from None
    if _NUMBER.fullmatch(value.strip()) is None:
        raise BadMessage("wrong_type", f"value: expected a number, got {value[:40]!r}")
    number = float(value.strip().replace(",", "."))
    unit = unit.strip().upper()
    if unit not in ("C", "F"):
        raise BadMessage("wrong_type", f"unit: expected C or F, got {unit[:20]!r}")
    celsius = measured(number if unit == "C" else (number - 32.0) / 1.8)
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
