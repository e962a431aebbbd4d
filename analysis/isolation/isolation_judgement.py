"""Missing isolation: does the drug's temperature follow the coolant or the other goods too well?

The exchange rates come from `exchange_fit`. Contact is suspected only where the whole 95 %
interval lies above the qualified limit, isolation is found only where the whole interval lies
within it, and everything else is indeterminate with its reason. What the manifest itself
declares is judged beside it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np

from coldwitness.analysis.findings import NO_FINDINGS, FindingTable, concatenate, finding_table
from coldwitness.analysis.isolation.exchange_fit import (
    MIN_WINDOWS,
    ExchangeFit,
    FitTask,
    fit_exchanges,
)
from coldwitness.analysis.isolation.swapped import exchanged, probes_swapped
from coldwitness.analysis.isolation.windows import (
    AMBIENT,
    COOLANT,
    GOODS,
    HALF_MIN_S,
    BoolArray,
    ExchangeWindows,
    exchange_windows,
    halves_of,
)
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.probes import probes_of
from coldwitness.analysis.record.window import Window
from coldwitness.analysis.terms import LimitSource, Terms
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.tracks import CodeArray, FloatArray, IntArray
from coldwitness.domain.words import Certainty, Isolation, Severity, Status


class IsolationReason(IntEnum):
    """Why a facet has its status; the basis text is written from it."""

    WITHIN_LIMIT = 0
    ABOVE_LIMIT = 1
    DECLARED_ABSENT = 2
    """The manifest says that the isolating part is absent, or shows one compartment for both."""
    INTERVAL_SPANS_LIMIT = 3
    TOO_LITTLE_EXCITATION = 4
    NO_DRUG_PROBE = 5
    NO_ZONE_PROBE = 6
    NO_AMBIENT_PROBE = 7
    TOO_FEW_READINGS = 8
    PROBES_SWAPPED = 9
    MODEL_MISFIT = 10
    """The curves do not follow the exchange equation well enough to decide by it."""
    PARTS_DISAGREE = 11
    """The two halves of the trip contradict each other."""
    ACTIVE_COOLING = 12
    NO_GOODS = 13


@dataclass(frozen=True)
class Facet:
    """One facet (coolant or goods) of every shipment, (s,); NaN where there is no estimate.

    isolation : codes of domain.words.Isolation. status : of the facet's question.
    on_record : True where nothing but the manifest says that the part is there.
    coupling_per_h, low_per_h, high_per_h : estimate and 95 % interval.
    limit_per_h, limit_source : what it is held against (analysis.terms.LimitSource).
    probe : name of the drug probe the numbers come from.
    """

    isolation: IntArray
    status: IntArray
    reason: IntArray
    on_record: BoolArray
    coupling_per_h: FloatArray
    low_per_h: FloatArray
    high_per_h: FloatArray
    limit_per_h: FloatArray
    limit_source: CodeArray
    probe: tuple[str, ...]


@dataclass(frozen=True)
class IsolationJudgement:
    findings: FindingTable
    coolant: Facet
    goods: Facet


@dataclass(frozen=True)
class _Verdict:
    """One drug probe against one zone, (s,)."""

    isolation: IntArray
    reason: IntArray
    rate: FloatArray
    low: FloatArray
    high: FloatArray


MISFIT_SMALL_C_PER_H = 0.25
"""Unexplained change below which a fit is good whatever share it explains: a quiet trip. Of
windows narrower than the usual least more of it is noise: the difference of two means over a half
width H has a deviation that goes with H^-1.5."""

EXPLAINED_MIN = 0.7
"""Least share of the drug's change that the equation has to explain for a decision."""

EXPLAINED_FOR_CONTACT = 0.8
"""Least share for an accusation: a contact that matters governs what the drug does."""

AMBIENT_FOR_CONTACT_PER_H = 0.4
"""Rate to the outside above which nobody is accused. No drug behind foam follows the outside so
fast; a probe that hangs in the air of the box does, and follows the coolant as fast, with every
part in place. Contact with the coolant does not bring the outside nearer."""

MOVED_FOR_CONTACT_C = 0.3
"""Least range of the drug over the trip for an accusation: two or three steps of a sensor's grid
carry none, however regular they look."""

FEW = 16
"""Up to this many shipments a second run costs more than fitting halves that decide nothing."""


