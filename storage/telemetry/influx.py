"""The telemetry store on InfluxDB 1.8+, 2.x or 3.x: written by influxdb-client, read by InfluxQL.

InfluxDB keeps one point a series and time and overwrites silently. So what is at or below the
newest known time of its logger is compared with what is there before it is written: the same
is left alone, something else gets the next `variant`. Which boxes, loggers and times hold a
shipment's readings, the register knows (`spans`); it is told before a point is written.
"""

import gzip
import itertools
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Literal, TypeVar

import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException
from influxdb_client.service.write_service import WriteService

from coldwitness.config.settings import StoreSettings
from coldwitness.domain.box_stays import BoxStay
from coldwitness.domain.errors import Unavailable
from coldwitness.domain.reading import Reading
from coldwitness.domain.tracks import ReadingTable
from coldwitness.storage.ports import Appended
from coldwitness.storage.register.views import Span, SqlViews
from coldwitness.storage.telemetry.columns import Columns, measured, readings_of
from coldwitness.storage.telemetry.influx_http import InfluxHttp, token_of
from coldwitness.storage.telemetry.influx_lines import NONE, lines
from coldwitness.storage.telemetry.influx_read import InfluxReading

HOUR_MS = 3_600_000
_Variants = dict[int, tuple[Reading, int]]
"""By variant: what is stored of one logger and time, and when it was received."""
_Answer = TypeVar("_Answer")
_CACHED = 500_000
_Row = tuple[Reading, int, int]
"""A reading, when it was received, and its variant."""
_GZIP_LEVEL = 1
"""2 µs a reading for a tenth of the bytes; the client's own level 9 takes 9 µs and saves
another fiftieth."""
_SENDERS = 3
"""Two writes under way keep one server busy, while the third sender builds its lines."""


