"""Where a range is kept only by the company's own word: limits of its own that reach beyond the
storage class's (or with no class beside them), a stated slew limit tighter than the default.

What such a word alone allows makes no finding and is at best `asserted`.
"""

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.drug_limits import DrugLimits
from coldwitness.analysis.record.series import Series
from coldwitness.analysis.record.steps import Steps, steps_of
from coldwitness.analysis.temperature.ranges import judge_ranges
from coldwitness.analysis.temperature.uncertainty import Level, above, below
from coldwitness.analysis.terms import LimitSource
from coldwitness.domain.columns import take
from coldwitness.domain.tracks import IntArray
from coldwitness.domain.words import Status


def kept_by_own_limits(
    case: Case, series: Series, steps: Steps, limits: DrugLimits
) -> tuple[IntArray, IntArray]:
    """(l,) series and (l,) items whose storage class the series did not surely keep where the
    item's own limits are all that may allow it. An item without a class has only those."""
    terms, numbers, items = case.terms, case.numbers, case.terms.items
    beyond = ~((items.low_c >= items.class_low_c) & (items.high_c <= items.class_high_c))
    if not beyond.any():
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    line_series, item = limits.pairs
    line_series, item = line_series[beyond[item]], item[beyond[item]]
    unclassed = np.isnan(items.class_low_c[item])
    accuracy_c = series.accuracy_c[line_series]
    lag_s = np.nan_to_num(terms.response_s[series.shipment[line_series]])
    low_c = np.fmax(items.low_c[item], items.class_low_c[item])
    high_c = np.fmin(items.high_c[item], items.class_high_c[item])
    by_class = judge_ranges(
        series,
        steps,
        line_series,
        high=above(high_c, numbers, accuracy_c=accuracy_c).lagging(lag_s),
        low=below(low_c, numbers, accuracy_c=accuracy_c).lagging(lag_s),
        numbers=numbers,
    ).status
    alone = unclassed | (by_class > Status.COMPLIANT)
    return line_series[alone], item[alone]


def kept_by_own_slew(case: Case, series: Series, *, high: Level, low: Level) -> NDArray[np.bool_]:
    """(m,) series of which some hole could leave the range at the default slew limit, which the
    manifest states to be lower. high, low : (m,) the shipments' limits."""
    terms, window, shipment = case.terms, case.window, series.shipment
    found = np.zeros(len(series), dtype=np.bool_)
    default = case.numbers.slew_max_c_per_min
    stated = (terms.slew_source == LimitSource.MANIFEST) & (terms.slew_max_c_per_min < default)
    tighter = np.flatnonzero(stated[shipment])
    if tighter.size == 0:
        return found
    slew = np.where(stated, default, terms.slew_max_c_per_min)[shipment] / 60
    steps = steps_of(
        series,
        start_s=window.start_s[shipment],
        end_s=window.end_s[shipment],
        slew_c_per_s=slew,
        activation_energy_j_per_mol=case.numbers.mkt_activation_energy_j_per_mol,
    )
    by_default = judge_ranges(
        series,
        steps,
        tighter,
        high=take(high, tighter),
        low=take(low, tighter),
        numbers=case.numbers,
    )
    found[tighter] = by_default.status > Status.COMPLIANT
    return found
