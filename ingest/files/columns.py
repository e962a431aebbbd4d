"""Named columns of texts or arrays to a ReadingTable: what CSV and Parquet share.

A cell is empty (absent), right, or wrong; a wrong cell refuses its whole row, because a row
that is half garbled may be garbled elsewhere too.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.channels import CHANNEL, REALS, SENSED
from coldwitness.domain.columns import empty, take
from coldwitness.domain.identifiers import ID_PATTERN, is_id
from coldwitness.domain.map_datums import to_wgs84
from coldwitness.domain.reading_table import codes
from coldwitness.domain.tracks import CodeArray, FloatArray, IntArray, ReadingTable
from coldwitness.ingest.files.content import MAX_LINES, Refusals
from coldwitness.ingest.files.header import is_probe
from coldwitness.ingest.files.instant_columns import plain_cell
from coldwitness.ingest.files.titles import (
    in_celsius,
    unit_of,
)
from coldwitness.ingest.formats.name_words import is_other_quantity
from coldwitness.ingest.formats.plausible import NO_VALUE_C, TEMPERATURE_RANGE_C

BoolArray = NDArray[np.bool_]

_TRUE = frozenset({"true", "t", "yes", "y", "1", "1.0", "on", "open", "是", "开"})
_FALSE = frozenset({"false", "f", "no", "n", "0", "0.0", "off", "closed", "否", "关"})
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_COMMA = re.compile(r"(?<=\d),(?=\d{1,2}\s*$)", re.ASCII)
_PLAIN = frozenset("0123456789.+-eE")


@dataclass
class Wrong:
    """Which rows of a chunk are wrong, and why the first of each kind is."""

    rows: BoolArray
    first: dict[int, str] = field(default_factory=dict)
    kinds: list[tuple[BoolArray, str, Sequence[str] | None]] = field(default_factory=list)

    def mark(self, rows: BoolArray, why: str, *, got: Sequence[str] | None = None) -> None:
        """got : the column's cells as they stand in the file, to be shown row by row."""
        if rows.any():
            self.rows |= rows
            self.kinds.append((rows, why, got))

    def why(self, row: int) -> str:
        if row in self.first:
            return self.first[row]
        for rows, why, got in self.kinds:
            if rows[row]:
                return why if got is None else f"{why}, got {got[row]!r}"[:120]
        return "cannot be used"

    def report(self, refusals: Refusals, place: Callable[[int], str]) -> None:
        """Count the wrong rows in `refusals`; place(row) says where a row stands."""
        wrong = np.flatnonzero(self.rows)
        for row in wrong[:MAX_LINES].tolist():
            refusals.add(place(row), self.why(row))
        refusals.count += int(wrong[MAX_LINES:].size)


def numbers(texts: Sequence[str], *, decimal_comma: bool) -> tuple[FloatArray, BoolArray]:
    """(values with NaN where empty, wrong): words such as `nan` or `inf` are wrong."""
    joined = "".join(texts)
    if not decimal_comma and "," in joined:
        # A quoted 4,5 between commas; with three digits it might be thousands.
        texts = [_COMMA.sub(".", text) for text in texts]
        joined = "".join(texts)
    if decimal_comma and "," in joined:
        texts = [text.replace(",", ".") for text in texts]
        joined = joined.replace(",", ".")
    if set(joined) <= _PLAIN:
        try:
            values = np.array([float(text) if text else math.nan for text in texts])
        except ValueError:
            pass
        else:
            return values, np.isinf(values)
    values = np.full(len(texts), math.nan)
    wrong = np.zeros(len(texts), dtype=np.bool_)
    for row, text in enumerate(texts):
        bare = plain_cell(text).replace("\u2212", "-")
        if _NUMBER.fullmatch(bare) is not None:
            values[row] = float(bare)
        elif bare:
            wrong[row] = True
    return values, wrong | np.isinf(values)


