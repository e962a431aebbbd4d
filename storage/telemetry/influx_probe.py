"""Whether readings can truly be kept in this InfluxDB: a point of our own written and read back.

A question alone shows neither a token that may only read, nor an organisation or mapping by which
writes and reads go to different buckets, nor a retention that refuses what comes late.
"""

import time

from coldwitness.config.settings import StoreSettings
from coldwitness.domain.errors import Unavailable
from coldwitness.storage.telemetry.influx_http import InfluxHttp
from coldwitness.storage.telemetry.influx_whose import FIRST, is_foreign
from coldwitness.storage.telemetry.influx_write import InfluxWriting

MEASUREMENT = "coldwitness_probe"
_LATE_MS = 5 * 365 * 86_400_000
"""As long as the record of a delivery has to be kept."""
_READ_WITHIN_S = 15.0
"""3.x Core shows what it took once its log is flushed."""


def try_influx(settings: StoreSettings, *, read_within_s: float = _READ_WITHIN_S) -> list[str]:
    """Write a point of now and one of five years ago, and read the first back; what is wrong with
    the store otherwise, one line each. Raises Unavailable where readings cannot be kept, with
    InfluxDB's own words."""
    http, writing = InfluxHttp(settings), InfluxWriting(settings)
    now_ms = time.time_ns() // 1_000_000
    mark = now_ms % 1_000_000_007
    remarks = []
    try:
        http.ask(f'SHOW FIELD KEYS FROM "{MEASUREMENT}"')
        writing.post_line(f"{MEASUREMENT} mark={mark}i {now_ms}")
        _read_back(http, settings, mark, now_ms, read_within_s)
        if is_foreign(http, FIRST):
            remarks.append(f"measurement {FIRST} holds points that are none of ours")
        # To the day, so that looking often leaves one point a day.
        late_ms = (now_ms - _LATE_MS) // 86_400_000 * 86_400_000
        try:
            writing.post_line(f"{MEASUREMENT} mark={mark}i {late_ms}")
        except Unavailable as error:
            remarks.append(
                "a reading of five years ago is refused: this bucket deletes evidence before its"
                f" time and refuses what comes late: {error}"
            )
    finally:
        writing.close()
        http.close()
    return remarks


def _read_back(
    http: InfluxHttp, settings: StoreSettings, mark: int, at_ms: int, within_s: float
) -> None:
    statement = f'SELECT mark FROM "{MEASUREMENT}" WHERE time = {at_ms}ms'  # noqa: S608
    end_s = time.monotonic() + within_s
    while True:
        for series in http.ask(statement):
            place = series["columns"].index("mark")
            if any(row[place] == mark for row in series.get("values", [])):
                return
        if time.monotonic() >= end_s:
            raise Unavailable(
                f"InfluxDB {http.url}: a point was written and cannot be read back:"
                " writes go by store.influx_org and influx_bucket, reads by the organisation of the"
                " token and the mapping of the database: are they the same bucket?"
            )
        time.sleep(0.3)
