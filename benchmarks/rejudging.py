"""What judging an archive again costs: `python -m benchmarks.rejudging [--days 1 10 100]`.

A day is a million readings: 4,167 shipments of four hours, a reading a minute with three probes,
position, lid and motion, events and manifest; a tenth warms above 8 °C. The first is imported,
judged and sealed by the commands; the others are it again with other ids, some days later. Each row
is a process of its own. With the rules that judged before nothing may change, or the run ends.
Reference: polars reads the same files, a day at a time, and finds the plain episodes above 8 °C.

Times are of whole commands, from start to end; processor time is user and system of all threads and
processes, memory that of the largest process.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import msgspec

from benchmarks.bulk_files import write_fleet
from benchmarks.episodes_reference import episodes_above_8
from coldwitness.domain.manifest import ManifestVersion
from coldwitness.storage.archive.canonical import DAY_MS
from coldwitness.storage.archive.facts import ShipmentFacts, facts_of_row, write_facts

RULES = "cn-retail-delivery"
READINGS = 240
SHIPMENTS = 4167
DAY = "2025-11-21"
FILES = ("readings.parquet", "events.parquet", "shipments.parquet")


@dataclass(frozen=True)
class Taken:
    """Of a command: seconds of processor and of the clock on the wall, and the most memory that
    one of its processes had."""

    cpu_s: float
    wall_s: float
    peak_mb: float
    said: str


def taken(command: Sequence[str | Path]) -> Taken:
    began_s = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    said = process.stdout.read().decode()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in (0, 1, 3):
        raise SystemExit(f"{command}: exit {process.returncode}")
    wall_s = time.perf_counter() - began_s
    return Taken(used.ru_utime + used.ru_stime, wall_s, used.ru_maxrss / 1024, said)


def coldwitness(folder: Path, *words: str | Path) -> Taken:
    config = ("--config", folder / "cw.toml")
    return taken([Path(sys.executable).with_name("coldwitness"), *config, *words])


def first_day(folder: Path) -> Path:
    """An archive with one day, made by the commands."""
    archive = folder / "archive"
    (folder / "cw.toml").write_text(
        f'journal.directory = "{folder / "journal"}"\n'
        f'store.embedded_file = "{folder / "telemetry.sqlite"}"\n'
        f'store.register_url = "sqlite:///{folder / "register.sqlite"}"\n'
        f'store.archive_directory = "{archive}"\n',
        encoding="utf-8",
    )
    readings, manifests = write_fleet(folder, SHIPMENTS, readings=READINGS)
    coldwitness(folder, "import", manifests, readings)
    coldwitness(folder, "archive", "seal")
    return archive


def further_day(archive: Path, number: int) -> None:
    """The first day again, so many days later, under other ids."""
    source = archive / f"day={DAY}"
    with duckdb.connect(config={"threads": 2}) as connection:
        (day,) = connection.execute(
            "SELECT strftime(?::DATE + ?::INTEGER, '%Y-%m-%d')", [DAY, number]
        ).fetchall()[0]
        made = archive / f"day={day}"
        made.mkdir()
        for name in FILES[:2]:
            connection.execute(
                f"COPY (SELECT * REPLACE (shipment || '-{number:03d}' AS shipment,"  # noqa: S608
                f" time + INTERVAL {number} DAY AS time,"
                f" received_at + INTERVAL {number} DAY AS received_at)"
                f" FROM read_parquet('{source / name}', hive_partitioning=false))"
                f" TO '{made / name}' (FORMAT parquet, COMPRESSION zstd)"
            )
        rows = connection.execute(
            f"SELECT facts, result FROM read_parquet('{source / FILES[2]}')"  # noqa: S608
        ).fetchall()
    write_facts([_later(facts_of_row(*row), number) for row in rows], made / FILES[2])
    seal = json.loads((source / "seal.json").read_text(encoding="utf-8"))
    (made / "seal.json").write_text(json.dumps(seal | {"day": day}), encoding="utf-8")


def _later(facts: ShipmentFacts, days: int) -> ShipmentFacts:
    name, later_ms = f"{facts.shipment}-{days:03d}", days * DAY_MS

    def shifted(at_ms: int | None) -> int | None:
        return None if at_ms is None else at_ms + later_ms

    def of(version: ManifestVersion) -> ManifestVersion:
        one = version.manifest
        manifest = msgspec.structs.replace(
            one,
            id=name,
            dispatched_ms=shifted(one.dispatched_ms),
            due_ms=shifted(one.due_ms),
            delivered_ms=shifted(one.delivered_ms),
        )
        received_ms = shifted(version.received_ms)
        return msgspec.structs.replace(version, manifest=manifest, received_ms=received_ms)

    result = facts.result
    return msgspec.structs.replace(
        facts,
        shipment=name,
        first_ms=facts.first_ms + later_ms,
        last_ms=facts.last_ms + later_ms,
        begun_ms=shifted(facts.begun_ms),
        manifests=tuple(map(of, facts.manifests)),
        carried=tuple(
            (box, logger, {probe: first_ms + later_ms for probe, first_ms in its.items()})
            for box, logger, its in facts.carried
        ),
        alike={},
        result=None if result is None else msgspec.structs.replace(result, shipment=name),
    )


def reference(archive: Path) -> None:
    """polars' episodes above 8 °C, a day at a time."""
    import polars as pl

    episodes = 0
    for day in sorted(archive.glob("day=*/readings.parquet")):
        readings = pl.scan_parquet(day).select("shipment", "time", "drug")
        episodes += episodes_above_8(readings).collect().height
    print(episodes)


def rejudged(folder: Path, archive: Path, *, processes: int) -> Taken:
    words = ("--rules", RULES, "--processes", str(processes), "--json")
    found = coldwitness(folder, "rejudge", archive, *words)
    told = json.loads(found.said)
    if told["changed"] or not told["shipments"]:
        raise SystemExit(f"rules that judged before change {told['changed']} shipments")
    return found


def measure(folder: Path, days: Sequence[int], processes: Sequence[int]) -> None:
    archive = first_day(folder)
    made = 1
    print(f"{'readings':>12} {'':<14}{'CPU s':>9}{'wall s':>9}{'a CPU s':>10}{'MB':>7}{'x':>8}")
    for count in sorted(days):
        for number in range(made, count):
            further_day(archive, number)
        made = count
        readings = count * SHIPMENTS * READINGS
        polars = taken(
            [sys.executable, "-m", "benchmarks.rejudging", "--reference", str(archive)],
        )
        rows = {"polars": polars}
        for several in processes:
            rows[f"{several} processes"] = rejudged(folder, archive, processes=several)
        for name, row in rows.items():
            print(
                f"{readings:12,} {name:<14}{row.cpu_s:9.1f}{row.wall_s:9.1f}"
                f"{readings / row.cpu_s:10,.0f}{row.peak_mb:7.0f}{row.cpu_s / polars.cpu_s:8.1f}",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--days", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--processes", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--reference", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.reference is not None:
        reference(given.reference)
        return
    with tempfile.TemporaryDirectory(prefix="coldwitness-rejudging-") as made:
        measure(Path(made), given.days, given.processes)


if __name__ == "__main__":
    main()
