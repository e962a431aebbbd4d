"""The telemetry store on InfluxDB 1.8+, 2.x or 3.x: written by influxdb-client, read by InfluxQL.

InfluxDB keeps one point a series and time and overwrites silently. So what is at or below the
newest known time of its logger is compared with what is there before it is written: the same
is left alone, something else gets the next `variant`. Which boxes, loggers and times hold a
shipment's readings, the register knows (`spans`); it is told before a point is written.
"""

import itertools
import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from typing import Literal, TypeVar

from coldwitness.config.settings import StoreSettings
from coldwitness.domain.box_stays import BoxStay
from coldwitness.domain.errors import Unavailable
from coldwitness.domain.reading import Reading
from coldwitness.domain.tracks import ReadingTable
from coldwitness.storage.ports import Appended, RefusedReading
from coldwitness.storage.register.views import Span, SqlViews
from coldwitness.storage.telemetry.aside import whole_with_aside, with_aside
from coldwitness.storage.telemetry.columns import Columns, measured, readings_of
from coldwitness.storage.telemetry.influx_http import InfluxHttp
from coldwitness.storage.telemetry.influx_lines import NONE
from coldwitness.storage.telemetry.influx_read import InfluxReading
from coldwitness.storage.telemetry.influx_whose import FIRST, OLD_NAME, is_ours
from coldwitness.storage.telemetry.influx_write import InfluxWriting, RefusedRow, Row

HOUR_MS = 3_600_000
_Variants = dict[int, tuple[Reading, int]]
"""By variant: what is stored of one logger and time, and when it was received."""
_Answer = TypeVar("_Answer")
_CACHED = 500_000
_Batch = Sequence[tuple[Reading, int, int]]
"""Readings, when they were received, and their places in the caller's batch."""
_Word = Literal["new", "repeated", "conflicting"]


