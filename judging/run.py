"""One way from readings, manifests and events to results, for files and for live alike."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib import metadata

import msgspec
import numpy as np

from coldwitness.analysis.judge import Judgement, judge
from coldwitness.analysis.record.build import build_tracks
from coldwitness.analysis.record.case import Case, case_of
from coldwitness.analysis.record.curves import CurveIndex, joined
from coldwitness.config.rules import RulePack, pack_for
from coldwitness.domain.result import CheckResult
from coldwitness.domain.tracks import FloatArray
from coldwitness.judging.beside import judged_beside
from coldwitness.judging.carried_probes import carried_before
from coldwitness.judging.copies import CurveArchive
from coldwitness.judging.counted_manifests import counted_manifests, in_force_then
from coldwitness.judging.evidence import Evidence, with_deliveries
from coldwitness.judging.first_received import contradicted, first_received
from coldwitness.judging.fleet_limits import FleetTrips, kept_limits, learned_limits
from coldwitness.judging.foreign import foreign_finding
from coldwitness.judging.manifest_terms import terms_for
from coldwitness.judging.manifest_versions import Counted
from coldwitness.judging.publishers import Sorted, sorted_by_publisher
from coldwitness.judging.results import check_results, with_findings
from coldwitness.judging.rulebook import Rulebook
from coldwitness.judging.warned import warnings_of


@cache
def software() -> str:
    """Name and version as every result states them."""
    return f"coldwitness {metadata.version('coldwitness')}"


@dataclass(frozen=True)
class Judged:
    """Shipments judged in one run under one pack; rows of all parts agree. evidence : the whole
    run's, without what others sent in these shipments' names."""

    pack: RulePack
    evidence: Evidence
    case: Case
    judgement: Judgement
    results: tuple[CheckResult, ...]


def judge_shipments(
    evidence: Evidence,
    *,
    rulebook: Rulebook,
    assumed_storage: str | None = None,
    archive: CurveArchive | None = None,
    fleet: FleetTrips | None = None,
) -> list[Judged]:
    """Judge every shipment by the pack in force at its time: one vectorised run a pack.

    Shipments without readings are judged too (their evidence is insufficient). `archive` finds
    earlier shipments whose curves these may be copies of; without it copies are found within the
    run. `fleet` gives the trips from which limits of box models without one are learned. Raises
    BadInput for an unknown storage class.
    """
    again = partial(_judged, rulebook=rulebook, assumed_storage=assumed_storage, fleet=fleet)
    parted, told, own = _own(with_deliveries(evidence))
    groups = again(own, archive=archive)
    results = {one.shipment: one for group in groups for one in group.results}
    if parted.whole is not None:
        for with_all in _results(again(parted.whole)):
            name = with_all.shipment
            mine = results[name]
            foreign = foreign_finding(mine, parted.foreign[name], with_it=with_all)
            results[name] = with_findings(mine, [foreign])
    first = first_received(own, [group.case.sent for group in groups])
    if first is not None:
        for by_first in _results(again(first.evidence)):
            name = by_first.shipment
            sender = first.senders[name]
            results[name] = contradicted(by_first, results[name], sender=sender)
    results |= judged_beside(
        results,
        told,
        judge=lambda manifests: _results(again(own.of_manifests(manifests))),
    )
    return [
        replace(group, results=tuple(results[one.shipment] for one in group.results))
        for group in groups
    ]


def curves_of(
    evidence: Evidence, *, rulebook: Rulebook, assumed_storage: str | None
) -> list[CurveIndex]:
    """The curves that `judge_shipments` compares with each other, one index a pack."""
    _, _, own = _own(evidence)
    cases = _cases(own, rulebook=rulebook, assumed_storage=assumed_storage, fleet=None)
    return [case.curves for _, case in cases]


def _own(evidence: Evidence) -> tuple[Sorted, dict[str, Counted], Evidence]:
    """The evidence parted by publisher, the manifests that count of those with several, and the
    shipments' own evidence by these."""
    parted = sorted_by_publisher(in_force_then(evidence))
    told = counted_manifests(parted.own)
    counted = {name: one.manifest for name, one in told.items()}
    return parted, told, parted.own.by_manifests({**parted.own.manifests, **counted})


def _results(groups: Sequence[Judged]) -> list[CheckResult]:
    return [one for group in groups for one in group.results]


