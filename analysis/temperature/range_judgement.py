"""Everything that the drug's temperature says of each shipment, in one pass over blocks.

Memory stays small because shipments are judged in blocks; the result does not depend on where
blocks end. Within a block only `steps` looks at every reading, everything else at the series
that come near a limit and at holes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.findings import FindingTable, concatenate
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.custody_doubt import CustodyDoubt, doubting_custody
from coldwitness.analysis.record.drug_limits import DrugLimits
from coldwitness.analysis.record.lone import doubted
from coldwitness.analysis.record.recorded import Recorded, recorded, recorded_together
from coldwitness.analysis.record.series import Series
from coldwitness.analysis.record.spans import expanded
from coldwitness.analysis.record.steps import BLOCK_ROWS, Steps, runs_of_rows, steps_of
from coldwitness.analysis.temperature.budgets import (
    BudgetIndex,
    budget_index,
    budget_use,
    item_shipment,
)
from coldwitness.analysis.temperature.classes import (
    certain_where,
    item_status_by_own_limits,
    limit_levels,
    outside_every_item,
)
from coldwitness.analysis.temperature.episodes import episodes_beyond
from coldwitness.analysis.temperature.evidence_gaps import (
    blind_findings,
    could_leave,
    gap_findings,
    missing_readings,
)
from coldwitness.analysis.temperature.own_word import kept_by_own_limits, kept_by_own_slew
from coldwitness.analysis.temperature.range_findings import (
    break_findings,
    budget_findings,
    budget_status,
    slow_findings,
)
from coldwitness.analysis.temperature.ranges import RangeLines, judge_ranges, reach
from coldwitness.analysis.temperature.uncertainty import Level, frozen
from coldwitness.domain.columns import stack, take
from coldwitness.domain.tracks import CodeArray, FloatArray, IntArray
from coldwitness.domain.words import Status


@dataclass(frozen=True)
class SeriesNumbers:
    """(m,) the numbers of each series, by shipment; units end the names.

    above_c_s, below_c_s : degrees times seconds out of range. status : Status of the range by
    this series alone.
    """

    shipment: IntArray
    probe: IntArray
    readings: IntArray
    missing: IntArray
    seen_s: FloatArray
    longest_s: FloatArray
    min_c: FloatArray
    max_c: FloatArray
    mean_c: FloatArray
    mkt_c: FloatArray
    above_s: FloatArray
    above_least_s: FloatArray
    above_most_s: FloatArray
    above_c_s: FloatArray
    below_s: FloatArray
    below_least_s: FloatArray
    below_most_s: FloatArray
    below_c_s: FloatArray
    status: CodeArray


@dataclass(frozen=True)
class Temperature:
    """What the drug's temperature says.

    series : numbers of all series; worst : (s,) the one whose numbers stand for the shipment,
    -1 where it has none. recorded : what each series recorded, in the same order.
    status : (s,) Status of the range, by readings, unseen time and budgets alone (whether the
    custody window is known is asked later).
    item_status : (k,) the same for each drug item, by its own limits.
    own_limits, own_slew : (s,) only limits, or a slew limit, that the company states itself allow
    what was recorded, or unseen.
    """

    findings: FindingTable
    probes: tuple[str, ...]
    series: SeriesNumbers
    recorded: Recorded
    worst: IntArray
    status: CodeArray
    item_status: CodeArray
    own_limits: NDArray[np.bool_]
    own_slew: NDArray[np.bool_]


@dataclass(frozen=True)
class _Block:
    series: SeriesNumbers
    recorded: Recorded
    findings: FindingTable
    item: IntArray
    item_status: CodeArray
    own_limits: IntArray
    own_slew: IntArray


def judge_temperature(case: Case) -> Temperature:
    """Judge the drug series of all shipments."""
    tracks, terms, window = case.tracks, case.terms, case.window
    budgets = budget_index(terms)
    series = _doubted(case)
    touched = _touched(series, case.series)
    blocks = [
        _judge_block(
            case,
            *_of_run(series, case.series, touched, run),
            limits=case.limits.of(*_span(case, *run)),
            doubt=take(case.custody_doubt, slice(*_span(case, *run))),
            budgets=budgets,
        )
        for run in runs_of_rows(tracks.first, BLOCK_ROWS)
    ]
    each = stack(SeriesNumbers, [block.series for block in blocks])
    seen = np.zeros(len(terms), dtype=np.bool_)
    seen[each.shipment] = True
    findings = [block.findings for block in blocks]
    mute = np.flatnonzero(~seen & ~_not_yet_due(case))
    if mute.size:
        alive = _has_rows(case, mute)
        start_s, end_s = window.start_s[mute], window.end_s[mute]
        findings.append(blind_findings(mute, start_s=start_s, end_s=end_s, alive=alive))
    status = np.where(seen, Status.COMPLIANT, Status.INSUFFICIENT_EVIDENCE).astype(np.int8)
    np.maximum.at(status, each.shipment, each.status)
    owner = item_shipment(terms)
    item_status = np.where(seen[owner], Status.COMPLIANT, Status.INSUFFICIENT_EVIDENCE)
    item_status = item_status.astype(np.int8)
    for block in blocks:
        np.maximum.at(item_status, block.item, block.item_status)
    unheard = np.flatnonzero(case.limits.unheard)
    item_status[unheard] = np.maximum(item_status[unheard], Status.INSUFFICIENT_EVIDENCE)
    apart = np.flatnonzero(terms.excluding[owner] | case.limits.unheard)
    np.maximum.at(status, owner[apart], item_status[apart])
    return Temperature(
        findings=concatenate(findings),
        probes=case.series.probes,
        series=each,
        recorded=recorded_together([block.recorded for block in blocks]),
        worst=_worst(each, len(terms)),
        status=status,
        item_status=item_status,
        own_limits=_among(len(terms), [block.own_limits for block in blocks]),
        own_slew=_among(len(terms), [block.own_slew for block in blocks]),
    )


def _among(shipments: int, some: Sequence[IntArray]) -> NDArray[np.bool_]:
    """(s,) whether a shipment is in any of the lists."""
    found = np.zeros(shipments, dtype=np.bool_)
    found[np.concatenate([np.zeros(0, dtype=np.int64), *some])] = True
    return found


def _doubted(case: Case) -> Series:
    """The series in which what is not sure to be the drug's counts as perhaps in range."""
    series = case.series
    low_limit_c, high_limit_c = case.limits.low_c, case.limits.high_c
    if case.lone.size:
        series = doubted(series, case.lone, low_limit_c=low_limit_c, high_limit_c=high_limit_c)
    if not case.custody_doubt.none:
        series = doubting_custody(
            series, case.custody_doubt, low_limit_c=low_limit_c, high_limit_c=high_limit_c
        )
    return series


