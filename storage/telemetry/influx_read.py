"""Reading InfluxDB: few long queries by box and time, cut to shipments in numpy."""

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.box_stays import BoxStay
from coldwitness.domain.channels import SENSED, Channel
from coldwitness.domain.columns import take
from coldwitness.domain.errors import Unavailable
from coldwitness.domain.reading_table import joined
from coldwitness.domain.tracks import IntArray, ReadingTable
from coldwitness.storage.register.views import Span
from coldwitness.storage.telemetry.columns import Columns
from coldwitness.storage.telemetry.influx_http import InfluxHttp
from coldwitness.storage.telemetry.influx_lines import NONE, field_of, probe_of

_DAY_MS = 86_400_000
_NEAR_MS = 2 * 3_600_000
"""Ranges of one box that are no further apart are read in one query."""
_LOGGERS_PER_QUERY = 60
_COUNTING = 4
"""Counts that run beside what they count; more wait for their turn."""
_TEXT = {"b": "box", "l": "logger", "s": "shipment", "c": "courier", "v": "variant"}
_SAID = {channel: f"f{index}" for index, channel in enumerate(SENSED)}
_WHOLE = {"r": "received_ms", "q": "seq"}
_REAL = {**{alias: channel.name for channel, alias in _SAID.items()}, "src": "time_source"}


_Found = Mapping[str, Any]
"""Columns of an answer by their aliases, as InfluxHttp.table gives them."""


