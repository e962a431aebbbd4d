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
import sqlite3
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.storage_influx import influx_rates
from benchmarks.storage_rates import BATCH, LOGGERS, T0, Line, fleet, in_batches, rates
from coldwitness.domain.reading import Reading
from coldwitness.storage.telemetry.embedded import EmbeddedTelemetry

_COLUMNS = (
    "logger TEXT, time_ms INTEGER, received_ms INTEGER, box TEXT, shipment TEXT, courier TEXT,"
    " seq INTEGER, drug REAL, coolant REAL, ambient REAL, lat REAL, lon REAL, accuracy REAL,"
    " humidity REAL, light REAL, battery REAL, lid INTEGER, moving INTEGER"
)
_INSERT = "INSERT OR IGNORE INTO reading VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"


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


def embedded_rates(folder: Path, readings: Sequence[Reading], rounds: int) -> list[Line]:
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


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--readings", type=int, default=100_000)
    arguments.add_argument("--rounds", type=int, default=3)
    asked = arguments.parse_args()
    readings = fleet(asked.readings)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        table = embedded_rates(folder, readings, asked.rounds)
        table += influx_rates(folder, readings, asked.rounds)
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