def _touched(series: Series, read: Series) -> IntArray:
    """(t,) series of which some reading is doubted."""
    if series is read:
        return np.zeros(0, dtype=np.int64)
    row = np.flatnonzero((series.low_c != read.low_c) | (series.high_c != read.high_c))
    return np.unique(np.searchsorted(read.first, row, "right") - 1)


def _of_run(
    series: Series, read: Series, touched: IntArray, run: tuple[int, int]
) -> tuple[Series, Series | None, IntArray]:
    """The series of shipments start:stop, those of them `touched` as they were read, and which
    these are."""
    low, high = np.searchsorted(read.shipment, run)
    which = touched[(touched >= low) & (touched < high)] - low
    if which.size == 0:
        return read.of_shipments(*run), None, which
    return series.of_shipments(*run), read.of_shipments(*run).chosen(which), which


def _span(case: Case, start: int, stop: int) -> tuple[int, int]:
    """The series of shipments start:stop."""
    low, high = np.searchsorted(case.series.shipment, [start, stop])
    return int(low), int(high)


def _steps_of(case: Case, series: Series) -> Steps:
    terms, window, shipment = case.terms, case.window, series.shipment
    return steps_of(
        series,
        start_s=window.start_s[shipment],
        end_s=window.end_s[shipment],
        slew_c_per_s=terms.slew_max_c_per_min[shipment] / 60,
        activation_energy_j_per_mol=case.numbers.mkt_activation_energy_j_per_mol,
    )


