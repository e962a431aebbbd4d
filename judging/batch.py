"""One live judging run: what the stores hold of some shipments, judged as files are."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.curves import CurveIndex
from coldwitness.analysis.temperature.nearing_limit import nearing_of
from coldwitness.config.settings import JudgingSettings
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.result import CheckResult
from coldwitness.judging.copies import ArchivedCurves, CurveArchive
from coldwitness.judging.evidence import Evidence, evidence_of
from coldwitness.judging.fleet_limits import FleetTrips, RegisterTrips, model_trips
from coldwitness.judging.observer import NewestReading
from coldwitness.judging.rulebook import Rulebook
from coldwitness.judging.run import judge_shipments
from coldwitness.storage.ports import EncodedResult, ModelTrip, Register, TelemetryStore


@dataclass(frozen=True)
class Batch:
    """Results of a run, the newest reading of each shipment that has one, what each shows of its
    box model, the curves to keep for later shipments once the results are recorded, and the
    results as the register keeps them where they were encoded already."""

    results: Sequence[CheckResult]
    newest: Mapping[str, NewestReading]
    trips: Mapping[str, Sequence[ModelTrip]] = field(default_factory=dict)
    curves: Sequence[CurveIndex] = ()
    encoded: Mapping[str, EncodedResult] | None = None


def judge_batch(
    store: TelemetryStore,
    register: Register,
    rulebook: Rulebook,
    settings: JudgingSettings,
    shipments: Sequence[str],
    as_of_ms: int,
) -> Batch:
    """Judge the whole record of each shipment as of now. Raises Unavailable if a store does."""
    return judged_batch(
        evidence_of(store, register, shipments, as_of_ms=as_of_ms),
        rulebook=rulebook,
        assumed_storage=settings.default_storage,
        archive=ArchivedCurves(register.copies),
        fleet=RegisterTrips(register.trips),
    )


def judged_batch(
    evidence: Evidence,
    *,
    rulebook: Rulebook,
    assumed_storage: str | None,
    archive: CurveArchive,
    fleet: FleetTrips,
) -> Batch:
    """Judge what was read of some shipments, and list what is to be kept and told of them."""
    groups = judge_shipments(
        evidence,
        rulebook=rulebook,
        assumed_storage=assumed_storage,
        archive=archive,
        fleet=fleet,
    )
    newest: dict[str, NewestReading] = {}
    for group in groups:
        newest.update(_newest(group.case))
    results = [result for group in groups for result in group.results]
    return Batch(
        results,
        newest,
        model_trips(results, evidence.manifests),
        curves=[group.case.curves for group in groups],
    )


def _newest(case: Case) -> Mapping[str, NewestReading]:
    """The last reading of each shipment in words, and how near its drug is to a limit."""
    tracks, nearing = case.sent, nearing_of(case)
    newest: dict[str, NewestReading] = {}
    for i, shipment in enumerate(tracks.shipments):
        begin, end = int(tracks.first[i]), int(tracks.first[i + 1])
        if begin == end:
            continue
        last = end - 1
        temperature_c = {
            probe: float(column[last])
            for probe, column in tracks.temperature_c.items()
            if not math.isnan(column[last])
        }
        fixes = np.flatnonzero(~np.isnan(tracks.lat_deg[begin:end]))
        fix = begin + int(fixes[-1]) if fixes.size else last
        newest[shipment] = NewestReading(
            time=rfc3339(round(tracks.time_s[last] * 1000)),
            temperature=temperature_c,
            readings=end - begin,
            lat=_told(tracks.lat_deg[fix]),
            lon=_told(tracks.lon_deg[fix]),
            pace_c_per_h=_told(nearing.pace_c_per_s[i] * 3600.0),
            to_limit_s=_told(nearing.to_limit_s[i]),
            limit_c=_told(nearing.limit_c[i]),
        )
    return newest


def _told(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
