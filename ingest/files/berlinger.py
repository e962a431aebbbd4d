"""Berlinger (Q-tag) text exports: Fridge-tag 2, 2 L, Ultra Low and Q-tag CLm.

Indented `key: value` lines, then, with logging models, a `Data:` table by tab. The Fridge-tag 2
without logging keeps only each day's lowest and highest temperature with their times; those
are measurements and are read where there is no table. `--.-` is a missing sensor's value.

The device's clock is a wall clock; `Zone:` says how many hours it is ahead of UTC, and
`--timezone` decides over it.
"""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path

from coldwitness.domain.errors import BadInput, BadMessage
from coldwitness.domain.identifiers import is_id
from coldwitness.domain.reading import Reading
from coldwitness.domain.reading_table import reading_table
from coldwitness.ingest.files.content import FileContent, Refusals
from coldwitness.ingest.files.opening import opened_text
from coldwitness.ingest.formats.instants import moment_ms
from coldwitness.ingest.formats.plausible import TEMPERATURE_RANGE_C, measured

_NUMBER = re.compile(r"[+-]?\d{1,4}(?:[.,]\d{1,3})?", re.ASCII)
_NO_VALUE = re.compile(r"[-.\s]*")
_ZONE = re.compile(r"\s*Zone:\s*([+-]?\d{1,2}(?:\.\d{1,2})?)\s*$")
_DAY = re.compile(r"\s*Date:\s*(\d{4})-(\d{2})-(\d{2})\s*$")
_EXTREME = re.compile(r"\s*(?:Min|Max) T:\s*([^,]*),\s*TS (?:Min|Max) T:\s*(\d{2}):(\d{2})\s*$")
_PATTERN_PARTS = {"yyyy": "year", "MM": "month", "dd": "day", "hh": "hour", "HH": "hour",
                  "mm": "minute", "ss": "second"}  # fmt: skip


def recognises(start: str) -> bool:
    first = start.split("\n", 1)[0].lower()
    return first.startswith("device:") and ("tag" in first or "berlinger" in first)


def read_berlinger(path: Path, *, zone: tzinfo | None) -> FileContent:
    """Read one export; the serial number is the logger. Raises BadInput if it is none."""
    refusals = Refusals()
    with opened_text(path) as stream:
        lines = [line.rstrip("\r\n") for line in stream]
    if not recognises("\n".join(lines[:1])):
        raise BadInput(
            f"{path}, line 1: expected Device: Fridge-tag or Q-tag of a Berlinger export"
        )
    device = _Device(lines, zone, str(path))
    rows = device.logged(refusals) if device.has_table else device.extremes(refusals)
    readings: list[Reading] = []
    for number, moment, text in rows:
        try:
            celsius = device.celsius(text)
            if celsius is not None:
                readings.append(device.reading(moment, celsius))
        except BadMessage as error:
            refusals.add(f"{path}, line {number}", str(error))
    return FileContent(reading_table(readings, None), one_shipment=True, refusals=refusals)


