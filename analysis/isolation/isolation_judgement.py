"""Missing isolation: does the drug's temperature follow the coolant or the other goods too well?

The exchange rates come from `output_fit`, what they mean for a zone from `zone_verdict`. Here the
drug probes of a shipment become one facet, and the facet a status and findings. What the manifest
itself declares is judged beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from coldwitness.analysis.findings import NO_FINDINGS, FindingTable, concatenate, finding_table
from coldwitness.analysis.isolation.curves import COOLANT, GOODS, BoolArray, exchange_curves
from coldwitness.analysis.isolation.on_record import (
    FacetRecord,
    RestsOn,
    coolant_on_record,
    goods_on_record,
    standing,
)
from coldwitness.analysis.isolation.output_fit import fit_output
from coldwitness.analysis.isolation.swapped import probes_swapped
from coldwitness.analysis.isolation.zone_verdict import (
    IsolationReason,
    ZoneLimits,
    ZoneVerdict,
    zone_limits,
    zone_verdict,
)
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.probes import probes_of
from coldwitness.analysis.record.window import Window
from coldwitness.analysis.terms import LimitSource
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.tracks import CodeArray, FloatArray, IntArray
from coldwitness.domain.words import Certainty, Isolation, Severity, Status


@dataclass(frozen=True)
class Facet:
    """One facet (coolant or goods) of every shipment, (s,); NaN where there is no estimate.

    isolation : codes of domain.words.Isolation. status : of the facet's question.
    rests_on : codes of on_record.RestsOn: who says that the part is there, where the heat does not.
    coupling_per_h, low_per_h, high_per_h : estimate and 95 % interval.
    limit_per_h, limit_source : what it is held against (analysis.terms.LimitSource).
    default_limit_per_h : the rule pack's own, which counts beside it.
    probe : name of the drug probe the numbers come from.
    """

    isolation: IntArray
    status: IntArray
    reason: IntArray
    rests_on: IntArray
    coupling_per_h: FloatArray
    low_per_h: FloatArray
    high_per_h: FloatArray
    limit_per_h: FloatArray
    default_limit_per_h: FloatArray
    limit_source: CodeArray
    probe: tuple[str, ...]


@dataclass(frozen=True)
class IsolationJudgement:
    findings: FindingTable
    coolant: Facet
    goods: Facet


def judge_isolation(case: Case) -> IsolationJudgement:
    """Exchange with coolant and goods for every shipment at once."""
    tracks, terms, window = case.tracks, case.terms, case.window
    names = [
        name for name in probes_of(tracks, "drug") if not np.isnan(tracks.temperature_c[name]).all()
    ]
    limits = {zone: zone_limits(case, zone) for zone in (COOLANT, GOODS)}
    lower = np.stack([limits[zone].lower_per_h for zone in (COOLANT, GOODS)], axis=1)
    coolant: list[ZoneVerdict] = []
    goods: list[ZoneVerdict] = []
    for name in names:
        curves = exchange_curves(case, drug=name)
        fit = fit_output(curves, limit_per_h=lower)
        swapped = probes_swapped(curves, fit, terms, limit_per_h=lower)
        for zone, found in ((COOLANT, coolant), (GOODS, goods)):
            found.append(zone_verdict(curves, fit, swapped, zone, limits[zone]))
    coolant_facet = _facet(names, coolant, limits[COOLANT], coolant_on_record(case))
    goods_facet = _facet(names, goods, limits[GOODS], goods_on_record(case))
    return IsolationJudgement(
        findings=concatenate(
            [
                _contact(coolant_facet, window, code_of("missing_isolation/coolant_contact")),
                _contact(goods_facet, window, code_of("missing_isolation/goods_contact")),
                _declared(case),
            ]
        ),
        coolant=coolant_facet,
        goods=goods_facet,
    )


def unless_torn(judged: IsolationJudgement, torn: BoolArray) -> IsolationJudgement:
    """Nothing rests on the office's word where the record is torn, (s,): readings that were taken
    out could have shown contact, and it is not for their lack that a line becomes compliant."""
    if not torn.any():
        return judged
    return replace(
        judged, coolant=_held_back(judged.coolant, torn), goods=_held_back(judged.goods, torn)
    )


def _held_back(facet: Facet, torn: BoolArray) -> Facet:
    held = torn & np.isin(facet.rests_on, (RestsOn.REGISTER, RestsOn.LOOK))
    return replace(
        facet,
        status=np.where(held, Status.ASSERTED.value, facet.status),
        rests_on=np.where(held, int(RestsOn.RECORD_TORN), facet.rests_on),
    )


def _facet(
    names: Sequence[str], found: list[ZoneVerdict], limits: ZoneLimits, record: FacetRecord
) -> Facet:
    shipments = record.absent.size
    each = np.arange(shipments)
    if not found:
        nothing = np.full(shipments, np.nan)
        found = [
            ZoneVerdict(
                np.full(shipments, Isolation.INDETERMINATE, dtype=np.int64),
                np.full(shipments, IsolationReason.NO_DRUG_PROBE, dtype=np.int64),
                nothing,
                nothing,
                nothing,
            )
        ]
        names = [""]
    # The worst probe speaks: contact before doubt, doubt before isolation; of equals the one
    # that follows most. A probe the shipment does not have says nothing beside one it has, and
    # is not named: which columns a run has depends on the other shipments in it.
    isolation = np.vstack([one.isolation for one in found])
    reason = np.vstack([one.reason for one in found])
    low = np.vstack([one.low for one in found])
    follows = np.fmax(low, 0.0)  # 0 where it is not known
    rank = isolation + follows / (1.0 + follows) * 0.5
    rank = np.where(reason == IsolationReason.NO_DRUG_PROBE.value, -1.0, rank)
    worst = rank.argmax(axis=0)
    isolation, reason = isolation[worst, each], reason[worst, each]
    rate = np.vstack([one.rate for one in found])[worst, each]
    high = np.vstack([one.high for one in found])[worst, each]
    low = low[worst, each]
    stands = standing(
        record, isolation=isolation, reason=reason, rate_per_h=rate, low_per_h=low, limits=limits
    )
    return Facet(
        isolation=stands.isolation,
        status=stands.status,
        reason=stands.reason,
        rests_on=stands.rests_on,
        coupling_per_h=rate,
        low_per_h=low,
        high_per_h=high,
        limit_per_h=limits.stated_per_h,
        default_limit_per_h=np.full(shipments, limits.default_per_h),
        limit_source=limits.source,
        probe=tuple(
            names[i] if spoken else ""
            for i, spoken in zip(worst, rank.max(axis=0) >= 0, strict=True)
        ),
    )


def _contact(facet: Facet, window: Window, type_: int) -> FindingTable:
    missing = facet.isolation == Isolation.MISSING.value
    above = facet.reason == IsolationReason.ABOVE_DEFAULT.value
    above |= facet.reason == IsolationReason.ABOVE_LIMIT.value
    at = np.flatnonzero(missing | above)
    if at.size == 0:
        return NO_FINDINGS
    return finding_table(
        shipment=at,
        type=type_,
        start_s=window.start_s[at],
        end_s=window.end_s[at],
        certainty=np.where(missing[at], Certainty.PROBABLE, Certainty.POSSIBLE),
        severity=Severity.MAJOR,
        probe=np.array([facet.probe[i] for i in at], dtype=np.str_),
        measures={
            "coupling_per_h": facet.coupling_per_h[at],
            "low_per_h": facet.low_per_h[at],
            "high_per_h": facet.high_per_h[at],
            "limit_per_h": facet.limit_per_h[at],
            "default_limit_per_h": facet.default_limit_per_h[at],
        },
        details={
            row: {
                "interval_95": [float(facet.low_per_h[i]), float(facet.high_per_h[i])],
                "limit_source": LimitSource(int(facet.limit_source[i])).name.lower(),
            }
            for row, i in enumerate(at)
        },
    )


def _declared(case: Case) -> FindingTable:
    """What the manifest itself shows: no isolating part to the coolant, or one compartment."""
    terms, window = case.terms, case.window
    no_part = (terms.isolation_coolant == 0) & (terms.active_cooling != 1)
    at = np.concatenate((np.flatnonzero(no_part), np.flatnonzero(terms.shared_compartment)))
    if at.size == 0:
        return NO_FINDINGS
    coolant = np.arange(at.size) < no_part.sum()
    return finding_table(
        shipment=at,
        type=code_of("missing_isolation/declared"),
        start_s=window.start_s[at],
        end_s=window.end_s[at],
        certainty=Certainty.PROBABLE,
        severity=Severity.MAJOR,
        measures={"declares_coolant": coolant.astype(np.float64)},
        details={
            row: {
                "facet": "coolant" if coolant[row] else "goods",
                "lines": ["box.isolation.coolant"]
                if coolant[row]
                else terms.shared_lines[i].split("; "),
            }
            for row, i in enumerate(at)
        },
    )