def _judged(
    evidence: Evidence,
    *,
    rulebook: Rulebook,
    assumed_storage: str | None,
    fleet: FleetTrips | None,
    archive: CurveArchive | None = None,
) -> list[Judged]:
    """Judge shipments by all the evidence that is given, one run a pack."""
    cases = _cases(evidence, rulebook=rulebook, assumed_storage=assumed_storage, fleet=fleet)
    earlier = _earlier([case.curves for _, case in cases], archive)
    groups = []
    for (pack, case), curves in zip(cases, earlier, strict=True):
        judgement = judge(case, pack, earlier=curves)
        results = check_results(
            judgement,
            case.sent,
            case.terms,
            pack,
            software=software(),
            office=evidence.office,
            deliveries=evidence.deliveries,
            challenges=evidence.challenges,
        )
        results = [
            msgspec.structs.replace(result, warnings=warnings)
            for result, warnings in zip(
                results, warnings_of(case.sent, evidence.manifests), strict=True
            )
        ]
        groups.append(Judged(pack, evidence, case, judgement, tuple(results)))
    return groups


def _cases(
    evidence: Evidence,
    *,
    rulebook: Rulebook,
    assumed_storage: str | None,
    fleet: FleetTrips | None,
) -> list[tuple[RulePack, Case]]:
    """Each pack in force with the case of its shipments."""
    begun_s = _begin_s(evidence)
    as_of_s = None if evidence.as_of_ms is None else evidence.as_of_ms / 1000.0
    chosen = [
        pack_for(rulebook.packs, pack_id=rulebook.pack_id, epoch_s=epoch_s) for epoch_s in begun_s
    ]
    cases: list[tuple[RulePack, Case]] = []
    for pack in {pack.name: pack for pack in chosen}.values():
        rows = [row for row, its in enumerate(chosen) if its is pack]
        mine = tuple(evidence.shipments[row] for row in rows)
        learned = kept_limits(
            evidence.fleet_limits, manifests=evidence.manifests, numbers=pack.numbers
        )
        if fleet is not None:
            learned = learned_limits(
                mine,
                begun_ms=(begun_s[rows] * 1000.0).tolist(),
                manifests=evidence.manifests,
                models=rulebook.models,
                numbers=pack.numbers,
                fleet=fleet,
            )
        tracks = build_tracks(evidence.readings, shipments=mine)
        terms = terms_for(
            mine,
            manifests=evidence.manifests,
            events=evidence.events,
            classes=rulebook.classes,
            models=rulebook.models,
            numbers=pack.numbers,
            limits=pack.limits,
            assumed_storage=assumed_storage,
            learned=learned,
            office=evidence.office,
            deliveries=evidence.deliveries,
            challenges=evidence.challenges,
        )
        terms = replace(terms, carried=carried_before(mine, evidence.readings, evidence.carried))
        cases.append((pack, case_of(tracks, terms, pack.numbers, as_of_s=as_of_s)))
    return cases


def _earlier(
    groups: Sequence[CurveIndex], archive: CurveArchive | None
) -> Sequence[CurveIndex | None]:
    """What the curves of each group are compared with beside each other: those of the other
    groups, which another pack judges, and those the archive finds, asked once for all."""
    if len(groups) == 1:
        return [None if archive is None else archive(groups[0])]
    found = archive(joined(groups)) if archive is not None and groups else None
    beside = groups if found is None else [*groups, found]
    return [joined([other for other in beside if other is not mine]) for mine in groups]


def _begin_s(evidence: Evidence) -> FloatArray:
    """When each shipment began, UTC epoch s: packed, else dispatched, else first reading."""
    table = evidence.readings
    first_ms = np.full(len(table.shipments) + 1, np.inf)
    np.minimum.at(first_ms, table.shipment, table.time_ms.astype(np.float64))
    of_readings = dict(zip(table.shipments, first_ms, strict=False))
    begun = np.full(len(evidence.shipments), np.nan)
    for row, shipment in enumerate(evidence.shipments):
        packed = [e.time_ms for e in evidence.events.get(shipment, ()) if e.event == "packed"]
        manifest = evidence.manifests.get(shipment)
        if packed:
            begun[row] = min(packed)
        elif manifest is not None and manifest.dispatched_ms is not None:
            begun[row] = manifest.dispatched_ms
        elif np.isfinite(of_readings.get(shipment, np.inf)):
            begun[row] = of_readings[shipment]
    return begun / 1000.0
