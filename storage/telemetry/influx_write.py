"""Points sent to InfluxDB until it has acknowledged them, and those that it will never take told
apart: beyond its retention, of another type, not to be parsed.

A refusal for good names one point of a batch at best, and InfluxDB has then stored some of the
others and not said which. So what was refused is found by sending the rest again, in halves where
the answer does not tell, until every other point stands in an acknowledged write.
"""

import gzip
import json
import re
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import urllib3
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.domain.write_precision import WritePrecision
from influxdb_client.rest import ApiException
from influxdb_client.service.write_service import WriteService

from coldwitness.config.settings import StoreSettings
from coldwitness.domain.errors import Unavailable
from coldwitness.domain.loopback import is_loopback
from coldwitness.domain.reading import Reading
from coldwitness.domain.shown_address import apart
from coldwitness.storage.telemetry.influx_http import one_line, said_in, token_of
from coldwitness.storage.telemetry.influx_lines import lines

Row = tuple[Reading, int, int, int]
"""A reading, when it was received, its variant, and its place in the caller's batch."""
RefusedRow = tuple[Row, str]

_GZIP_LEVEL = 1
"""2 µs a reading for a tenth of the bytes; the client's own level 9 takes 9 µs and saves
another fiftieth."""
_SENDERS = 3
"""Two writes under way keep one server busy, while the third sender builds its lines."""
_FOR_GOOD = re.compile(
    r"retention polic|write window|past limit|future limit|type conflict|unable to parse|"
    r"time outside range|invalid column type|partial write of line protocol",
    re.I,
)
"""What 1.8 to 3 say of a point that no retry will bring in. A database that is missing, a token
that may not, a limit of the server that can be raised are none of these."""
_DROPPED = re.compile(r"dropped[= ](\d+)")
_TOO_LARGE = 413


class InfluxWriting:
    """Sends rows to one bucket. Any thread may call it."""

    def __init__(self, settings: StoreSettings) -> None:
        self._url = apart(settings.influx_url)[0]
        self._org = settings.influx_org
        self._bucket = settings.influx_bucket
        # On this machine packing and unpacking cost more than the bytes that they spare.
        self._packs = not is_loopback(urlsplit(self._url).hostname or "")
        self._client = InfluxDBClient(
            url=self._url,
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
        self._service: Any = WriteService(self._client.api_client)  # type: ignore[no-untyped-call]
        self._senders = ThreadPoolExecutor(_SENDERS, thread_name_prefix="influx-write")

    def begin(self, measurement: str, rows: Sequence[Row]) -> "Future[list[RefusedRow]]":
        """`send` on one of the senders."""
        return self._senders.submit(self.send, measurement, rows)

    def send(self, measurement: str, rows: Sequence[Row]) -> list[RefusedRow]:
        """Write all rows; returns those that InfluxDB refuses for good, with its words. Every
        other one was acknowledged. Raises Unavailable, and then any of them may be there."""
        try:
            self._post(_points(measurement, rows))
        except ApiException as error:
            said = str(error.body or error.reason or "")
            if error.status == _TOO_LARGE and len(rows) > 1:
                return self._in_halves(measurement, rows)
            if error.status not in (400, 422) or _FOR_GOOD.search(said) is None:
                raise Unavailable(
                    f"InfluxDB {self._url}: write refused: {error.status} {said_in(said)}"
                ) from error
            return self._without_refused(measurement, rows, f"{error.status} {said_in(said)}", said)
        return []

    def post_line(self, line: str) -> None:
        """Write one point of line protocol, in milliseconds. Raises Unavailable with InfluxDB's
        words whatever the reason."""
        try:
            self._post(line.encode())
        except ApiException as error:
            said = said_in(str(error.body or error.reason or ""))
            raise Unavailable(
                f"InfluxDB {self._url}: write refused: {error.status} {said}"
            ) from error

    def close(self) -> None:
        self._senders.shutdown()
        self._client.close()  # type: ignore[no-untyped-call]

    def _post(self, points: bytes) -> None:
        try:
            self._service.post_write(
                bucket=self._bucket,
                org=self._org,
                body=gzip.compress(points, _GZIP_LEVEL) if self._packs else points,
                precision=WritePrecision.MS,
                content_type="text/plain; charset=utf-8",
                content_encoding="gzip" if self._packs else "identity",
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            reason = getattr(error, "reason", None) or error
            raise Unavailable(f"InfluxDB {self._url}: write failed: {one_line(reason)}") from error

    def _without_refused(
        self, measurement: str, rows: Sequence[Row], text: str, said: str
    ) -> list[RefusedRow]:
        named = _lines_named(said, len(rows))
        if named:
            rest = [row for place, row in enumerate(rows) if place not in named]
            refused = [(rows[place], why) for place, why in sorted(named.items())]
            return refused + (self.send(measurement, rest) if rest else [])
        dropped = _DROPPED.search(said)
        if len(rows) == 1 or (dropped is not None and int(dropped[1]) == len(rows)):
            return [(row, text) for row in rows]
        # Those refused for their age, or for a field, come to lie together: few requests then.
        alike = sorted(rows, key=lambda row: (tuple(row[0].temperature_c), row[0].time_ms))
        return self._in_halves(measurement, alike)

    def _in_halves(self, measurement: str, rows: Sequence[Row]) -> list[RefusedRow]:
        half = len(rows) // 2
        return self.send(measurement, rows[:half]) + self.send(measurement, rows[half:])


def _points(measurement: str, rows: Sequence[Row]) -> bytes:
    return lines(
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
        measurement=measurement,
    )


def _lines_named(said: str, rows: int) -> dict[int, str]:
    """3.x names each line that it did not take: place -> why. Empty for an answer that does not."""
    try:
        told = json.loads(said)
    except ValueError:
        return {}
    data = told.get("data") if isinstance(told, dict) else None
    named: dict[int, str] = {}
    for line in data if isinstance(data, list) else [data]:
        if not isinstance(line, dict):
            continue
        number = line.get("line_number")
        if isinstance(number, int) and 1 <= number <= rows:
            named[number - 1] = one_line(line.get("error_message") or "refused")
    return named