class InfluxReading:
    """Questions about readings, answered as columns."""

    def __init__(self, http: InfluxHttp) -> None:
        self._http = http
        self._counting = ThreadPoolExecutor(_COUNTING, thread_name_prefix="influx-count")

    def close(self) -> None:
        self._counting.shutdown()

    def assigned(
        self,
        measurement: str,
        shipments: Sequence[str],
        stays: Sequence[BoxStay],
        spans: Sequence[Span],
    ) -> ReadingTable:
        """Readings that declare one of `shipments`, found by `spans`, and undeclared ones
        within the stays."""
        target = {name: index for index, name in enumerate(shipments)}
        stays = [stay for stay in stays if stay.shipment in target]
        ranges: defaultdict[str, list[tuple[int, int | None]]] = defaultdict(list)
        for span in spans:
            ranges[span.box].append((span.start_ms, span.end_ms))
        for stay in stays:
            ranges[stay.box].append((stay.start_ms, stay.end_ms))
        probes = _probes_of(self._fields(measurement)) if ranges else []
        parts = []
        for box in sorted(ranges):
            mine = [stay for stay in stays if stay.box == box]
            for start_ms, end_ms in _merged(ranges[box]):
                condition = f"box = {_quoted(box)} AND {_between(start_ms, end_ms)}"
                columns = self._columns_at_once(measurement, condition, probes)
                parts.append(_cut(columns.table, tuple(shipments), target, mine))
        if not parts:
            empty, _ = _as_columns({}, [])
            parts.append(_cut(empty.table, tuple(shipments), target, []))
        return joined(parts)

    def where(self, measurement: str, condition: str) -> Columns:
        """Every reading that fulfils an InfluxQL condition."""
        return self._columns_at_once(measurement, condition, _probes_of(self._fields(measurement)))

    def of_loggers(
        self, measurement: str, asked: Mapping[str, tuple[int, int | None]]
    ) -> Iterator[tuple[Columns, list[int]]]:
        """Readings of each logger in its closed range (None: without end), with variants."""
        fields = self._fields(measurement) if asked else []
        if not fields:
            return
        probes = _probes_of(fields)
        ordered = sorted(asked, key=lambda logger: (asked[logger][1] is None, asked[logger][0]))
        for part in _alike(ordered, asked):
            low = min(asked[logger][0] for logger in part)
            highs = [asked[logger][1] for logger in part]
            ends = [high + 1 for high in highs if high is not None]
            end = max(ends) if len(ends) == len(highs) else None
            names = " OR ".join(f"logger = {_quoted(logger)}" for logger in part)
            condition = f"({names}) AND {_between(low, end)}"
            yield self._columns(measurement, condition, probes)

    def days_ms(self, measurement: str) -> list[int]:
        """UTC days that hold readings."""
        statement = (
            f"SELECT count(seq) AS q FROM {measurement} WHERE time >= 0 AND"  # noqa: S608
            " time < '2100-01-02T00:00:00Z' GROUP BY time(1d) fill(none)"
        )
        return sorted(
            int(row[series["columns"].index("time")])
            for series in self._http.ask(statement)
            for row in series.get("values", [])
            if row[series["columns"].index("q")]
        )

    def _count(self, measurement: str, condition: str) -> int:
        """How many points fulfil the condition; every one has a `seq`."""
        statement = f"SELECT count(seq) AS q FROM {measurement} WHERE {condition}"  # noqa: S608
        return sum(
            int(row[series["columns"].index("q")] or 0)
            for series in self._http.ask(statement)
            for row in series.get("values", [])
        )

    def _fields(self, measurement: str) -> list[str]:
        """Field keys that any point of the measurement has; none: it holds no point."""
        return [
            str(row[series["columns"].index("fieldKey")])
            for series in self._http.ask(f"SHOW FIELD KEYS FROM {measurement}")
            for row in series.get("values", [])
        ]

    def _columns_at_once(self, measurement: str, condition: str, probes: Sequence[str]) -> Columns:
        """What mostly finds something: counted while it is read. A point that came between the two
        makes them differ; then one after the other, as `_columns`."""
        if not probes:
            return self._columns(measurement, condition, probes)[0]
        counting = self._counting.submit(self._count, measurement, condition)
        found = self._table(measurement, condition, probes)
        if found["time"].size < counting.result():
            return self._columns(measurement, condition, probes)[0]
        return _as_columns(found, probes)[0]

    def _columns(
        self, measurement: str, condition: str, probes: Sequence[str]
    ) -> tuple[Columns, list[int]]:
        # Counted first: CSV ends without a word where a statement fails on its way, and readings
        # lost so would look like readings never sent. More than counted came in since.
        expected = self._count(measurement, condition)
        if not expected:
            return _as_columns({}, [])
        found = self._table(measurement, condition, probes)
        if found["time"].size < expected:
            raise Unavailable(
                f"InfluxDB {self._http.url}: answer of {found['time'].size} readings where"
                f" {expected} are stored: it broke off"
            )
        return _as_columns(found, probes)

    def _table(self, measurement: str, condition: str, probes: Sequence[str]) -> _Found:
        aliases = {f"p{index}": name for index, name in enumerate(probes)}
        fields = [f'"{name}" AS {alias}' for alias, name in {**_TEXT, **_WHOLE, **_REAL}.items()]
        fields += [f'"{field_of(name)}" AS {alias}' for alias, name in aliases.items()]
        return self._http.table(
            f"SELECT {', '.join(fields)} FROM {measurement} WHERE {condition}",  # noqa: S608
            text=tuple(_TEXT),
            whole=tuple(_WHOLE),
            real=(*_REAL, *aliases),
        )


def _probes_of(fields: Iterable[str]) -> list[str]:
    return sorted({probe for probe in map(probe_of, fields) if probe is not None})


