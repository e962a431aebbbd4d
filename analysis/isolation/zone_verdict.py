"""One zone against its limits: isolated, missing, or open, and the reason.

Two limits are held against the interval of a rate: the company's, where manifest, box model or
fleet have one, and the rule pack's. Contact is named only above both, isolation only below both;
ours alone, without a number of this box, accuses nobody.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from coldwitness.analysis.isolation.curves import (
    AMBIENT,
    COOLANT,
    GOODS,
    BoolArray,
    ExchangeCurves,
)
from coldwitness.analysis.isolation.output_fit import CELLS_MIN, OUTSIDE_MOST_PER_H, OutputFit
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.terms import LimitSource
from coldwitness.domain.tracks import CodeArray, FloatArray, IntArray
from coldwitness.domain.words import Isolation


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
    OTHER_EXPLAINS = 11
    """The other inner zone explains the curve as well."""
    ACTIVE_COOLING = 12
    NO_GOODS = 13
    OPENED_OFTEN = 14
    """Openings of the lid leave too little undisturbed time to judge by."""
    BETWEEN_LIMITS = 15
    """Surely above the lower of the company's limit and ours, not surely above the higher."""
    ABOVE_DEFAULT = 16
    """Surely above our own limit, which alone accuses nobody: no number of this box is known."""
    NO_COOLING_NEEDED = 17
    """The storage needs no cooling, and no coolant probe sent."""
    COMPARTMENTS_UNSTATED = 18
    """Several storage classes in one box, and the manifest does not say where each is."""
    RECORD_THINNED = 19
    """Below the limit, but not by so much that missing readings could not have turned it."""
    PROBE_SILENT = 20
    """A probe that the logger carries, and that the fit needs, is silent."""
    SMALL_LOAD = 21
    """The drug follows the outside fast as well, as little aboard does with all parts in place."""


@dataclass(frozen=True)
class ZoneLimits:
    """What the rate to one zone is held against, (s,) [1/h].

    stated_per_h, source : the company's, else the rule pack's own (LimitSource.SETTING).
    default_per_h : the rule pack's own.
    """

    stated_per_h: FloatArray
    source: CodeArray
    default_per_h: float

    @property
    def lower_per_h(self) -> FloatArray:
        """(s,) below which a rate is in order by both; a registered box's own alone."""
        lower = np.minimum(self.stated_per_h, self.default_per_h)
        return np.where(self.registered, self.stated_per_h, lower)

    @property
    def upper_per_h(self) -> FloatArray:
        """(s,) above which a rate is contact by both; a registered box's own alone."""
        upper = np.maximum(self.stated_per_h, self.default_per_h)
        return np.where(self.registered, self.stated_per_h, upper)

    @property
    def registered(self) -> BoolArray:
        """(s,) True where the office has registered the box and its model's number."""
        return np.asarray(self.source == LimitSource.REGISTER)

    @property
    def ours_alone(self) -> BoolArray:
        """(s,) True where nobody has stated a number of this box."""
        return np.asarray(self.source == LimitSource.SETTING)


def zone_limits(case: Case, zone: int) -> ZoneLimits:
    """The limits of one inner zone for every shipment, (s,) [1/h]."""
    terms, numbers = case.terms, case.numbers
    if zone == COOLANT:
        return ZoneLimits(
            terms.coolant_limit_per_h,
            terms.coolant_limit_source,
            numbers.coolant_coupling_max_per_h,
        )
    return ZoneLimits(
        terms.goods_limit_per_h, terms.goods_limit_source, numbers.goods_coupling_max_per_h
    )


@dataclass(frozen=True)
class ZoneVerdict:
    """One drug probe against one zone, (s,): codes of Isolation and IsolationReason, rate and ends
    of its interval [1/h]."""

    isolation: IntArray
    reason: IntArray
    rate: FloatArray
    low: FloatArray
    high: FloatArray


MISFIT_MAX_C = 0.25
"""What a course may leave over, a cell, for a decision: several times the noise of a probe."""

