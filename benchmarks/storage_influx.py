"""The rows of `benchmarks.storage` about InfluxDB: its server runs in a process of its own."""

import gzip
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import urllib3
from influxdb_client.client.write.point import Point
from influxdb_client.domain.write_precision import WritePrecision

from benchmarks.storage_rates import BATCH, T0, Line, rates
from coldwitness.config.settings import StoreSettings
from coldwitness.domain.reading import Reading
from coldwitness.storage.register import open_register
from coldwitness.storage.telemetry import WholeStore, open_telemetry
from coldwitness.storage.telemetry.influx_http import InfluxHttp
from coldwitness.storage.telemetry.influx_lines import lines

_ASKED = (
    "SELECT box, logger, shipment, courier, variant, received_ms, seq, lat_deg, lon_deg,"
    " accuracy_m, light_lux, humidity_pct, battery_v, lid_open, moving, time_source, drug_c,"
    " coolant_c, ambient_c FROM coldwitness_reading WHERE time >= {0}ms AND time < {1}ms"
)
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


def influx_rates(folder: Path, readings: Sequence[Reading], rounds: int) -> list[Line]:
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