class _Device:
    """One export's header facts and its rows."""

    def __init__(self, lines: list[str], zone: tzinfo | None, file: str) -> None:
        self._lines = lines
        self._file = file
        self._zone = zone
        self._fahrenheit = False
        self.logger = "berlinger"
        self._table_at = next((i for i, line in enumerate(lines) if line.strip() == "Data:"), -1)
        head = lines if self._table_at < 0 else lines[: self._table_at]
        for line in head:
            serial = re.match(r"\s*Serial:\s*(\S+)\s*$", line)
            if serial is not None and is_id(serial[1]):
                self.logger = serial[1]
            unit = re.match(r"\s*Temp unit:\s*(\S+)\s*$", line)
            if unit is not None:
                if unit[1] not in ("C", "F"):
                    raise BadInput(f"{file}: Temp unit: expected C or F, got {unit[1][:20]!r}")
                self._fahrenheit = unit[1] == "F"
            ahead = _ZONE.match(line)
            if ahead is not None and self._zone is None and abs(float(ahead[1])) < 24:
                self._zone = timezone(timedelta(hours=float(ahead[1])))

    @property
    def has_table(self) -> bool:
        return self._table_at >= 0

    def celsius(self, text: str) -> float | None:
        """°C of a cell; None where the device had no value."""
        bare = text.strip()
        if _NO_VALUE.fullmatch(bare) is not None:
            return None
        if _NUMBER.fullmatch(bare) is None:
            raise BadMessage("wrong_type", f"T: expected a number, got {bare[:40]!r}")
        value = float(bare.replace(",", "."))
        celsius = measured(round((value - 32.0) / 1.8, 2) if self._fahrenheit else value)
        if celsius is None:
            low, high = TEMPERATURE_RANGE_C
            raise BadMessage("out_of_range", f"T: expected {low:g} to {high:g} °C, got {bare!r}")
        return celsius

    def reading(self, moment: datetime, celsius: float) -> Reading:
        time_ms = moment_ms(moment, shown=moment.isoformat(" "), zone=self._zone)
        return Reading(logger=self.logger, time_ms=time_ms, temperature_c={"drug": celsius})

    def logged(self, refusals: Refusals) -> Iterator[tuple[int, datetime, str]]:
        """(line number, wall clock, temperature text) of the table's rows that have a time."""
        body = self._lines[self._table_at + 1 :]
        title = body[0].strip("\t ").split("\t")[0] if body else ""
        pattern = _pattern(title)
        if pattern is None:
            raise BadInput(
                f"{self._file}, line {self._table_at + 2}: expected the table's head, such as "
                f"yyyy-MM-dd hh:mm, got {title[:40]!r}"
            )
        for number, line in enumerate(body[1:], start=self._table_at + 3):
            if not line.startswith(("\t", " ")):
                return
            cells = line.strip("\r\n").lstrip("\t ").split("\t")
            match = pattern.fullmatch(cells[0].strip())
            moment = None if match is None else _moment(match.groupdict())
            if moment is None or len(cells) < 2:
                place = f"{self._file}, line {number}"
                refusals.add(place, f"expected {title} and T, got {line.strip()[:60]!r}")
            else:
                yield number, moment, cells[1]

    def extremes(self, refusals: Refusals) -> Iterator[tuple[int, datetime, str]]:
        """The same for the daily lowest and highest of the history."""
        day: tuple[str, ...] | None = None
        for number, line in enumerate(self._lines, start=1):
            date = _DAY.match(line)
            if date is not None:
                day = date.groups()
            extreme = _EXTREME.match(line)
            if extreme is None or day is None:
                continue
            parts = dict(zip(("year", "month", "day"), day, strict=True))
            moment = _moment({**parts, "hour": extreme[2], "minute": extreme[3]})
            if moment is None:
                place = f"{self._file}, line {number}"
                refusals.add(place, f"no such time: {line.strip()[:60]!r}")
            else:
                yield number, moment, extreme[1]


def _pattern(title: str) -> re.Pattern[str] | None:
    """A regular expression for `yyyy-MM-dd hh:mm` as the table's head writes it."""
    text = ""
    for part in re.split(r"(yyyy|MM|dd|hh|HH|mm|ss)", title.strip()):
        if part in _PATTERN_PARTS:
            digits = 4 if part == "yyyy" else 2
            text += rf"(?P<{_PATTERN_PARTS[part]}>\d{{{digits}}})"
        else:
            text += re.escape(part)
    try:
        pattern = re.compile(text, re.ASCII)
    except re.error:
        return None
    needed = {"year", "month", "day", "hour", "minute"}
    return pattern if needed <= set(pattern.groupindex) else None


def _moment(parts: dict[str, str]) -> datetime | None:
    numbers = {name: int(text) for name, text in parts.items()}
    try:
        return datetime(  # noqa: DTZ001 - a wall clock; its zone follows in moment_ms
            numbers["year"], numbers["month"], numbers["day"], numbers["hour"],
            numbers["minute"], numbers.get("second", 0),
        )  # fmt: skip
    except ValueError:
        return None