def _as_columns(found: _Found, probes: Sequence[str]) -> tuple[Columns, list[int]]:
    def named(alias: str) -> tuple[tuple[str, ...], IntArray]:
        names, codes = found.get(alias, ((), np.empty(0, np.int64)))
        known = [name for name in names if name != NONE]
        index = {name: code for code, name in enumerate(known)}
        place = np.array([index.get(name, -1) for name in names], dtype=np.int64)
        return tuple(known), place[codes]

    def real(alias: str) -> NDArray[np.float64]:
        column: NDArray[np.float64] = found.get(alias, np.empty(0))
        return column

    def whole(alias: str) -> IntArray:
        column: IntArray = found.get(alias, np.empty(0, np.int64))
        return column

    def said(channel: Channel) -> NDArray[Any]:
        column = real(_SAID[channel])
        return column if channel.kind == "real" else _codes(column, absent=-1)

    boxes, box = named("b")
    loggers, logger = named("l")
    shipments, shipment = named("s")
    couriers, courier = named("c")
    variants, variant = found.get("v", ((), np.empty(0, np.int64)))
    temperature_c = {name: real(f"p{index}") for index, name in enumerate(probes)}
    table = ReadingTable(
        shipments=shipments,
        couriers=couriers,
        boxes=boxes,
        loggers=loggers,
        shipment=shipment,
        courier=courier,
        box=box,
        logger=logger,
        time_ms=whole("time"),
        received_ms=whole("r"),
        seq=whole("q"),
        temperature_c={
            name: column for name, column in temperature_c.items() if not np.isnan(column).all()
        },
        **{channel.name: said(channel) for channel in _SAID},
    )
    source = _codes(real("src"), absent=0)
    columns = Columns(table=table, time_source=source)
    numbers = [0 if text in ("", "null") else int(text) for text in variants]
    return columns, [numbers[code] for code in variant.tolist()]


def _codes(column: NDArray[np.float64], *, absent: int) -> NDArray[np.int8]:
    """Whole numbers out of what comes as reals, because it may be absent (NaN)."""
    return np.nan_to_num(column, nan=absent).astype(np.int8)


def _cut(
    table: ReadingTable,
    shipments: tuple[str, ...],
    target: Mapping[str, int],
    stays: Iterable[BoxStay],
) -> ReadingTable:
    """The rows that belong to a shipment, assigned; one in two stays stands twice."""
    wanted = np.array([target.get(name, -1) for name in table.shipments] + [-1], dtype=np.int64)
    declared = wanted[table.shipment]
    rows = [np.flatnonzero(declared >= 0)]
    owner = [declared[rows[0]]]
    undeclared = table.shipment < 0
    for stay in stays:
        inside = undeclared & (table.time_ms >= stay.start_ms)
        if stay.end_ms is not None:
            inside &= table.time_ms < stay.end_ms
        rows.append(np.flatnonzero(inside))
        owner.append(np.full(rows[-1].size, target[stay.shipment], dtype=np.int64))
    return take(table, np.concatenate(rows), shipments=shipments, shipment=np.concatenate(owner))


def _merged(ranges: Sequence[tuple[int, int | None]]) -> list[tuple[int, int | None]]:
    """Half-open ranges by start, those that overlap or lie near made one."""
    found: list[tuple[int, int | None]] = []
    for start_ms, end_ms in sorted(ranges, key=lambda one: one[0]):
        if found:
            last_start, last_end = found[-1]
            if last_end is None or start_ms <= last_end + _NEAR_MS:
                end = None if last_end is None or end_ms is None else max(last_end, end_ms)
                found[-1] = (last_start, end)
                continue
        found.append((start_ms, end_ms))
    return found


def _alike(
    loggers: Sequence[str], asked: Mapping[str, tuple[int, int | None]]
) -> Iterator[list[str]]:
    """Loggers whose ranges are of one day together, so none is read far beyond its own."""
    for _, alike in itertools.groupby(
        loggers, key=lambda logger: (asked[logger][1] is None, asked[logger][0] // _DAY_MS)
    ):
        of_day = list(alike)
        for start in range(0, len(of_day), _LOGGERS_PER_QUERY):
            yield of_day[start : start + _LOGGERS_PER_QUERY]


def _between(start_ms: int, end_ms: int | None) -> str:
    begun = f"time >= {start_ms}ms"
    return begun if end_ms is None else f"{begun} AND time < {end_ms}ms"


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