class InfluxTelemetry:
    """A TelemetryStore in InfluxDB. Methods may be called from any thread.

    views : what the register knows of it: spans and measurement. Its register outlives the store.
    sole_writer : no other process writes readings of the same loggers. Where several workers
        share the topics, every batch is compared with what is there, not only late readings.
    """

    def __init__(
        self, settings: StoreSettings, views: SqlViews, *, sole_writer: bool = True
    ) -> None:
        self._settings = settings
        self.views = views
        self._sole_writer = sole_writer
        self.http = InfluxHttp(settings)
        self._reading = InfluxReading(self.http)
        self._client = InfluxDBClient(
            url=settings.influx_url,
            token=token_of(settings) or "",
            org=settings.influx_org,
            timeout=30_000,
            # Not the client's own WritesRetry: it counts its time limit from when it was made,
            # so a process that runs for a day never tries again.
            retries=urllib3.Retry(
                total=3,
                allowed_methods=None,
                status_forcelist=(429, 500, 502, 503, 504),
                backoff_factor=0.3,
                raise_on_status=False,
                respect_retry_after_header=False,
            ),
        )
        self._write_service: Any = WriteService(self._client.api_client)  # type: ignore[no-untyped-call]
        self._senders = ThreadPoolExecutor(_SENDERS, thread_name_prefix="influx-write")
        self._lock = threading.Lock()
        self._marks: dict[str, dict[str, int]] = defaultdict(dict)
        self._told_hours: set[tuple[str, str, str, int]] = set()

    def append(self, readings: Sequence[Reading], received_ms: Sequence[int]) -> Appended:
        """See TelemetryStore. Raises Unavailable unless InfluxDB has taken every reading; then
        some may be there all the same, and the same batch again does no harm."""
        if not readings:
            return Appended(new=0, repeated=0, conflicting=0)
        with self._lock:
            self._tell_spans(readings)
            appended = None
            for measurement in self.views.influx_measurements():
                counts = self._append(measurement, readings, received_ms)
                appended = appended or counts
        if appended is None:
            raise Unavailable("InfluxDB: no measurement to write to")
        return appended

    def append_to(
        self, measurement: str, readings: Sequence[Reading], received_ms: Sequence[int]
    ) -> None:
        """Put readings into one measurement only, for a rebuild."""
        with self._lock:
            self._tell_spans(readings)
            self._append(measurement, readings, received_ms)

    def readings(self, shipments: Sequence[str], stays: Sequence[BoxStay]) -> ReadingTable:
        return self._read(
            lambda measurement: self._reading.assigned(
                measurement, shipments, stays, self.views.spans(shipments)
            )
        )

    def between(self, start_ms: int, end_ms: int) -> Columns:
        """Every reading with start_ms <= time < end_ms."""
        within = f"time >= {start_ms}ms AND time < {end_ms}ms"
        return self._read(lambda measurement: self._reading.where(measurement, within))

    def days_ms(self) -> list[int]:
        """Starts of the UTC days that hold readings, ascending."""
        return self._read(self._reading.days_ms)

    def close(self) -> None:
        self._senders.shutdown()
        self._client.close()  # type: ignore[no-untyped-call]
        self.http.close()

    def _read(self, question: Callable[[str], _Answer]) -> _Answer:
        """Ask the measurement that is read now; again where a rebuild ended meanwhile and
        dropped it."""
        measurement = self.views.influx_measurements()[0]
        while True:
            asked = measurement
            try:
                found = question(asked)
            except Unavailable:
                measurement = self.views.influx_measurements()[0]
                if measurement == asked:
                    raise
                continue
            measurement = self.views.influx_measurements()[0]
            if measurement == asked:
                return found

    def _append(
        self, measurement: str, readings: Sequence[Reading], received_ms: Sequence[int]
    ) -> Appended:
        """Each part is looked at and built while the one before it travels."""
        if len(self._marks[measurement]) > _CACHED:
            self._marks[measurement].clear()
        counts = {"new": 0, "repeated": 0, "conflicting": 0}
        fresh: list[_Row] = []
        seen: dict[tuple[str, int], _Variants] = {}
        noted = 0
        sent: list[Future[None]] = []
        size = self._settings.influx_batch_rows
        try:
            for start in range(0, len(readings), size):
                part, at = readings[start : start + size], received_ms[start : start + size]
                rows, doubtful = self._split(measurement, part, at)
                fresh += rows
                if doubtful:
                    for reading, received, _ in fresh[noted:]:
                        seen[reading.logger, reading.time_ms] = {0: (reading, received)}
                    noted = len(fresh)
                    self._find_known(measurement, [one for one, _ in doubtful], seen)
                    rows += self._to_write(measurement, doubtful, seen, counts)
                if rows:
                    sent.append(self._senders.submit(self._send, measurement, rows))
            for one in sent:
                one.result()
        except BaseException:
            # What of it is stored is unknown: these loggers are looked up again next time.
            for one in sent:
                one.cancel()
            for reading in readings:
                self._marks[measurement].pop(reading.logger, None)
            raise
        counts["new"] += len(fresh)
        return Appended(**counts)

    def _split(
        self, measurement: str, readings: Sequence[Reading], received_ms: Sequence[int]
    ) -> tuple[list[_Row], list[tuple[Reading, int]]]:
        """Rows that are new for sure, being above the newest known time of their logger, and
        readings that have to be compared with what is stored."""
        marks = self._marks[measurement]
        rows: list[_Row] = []
        doubtful: list[tuple[Reading, int]] = []
        for reading, received in zip(readings, received_ms, strict=True):
            mark = marks.get(reading.logger)
            if mark is not None and reading.time_ms > mark and self._sole_writer:
                marks[reading.logger] = reading.time_ms
                rows.append((reading, received, 0))
            else:
                doubtful.append((reading, received))
        return rows, doubtful

    def _to_write(
        self,
        measurement: str,
        doubtful: Sequence[tuple[Reading, int]],
        seen: dict[tuple[str, int], _Variants],
        counts: dict[str, int],
    ) -> list[_Row]:
        """Those of the doubtful readings that are not stored so; all are counted and join
        `seen`."""
        marks = self._marks[measurement]
        rows: list[_Row] = []
        for reading, received in doubtful:
            logger, time_ms = reading.logger, reading.time_ms
            marks[logger] = max(time_ms, marks.get(logger, time_ms))
            there = seen.setdefault((logger, time_ms), {})
            word, variant = _compare(there, reading, received)
            counts[word] += 1
            if variant is not None:
                rows.append((reading, received, variant))
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

    def _send(self, measurement: str, rows: Sequence[_Row]) -> None:
        points = lines(
            [row[0] for row in rows],
            [row[1] for row in rows],
            [row[2] for row in rows],
            measurement=measurement,
        )
        try:
            self._write_service.post_write(
                bucket=self._settings.influx_bucket,
                org=self._settings.influx_org,
                body=gzip.compress(points, _GZIP_LEVEL),
                precision=WritePrecision.MS,
                content_type="text/plain; charset=utf-8",
                content_encoding="gzip",
            )
        except ApiException as error:
            said = str(error.body or error.reason or "").strip()[:300]
            raise Unavailable(
                f"InfluxDB {self._settings.influx_url}: write refused: {error.status} {said}"
            ) from error
        except (urllib3.exceptions.HTTPError, OSError) as error:
            reason = getattr(error, "reason", None) or error
            raise Unavailable(
                f"InfluxDB {self._settings.influx_url}: write failed: {reason}"
            ) from error

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


def _compare(
    there: _Variants, reading: Reading, received: int
) -> tuple[Literal["new", "repeated", "conflicting"], int | None]:
    """What a reading is beside those of its logger and time, which it joins; and the variant
    to write it as, None where nothing has to be written."""
    for variant, (other, first_received) in there.items():
        if other == reading:
            if received >= first_received:
                return "repeated", None
            there[variant] = (other, received)
            return "repeated", variant
    contradicted = any(measured(other) != measured(reading) for other, _ in there.values())
    free = next(number for number in itertools.count() if number not in there)
    there[free] = (reading, received)
    return ("conflicting" if contradicted else "new"), free
