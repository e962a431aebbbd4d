"""How fast the stores are beside the plain engines under them, measured in the same run.

    python -m benchmarks.storage [--readings 100000] [--rounds 3]

Every row is run in turn with its reference, so that a drifting machine meets both; the ratio is
the median of the rounds'. The plain engine is SQLite's executemany on ready tuples with the same
key and as many columns, the same lines, made beforehand, posted over one HTTP connection unpacked
(our side builds, checks and packs them in that time; a second row posts them packed, as ours go
over the wire), and the CSV answer to the same query downloaded and thrown away. InfluxDB is
Debian's 1.6.7, behind the tests' mapping of the v2 write path for both.
"""

import argparse
import gzip
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import urllib3
from influxdb_client.client.write.point import Point
from influxdb_client.domain.write_precision import WritePrecision

from coldwitness.config.settings import StoreSettings
from coldwitness.domain.reading import Reading
from coldwitness.storage.register import open_register
from coldwitness.storage.telemetry import WholeStore, open_telemetry
from coldwitness.storage.telemetry.embedded import EmbeddedTelemetry
from coldwitness.storage.telemetry.influx_http import InfluxHttp
from coldwitness.storage.telemetry.influx_lines import lines

T0 = 1_795_000_000_000
LOGGERS = 500
BATCH = 5000
_COLUMNS = (
    "logger TEXT, time_ms INTEGER, received_ms INTEGER, box TEXT, shipment TEXT, courier TEXT,"
    " seq INTEGER, drug REAL, coolant REAL, ambient REAL, lat REAL, lon REAL, accuracy REAL,"
    " humidity REAL, light REAL, battery REAL, lid INTEGER, moving INTEGER"
)
_ASKED = (
    "SELECT box, logger, shipment, courier, variant, received_ms, seq, lat_deg, lon_deg,"
    " accuracy_m, light_lux, humidity_pct, battery_v, lid_open, moving, time_source, drug_c,"
    " coolant_c, ambient_c FROM coldwitness_reading WHERE time >= {0}ms AND time < {1}ms"
)
_INSERT = "INSERT OR IGNORE INTO reading VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"


@dataclass(frozen=True)
class Line:
    """One row of the table: rates in readings a second (or milliseconds), and their ratio."""

    name: str
    ours: float
    plain: float
    ratio: float
    target: str
    met: bool


def fleet(count: int) -> list[Reading]:
    """Readings as they come in live: a minute's of all loggers, then the next minute's."""
    draw = np.random.default_rng(7)
    drug = draw.normal(5, 1, count).round(2).tolist()
    lat = draw.uniform(36.6, 36.9, count).round(6).tolist()
    return [
        Reading(
            logger=f"LG-{n % LOGGERS:04d}",
            time_ms=T0 + n // LOGGERS * 60_000 + n % LOGGERS,
            temperature_c={"drug": drug[n], "coolant": -1.5, "ambient": 21.25},
            courier="ql",
            box=f"BX-{n % LOGGERS:04d}",
            shipment=f"S-{n % LOGGERS:04d}-{n // LOGGERS // 3000}",
            seq=n // LOGGERS,
            lat_deg=lat[n],
            lon_deg=118.0,
            accuracy_m=8.0,
            humidity_pct=61.5,
            battery_v=3.6,
            lid_open=False,
            moving=True,
        )
        for n in range(count)
    ]


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def rates(
    name: str,
    count: int,
    ours: Callable[[int], object],
    plain: Callable[[int], object],
    rounds: int,
    *,
    target: float,
) -> Line:
    """Both in turn; ours(round) and plain(round) each handle `count` readings."""
    pairs = [(seconds(lambda: ours(n)), seconds(lambda: plain(n))) for n in range(rounds)]  # noqa: B023 (called at once)
    ratio = statistics.median(plain_s / ours_s for ours_s, plain_s in pairs)
    return Line(
        name,
        count / statistics.median(ours_s for ours_s, _ in pairs),
        count / statistics.median(plain_s for _, plain_s in pairs),
        ratio,
        f">= {target:g}",
        ratio >= target,
    )


def in_batches(store: WholeStore, readings: Sequence[Reading]) -> None:
    for start in range(0, len(readings), BATCH):
        part = readings[start : start + BATCH]
        store.append(part, [T0] * len(part))