def judge_isolation(case: Case) -> IsolationJudgement:
    """Exchange with coolant and goods for every shipment at once."""
    tracks, terms, window = case.tracks, case.terms, case.window
    names = [
        name for name in probes_of(tracks, "drug") if not np.isnan(tracks.temperature_c[name]).all()
    ]
    coolant: list[_Verdict] = []
    goods: list[_Verdict] = []
    for name in names:
        equations = exchange_windows(case, drug=name)
        tasks = [FitTask(equations), FitTask(exchanged(equations))]
        parts = [FitTask(equations, half) for half in halves_of(equations)]
        if len(terms) <= FEW:
            whole, back, *halves = fit_exchanges([*tasks, *parts])
        else:
            whole, back = fit_exchanges(tasks)
            decided = _decided(whole, terms)
            halves = fit_exchanges([replace(part, of=decided) for part in parts])
        swapped = probes_swapped(equations, whole, back, terms)
        for zone, limit, found in (
            (COOLANT, terms.coolant_limit_per_h, coolant),
            (GOODS, terms.goods_limit_per_h, goods),
        ):
            found.append(_decide(equations, whole, halves, swapped, zone, limit))
    coolant_facet = _facet(
        terms,
        names,
        coolant,
        limit=terms.coolant_limit_per_h,
        source=terms.coolant_limit_source,
        declared=terms.isolation_coolant,
        absent=(terms.isolation_coolant == 0) & (terms.active_cooling != 1),
        exempt=(terms.active_cooling == 1) & (terms.isolation_coolant != 1),
        why=IsolationReason.ACTIVE_COOLING,
    )
    goods_facet = _facet(
        terms,
        names,
        goods,
        limit=terms.goods_limit_per_h,
        source=terms.goods_limit_source,
        declared=terms.isolation_goods,
        absent=terms.shared_compartment,
        exempt=(terms.goods_aboard == 0) & ~terms.shared_compartment,
        why=IsolationReason.NO_GOODS,
    )
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


def _decided(fit: ExchangeFit, terms: Terms) -> BoolArray:
    """(s,) True where an interval lies on one side of its limit."""
    decided = np.zeros(len(terms), dtype=np.bool_)
    for zone, limit in ((COOLANT, terms.coolant_limit_per_h), (GOODS, terms.goods_limit_per_h)):
        with np.errstate(invalid="ignore"):
            decided |= (fit.low_per_h[:, zone] > limit) | (fit.high_per_h[:, zone] <= limit)
    return decided


def _decide(
    equations: ExchangeWindows,
    fit: ExchangeFit,
    halves: list[ExchangeFit],
    swapped: BoolArray,
    zone: int,
    limit: FloatArray,
) -> _Verdict:
    rate, low, high = fit.rate_per_h[:, zone], fit.low_per_h[:, zone], fit.high_per_h[:, zone]
    with np.errstate(invalid="ignore"):
        above, within = low > limit, high <= limit
        wide = high - low > np.maximum(limit, 0.1)
        against = np.zeros(limit.size, dtype=np.bool_)
        for half in halves:
            against |= above & (half.high_per_h[:, zone] < limit)
            against |= within & (half.low_per_h[:, zone] > limit)
        weak = above & (fit.explained < EXPLAINED_FOR_CONTACT)
        weak |= above & (fit.low_per_h[:, AMBIENT] > AMBIENT_FOR_CONTACT_PER_H)
        # The errors of a rate grow with the narrowness of the windows; what they are held against
        # grows with them.
        narrow = np.maximum(HALF_MIN_S / equations.half_s, 1.0) ** 1.5
        quiet = above & (_range_c(equations) < MOVED_FOR_CONTACT_C * narrow)
        small_c_per_h = MISFIT_SMALL_C_PER_H * narrow
        poor = (fit.misfit_c_per_h > small_c_per_h) & (fit.explained < EXPLAINED_MIN)
    R = IsolationReason  # noqa: N806
    undecided = np.ones(limit.size, dtype=np.bool_)
    told = (  # the first that holds
        (equations.hours <= 0, R.NO_DRUG_PROBE),
        (~equations.known[:, zone], R.NO_ZONE_PROBE),
        (~equations.known[:, AMBIENT], R.NO_AMBIENT_PROBE),
        (fit.windows < MIN_WINDOWS, R.TOO_FEW_READINGS),
        (swapped, R.PROBES_SWAPPED),
        (quiet, R.TOO_LITTLE_EXCITATION),
        (weak | (poor & (within | above)), R.MODEL_MISFIT),
        (against, R.PARTS_DISAGREE),
        (within, R.WITHIN_LIMIT),
        (above, R.ABOVE_LIMIT),
        (wide, R.TOO_LITTLE_EXCITATION),
        (undecided, R.INTERVAL_SPANS_LIMIT),
    )
    reason = np.select([when for when, _ in told], [why.value for _, why in told])
    isolation = np.full(limit.size, Isolation.INDETERMINATE.value)
    isolation[reason == R.WITHIN_LIMIT.value] = Isolation.ISOLATED.value
    isolation[reason == R.ABOVE_LIMIT.value] = Isolation.MISSING.value
    return _Verdict(isolation, reason, rate, low, high)


