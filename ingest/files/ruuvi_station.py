"""Ruuvi Station app exports: CSV with the sensor's whole measurement a row.

The apps have written several headers: Android `timestamp,temperature (°C),…,rssi` with offsets
in the times; iOS `Date,ISO8601,Temperature (°C),…` with both, later `Date,…` alone, which is a
wall clock without a zone. The words follow the phone's language, the units its settings; units
stand in the header and are converted.
"""

import csv
import math
import re
from collections.abc import Sequence
from datetime import tzinfo
from pathlib import Path

import numpy as np

from coldwitness.domain.errors import BadInput
from coldwitness.domain.reading_table import joined
from coldwitness.domain.tracks import FloatArray, ReadingTable
from coldwitness.ingest.files.columns import Wrong, numbers, table_of
from coldwitness.ingest.files.content import FileContent, Refusals
from coldwitness.ingest.files.instant_columns import texts_ms
from coldwitness.ingest.files.opening import chunks, opened_text

_TIME = re.compile(r"^(timestamp|date|time|päivämäärä|datum|fecha|data|дата)\b", re.I)
_INSTANT = re.compile(r"^(timestamp|iso ?8601)\b", re.I)
"""Times with their offset; a wall clock beside one is passed over."""
_TEMPERATURE = re.compile(
    r"^(temperature|lämpötila|temperatur|température|temperatura|температура)\b", re.I
)
_HUMIDITY = re.compile(
    r"^((relative )?humidity|(ilman)?kosteus|luftfuktighet|luftfeuchtigkeit|luftfeuchte|"
    r"humidité|humedad|wilgotność|влажность)\b",
    re.I,
)
_VOLTAGE = re.compile(r"^((battery )?voltage|jännite|spänning|spannung|tension)\b", re.I)
_RUUVIS = re.compile(
    r"rssi|movement counter|acceleration|iso ?8601|liike|kiihtyvyys|rörelse|bewegung|mouvement",
    re.I,
)
"""What only Ruuvi's exports have beside time and temperature."""


def recognises(start: str) -> bool:
    """Time first, a temperature with its unit or Ruuvi's own, and what no other logger has."""
    # The iOS app wrote the tag's name in the first row for some years.
    return any(_is_header(line) for line in start.split("\n", 2)[:2])


def _is_header(line: str) -> bool:
    header = line.replace('"', "").strip("\ufeff\r ")
    cells = [cell.strip() for cell in re.split("[,;\t]", header)]
    return (
        _TIME.match(cells[0]) is not None
        and any(_TEMPERATURE.match(cell) for cell in cells)
        and _RUUVIS.search(header) is not None
    )


def read_ruuvi_station(path: Path, *, zone: tzinfo | None) -> FileContent:
    """Read one export. Humidity is kept where it is relative (%), voltage as battery voltage.

    Raises BadInput if the header has no time or no temperature.
    """
    refusals = Refusals()
    tables: list[ReadingTable] = []
    with opened_text(path) as stream:
        first, number = stream.readline(), 2
        if _TIME.match(first.replace('"', "").strip("\ufeff ")) is None:
            first, number = stream.readline(), 3
        delimiter = max((",", ";", "\t"), key=first.count)
        header = next(csv.reader([first.strip()], delimiter=delimiter), [])
        place = _places(header, f"{path}, line {number - 1}")
        for lines in chunks(iter(stream)):
            rows: list[list[str]] = []
            at: list[int] = []
            for index, line in enumerate(lines):
                fields = line.strip("\r\n").replace('"', "").split(delimiter)
                if len(fields) == len(header):
                    rows.append(fields)
                    at.append(number + index)
                elif line.strip():
                    refusals.add(
                        f"{path}, line {number + index}",
                        f"expected {len(header)} fields, got {len(fields)}",
                    )
            wrong = Wrong(np.zeros(len(rows), dtype=np.bool_))
            tables.append(_table(rows, header, place, wrong, zone, decimal_comma=delimiter != ","))
            wrong.report(refusals, lambda row, at=at: f"{path}, line {at[row]}")  # type: ignore[misc]
            number += len(lines)
    return FileContent(joined(tables), one_shipment=True, refusals=refusals)


def _places(header: Sequence[str], where: str) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, pattern in (
        ("time", _INSTANT),
        ("time", _TIME),
        ("temperature", _TEMPERATURE),
        ("humidity", _HUMIDITY),
        ("battery_v", _VOLTAGE),
    ):
        for position, title in enumerate(header):
            if pattern.match(title.strip()):
                found.setdefault(name, position)
    for name in ("time", "temperature"):
        if name not in found:
            seen = ", ".join(header)[:80]
            raise BadInput(f"{where}: expected a column {name} of a Ruuvi export, got {seen}")
    return found


def _table(
    rows: Sequence[Sequence[str]],
    header: Sequence[str],
    place: dict[str, int],
    wrong: Wrong,
    zone: tzinfo | None,
    *,
    decimal_comma: bool,
) -> ReadingTable:
    count = len(rows)
    texts = {name: [row[position] for row in rows] for name, position in place.items()}
    time_ms, bad = texts_ms(texts["time"], zone=zone)
    for row, why in bad.items():
        wrong.rows[row] = True
        wrong.first.setdefault(row, why)
    values: dict[str, FloatArray] = {}
    for name in ("temperature", "humidity", "battery_v"):
        if name in texts:
            values[name], off = numbers(_blanked(texts[name]), decimal_comma=decimal_comma)
            wrong.mark(off, f"{name}: expected a number")
    values["drug"] = _celsius(values.pop("temperature"), header[place["temperature"]])
    if "humidity" in values and re.search(r"g/m|°[CF]|dew", header[place["humidity"]]):
        values["humidity"] = np.full(count, math.nan)
    return table_of(
        count,
        time_ms=time_ms,
        names={},
        values=values,
        seq=np.full(count, -1, dtype=np.int64),
        flags={},
        datum=None,
        wrong=wrong,
    )


def _blanked(texts: Sequence[str]) -> list[str]:
    """The app writes a dash, or nothing, where the sensor gave no value."""
    return ["" if text.strip() in ("-", "—", "–") else text for text in texts]


def _celsius(values: FloatArray, title: str) -> FloatArray:
    if re.search(r"\(°?F\)|°F", title):
        return np.round((values - 32.0) / 1.8, 6)
    if re.search(r"\(K\)", title):
        return np.round(values - 273.15, 6)
    return values