class InfluxTelemetry:
    """A TelemetryStore in InfluxDB. Methods may be called from any thread.

    views : what the register knows of it: spans and measurement. Its register outlives the store.
    sole_writer : no other process writes readings of the same loggers. Where several workers
        share the topics, every batch is compared with what is there, not only late readings.
    """

    def __init__(
        self, settings: StoreSettings, views: SqlViews, *, sole_writer: bool = True
    ) -> None:
        self._batch_rows = settings.influx_batch_rows
        self.views = views
        self._sole_writer = sole_writer
        self.http = InfluxHttp(settings)
        self.settings = settings
        self._reading = InfluxReading(self.http)
        self._writing = InfluxWriting(settings)
        self._lock = threading.Lock()
        self._marks: dict[str, dict[str, int]] = defaultdict(dict)
        self._unsure: dict[str, set[tuple[str, int]] | None] = {}
        """By measurement, loggers and times that may be there without being on its disk; None:
        whatever is there, before the first batch was acknowledged."""
        self._told_hours: set[tuple[str, str, str, int]] = set()

    def measurements(self) -> tuple[str, ...]:
        """The measurement that is read, then the one a rebuild is filling, if any."""
        known = self.views.influx_measurements()
        if known:
            return known
        # Before measurements carried our mark they were called `reading`.
        first = OLD_NAME if is_ours(self.http, OLD_NAME) else FIRST
        self.views.set_facts({"influx_measurement": first})
        return self.views.influx_measurements()

    def append(self, readings: Sequence[Reading], received_ms: Sequence[int]) -> Appended:
        """See TelemetryStore. Raises Unavailable unless InfluxDB has taken every reading or refused
        it for good; then some may be there all the same, and the same batch again does no harm."""
        if not readings:
            return Appended(new=0, repeated=0, conflicting=0)
        with self._lock:
            self._tell_spans(readings)
            appended = None
            for measurement in self.measurements():
                counts = self._append(measurement, readings, received_ms)
                self._put_aside(readings, received_ms, counts)
                appended = appended or counts
        if appended is None:
            raise Unavailable("InfluxDB: no measurement to write to")
        return appended

    def append_to(
        self, measurement: str, readings: Sequence[Reading], received_ms: Sequence[int]
    ) -> Appended:
        """Put readings into one measurement only, for a rebuild."""
        with self._lock:
            self._tell_spans(readings)
            appended = self._append(measurement, readings, received_ms)
            self._put_aside(readings, received_ms, appended)
            return appended

    def _put_aside(
        self, readings: Sequence[Reading], received_ms: Sequence[int], appended: Appended
    ) -> None:
        """What InfluxDB will never take is kept in the register, and read beside its own."""
        self.views.aside.put(
            [(readings[one.index], received_ms[one.index]) for one in appended.refused]
        )

    def readings(self, shipments: Sequence[str], stays: Sequence[BoxStay]) -> ReadingTable:
        found = self._read(
            lambda measurement: self._reading.assigned(
                measurement, shipments, stays, self.views.spans(shipments)
            )
        )
        aside = self.views.aside.of(shipments, sorted({stay.box for stay in stays}))
        return with_aside(found, aside, shipments, stays)

    def between(self, start_ms: int, end_ms: int) -> Columns:
        """Every reading with start_ms <= time < end_ms."""
        within = f"time >= {start_ms}ms AND time < {end_ms}ms"
        found = self._read(lambda measurement: self._reading.where(measurement, within))
        return whole_with_aside(found, self.views.aside.between(start_ms, end_ms))

    def days_ms(self) -> list[int]:
        """Starts of the UTC days that hold readings, ascending."""
        return sorted({*self._read(self._reading.days_ms), *self.views.aside.days_ms()})

    def close(self) -> None:
        self._writing.close()
        self._reading.close()
        self.http.close()

    def _read(self, question: Callable[[str], _Answer]) -> _Answer:
        """Ask the measurement that is read now; again where a rebuild ended meanwhile and
        dropped it."""
        measurement = self.measurements()[0]
        while True:
            asked = measurement
            try:
                found = question(asked)
            except Unavailable:
                measurement = self.measurements()[0]
                if measurement == asked:
                    raise
                continue
            measurement = self.measurements()[0]
            if measurement == asked:
                return found

    def _append(
        self, measurement: str, readings: Sequence[Reading], received_ms: Sequence[int]
    ) -> Appended:
        """Each part is looked at and built while the one before it travels."""
        if len(self._marks[measurement]) > _CACHED:
            self._marks[measurement].clear()
        unsure = self._unsure.setdefault(measurement, None)
        words: list[_Word] = ["new"] * len(readings)
        fresh: list[Row] = []
        seen: dict[tuple[str, int], _Variants] = {}
        noted = 0
        sent: list[Future[list[RefusedRow]]] = []
        size = self._batch_rows
        try:
            for start in range(0, len(readings), size):
                end = min(start + size, len(readings))
                part = list(zip(
                    readings[start:end], received_ms[start:end], range(start, end), strict=True
                ))  # fmt: skip
                rows, doubtful = self._split(measurement, part)
                fresh += rows
                if doubtful:
                    for reading, received, _, _ in fresh[noted:]:
                        seen[reading.logger, reading.time_ms] = {0: (reading, received)}
                    noted = len(fresh)
                    self._find_known(measurement, [one[0] for one in doubtful], seen)
                    rows += self._to_write(measurement, doubtful, seen, words, unsure)
                if rows:
                    sent.append(self._writing.begin(measurement, rows))
            refused = [one for each in sent for one in each.result()]
        except BaseException:
            # What of it is stored is unknown: these loggers are looked up again next time, and
            # what is found then may be in InfluxDB's memory only, so it is sent again.
            for one in sent:
                one.cancel()
            for reading in readings:
                self._marks[measurement].pop(reading.logger, None)
            if unsure is not None:
                unsure |= {(reading.logger, reading.time_ms) for reading in readings}
            raise
        if unsure is None:
            self._unsure[measurement] = set()
        elif unsure:
            unsure -= {(reading.logger, reading.time_ms) for reading in readings}
        return _appended(words, refused)

    def _split(self, measurement: str, part: _Batch) -> tuple[list[Row], _Batch]:
        """Rows that are new for sure, being above the newest known time of their logger, and
        readings that have to be compared with what is stored."""
        marks = self._marks[measurement]
        rows: list[Row] = []
        doubtful: list[tuple[Reading, int, int]] = []
        for one in part:
            reading, received, place = one
            mark = marks.get(reading.logger)
            if mark is not None and reading.time_ms > mark and self._sole_writer:
                marks[reading.logger] = reading.time_ms
                rows.append((reading, received, 0, place))
            else:
                doubtful.append(one)
        return rows, doubtful

    def _to_write(
        self,
        measurement: str,
        doubtful: _Batch,
        seen: dict[tuple[str, int], _Variants],
        words: list[_Word],
        unsure: set[tuple[str, int]] | None,
    ) -> list[Row]:
        """Those of the doubtful readings that are not stored so, or not surely on the server's
        disk; all get their word and join `seen`."""
        marks = self._marks[measurement]
        rows: list[Row] = []
        for reading, received, place in doubtful:
            logger, time_ms = key = reading.logger, reading.time_ms
            marks[logger] = max(time_ms, marks.get(logger, time_ms))
            there = seen.setdefault(key, {})
            words[place], variant, first_received, known = _compare(there, reading, received)
            if not known or unsure is None or key in unsure:
                rows.append((reading, first_received, variant, place))
        return rows

    def _find_known(
        self,
        measurement: str,
        doubtful: Sequence[Reading],
        seen: dict[tuple[str, int], _Variants],
    ) -> None:
        """Put into `seen` what is stored at the loggers and times of these readings. A logger
        not met before gets its mark: the newest time stored from here on."""
        marks = self._marks[measurement]
        asked: dict[str, tuple[int, int | None]] = {}
        for reading in doubtful:
            logger, time_ms = reading.logger, reading.time_ms
            low, high = asked.get(logger, (time_ms, time_ms))
            upper = None if logger not in marks or high is None else max(high, time_ms)
            asked[logger] = (min(low, time_ms), upper)
        # What an earlier part of the same batch holds is known better here than there.
        wanted = {(one.logger, one.time_ms) for one in doubtful} - seen.keys()
        for columns, variants in self._reading.of_loggers(measurement, asked):
            for row, variant in zip(readings_of(columns), variants, strict=True):
                logger, time_ms = row[0].logger, row[0].time_ms
                if (logger, time_ms) in wanted:
                    seen.setdefault((logger, time_ms), {})[variant] = row
                if asked[logger][1] is None:
                    marks[logger] = max(time_ms, marks.get(logger, time_ms))

    def _tell_spans(self, readings: Iterable[Reading]) -> None:
        spans: dict[tuple[str, str, str], Span] = {}
        hours = set()
        for reading in readings:
            if reading.shipment is None:
                continue
            box = reading.box or NONE
            hour = reading.time_ms // HOUR_MS
            told = (reading.shipment, box, reading.logger, hour)
            if told in self._told_hours or told in hours:
                continue
            hours.add(told)
            key = told[:3]
            start_ms, end_ms = hour * HOUR_MS, (hour + 1) * HOUR_MS
            old = spans.get(key)
            spans[key] = Span(
                *key,
                start_ms=start_ms if old is None else min(start_ms, old.start_ms),
                end_ms=end_ms if old is None else max(end_ms, old.end_ms),
            )
        self.views.widen_spans(list(spans.values()))
        if len(self._told_hours) > _CACHED:
            self._told_hours.clear()
        self._told_hours |= hours


def _compare(there: _Variants, reading: Reading, received: int) -> tuple[_Word, int, int, bool]:
    """What a reading is beside those of its logger and time, which it joins; the variant and
    receive time that stand for it; and whether it is there so already."""
    for variant, (other, first_received) in there.items():
        if other == reading:
            if received >= first_received:
                return "repeated", variant, first_received, True
            there[variant] = (other, received)
            return "repeated", variant, received, False
    contradicted = any(measured(other) != measured(reading) for other, _ in there.values())
    free = next(number for number in itertools.count() if number not in there)
    there[free] = (reading, received)
    return ("conflicting" if contradicted else "new"), free, received, False


def _appended(words: Sequence[_Word], refused: Iterable[RefusedRow]) -> Appended:
    """A reading that was refused is none of the counted."""
    texts = {row[3]: text for row, text in refused}
    counts = Counter(words)
    counts.subtract(words[place] for place in texts)
    return Appended(
        new=counts["new"],
        repeated=counts["repeated"],
        conflicting=counts["conflicting"],
        refused=tuple(RefusedReading(place, text) for place, text in sorted(texts.items())),
    )
