"""Shipments written by hand for the report's tests: readings, manifest, events and the result
that the contract demands for them. Temperatures are simple curves, so the right numbers can
be read off the code."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import msgspec
import numpy as np

from coldwitness.analysis.judge import judge
from coldwitness.analysis.record.case import case_of
from coldwitness.api.reports.made.model import Origin, Report
from coldwitness.api.reports.made.report import build_report
from coldwitness.api.reports.made.seal import sealed
from coldwitness.config.rules import RulePack, load_packs
from coldwitness.config.storage_classes import load_box_models, load_storage_classes
from coldwitness.domain.instants import instant_ms, rfc3339
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.reading import Event
from coldwitness.domain.result import CheckResult, Isolation, IsolationFacet, Metrics
from coldwitness.domain.tracks import Tracks
from coldwitness.ingest.manifests import parse_manifest
from coldwitness.judging.coverage import coverage_told
from coldwitness.judging.manifest_terms import terms_for

START_S = instant_ms("2026-11-21T01:30:00Z") / 1000.0


def at(minutes: float) -> str:
    return rfc3339(round((START_S + minutes * 60) * 1000))


@lru_cache
def pack() -> RulePack:
    return next(p for p in load_packs() if p.id == "cn-retail-delivery")


@dataclass(frozen=True)
class Case:
    """What build_report takes; what was seen, and the facts of the lines, are taken from a
    judgement of the readings."""

    result: CheckResult
    tracks: Tracks
    manifest: Manifest | None
    events: tuple[Event, ...]

    def report(self, *, origin: Origin | None = None) -> Report:
        shipment = self.result.shipment
        terms = terms_for(
            (shipment,),
            manifests={} if self.manifest is None else {shipment: self.manifest},
            events={shipment: self.events},
            classes=load_storage_classes(),
            models=load_box_models(),
            numbers=pack().numbers,
        )
        judgement = judge(case_of(self.tracks, terms, pack().numbers), pack())
        (coverage,) = coverage_told(judgement, self.tracks.loggers)
        return sealed(
            build_report(
                msgspec.structs.replace(self.result, coverage=coverage),
                tracks=self.tracks,
                manifest=self.manifest,
                events=self.events,
                pack=pack(),
                terms=terms,
                judgement=judgement,
                shipment=0,
                origin=origin
                or Origin(software="coldwitness 0.1.0", readings_from=("trip.ndjson",)),
            )
        )


def tracks(
    minutes: np.ndarray,
    probes: Mapping[str, np.ndarray],
    *,
    shipment: str = "ZB-20261121-0042",
    loggers: Sequence[str] = ("LG-7F01",),
    logger: np.ndarray | None = None,
    lat: np.ndarray | None = None,
    lon: np.ndarray | None = None,
    lid_open: np.ndarray | None = None,
    moving: np.ndarray | None = None,
    seq: np.ndarray | None = None,
) -> Tracks:
    """Tracks of one shipment; minutes count from START_S."""
    n = minutes.size
    nan = np.full(n, np.nan)
    unsaid = np.full(n, -1, dtype=np.int8)
    return Tracks(
        shipments=(shipment,),
        loggers=tuple(loggers),
        first=np.array([0, n]),
        time_s=START_S + np.round(minutes * 60.0, 3),
        received_s=nan,
        logger=np.zeros(n, dtype=np.int64) if logger is None else logger,
        seq=np.round(minutes).astype(np.int64) if seq is None else seq,
        conflict=np.zeros(n, dtype=np.bool_),
        temperature_c={name: np.round(column, 2) for name, column in probes.items()},
        lat_deg=nan if lat is None else lat,
        lon_deg=nan if lon is None else lon,
        accuracy_m=nan,
        lid_open=unsaid if lid_open is None else lid_open,
        moving=unsaid if moving is None else moving,
        light_lux=nan,
    )


MANIFEST: dict[str, Any] = {
    "id": "ZB-20261121-0042",
    "seller": {
        "name": "临淄康民大药房连锁有限公司",
        "uscc": "91370305MA3C0XYZ8K",
        "division": "370305",
    },
    "courier": {
        "id": "ql-express",
        "name": "齐鲁同城冷链配送",
        "division": "370303",
        "entrusted": True,
    },
    "delivery": {"mode": "same_day", "platform": "齐惠购药"},
    "box": {
        "id": "BX-0042",
        "model": "EPS-18L",
        "isolation": {"coolant": True, "goods": True},
        "cooling": "passive",
        "qualification": {"hold_h": 8.0, "slew_max_c_per_min": 0.3},
    },
    "items": [
        {
            "name": "门冬胰岛素注射液",
            "category": "drug",
            "storage": "refrigerated",
            "batch": "B2609017",
            "quantity": 2,
            "compartment": "A",
            "freeze_sensitive": True,
        },
        {"name": "饭盒（热）", "category": "non_drug", "compartment": "B", "quantity": 1},
    ],
    "origin": {"name": "康民大药房辛店店", "lat": 36.8200, "lon": 118.3000, "radius_m": 100},
    "destination": {"name": "收货点", "lat": 36.8000, "lon": 118.2200, "radius_m": 100},
    "dispatched_at": at(0),
    "due_at": at(240),
    "delivered_at": at(225),
    "logger": {
        "id": "LG-7F01",
        "interval_s": 60,
        "accuracy_c": 0.5,
        "calibrated_until": "2027-03-01",
    },
}


def manifest(**changes: Any) -> Manifest:
    made, _ = parse_manifest({**MANIFEST, **changes}, classes=load_storage_classes())
    return made


def _event(name: str, minutes: float, site: str | None = None) -> Event:
    return Event(
        event=name,
        time_ms=round((START_S + minutes * 60) * 1000),
        shipment="ZB-20261121-0042",
        box="BX-0042",
        site=site,
        actor="张三",
        note="电话 13800000000",
    )


def warm_and_stopped() -> Case:
    """225 minutes at one-minute intervals. Above 8 °C from minute 90 to 116 (a parabola whose top
    is 9.69 °C at minute 103), no readings after minute 140 until 153, a stop of 27 minutes from
    minute 92, the lid opened in it; still being read for 12 minutes after delivery."""
    minutes = np.concatenate([np.arange(-6, 141), np.arange(153, 238)]).astype(np.float64)
    base = 4.6 + 0.9 * np.sin(minutes / 31.0) + 0.1 * np.sin(minutes * 1.7)
    hump = 9.69 - 0.01 * (minutes - 103.0) ** 2
    drug = np.where(np.abs(minutes - 103) <= 20, np.maximum(hump, base), base)
    coolant = -6.0 + 9.5 * (1 - np.exp(-np.maximum(minutes, 0) / 170.0))
    ambient = 21 + 3.0 * np.sin(minutes / 55.0) + np.where((minutes > 92) & (minutes < 119), 5.5, 0)
    goods = 24 + 34 * np.exp(-np.maximum(minutes, 0) / 60.0)
    second = drug + 0.35 + 0.15 * np.sin(minutes / 9.0)
    second = np.where(np.abs(minutes - 103) <= 20, second - 1.9, second)
    going = np.interp(minutes, [-6, 0, 92, 119, 225, 240], [0, 0, 0.52, 0.52, 1.0, 1.0])
    lat = 36.82 - 0.02 * going + 0.006 * np.sin(going * 7)
    lon = 118.30 - 0.08 * going + 0.0012 * np.sin(going * 40)
    placed = (minutes < 170) | (minutes > 181)
    made = tracks(
        minutes,
        {"drug": drug, "drug.2": second, "coolant": coolant, "ambient": ambient, "goods": goods},
        lat=np.where(placed, lat, np.nan),
        lon=np.where(placed, lon, np.nan),
        lid_open=((minutes >= 94) & (minutes <= 97)).astype(np.int8),
        moving=((minutes < 92) | (minutes > 119)).astype(np.int8),
        seq=np.round(minutes + 6).astype(np.int64),
    )
    findings = [
        {
            "id": "f-4b1c09aa7d21",
            "kind": "cold_chain_break",
            "subtype": "above_range",
            "start": at(90),
            "end": at(116),
            "duration_s": 1560.0,
            "certainty": "certain",
            "severity": "major",
            "requirements": ["ANNEX6-10", "LZ-PLAN-5.cold-chain"],
            "measures": {"limit_c": 8.0, "peak_c": 9.69, "degree_minutes": 29.3, "probe": "drug"},
            "where": {"lat": 36.8096, "lon": 118.2584},
            "would_settle": None,
            "explanation": {
                "zh": "测点 drug 高于 8.0 °C 上限 26 分，最高 9.69 °C",
                "en": "probe drug was above the limit of 8.0 °C for 26 min, at most 9.69 °C",
            },
        },
        {
            "id": "f-77d0c2ef9013",
            "kind": "temporary_storage",
            "subtype": "confirmed",
            "start": at(92),
            "end": at(119),
            "duration_s": 1620.0,
            "certainty": "certain",
            "severity": "major",
            "requirements": ["ANNEX6-14", "LZ-PLAN-5.storage"],
            "measures": {
                "dwell_s": 1620.0,
                "lat": 36.8067,
                "lon": 118.2594,
                "radius_m": 100.0,
                "signs": ["not_moving", "lid_opened", "ambient_step"],
            },
            "where": {"lat": 36.8067, "lon": 118.2594},
            "would_settle": None,
            "explanation": {
                "zh": "在非登记地点停留 27 分，期间开箱、环境温度升高",
                "en": "stood for 27 min at no registered place, box opened, ambient rose",
            },
        },
        {
            "id": "f-19aa53b7e8c4",
            "kind": "evidence_gap",
            "subtype": "no_readings",
            "start": at(140),
            "end": at(153),
            "duration_s": 780.0,
            "certainty": "certain",
            "severity": "minor",
            "requirements": ["ANNEX6-11", "ANNEX3-06"],
            "measures": {
                "length_s": 780.0,
                "could_leave_range": False,
                "hidden_stop_max_s": 780.0,
            },
            "where": None,
            "would_settle": {
                "zh": "记录仪内存中该时段的读数",
                "en": "the readings of that time in the logger's memory",
            },
            "explanation": {"zh": "13 分没有药品温度读数", "en": "no drug temperature for 13 min"},
        },
    ]
    result = {
        "schema": "coldwitness.check/1",
        "shipment": "ZB-20261121-0042",
        "verdict": "breach",
        "window": {"start": at(0), "end": at(225)},
        "findings": findings,
        "requirements": requirement_lines(
            {
                "ANNEX6-10": ("breach", ["f-4b1c09aa7d21"]),
                "LZ-PLAN-5.cold-chain": ("breach", ["f-4b1c09aa7d21"]),
                "ANNEX6-14": ("breach", ["f-77d0c2ef9013"]),
                "LZ-PLAN-5.storage": ("breach", ["f-77d0c2ef9013"]),
                "ANNEX6-11": ("insufficient_evidence", ["f-19aa53b7e8c4"]),
                "ANNEX3-06": ("insufficient_evidence", ["f-19aa53b7e8c4"]),
            }
        ),
        "items": [
            {
                "name": "门冬胰岛素注射液",
                "storage": "refrigerated",
                "limits": {"low": 2.0, "high": 8.0},
                "status": "breach",
                "findings": ["f-4b1c09aa7d21"],
            }
        ],
        "metrics": {
            "readings": 214,
            "coverage": 0.942,
            "longest_gap_s": 780.0,
            "min_c": 3.6,
            "max_c": 9.69,
            "mean_c": 5.02,
            "mkt_c": 5.31,
            "seconds_above": 1560.0,
            "seconds_above_bounds": [1310.0, 1764.0],
            "seconds_below": 0.0,
            "seconds_below_bounds": [0.0, 0.0],
            "degree_minutes_above": 29.3,
            "degree_minutes_below": 0.0,
            "distance_m": 8123.0,
            "stopped_s": 1620.0,
            "hidden_stop_max_s": 660.0,
        },
        "isolation": {
            "coolant": {
                "status": "isolated",
                "coupling_per_h": 0.31,
                "interval_95": [0.24, 0.39],
                "limit_per_h": 0.8,
            },
            "goods": {
                "status": "indeterminate",
                "coupling_per_h": 0.52,
                "interval_95": [0.35, 0.71],
                "limit_per_h": 0.6,
            },
        },
        "evidence": {
            "readings_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
            "rules": "cn-retail-delivery 2023.1",
            "software": "coldwitness 0.1.0",
        },
    }
    events = (
        _event("packed", 0, "康民大药房辛店店"),
        _event("picked_up", 4),
        _event("opened", 94),
        _event("closed", 97),
        _event("delivered", 225),
    )
    return Case(msgspec.convert(result, CheckResult), made, manifest(), events)


def requirement_lines(worse: Mapping[str, tuple[str, list[str]]]) -> list[dict[str, Any]]:
    """All lines of the pack; compliant unless `worse` says otherwise."""
    lines = []
    for requirement in pack().requirements:
        status, ids = worse.get(requirement.id, ("compliant", []))
        zh, en = {
            "breach": ("有确定的发现", "a certain finding"),
            "insufficient_evidence": ("有 13 分未监测", "13 min were not seen"),
            "compliant": ("记录所及范围内未见问题", "nothing found as far as the record reaches"),
        }[status]
        lines.append(
            {
                "id": requirement.id,
                "title": {"zh": requirement.title.zh, "en": requirement.title.en},
                "status": status,
                "findings": ids,
                "basis": {"zh": zh, "en": en},
                "least": None,
                "most": None,
                "setting": None,
            }
        )
    return lines


def without_readings(case: Case) -> Case:
    """The same shipment whose logger never sent anything."""
    empty = tracks(np.zeros(0), {})
    silent = IsolationFacet(
        status="indeterminate", coupling_per_h=None, interval_95=None, limit_per_h=0.8
    )
    nothing = dict.fromkeys(Metrics.__struct_fields__)
    result = msgspec.structs.replace(
        case.result,
        verdict="insufficient_evidence",
        findings=(),
        requirements=tuple(
            msgspec.structs.replace(line, status="insufficient_evidence", findings=())
            for line in case.result.requirements
        ),
        metrics=msgspec.convert(nothing | {"readings": 0, "coverage": 0.0}, Metrics),
        isolation=Isolation(coolant=silent, goods=silent),
    )
    return replace(case, result=result, tracks=empty)