def without_units(texts: Sequence[str], unit: str | None, wrong: Wrong) -> list[str]:
    """The cells without the units behind their numbers, all in the column's own (C where it says
    none); a cell that states another is converted to it, one in no unit we know stays."""
    bare = []
    off = np.zeros(len(texts), dtype=np.bool_)
    for row, text in enumerate(texts):
        found = _WITH_UNIT.fullmatch(plain_cell(text))
        stated = unit_of(found[2]) if found is not None else None
        if found is None or stated is None or stated == (unit or "C"):
            bare.append(text if found is None else found[1])
        elif unit is not None:
            off[row] = True
            bare.append("")
        else:
            number = np.array([float(found[1].replace(",", "."))])
            bare.append(f"{in_celsius(number, stated)[0]:.6f}")
    wrong.mark(off, f"expected {unit} as in the column's title", got=texts)
    return bare


_WITH_UNIT = re.compile(r"([+-]?\d{1,6}(?:[.,]\d{1,6})?)\s*([°º]?\s*[CFK]|℃|℉)", re.I)


def yes_no(texts: Sequence[str]) -> tuple[CodeArray, BoolArray]:
    """(1, 0 or -1 where empty; wrong) of a column of words."""
    meaning: dict[str, int] = {}
    for text in set(texts):
        word = text.strip().lower()
        meaning[text] = 1 if word in _TRUE else 0 if word in _FALSE else -2 if word else -1
    values = np.fromiter((meaning[text] for text in texts), np.int8, len(texts))
    wrong = values == -2
    values[wrong] = -1
    return values, wrong


_SEQ = CHANNEL["seq"]
SEQ_EXPECTED = f"seq: expected an integer from {_SEQ.low} to {_SEQ.high}"


def whole_numbers(values: FloatArray) -> tuple[IntArray, BoolArray]:
    """(seq with -1 where NaN, wrong) of numbers that must be integers within its bounds."""
    empty = np.isnan(values)
    wrong = ~empty & ((values < _SEQ.low) | (values != np.floor(values)) | (values > _SEQ.high))
    return np.where(empty | wrong, -1, np.where(wrong, 0, values)).astype(np.int64), wrong


def table_of(
    count: int,
    *,
    time_ms: IntArray,
    names: Mapping[str, Sequence[str | None]],
    values: Mapping[str, FloatArray],
    seq: IntArray,
    flags: Mapping[str, CodeArray],
    datum: Sequence[str | None] | None,
    wrong: Wrong,
    received_ms: IntArray | None = None,
    units: Mapping[str, str] = MappingProxyType({}),
    unit: Sequence[str | None] | None = None,
    quantity: Sequence[str | None] | None = None,
) -> ReadingTable:
    """The right rows of `count` as a table; ranges, ids and emptiness are checked here.

    units, unit : of the probes by their titles, and the unit column, which says it of each row
        for the probes whose titles do not; a row in %RH is a humidity and passed over.
    quantity : of each row, where a column says what its value is of; a humidity is passed over.
    received_ms : when each reached the platform, -1 unknown; None: the file does not say.
    names, values, flags : by our column names; probes stand in `values`. What is found wrong
    is added to `wrong`; rows that are wrong already are left out too.
    """
    nothing = np.full(count, math.nan)
    coded: dict[str, tuple[IntArray, tuple[str, ...]]] = {}
    for column in ("shipment", "courier", "box", "logger"):
        coded[column] = _ids(column, names.get(column) or [None] * count, wrong)
    over = np.zeros(count, dtype=np.bool_)
    if quantity is not None:
        for word in {text for text in quantity if text and is_other_quantity(text)}:
            over |= np.fromiter((text == word for text in quantity), np.bool_, count)
    temperature_c = {}
    for name, sent in values.items():
        if is_probe(name) and units.get(name) != "%RH":
            celsius = in_celsius(sent, units.get(name, "C"))
            if unit is not None and name not in units:
                celsius = _by_row(celsius, unit, wrong, over)
            temperature_c[name] = _temperature(name, celsius, wrong)
    for channel in REALS:
        if channel.sent in values:
            there, low, high = values[channel.sent], channel.low, channel.high
            with np.errstate(invalid="ignore"):
                off = ~np.isnan(there) & ((there < low) | (there > high))
            wrong.mark(off, f"{channel.sent}: expected {low:g} to {high:g}")
    lat, lon = values.get("lat", nothing), values.get("lon", nothing)
    wrong.mark(np.isnan(lat) != np.isnan(lon), "position: expected lat and lon together")
    if datum is not None:
        lat, lon = _moved_to_wgs84(lat, lon, datum, wrong)
    silent = np.isnan(lat)
    for measured in temperature_c.values():
        silent &= np.isnan(measured)
    wrong.mark(
        silent & ~over, "expected a temperature (drug, coolant, ambient, goods) or a position"
    )
    said = {**values, **flags}
    given = {channel.name: said[channel.sent] for channel in SENSED if channel.sent in said}
    if received_ms is not None:
        given["received_ms"] = received_ms
    table = empty(
        ReadingTable,
        count,
        shipments=coded["shipment"][1],
        couriers=coded["courier"][1],
        boxes=coded["box"][1],
        loggers=coded["logger"][1],
        shipment=coded["shipment"][0],
        courier=coded["courier"][0],
        box=coded["box"][0],
        logger=coded["logger"][0],
        time_ms=time_ms,
        seq=seq,
        temperature_c=temperature_c,
        **(given | {"lat_deg": lat, "lon_deg": lon}),
    )
    left_out = wrong.rows | over
    return take(table, ~left_out) if left_out.any() else table


