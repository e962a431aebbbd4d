"""How fast reports are made and verified: `python -m benchmarks.reports [--pdfs N] [--packages N]
[--long READINGS]`.

One shipment of 24 hours with six probes at one-minute intervals: building the report from the
judged result, JSON, page, PDF, verification; then N PDFs in one process with the resident
memory on the way; then N honest packages of simulated shipments verified, of which none may
raise an alarm.

The typesetter keeps what it has set before, so a report drawn twice is fast the second time.
PDFs are therefore made of another curve each time, as a bureau makes them; the same report
again is told apart.

--long makes each form of one shipment's report from a file of that many readings by the command,
in a process of its own, and tells its processor time and greatest memory, and those of verifying
twin and package; alone, without the rest.
"""

import argparse
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count as rising
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from benchmarks.processes import resident_mb
from coldwitness.api.reports.drawn.html import render_html
from coldwitness.api.reports.drawn.pdf import render_pdf
from coldwitness.api.reports.made.judged import report_of_judged
from coldwitness.api.reports.made.model import Origin, Report
from coldwitness.api.reports.made.twin import render_json
from coldwitness.api.reports.packed.package import make_package
from coldwitness.api.reports.packed.package_check import verify_any
from coldwitness.cli.judge_files import judge_files
from coldwitness.config.rules import PACKS_DIR
from coldwitness.config.settings import JudgingSettings
from coldwitness.domain.columns import empty
from coldwitness.domain.instants import instant_ms, rfc3339, rfc3339_column
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.tracks import ReadingTable
from coldwitness.ingest.manifests import parse_manifest
from coldwitness.judging.evidence import Evidence
from coldwitness.judging.rulebook import Rulebook, load_rulebook
from coldwitness.judging.run import Judged, judge_shipments, software
from coldwitness.simulators.fleet import simulate_fleet
from coldwitness.simulators.scenario import scenario, scenario_names
from coldwitness.simulators.writer import write_fleet
from coldwitness.storage.journal import load_or_create_signer

START_MS = instant_ms("2026-11-21T01:30:00Z")
MINUTES = 24 * 60
VERIFIED = ("report.json", "package.zip")


def day_of_six_probes() -> tuple[ReadingTable, Manifest]:
    """24 h at one-minute steps: two warm breaks, a gap of a quarter of an hour, a stop."""
    minutes = np.delete(np.arange(MINUTES + 1.0), np.arange(700, 715))
    n = minutes.size
    drug = 5.0 + np.sin(minutes / 90.0) + np.where(np.abs(minutes - 400) < 30, 4.0, 0.0)
    probes = {
        "drug": drug,
        "drug.2": drug - 0.4,
        "drug.3": drug - 0.8,
        "coolant": -4 + minutes / 400.0,
        "ambient": 22 + 6 * np.sin(minutes / 230.0),
        "goods": 24 + 30 * np.exp(-minutes / 60.0),
    }
    manifest, _ = parse_manifest(
        {
            "id": "BENCH-1",
            "items": [{"name": "胰岛素", "storage": "refrigerated", "freeze_sensitive": True}],
            "dispatched_at": rfc3339(START_MS),
            "delivered_at": rfc3339(START_MS + MINUTES * 60_000),
            "logger": {"id": "LG-1", "interval_s": 60, "accuracy_c": 0.5},
        },
        classes=load_rulebook(JudgingSettings()).classes,
    )
    going = np.interp(minutes, [0, 600, 640, MINUTES], [0, 0.5, 0.5, 1])
    table = empty(
        ReadingTable,
        n,
        shipments=(manifest.id,),
        couriers=(),
        boxes=("BX-1",),
        loggers=("LG-1",),
        shipment=np.zeros(n, dtype=np.int64),
        box=np.zeros(n, dtype=np.int64),
        logger=np.zeros(n, dtype=np.int64),
        time_ms=(START_MS + minutes * 60_000).astype(np.int64),
        seq=minutes.astype(np.int64),
        temperature_c={name: np.round(column, 2) for name, column in probes.items()},
        lat_deg=36.8 - 0.3 * going,
        lon_deg=118.3 - 0.9 * going,
        lid_open=np.zeros(n, dtype=np.int8),
    )
    return table, manifest


