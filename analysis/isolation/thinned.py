"""What the fit proves of a record in which readings are missing: less than of a whole one.

Who may choose which readings are missing may choose those that speak against a part, and the end of
an interval that lies just above its limit moves below it. So the limit that shows a part to be
there is drawn in by what is missing. Contact is found as before: a missing reading excuses nothing.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from coldwitness.analysis.isolation.curves import COOLANT, GOODS, BoolArray
from coldwitness.analysis.isolation.isolation_judgement import Facet, IsolationJudgement
from coldwitness.analysis.isolation.on_record import (
    FacetRecord,
    coolant_on_record,
    goods_on_record,
    standing,
)
from coldwitness.analysis.isolation.zone_verdict import IsolationReason, zone_limits
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.seen import Seen
from coldwitness.domain.reading import split_probe
from coldwitness.domain.tracks import FloatArray
from coldwitness.domain.words import Isolation

DRAWN_IN = 4.0
"""Our own: by how many times the missing share of time the limit is drawn in, so that nothing is
shown isolated by a record of which a quarter is missing. In 3,136 trials with parts taken away
(benchmarks/monotony.py, seed 3) none was shown isolated that had not been before."""

EDGE_PACES = 1.5
"""Time at an edge of the window up to so many steps of the probe lacks no reading."""


def isolation_of_what_is_left(
    judged: IsolationJudgement, case: Case, seen: Seen, *, doubtful: BoolArray
) -> IsolationJudgement:
    """The judgement, with what the fit shows isolated only where it does so against the drawn-in
    limit; where not, what is on record stands for as much as it does without a fit. A
    record that is itself in doubt shows nothing. doubtful : (s,) it is not true and complete."""
    shown = [
        (one.isolation == Isolation.ISOLATED.value).any() for one in (judged.coolant, judged.goods)
    ]
    if not any(shown):
        return judged
    share = np.where(doubtful, 1.0, missing_share(case, seen))
    return replace(
        judged,
        coolant=_held(judged.coolant, case, COOLANT, coolant_on_record, share),
        goods=_held(judged.goods, case, GOODS, goods_on_record, share),
    )


def missing_share(case: Case, seen: Seen) -> FloatArray:
    """(s,) greatest share of the judged time that one of the probes with a role, of those that gave
    anything at all, did not see; 0 where the window has no length."""
    probes, holes = seen.probes, seen.holes
    steps = probes.readings - 1
    inner = np.isfinite(holes.start_c) & np.isfinite(holes.end_c)
    steps = steps - np.bincount(holes.series[inner], minlength=len(probes))
    pace_s = np.divide(probes.seen_s, steps, out=np.full(len(probes), np.inf), where=steps > 0)
    length_s = holes.end_s - holes.start_s
    lacking = inner | (length_s > EDGE_PACES * pace_s[holes.series])
    unseen_s = np.bincount(holes.series, weights=length_s * lacking, minlength=len(probes))
    with_role = np.array([split_probe(name) is not None for name in probes.probe.tolist()], bool)
    window_s = case.window.length_s[probes.shipment]
    share = np.divide(unseen_s, window_s, out=np.zeros(len(probes)), where=window_s > 0)
    greatest = np.zeros(len(case.terms))
    np.maximum.at(greatest, probes.shipment[with_role], share[with_role])
    return greatest


def _held(
    facet: Facet,
    case: Case,
    zone: int,
    on_record: Callable[[Case], FacetRecord],
    share: FloatArray,
) -> Facet:
    limits = zone_limits(case, zone)
    with np.errstate(invalid="ignore"):
        open_ = facet.isolation == Isolation.ISOLATED.value
        open_ &= facet.high_per_h > limits.lower_per_h * (1.0 - DRAWN_IN * share)
    if not open_.any():
        return facet
    stands = standing(
        on_record(case),
        isolation=np.where(open_, Isolation.INDETERMINATE.value, facet.isolation),
        reason=np.where(open_, int(IsolationReason.RECORD_THINNED), facet.reason),
        rate_per_h=facet.coupling_per_h,
        low_per_h=facet.low_per_h,
        limits=limits,
    )
    return replace(
        facet,
        isolation=stands.isolation,
        status=stands.status,
        reason=stands.reason,
        rests_on=stands.rests_on,
    )
