"""Series and the items they speak for: what each item's own limits say, and what is sure where a
probe may stand in one of several compartments."""

from dataclasses import replace

import numpy as np

from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.drug_limits import DrugLimits
from coldwitness.analysis.record.series import Series
from coldwitness.analysis.record.steps import Steps
from coldwitness.analysis.temperature.episodes import Episodes
from coldwitness.analysis.temperature.ranges import RangeLines, judge_ranges
from coldwitness.analysis.temperature.uncertainty import Level, above, below
from coldwitness.config.numbers import Numbers
from coldwitness.domain.tracks import CodeArray, FloatArray, IntArray
from coldwitness.domain.words import Status


def limit_levels(
    limits: DrugLimits, numbers: Numbers, *, accuracy_c: FloatArray, lag_s: FloatArray
) -> tuple[Level, Level]:
    """Upper and lower levels of each series: beyond the strictest limits nominally, surely only
    beyond the widest of those that may hold. accuracy_c, lag_s : (m,)."""
    high = above(limits.high_c, numbers, accuracy_c=accuracy_c).lagging(lag_s)
    low = below(limits.low_c, numbers, accuracy_c=accuracy_c).lagging(lag_s)
    if limits.sure.all():
        return high, low
    widest = above(limits.outer_high_c, numbers, accuracy_c=accuracy_c)
    lowest = below(limits.outer_low_c, numbers, accuracy_c=accuracy_c)
    return (
        replace(high, certain=np.where(limits.sure, high.certain, widest.certain)),
        replace(low, certain=np.where(limits.sure, low.certain, lowest.certain)),
    )


def outside_every_item(series: Series, limits: DrugLimits, numbers: Numbers) -> IntArray:
    """(c,) rows of the series that lie surely between the limits of their shipment's items, where
    no item allows them; those beyond all limits are told by their levels."""
    found = [np.zeros(0, dtype=np.int64)]
    for j, gaps in limits.between.items():  # series of several classes, which are few
        row = np.arange(series.first[j], series.first[j + 1])
        accuracy_c = series.accuracy_c[[j]]
        for from_c, to_c in gaps:
            over = above(np.array([from_c]), numbers, accuracy_c=accuracy_c).certain[0]
            under = below(np.array([to_c]), numbers, accuracy_c=accuracy_c).certain[0]
            found.append(row[(series.low_c[row] > over) & (series.high_c[row] < under)])
    return np.unique(np.concatenate(found))


def certain_where(
    episodes: Episodes, series: Series, *, line_series: IntArray, nowhere: IntArray
) -> Episodes:
    """The episodes, certain too where one of the rows `nowhere` (c,) lies in them. line_series :
    (l,) series of each line."""
    if nowhere.size == 0:
        return episodes
    certain = episodes.certain.copy()
    owner, time_s = series.owner[nowhere], series.time_s[nowhere]
    for e in np.flatnonzero(np.isin(line_series[episodes.line], owner)).tolist():
        mine = owner == line_series[episodes.line[e]]
        mine &= (time_s >= episodes.start_s[e]) & (time_s <= episodes.end_s[e])
        certain[e] |= bool(mine.any())
    return replace(episodes, certain=certain)


def item_status_by_own_limits(
    case: Case,
    series: Series,
    steps: Steps,
    ranges: RangeLines,
    ice_status: CodeArray,
    limits: DrugLimits,
) -> tuple[IntArray, CodeArray]:
    """Each item that each series speaks for and its status by the item's own limits, without
    budgets: at most insufficient where it is not sure whose temperature the series tells, unless
    that lies outside the limits of every item. ice_status : (m,). Both results (p,)."""
    terms, numbers, shipment = case.terms, case.numbers, series.shipment
    items = terms.items
    line_series, item = limits.pairs
    status = ranges.status[line_series]
    own = items.low_c[item] != limits.low_c[line_series]
    own |= items.high_c[item] != limits.high_c[line_series]
    wider = np.flatnonzero(own)
    if wider.size:
        j, accuracy = line_series[wider], series.accuracy_c[line_series[wider]]
        lag_s = np.nan_to_num(terms.response_s[shipment[j]])
        status[wider] = judge_ranges(
            series,
            steps,
            j,
            high=above(items.high_c[item[wider]], numbers, accuracy_c=accuracy).lagging(lag_s),
            low=below(items.low_c[item[wider]], numbers, accuracy_c=accuracy).lagging(lag_s),
            numbers=numbers,
        ).status
    ice = np.where(items.freeze_sensitive[item], ice_status[line_series], Status.COMPLIANT)
    status = np.maximum(status, ice.astype(np.int8))
    doubtful = ~limits.item_sure
    status[doubtful] = np.minimum(status[doubtful], Status.INSUFFICIENT_EVIDENCE)
    nowhere = ~limits.sure[line_series] & (ranges.status[line_series] == Status.BREACH)
    status[nowhere] = Status.BREACH
    return item, status