class PlainSqlite:
    """A table anyone would make: a column a field, keyed by logger and time."""

    def __init__(self, path: Path) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.execute("PRAGMA journal_mode=WAL")
        self.connection.execute("PRAGMA synchronous=FULL")
        self.connection.execute(
            f"CREATE TABLE reading ({_COLUMNS}, PRIMARY KEY (logger, time_ms)) WITHOUT ROWID"
        )

    def write(self, rows: Sequence[tuple[object, ...]]) -> None:
        for start in range(0, len(rows), BATCH):
            self.connection.execute("BEGIN IMMEDIATE")
            self.connection.executemany(_INSERT, rows[start : start + BATCH])
            self.connection.execute("COMMIT")

    def read(self, logger: str) -> list[np.ndarray]:
        found = self.connection.execute(
            "SELECT * FROM reading WHERE logger=? AND time_ms>=0", (logger,)
        ).fetchall()
        columns = list(zip(*found, strict=True))
        return [np.array(column) for column in columns]


def plain_row(reading: Reading) -> tuple[object, ...]:
    return (
        reading.logger,
        reading.time_ms,
        T0,
        reading.box,
        reading.shipment,
        reading.courier,
        reading.seq,
        *(reading.temperature_c[probe] for probe in ("drug", "coolant", "ambient")),
        reading.lat_deg,
        reading.lon_deg,
        reading.accuracy_m,
        reading.humidity_pct,
        reading.light_lux,
        reading.battery_v,
        reading.lid_open,
        reading.moving,
    )


def embedded_lines(folder: Path, readings: Sequence[Reading], rounds: int) -> list[Line]:
    rows = [plain_row(reading) for reading in readings]
    stores = [EmbeddedTelemetry(folder / f"ours{n}.sqlite") for n in range(rounds)]
    plains = [PlainSqlite(folder / f"plain{n}.sqlite") for n in range(rounds)]
    write = rates(
        "embedded: write",
        len(readings),
        lambda n: in_batches(stores[n], readings),
        lambda n: plains[n].write(rows),
        rounds,
        target=0.8,
    )
    journey = [
        Reading(
            logger="LG-long",
            time_ms=T0 + n * 60_000,
            temperature_c={"drug": 5 + n % 10 / 8, "coolant": -1.0, "ambient": 20.0},
            box="BX-long",
            shipment="S-long",
            courier="ql",
            seq=n,
            lat_deg=36.8,
            lon_deg=118.0,
            battery_v=3.6,
        )
        for n in range(3000)
    ]
    in_batches(stores[0], journey)
    plains[0].write([plain_row(reading) for reading in journey])
    one = rates(
        "embedded: one shipment of 3,000 to numpy",
        3000,
        lambda n: stores[0].readings(["S-long"], []),
        lambda n: plains[0].read("LG-long"),
        rounds * 7,
        target=0.8,
    )
    shipments = sorted({reading.shipment or "" for reading in readings})
    loggers = sorted({reading.logger for reading in readings})
    many = rates(
        f"embedded: {len(shipments)} shipments to numpy",
        len(readings),
        lambda n: stores[0].readings(shipments, []),
        lambda n: [plains[0].read(logger) for logger in loggers],
        rounds,
        target=0.8,
    )
    milliseconds = 3000 / one.ours * 1000
    limit = Line("  the same, ms", milliseconds, 3000 / one.plain * 1000, one.ratio, "< 15 ms",
                 milliseconds < 15)  # fmt: skip
    for store in stores:
        store.close()
    for plain in plains:
        plain.connection.close()
    return [write, one, limit, many]


_SERVER = """
import sys
from pathlib import Path
from tests import servers

with servers.influxd(Path(sys.argv[1])) as address:
    print(address, flush=True)
    sys.stdin.read()
"""


@contextmanager
def influxd(folder: Path) -> Iterator[str]:
    """InfluxDB and its mapping in a process of their own, as far from us as a server is."""
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        if process.stdout is None or process.stdin is None:
            raise RuntimeError("no pipe to the server's process")
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()
            process.wait()