def _with(column: FloatArray, its: FloatArray, *, at: IntArray) -> FloatArray:
    """The column with other values at some places; no other column that shares it changes."""
    column = column.copy()
    column[at] = its
    return column


def _judge_block(
    case: Case,
    series: Series,
    read: Series | None,
    touched: IntArray,
    *,
    limits: DrugLimits,
    doubt: CustodyDoubt,
    budgets: BudgetIndex,
) -> _Block:
    terms, numbers, shipment = case.terms, case.numbers, series.shipment
    steps = _steps_of(case, series)
    if read is not None:  # what is doubted stands in the numbers
        plain = _steps_of(case, read)
        steps = replace(
            steps,
            min_c=_with(steps.min_c, plain.min_c, at=touched),
            max_c=_with(steps.max_c, plain.max_c, at=touched),
            mean_c=_with(steps.mean_c, plain.mean_c, at=touched),
            mkt_c=_with(steps.mkt_c, plain.mkt_c, at=touched),
        )
    every = np.arange(len(series))
    high, low = limit_levels(
        limits,
        numbers,
        accuracy_c=series.accuracy_c,
        lag_s=np.nan_to_num(terms.response_s[shipment]),
    )
    ranges = judge_ranges(series, steps, every, high=high, low=low, numbers=numbers)
    nowhere = outside_every_item(series, limits, numbers)
    ranges.status[series.owner[nowhere]] = Status.BREACH
    sensitive = np.flatnonzero(limits.freeze_sensitive)
    ice = frozen(sensitive.size, series.accuracy_c[sensitive], numbers)
    ice.certain[~limits.surely_freezes[sensitive]] = -np.inf
    ice_status = np.full(len(series), Status.COMPLIANT, dtype=np.int8)
    ice_status[sensitive] = _frozen_status(steps, sensitive, ice, len(series))
    use = budget_use(case, series, steps, budgets, limits)
    use_status = budget_status(use, terms)
    line_series = np.concatenate([every, every, sensitive])
    level = stack(Level, [high, low, ice])
    episodes = episodes_beyond(
        series,
        steps,
        line_series,
        level,
        join_within_s=numbers.join_within_s,
        demanded_s=numbers.out_of_range_interval_s,
    )
    names = np.array([*series.probes, ""])[series.probe]
    leaves = could_leave(steps.holes, limits, numbers)
    findings = [
        gap_findings(case, series, steps, limits=limits, leaves=leaves, tolerated=ranges.tolerated)
    ]
    if use.budget.size:
        findings.insert(0, budget_findings(case, use, use_status, shipment, names))
    if len(episodes):
        episodes = certain_where(episodes, series, line_series=line_series, nowhere=nowhere)
        findings = [
            break_findings(
                episodes,
                level,
                names,
                line_series=line_series,
                shipment=shipment,
                loggers=series.logger,
                tolerated=ranges.tolerated,
                doubt=doubt,
                sure=limits.sure,
            ),
            slow_findings(
                episodes,
                names,
                line_series=line_series,
                shipment=shipment,
                loggers=series.logger,
                numbers=numbers,
                upto=2 * len(series),
            ),
            *findings,
        ]
    status = np.maximum(ranges.status, ice_status)
    np.maximum.at(status, use.series, use_status)
    item, item_status = item_status_by_own_limits(case, series, steps, ranges, ice_status, limits)
    slewed = kept_by_own_slew(case, series, high=high, low=low)
    limited, its_item = kept_by_own_limits(case, series, steps, limits)
    asserted = slewed.copy()
    asserted[limited] = True
    status[asserted] = np.maximum(status[asserted], Status.ASSERTED)
    of_series, of_item = limits.pairs
    slewed_item = of_item[slewed[of_series]]
    own_word = np.concatenate([its_item, slewed_item])
    return _Block(
        series=_numbers_of(series, steps, ranges, status),
        recorded=recorded(case.tracks, series, steps, could_leave=leaves),
        findings=concatenate(findings),
        item=np.concatenate([item, terms.budgets.item[use.budget], own_word]),
        item_status=np.concatenate(
            [item_status, use_status, np.full(own_word.size, Status.ASSERTED, dtype=np.int8)]
        ),
        own_limits=np.unique(shipment[limited]),
        own_slew=np.unique(shipment[slewed]),
    )


