"""Extreme shipments, judged for real: nothing may overlap, be cut off or fail."""

from collections.abc import Callable
from typing import Any

import numpy as np

from coldwitness.api.reports.made.judged import report_of_judged
from coldwitness.api.reports.made.model import Origin, Report
from coldwitness.config.settings import JudgingSettings
from coldwitness.domain.columns import empty
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.tracks import ReadingTable
from coldwitness.judging.evidence import Evidence
from coldwitness.judging.rulebook import load_rulebook
from coldwitness.judging.run import judge_shipments
from tests.reports.shipments import MANIFEST, START_S, at, manifest

RULEBOOK = load_rulebook(JudgingSettings())

LONG_ZH = (
    "淄博市临淄区康民大药房医药连锁有限公司第一百二十三分公司"
    "暨网络销售冷链配送中心（含夜间急送与节假日值守服务点）辛店"
)
LONG_EN = "Linzi Kangmin Pharmacy Chain Branch 123 Cold Delivery Centre"


def judged_report(
    minutes: np.ndarray, probes: dict[str, np.ndarray], *, positions: bool = True, **changes: Any
) -> Report:
    """Report of readings judged by the usual way, the manifest changed by `changes`."""
    n = minutes.size
    declared = manifest(**changes)
    nan = np.full(n, np.nan)
    share = minutes / max(float(minutes.max(initial=1.0)), 1.0)
    table = empty(
        ReadingTable,
        n,
        shipments=(declared.id,),
        couriers=(),
        boxes=("BX-0042",),
        loggers=("LG-7F01",),
        shipment=np.zeros(n, dtype=np.int64),
        box=np.zeros(n, dtype=np.int64),
        logger=np.zeros(n, dtype=np.int64),
        time_ms=np.round((START_S + minutes * 60.0) * 1000.0).astype(np.int64),
        seq=np.arange(n, dtype=np.int64),
        temperature_c={name: np.round(column, 2) for name, column in probes.items()},
        lat_deg=36.82 - 0.02 * share if positions else nan,
        lon_deg=118.30 - 0.08 * share if positions else nan,
    )
    return report_of_table(table, declared, read_from="extreme.csv")


def report_of_table(table: ReadingTable, declared: Manifest, *, read_from: str) -> Report:
    """Report of one shipment's readings, judged by the usual way."""
    (judged,) = judge_shipments(
        Evidence(
            shipments=(declared.id,),
            readings=table,
            manifests={declared.id: declared},
            events={},
        ),
        rulebook=RULEBOOK,
    )
    return report_of_judged(
        judged,
        declared.id,
        origin=Origin(software="coldwitness test", readings_from=(read_from,)),
    )


def no_reading() -> Report:
    return judged_report(np.zeros(0), {})


def one_reading() -> Report:
    return judged_report(np.array([30.0]), {"drug": np.array([5.0])})


def thirty_probes() -> Report:
    minutes = np.arange(226.0)
    roles = ["drug", "coolant", "ambient", "goods"]
    probes = {
        roles[k % 4] + (f".{k // 4 + 1}" if k >= 4 else ""): 4.5
        + k % 4 * 6
        + np.sin(minutes / (20.0 + k))
        for k in range(30)
    }
    return judged_report(minutes, probes)


def two_hundred_episodes() -> Report:
    minutes = np.arange(0.0, 1441.0)
    drug = np.where(minutes % 7 < 3, 9.4 + 0.002 * minutes, 5.0)
    return judged_report(minutes, {"drug": drug}, delivered_at=at(1440), due_at=at(1500))


def three_days() -> Report:
    minutes = np.arange(0.0, 72 * 60 + 1.0)
    drug = 5.0 + 2.0 * np.sin(minutes / 190.0)
    return judged_report(
        minutes,
        {"drug": drug, "ambient": 22 + 7 * np.sin(minutes / 230.0)},
        delivered_at=at(72 * 60),
        due_at=at(73 * 60),
    )


def long_names() -> Report:
    minutes = np.arange(226.0)
    return judged_report(
        minutes,
        {"drug": np.full(226, 5.0)},
        seller={"name": LONG_ZH, "uscc": "91370305MA3C0XYZ8K"},
        courier={"id": "c" * 60, "name": LONG_EN},
        box={**MANIFEST["box"], "id": "B" * 60, "model": "M" * 60},
        items=[{"name": LONG_ZH[:60], "category": "drug", "storage": "refrigerated"}],
        origin={**MANIFEST["origin"], "name": LONG_ZH},
        logger={**MANIFEST["logger"], "id": "L" * 60},
    )


def all_insufficient() -> Report:
    minutes = np.array([40.0, 41.0, 150.0])
    return judged_report(
        minutes,
        {"drug": np.array([5.0, 5.1, 5.2])},
        positions=False,
        logger={"id": "LG-7F01"},
        box={"id": "BX-0042", "cooling": "passive"},
    )


EXTREMES: dict[str, Callable[[], Report]] = {
    made.__name__: made
    for made in (
        no_reading,
        one_reading,
        thirty_probes,
        two_hundred_episodes,
        three_days,
        long_names,
        all_insufficient,
    )
}