def influx_lines(folder: Path, readings: Sequence[Reading], rounds: int) -> list[Line]:
    found = [_lines_against_points(readings[:5000], rounds)]
    with influxd(folder / "influxd") as address:
        stores: list[WholeStore] = []
        for n in range(2 * rounds):
            settings = StoreSettings(
                telemetry="influx",
                influx_url=address,
                influx_bucket=f"ours{n}",
                influx_batch_rows=BATCH,
                register_url=f"sqlite:///{folder / f'register{n}.sqlite'}",
            )
            http = InfluxHttp(settings)
            for name in (f"ours{n}", f"plain{n}"):
                http.command(f"CREATE DATABASE {name}")
            http.close()
            stores.append(open_telemetry(settings, open_register(settings.register_url).views))
        batches = [
            lines(part, [T0] * len(part), [0] * len(part), measurement="coldwitness_reading")
            for part in (readings[at : at + BATCH] for at in range(0, len(readings), BATCH))
        ]
        packed = [gzip.compress(batch, 1) for batch in batches]
        pool = urllib3.PoolManager()

        def post(number: int, bodies: Sequence[bytes], headers: dict[str, str]) -> None:
            for body in bodies:
                path = f"/api/v2/write?bucket=plain{number}&precision=ms"
                answer = pool.request("POST", address + path, body=body, headers=headers)
                if answer.status != 204:
                    raise RuntimeError(answer.data.decode())

        # A rebuild or a catching-up ingest hands over long stretches, as here.
        stretch = 4 * BATCH

        def write(number: int) -> None:
            for start in range(0, len(readings), stretch):
                part = readings[start : start + stretch]
                stores[number].append(part, [T0] * len(part))

        found.append(
            rates(
                "InfluxDB: write",
                len(readings),
                write,
                lambda n: post(n, batches, {}),
                rounds,
                target=0.8,
            )
        )
        found.append(
            rates(
                "InfluxDB: write, beside the same lines packed",
                len(readings),
                lambda n: write(rounds + n),
                lambda n: post(rounds + n, packed, {"Content-Encoding": "gzip"}),
                rounds,
                target=0.8,
            )
        )
        end = T0 + 10**9

        def download(number: int) -> None:
            answer = pool.request(
                "GET",
                f"{address}/query",
                fields={
                    "db": "ours0",
                    "q": _ASKED.format(T0, end),
                    "epoch": "ms",
                    "chunked": "true",
                    "chunk_size": "20000",
                },
                headers={"Accept": "application/csv"},
                preload_content=False,
            )
            while answer.read(1 << 20):
                pass
            answer.release_conn()

        # Once unmeasured: the server's caches are warm for both.
        stores[0].between(T0, end)
        download(0)
        found.append(
            rates(
                "InfluxDB: read to numpy, beside the bare download",
                len(readings),
                lambda n: stores[0].between(T0, end),
                download,
                rounds * 3,
                target=0.8,
            )
        )
        for store in stores:
            store.close()
    return found


def _lines_against_points(readings: Sequence[Reading], rounds: int) -> Line:
    def points(_: int) -> None:
        for reading in readings:
            point: Any = Point("coldwitness_reading")  # type: ignore[no-untyped-call]
            point.tag("box", reading.box).tag("logger", reading.logger)
            for probe, value in reading.temperature_c.items():
                point.field(f"{probe}_c", value)
            point.field("received_ms", T0).field("seq", reading.seq)
            point.field("shipment", reading.shipment).field("courier", reading.courier)
            point.field("lat_deg", reading.lat_deg).field("lon_deg", reading.lon_deg)
            point.field("accuracy_m", reading.accuracy_m)
            point.field("humidity_pct", reading.humidity_pct)
            point.field("battery_v", reading.battery_v)
            point.field("lid_open", int(bool(reading.lid_open)))
            point.field("moving", int(bool(reading.moving)))
            point.time(reading.time_ms, WritePrecision.MS).to_line_protocol()

    nothing = [0] * len(readings)
    received = [T0] * len(readings)
    return rates(
        "line protocol, beside influxdb-client's Points",
        len(readings),
        lambda n: lines(readings, received, nothing, measurement="coldwitness_reading"),
        points,
        rounds * 3,
        target=4.0,
    )


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--readings", type=int, default=100_000)
    arguments.add_argument("--rounds", type=int, default=3)
    asked = arguments.parse_args()
    readings = fleet(asked.readings)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        table = embedded_lines(folder, readings, asked.rounds)
        table += influx_lines(folder, readings, asked.rounds)
    print(f"{asked.readings} readings, {LOGGERS} loggers, batches of {BATCH}\n")
    print("| row | ours, /s | plain, /s | ratio | target |")
    print("|---|---:|---:|---:|---|")
    for line in table:
        verdict = "met" if line.met else "MISSED"
        print(
            f"| {line.name} | {line.ours:,.1f} | {line.plain:,.1f} | {line.ratio:.2f} |"
            f" {line.target} {verdict} |"
        )
    return 0 if all(line.met for line in table) else 1


if __name__ == "__main__":
    sys.exit(main())