def second_by_second(count: int) -> tuple[ReadingTable, Manifest]:
    """A reading a second on a way at 0.12 m/s, too slow to be told from standing: hundreds of
    stops; warm for half an hour in every four days."""
    second = np.arange(count)
    warm = np.where(second % 400_000 > 398_000, 4.0, 0.0)
    manifest, _ = parse_manifest(
        {
            "id": "LONG-1",
            "items": [{"name": "胰岛素", "storage": "refrigerated"}],
            "dispatched_at": rfc3339(START_MS),
            "delivered_at": rfc3339(START_MS + count * 1000),
            "logger": {"id": "LG-1", "interval_s": 1, "accuracy_c": 0.5},
        },
        classes=load_rulebook(JudgingSettings()).classes,
    )
    table = empty(
        ReadingTable,
        count,
        shipments=(manifest.id,),
        couriers=(),
        boxes=("BX-1",),
        loggers=("LG-1",),
        shipment=np.zeros(count, dtype=np.int64),
        box=np.zeros(count, dtype=np.int64),
        logger=np.zeros(count, dtype=np.int64),
        time_ms=START_MS + second * 1000,
        seq=second,
        temperature_c={"drug": np.round(5.0 + np.sin(second / 5000.0) + warm, 2)},
        lat_deg=np.round(36.8 + second * 0.12 / 111_320, 6),
        lon_deg=np.full(count, 118.3),
        accuracy_m=np.full(count, 8.0),
    )
    return table, manifest


def long_record(count: int) -> None:
    """Each form of a long record's report by the command: processor time and memory."""
    with TemporaryDirectory() as folder:
        # A process that is started begins with its parent's memory, so this one has to stay small.
        writing = get_context("spawn").Process(target=write_long_record, args=(count, folder))
        writing.start()
        writing.join()
        telemetry, papers = Path(folder) / "t.ndjson", Path(folder) / "m.json"
        command = [sys.executable, "-m", "coldwitness.cli"]
        given = [f"{telemetry}", "--manifest", f"{papers}"]
        key = Path(folder) / "signing.key"
        load_or_create_signer(key)
        print(f"{count} readings, {telemetry.stat().st_size / 1e6:.0f} MB")
        print(f"{'':11} {'CPU s':>7} {'of check':>9} {'MB':>6} {'bytes':>14}")
        check_s, check_mb = spent([*command, "check", *given, "--json"])
        print(f"{'check':11} {check_s:7.1f} {'':9} {check_mb:6.0f}", flush=True)
        for form in ("report.json", "report.html", "report.pdf", "package.zip"):
            out = Path(folder) / form
            option = "--package" if form.endswith(".zip") else "-o"
            made_s, made_mb = spent(
                [*command, "report", "--from", *given, "--key", f"{key}", option, f"{out}"]
            )
            size = out.stat().st_size
            more_s = made_s - check_s
            print(f"{form:11} {made_s:7.1f} {more_s:+9.1f} {made_mb:6.0f} {size:14,}", flush=True)
            if form in VERIFIED:
                verified_s, verified_mb = spent([*command, "verify", f"{out}"])
                print(f"{'  verified':11} {verified_s:7.1f} {'':9} {verified_mb:6.0f}", flush=True)
            out.unlink()


def write_long_record(count: int, folder: str) -> None:
    """`t.ndjson` and `m.json` of `second_by_second`."""
    table, manifest = second_by_second(count)
    (Path(folder) / "m.json").write_text(json.dumps(manifest.source), encoding="utf-8")
    columns = (
        rfc3339_column(table.time_ms / 1000.0),
        table.temperature_c["drug"].tolist(),
        table.lat_deg.tolist(),
    )
    with (Path(folder) / "t.ndjson").open("w", encoding="utf-8") as file:
        for seq, (at, drug_c, lat) in enumerate(zip(*columns, strict=True)):
            file.write(
                f'{{"shipment":"{manifest.id}","logger":"LG-1","seq":{seq},"time":"{at}",'
                f'"temperature":{{"drug":{drug_c}}},'
                f'"position":{{"lat":{lat},"lon":118.3,"accuracy_m":8}}}}\n'
            )


def spent(command: list[str]) -> tuple[float, float]:
    """Processor time [s] and greatest resident memory [MB] of a process that ends well."""
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in (0, 1, 3):  # `check` says by it what it found
        raise SystemExit(f"{command[3]}: exit {child.returncode}")
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def milliseconds(work: Callable[[], object], *, times: int = 7) -> tuple[float, float]:
    """Shortest wall time and processor time of several runs [ms]; the first run is left out."""
    work()
    walls, processors = [], []
    for _ in range(times):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return min(walls) * 1000, min(processors) * 1000


def report_of(judged: Judged, manifest: Manifest) -> Report:
    return report_of_judged(
        judged,
        manifest.id,
        origin=Origin(software=software(), readings_from=("benchmark",)),
    )


def other_reports() -> Iterator[Report]:
    """Reports of the day of six probes without end, each with another curve."""
    table, manifest = day_of_six_probes()
    rulebook = load_rulebook(JudgingSettings())
    for number in rising():
        shifted_c = 0.01 * (number % 97)
        judged = judged_day(
            replace(
                table,
                temperature_c={
                    name: np.round(column + shifted_c, 2)
                    for name, column in table.temperature_c.items()
                },
            ),
            manifest,
            rulebook,
        )
        yield report_of(judged, manifest)