def _by_row(
    column: FloatArray, unit: Sequence[str | None], wrong: Wrong, over: BoolArray
) -> FloatArray:
    """The column in °C by each row's own unit; rows in %RH are marked in `over`."""
    result = column.copy()
    for word in {text.strip() for text in unit if text and text.strip()}:
        rows = np.fromiter(((text or "").strip() == word for text in unit), np.bool_, len(unit))
        known = unit_of(word)
        if known is None:
            wrong.mark(rows & ~over, f"unit_unknown: expected °C, °F, K or %RH, got {word[:20]!r}")
        elif known == "%RH":
            over |= rows
            result[rows] = math.nan
        else:
            result[rows] = in_celsius(column[rows], known)
    return result


def _ids(
    column: str, names: Sequence[str | None], wrong: Wrong
) -> tuple[IntArray, tuple[str, ...]]:
    indices, distinct = codes(names)
    bad = [code for code, name in enumerate(distinct) if not is_id(name)]
    if bad:
        shown = repr(distinct[bad[0]])[:80]
        wrong.mark(
            np.isin(indices, bad), f"{column}: expected an id matching {ID_PATTERN}, got {shown}"
        )
        # Only ids may stand in the table's vocabulary.
        keep = [code for code in range(len(distinct)) if code not in set(bad)]
        place = np.full(len(distinct) + 1, -1, dtype=np.int64)
        place[keep] = np.arange(len(keep))
        return place[indices], tuple(distinct[code] for code in keep)
    return indices, distinct


def _temperature(name: str, column: FloatArray, wrong: Wrong) -> FloatArray:
    coded = np.isin(column, list(NO_VALUE_C))
    if coded.any():
        column = np.where(coded, math.nan, column)
    low, high = TEMPERATURE_RANGE_C
    with np.errstate(invalid="ignore"):
        off = ~np.isnan(column) & ((column < low) | (column > high))
    wrong.mark(off, f"{name}: expected {low:g} to {high:g} °C")
    return column


def _moved_to_wgs84(
    lat: FloatArray, lon: FloatArray, datum: Sequence[str | None], wrong: Wrong
) -> tuple[FloatArray, FloatArray]:
    lat, lon = lat.copy(), lon.copy()
    unknown = np.zeros(lat.size, dtype=np.bool_)
    for row, name in enumerate(datum):
        if name and name != "WGS84" and not math.isnan(lat[row]) and not wrong.rows[row]:
            try:
                lat[row], lon[row] = to_wgs84(float(lat[row]), float(lon[row]), datum=name)
            except ValueError:
                unknown[row] = True
    wrong.mark(unknown, "datum: expected WGS84, GCJ02 or BD09")
    return lat, lon