def _range_c(equations: ExchangeWindows) -> FloatArray:
    """(s,) how far apart the warmest and the coldest window of the drug are."""
    shipments = equations.first.size - 1
    warmest, coldest = np.full(shipments, -np.inf), np.full(shipments, np.inf)
    np.maximum.at(warmest, equations.shipment, equations.drug_c)
    np.minimum.at(coldest, equations.shipment, equations.drug_c)
    return np.asarray(np.maximum(warmest - coldest, 0.0))


def _facet(
    terms: Terms,
    names: Sequence[str],
    found: list[_Verdict],
    *,
    limit: FloatArray,
    source: CodeArray,
    declared: CodeArray,
    absent: BoolArray,
    exempt: BoolArray,
    why: IsolationReason,
) -> Facet:
    shipments = len(terms)
    each = np.arange(shipments)
    if not found:
        nothing = np.full(shipments, np.nan)
        found = [
            _Verdict(
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
    isolation = np.where(exempt, Isolation.NOT_APPLICABLE.value, isolation)
    reason = np.where(exempt, int(why), reason)
    # A declaration is not believed against an interval that lies above the limit, even where
    # something else forbids to accuse by it, nor against a sharp one that leans over it.
    with np.errstate(invalid="ignore"):
        leaning = (reason == IsolationReason.INTERVAL_SPANS_LIMIT.value) & (rate > limit)
        leaning |= low > limit
    leaning |= reason == IsolationReason.PARTS_DISAGREE.value
    on_record = (isolation == Isolation.INDETERMINATE.value) & (declared == 1) & ~leaning & ~absent
    status = np.select(  # the first that holds
        (
            absent,
            isolation == Isolation.NOT_APPLICABLE.value,
            isolation == Isolation.MISSING.value,
            isolation == Isolation.ISOLATED.value,
            on_record,
        ),
        (
            Status.SUSPECTED.value,
            Status.NOT_APPLICABLE.value,
            Status.SUSPECTED.value,
            Status.COMPLIANT.value,
            Status.ASSERTED.value,
        ),
        Status.INSUFFICIENT_EVIDENCE.value,
    )
    return Facet(
        isolation=isolation,
        status=status,
        reason=np.where(absent, IsolationReason.DECLARED_ABSENT.value, reason),
        on_record=on_record,
        coupling_per_h=rate,
        low_per_h=low,
        high_per_h=high,
        limit_per_h=limit,
        limit_source=source,
        probe=tuple(
            names[i] if spoken else ""
            for i, spoken in zip(worst, rank.max(axis=0) >= 0, strict=True)
        ),
    )


def _contact(facet: Facet, window: Window, type_: int) -> FindingTable:
    at = np.flatnonzero(facet.isolation == Isolation.MISSING.value)
    if at.size == 0:
        return NO_FINDINGS
    return finding_table(
        shipment=at,
        type=type_,
        start_s=window.start_s[at],
        end_s=window.end_s[at],
        certainty=Certainty.PROBABLE,
        severity=Severity.MAJOR,
        probe=np.array([facet.probe[i] for i in at], dtype=np.str_),
        measures={
            "coupling_per_h": facet.coupling_per_h[at],
            "low_per_h": facet.low_per_h[at],
            "high_per_h": facet.high_per_h[at],
            "limit_per_h": facet.limit_per_h[at],
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