def judged_day(table: ReadingTable, manifest: Manifest, rulebook: Rulebook) -> Judged:
    (judged,) = judge_shipments(
        Evidence(
            shipments=(manifest.id,),
            readings=table,
            manifests={manifest.id: manifest},
            events={},
        ),
        rulebook=rulebook,
    )
    return judged


def speed() -> None:
    table, manifest = day_of_six_probes()
    rulebook = load_rulebook(JudgingSettings())
    judged = judged_day(table, manifest, rulebook)
    report = report_of(judged, manifest)
    others = other_reports()
    made = iter([next(others) for _ in range(8)])
    twin = render_json(report)
    works: dict[str, Callable[[], object]] = {
        "report built and sealed": lambda: report_of(judged, manifest),
        "JSON": lambda: render_json(report),
        "built, sealed and JSON": lambda: render_json(report_of(judged, manifest)),
        "HTML page": lambda: render_html(report, lang="zh"),
        "PDF/A-3, another report each time": lambda: render_pdf(next(made), lang="zh"),
        "PDF/A-3, the same again": lambda: render_pdf(report, lang="zh"),
        "JSON verified (judged again)": lambda: verify_any(twin, rulebook=rulebook),
    }
    print(f"24 h, 6 probes, 1 min: {len(report.readings.time)} readings")
    print(f"{'':34} {'wall ms':>8} {'CPU ms':>8}")
    for name, work in works.items():
        wall, processor = milliseconds(work)
        print(f"{name:34} {wall:8.1f} {processor:8.1f}")
    sizes = len(twin), len(render_html(report, lang="zh")), len(render_pdf(report, lang="zh"))
    print(f"bytes: JSON {sizes[0]:,}, HTML {sizes[1]:,}, PDF {sizes[2]:,}")


def memory(count: int) -> None:
    """Resident memory while `count` different reports are drawn."""
    begun = time.process_time()
    for done, report in zip(range(1, count + 1), other_reports(), strict=False):
        render_pdf(report, lang="zh")
        if done in (1, 5, 10, 20, 50) or done % 100 == 0:
            print(f"{done:5} PDFs: {resident_mb(os.getpid()):7.1f} MB", flush=True)
    print(f"{count} PDFs, judged and drawn, in {time.process_time() - begun:.0f} s of processor")


def false_alarms(count: int) -> None:
    """Packages of every story of the simulator, seeds rising, each verified once."""
    rulebook = load_rulebook(JudgingSettings())
    names = scenario_names()
    alarms = made = seed = 0
    with TemporaryDirectory() as folder:
        signer = load_or_create_signer(Path(folder) / "signing.key")
        while made < count:
            seed += 1
            out = Path(folder) / str(seed)
            write_fleet(
                simulate_fleet(
                    [scenario(name) for name in names],
                    boxes=min(len(names), count - made),
                    seed=seed,
                    end_ms=START_MS,
                ),
                out,
            )
            judged = judge_files(
                [out / "telemetry.ndjson"],
                manifest_paths=[out / "manifests.ndjson"],
                rulebook=rulebook,
                storage=None,
                timezone=None,
                reader=None,
            )
            for group in judged.groups:
                for shipment in group.case.tracks.shipments:
                    report = report_of_judged(
                        group,
                        shipment,
                        origin=Origin(software=software(), readings_from=("benchmark",)),
                        signer=signer,
                    )
                    package = io.BytesIO()
                    make_package(
                        package,
                        report,
                        rules=PACKS_DIR / "cn-retail-delivery.toml",
                        journal=None,
                        signer=signer,
                        lang="zh",
                    )
                    found = verify_any(
                        package.getvalue(), rulebook=rulebook, trusted=[signer.public]
                    )
                    made += 1
                    if made % 100 == 0:
                        print(f"{made:5} packages, {alarms} alarms", flush=True)
                    if not found.holds:
                        alarms += 1
                        print(shipment, seed, [(p.code, p.detail) for p in found.problems])
    print(f"{made} honest packages verified, {alarms} false alarms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pdfs", type=int, default=100, help="PDFs made in one process")
    parser.add_argument("--packages", type=int, default=0, help="honest packages verified")
    parser.add_argument("--long", type=int, default=0, help="readings of one shipment; alone")
    asked = parser.parse_args()
    if asked.long:
        long_record(asked.long)
        return
    speed()
    if asked.pdfs:
        memory(asked.pdfs)
    if asked.packages:
        false_alarms(asked.packages)


if __name__ == "__main__":
    main()