def _frozen_status(steps: Steps, sensitive: IntArray, ice: Level, count: int) -> CodeArray:
    status = np.full(sensitive.size, Status.COMPLIANT, dtype=np.int8)
    status[reach(steps, count)[1][sensitive] < ice.nominal] = Status.INSUFFICIENT_EVIDENCE
    status[steps.surely_min_c[sensitive] < ice.certain] = Status.BREACH
    return status


def _numbers_of(
    series: Series, steps: Steps, ranges: RangeLines, status: CodeArray
) -> SeriesNumbers:
    return SeriesNumbers(
        shipment=series.shipment,
        probe=series.probe,
        readings=steps.readings,
        missing=missing_readings(steps),
        seen_s=steps.seen_s,
        longest_s=steps.longest_s,
        min_c=steps.min_c,
        max_c=steps.max_c,
        mean_c=steps.mean_c,
        mkt_c=steps.mkt_c,
        above_s=ranges.above.known_s,
        above_least_s=ranges.above.least_s,
        above_most_s=ranges.above.most_s,
        above_c_s=ranges.above.area_c_s,
        below_s=ranges.below.known_s,
        below_least_s=ranges.below.least_s,
        below_most_s=ranges.below.most_s,
        below_c_s=ranges.below.area_c_s,
        status=status,
    )


def _worst(series: SeriesNumbers, shipments: int) -> IntArray:
    """The series whose numbers stand for its shipment: worst status, then longest surely,
    known and possibly out of range, then least seen; of equals the first."""
    worst = np.full(shipments, -1, dtype=np.int64)
    if (series.shipment[1:] > series.shipment[:-1]).all():  # one series a shipment, as is usual
        worst[series.shipment] = np.arange(series.shipment.size)
        return worst
    order = np.lexsort(
        (
            np.arange(series.shipment.size),
            series.seen_s,
            -(series.above_most_s + series.below_most_s),
            -(series.above_s + series.below_s),
            -(series.above_least_s + series.below_least_s),
            -series.status,
            series.shipment,
        )
    )
    lead = np.flatnonzero(np.diff(series.shipment[order], prepend=-1))
    worst[series.shipment[order[lead]]] = order[lead]
    return worst


def _not_yet_due(case: Case) -> NDArray[np.bool_]:
    """(s,) whether no reading is due yet: custody has not begun, or began no longer ago than a
    permitted interval."""
    window = case.window
    fresh = window.custody.in_transit & (window.length_s <= case.numbers.recording_interval_s)
    return np.asarray(window.custody.planned | fresh)


def _has_rows(case: Case, shipment: IntArray) -> NDArray[np.bool_]:
    """Whether any reading of each shipment lies in its window."""
    tracks, window = case.tracks, case.window
    owner, row = expanded(first=tracks.first[shipment], end=tracks.first[shipment + 1])
    return np.bincount(owner, weights=window.rows[row], minlength=shipment.size) > 0