SMALL_LOAD_PER_H, SMALL_LOAD_TIMES = 0.22, 9.0
"""Rate to the outside from which the load may be a small one, and how many times as fast it then
has to follow the coolant: a rate is conductance over heat capacity, so a few pens follow both
faster than a full box, coolant five to seven times as fast as the outside; contact brings the
coolant alone nearer, ten to fifty times."""

FASTEST_PER_H, FASTEST_BESIDE_GOODS_PER_H = 150.0, 50.0
"""An interval has to end below this for an accusation (time constants of 24 and 72 s, no longer
than a probe's own): a course that follows a zone at once says that the drug hardly moved against
it, and where it rests between two zones it does so between any two. Of 2,000 boxes in order with
drinks beside the drug 14 were named without it and 3 are; of contacts beside goods it holds back
one in ten to twenty, of those with packs that melt near the drug's temperature a quarter, of
contacts without goods one in a hundred."""

MOVED_FOR_CONTACT_C = 0.3
"""Least range of the drug over the trip for an accusation: two or three steps of a sensor's grid
carry none, however regular they look."""

CELLS_FOR_CONTACT = 16
"""Least cells for an accusation: a dozen readings, minutes apart, follow too many curves."""

DISTURBED_SHARE = 0.5
"""Share of the judged time that openings take, above which they are why there is too little."""


def zone_verdict(
    curves: ExchangeCurves, fit: OutputFit, swapped: BoolArray, zone: int, limits: ZoneLimits
) -> ZoneVerdict:
    """What the fit and the guards make of one zone; all (s,), rates in 1/h."""
    rate, low, high = fit.rate_per_h[:, zone], fit.low_per_h[:, zone], fit.high_per_h[:, zone]
    lower, upper = limits.lower_per_h, limits.upper_per_h
    above, within = low > lower, high <= lower
    wide = high - low > np.maximum(lower, 0.1)
    outside = fit.rate_per_h[:, AMBIENT]
    in_air = above & (outside > OUTSIDE_MOST_PER_H)
    small = above & (outside > SMALL_LOAD_PER_H) & (rate < SMALL_LOAD_TIMES * outside)
    small &= np.asarray(zone == COOLANT) & ~limits.registered
    goods = curves.known[:, GOODS]
    at_once = above & (high > np.where(goods, FASTEST_BESIDE_GOODS_PER_H, FASTEST_PER_H))
    poor = (fit.misfit_c > MISFIT_MAX_C) & (within | above)
    few = fit.cells < CELLS_MIN
    R = IsolationReason  # noqa: N806
    told = (  # the first that holds
        (few & (curves.disturbed > DISTURBED_SHARE), R.OPENED_OFTEN),
        (curves.readings == 0, R.NO_DRUG_PROBE),
        (~curves.known[:, zone], R.NO_ZONE_PROBE),
        (~curves.known[:, AMBIENT], R.NO_AMBIENT_PROBE),
        (few | (above & (fit.cells < CELLS_FOR_CONTACT)), R.TOO_FEW_READINGS),
        (swapped, R.PROBES_SWAPPED),
        (above & (fit.span_c < MOVED_FOR_CONTACT_C), R.TOO_LITTLE_EXCITATION),
        (in_air | poor, R.MODEL_MISFIT),
        (small, R.SMALL_LOAD),
        (above & fit.other_explains[:, zone], R.OTHER_EXPLAINS),
        (at_once, R.TOO_LITTLE_EXCITATION),
        (within, R.WITHIN_LIMIT),
        (above & limits.ours_alone, R.ABOVE_DEFAULT),
        (low > upper, R.ABOVE_LIMIT),
        (above, R.BETWEEN_LIMITS),
        (wide, R.TOO_LITTLE_EXCITATION),
        (np.ones(lower.size, dtype=np.bool_), R.INTERVAL_SPANS_LIMIT),
    )
    reason = np.select([when for when, _ in told], [why.value for _, why in told])
    isolation = np.full(lower.size, Isolation.INDETERMINATE.value)
    isolation[reason == R.WITHIN_LIMIT.value] = Isolation.ISOLATED.value
    isolation[reason == R.ABOVE_LIMIT.value] = Isolation.MISSING.value
    return ZoneVerdict(isolation, reason, rate, low, high)
