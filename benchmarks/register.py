"""Lists and start with many shipments in the register: `python -m benchmarks.register [SHIPMENTS]`.

The rows are made directly, in an SQLite register in a temporary folder: every shipment judged
once, a fifth with a finding, one in a hundred still under way. Asked are the parts a list page is
made of, the page and the API as a client meets them, and what `serve` does before it listens.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import msgspec

from coldwitness.cli.running import Running
from coldwitness.config.settings import (
    HttpSettings,
    JournalSettings,
    JudgingSettings,
    Settings,
    StoreSettings,
)
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.result import SCHEMA, CheckResult, Metrics
from coldwitness.storage.register import open_register, schema
from coldwitness.storage.register.bodies import encoded, packed

SHIPMENTS = 200_000
BATCH = 5_000
ROUNDS = 11
END_MS = 1_790_000_000_000
HOUR_MS = 3_600_000
LISTS = (
    "/v1/shipments",
    "/v1/shipments?verdict=breach",
    "/v1/shipments?verdict=suspected",
    "/v1/shipments?courier=courier-7",
    "/v1/shipments?division=370300",
    "/v1/shipments?from=2026-09-20&to=2026-09-21",
    "/v1/shipments?from=2031-01-01",
    "/v1/findings?kind=cold_chain_break",
    "/v1/clues",
    "/findings?lang=zh",
    "/findings?lang=zh&kind=cold_chain_break",
    "/clues?lang=zh",
    "/?lang=zh",
    "/?lang=zh&verdict=breach",
    "/?lang=zh&verdict=suspected",
    "/?lang=zh&from=2026-09-20T00:00:00Z&to=2026-09-20T12:00:00Z&format=csv",
    "/?lang=zh&from=2026-09-20T00:00:00Z&to=2026-09-20T12:00:00Z&format=xlsx",
    "/v1/shipments?sort=gravest",
    "/v1/shipments?sort=oldest",
    "/v1/shipments?kind=cold_chain_break",
    "/v1/shipments?kind=cold_chain_break/below_range",
    "/v1/shipments?seller=示例第7大药房",
    "/v1/shipments?batch=B17",
    "/v1/shipments?box=BX-0042",
    "/v1/shipments?review=none&state=in_transit",
    "/v1/shipments?review=confirmed",
    "/v1/shipments?q=0042",
    "/v1/shipments?q=LG-00042",
    "/v1/shipments?q=大药房 示例第7大 b1042",
    "/v1/shipments?q=nowhere",
)


def name_of(number: int) -> str:
    return f"ZB-{number:08d}"


def result_of(number: int) -> CheckResult:
    """A result of usual size: two dozen lines, one finding in a fifth of them. Nobody is merely
    suspected, so that a list of those must look everywhere."""
    end_ms = END_MS - number * 10_000
    broken = number % 5 == 0
    finding = {
        "id": f"F-{number:010d}",
        "kind": "cold_chain_break",
        "subtype": "above_range",
        "start": rfc3339(end_ms - HOUR_MS),
        "end": rfc3339(end_ms - HOUR_MS // 2),
        "duration_s": 1800.0,
        "certainty": "certain",
        "severity": "major",
        "requirements": ["ANNEX6-10"],
        "measures": {"limit_c": 8.0, "probe": "drug", "peak_c": 9.25},
        "where": None,
        "would_settle": None,
        "explanation": {"zh": "探头高于上限，待核查。" * 4, "en": "The probe was above. " * 4},
    }
    line = {
        "title": {"zh": "温度" * 4, "en": "temperature " * 4},
        "status": "compliant",
        "findings": [],
        "basis": {"zh": "依据本条判定" * 8, "en": "judged by this line " * 8},
        "least": 1.25,
        "most": 7.5,
        "setting": None,
    }
    numbers = dict.fromkeys(("coupling_per_h", "interval_95", "limit_per_h"))
    facet = {"status": "indeterminate", **numbers}
    metrics = dict.fromkeys(field for field in Metrics.__struct_fields__)
    return msgspec.convert(
        {
            "schema": SCHEMA,
            "shipment": name_of(number),
            "verdict": "breach" if broken else "compliant",
            "window": {
                "start": rfc3339(end_ms - 4 * HOUR_MS),
                "end": None if number % 100 == 1 else rfc3339(end_ms),
            },
            "findings": [finding] if broken else [],
            "requirements": [{"id": f"LINE-{n}", **line} for n in range(24)],
            "items": [],
            "metrics": {
                **metrics,
                "readings": 240,
                "min_c": 2.5,
                "max_c": 9.25 if broken else 7.25,
            },
            "isolation": {"coolant": facet, "goods": facet},
            "evidence": {"readings_sha256": "00", "rules": "cn-2026 1", "software": "0"},
        },
        CheckResult,
    )


def searched(number: int) -> str:
    """What such a manifest is found by: a dozen names and numbers."""
    courier = number % 40
    words = (
        name_of(number).lower(),
        f"ph-{number % 900}",
        f"示例第{number % 900}大药房",
        "91370305ma3c1yxj2k",
        f"courier-{courier}",
        f"淄博闪送服务部{courier}",
        f"bx-{number % 5000:04d}",
        "eps-18l",
        f"lg-{number % 7000:05d}",
        "甘精胰岛素注射液",
        f"b{number % 3000}",
        "国药准字s20210001",
        f"do-{number * 7919 % 10**9:09d}",
        f"seal-{number % 99991}",
    )
    return "\n".join(words)


def rows_of(number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """The rows that recording such a result leaves, by table."""
    result, name = result_of(number), name_of(number)
    end_ms = END_MS - number * 10_000
    yield (
        "shipments",
        {
            "id": name,
            "courier": f"courier-{number % 40}",
            "division": f"3703{number % 9:02d}",
            "manifest_version": 0,
            "started_ms": end_ms - 4 * HOUR_MS,
            "ended_ms": None if result.window.end is None else end_ms,
            "verdict": result.verdict,
            "result_version": 1,
            "findings": len(result.findings),
            "held": False,
            "state": "in_transit" if number % 100 == 1 else "ended",
            "search": searched(number),
            "min_c": result.metrics.min_c,
            "max_c": result.metrics.max_c,
        },
    )
    kept = encoded(result)
    for register, mentioned in (
        ("seller", f"示例第{number % 900}大药房"),
        ("batch", f"b{number % 3000}"),
        ("boxes", f"BX-{number % 5000:04d}"),
    ):
        yield "mentions", {"register": register, "name": mentioned, "shipment": name}
    yield (
        "results",
        {
            "shipment": name,
            "version": 1,
            "verdict": result.verdict,
            "judged_ms": end_ms,
            "reason": "new readings",
            "rules": "cn-2026 1",
            "digest": kept.digest,
            "base_version": None,
            "body": packed(kept.body, None),
        },
    )
    for finding in result.findings:
        yield (
            "findings",
            {
                "id": finding.id,
                "shipment": name,
                "kind": finding.kind,
                "subtype": finding.subtype,
                "certainty": finding.certainty,
                "start_ms": end_ms - HOUR_MS,
                "end_ms": end_ms - HOUR_MS // 2,
                "body": msgspec.json.encode(finding).decode(),
            },
        )


def fill(url: str, shipments: int) -> None:
    with closing(open_register(url)) as register:
        for first in range(0, shipments, BATCH):
            rows: dict[str, list[dict[str, Any]]] = {
                table: [] for table in ("shipments", "mentions", "results", "findings")
            }
            for number in range(first, min(first + BATCH, shipments)):
                for table, row in rows_of(number):
                    rows[table].append(row)
            with register.database.write() as connection:
                for table, of_table in rows.items():
                    if of_table:
                        connection.execute(schema.metadata.tables[table].insert(), of_table)


def took_ms(ask: Callable[[], object]) -> str:
    """Median and worst of some rounds, the first, cold one set apart; then the median of the
    processor time of client and server, which says more where other work runs beside."""
    times, taken = [], []
    for _ in range(ROUNDS):
        began, began_cpu = time.perf_counter(), time.process_time()
        ask()
        times.append((time.perf_counter() - began) * 1000.0)
        taken.append((time.process_time() - began_cpu) * 1000.0)
    warm, cpu = times[1:], statistics.median(taken[1:])
    return f"{statistics.median(warm):7.1f} {max(warm):7.1f} {times[0]:7.1f} {cpu:7.1f}"


def main(shipments: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/register.sqlite"
        fill(url, shipments)
        size = sum(part.stat().st_size for part in Path(folder).iterdir())
        print(f"{shipments} shipments, {size / 1e6:.0f} MB")
        settings = Settings(
            store=StoreSettings(register_url=url, embedded_file=Path(folder) / "telemetry.sqlite"),
            journal=JournalSettings(directory=Path(folder) / "journal"),
            http=HttpSettings(port=0),
            judging=JudgingSettings(tick_ms=60_000),  # what is still open is not judged meanwhile
        )
        began = time.perf_counter()
        with Running(settings, any_free_port=True, own_ingest=False) as running:
            print(f"serve listens after {time.perf_counter() - began:.2f} s")
            print("median ms, worst, first, processor")
            with httpx.Client(base_url=running.url, timeout=60.0, trust_env=False) as client:
                for address in LISTS:
                    print(took_ms(lambda at=address: client.get(at).raise_for_status()), address)
                print(took_ms(lambda: client.get("/readyz")), "/readyz")
            rows = running.register.shipments.rows
            print(took_ms(lambda: rows(after=name_of(shipments // 2))), "rows from the middle on")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SHIPMENTS)
