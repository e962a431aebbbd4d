"""Findings of the drug's temperature: episodes, budgets, and too long steps while outside."""

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.findings import FindingTable, finding_table
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.custody_doubt import CustodyDoubt
from coldwitness.analysis.temperature.budgets import BudgetUse, item_shipment
from coldwitness.analysis.temperature.conformity import COVERAGE, conformity_probability
from coldwitness.analysis.temperature.episodes import Episodes
from coldwitness.analysis.temperature.uncertainty import Level
from coldwitness.analysis.terms import Terms
from coldwitness.config.finding_kinds import code_of
from coldwitness.config.numbers import Numbers
from coldwitness.domain.tracks import CodeArray, IntArray
from coldwitness.domain.words import Certainty, Severity, Status

_ROUNDING_MIN = 1e-9
"""Sums of thousands of steps differ from the exact minutes by less than this."""


def break_findings(
    episodes: Episodes,
    level: Level,
    names: NDArray[np.str_],
    *,
    line_series: IntArray,
    shipment: IntArray,
    loggers: IntArray,
    tolerated: NDArray[np.bool_],
    doubt: CustodyDoubt,
    sure: NDArray[np.bool_],
) -> FindingTable:
    """One finding an episode. Lines stand as upper limits of all series, lower limits of all
    series, then freezing of some; shipment, names, loggers, tolerated, doubt, sure (whose
    temperature it tells) : (m,) of the series.
    """
    count = shipment.size
    j = line_series[episodes.line]
    kind = np.minimum(episodes.line // max(count, 1), 2)
    type_ = np.array(
        [
            code_of("cold_chain_break/above_range"),
            code_of("cold_chain_break/below_range"),
            code_of("cold_chain_break/frozen"),
        ]
    )[kind]
    ice = type_ == code_of("cold_chain_break/frozen")
    severity = np.where(episodes.certain, Severity.MAJOR, Severity.MINOR)
    severity[episodes.certain & ice] = Severity.CRITICAL
    within = tolerated[j] & ~ice
    severity[within] = Severity.INFO
    limit = level.nominal[episodes.line]
    beyond_c = np.abs(level.certain[episodes.line] - limit).astype(np.float64)
    beyond_c[~sure[j] | ~np.isfinite(beyond_c)] = np.nan
    side = level.sign[episodes.line] > 0
    conformity = conformity_probability(
        episodes.peak_c,
        standard_uncertainty=beyond_c / COVERAGE,
        low=np.where(side, -np.inf, limit),
        high=np.where(side, limit, np.inf),
    )
    far = level.sign[episodes.line] * (episodes.peak_c - level.certain[episodes.line]) > 0
    return finding_table(
        shipment=shipment[j],
        type=type_,
        start_s=episodes.start_s,
        end_s=episodes.end_s,
        certainty=np.where(episodes.certain, Certainty.CERTAIN, Certainty.POSSIBLE).astype(np.int8),
        severity=severity.astype(np.int8),
        probe=names[j],
        measures={
            "logger_number": loggers[j].astype(np.float64),
            # The freezing level is moved up by one float step to make it inclusive.
            "limit_c": np.where(ice, np.round(limit, 9), limit),
            "peak_c": episodes.peak_c,
            "peak_s": episodes.peak_s,
            "uncertainty_c": beyond_c.round(9),
            "conformity": conformity,
            "degree_minutes": episodes.area_c_s / 60,
            "readings": episodes.readings.astype(np.float64),
            "open_start": episodes.open_start.astype(np.float64),
            "open_end": episodes.open_end.astype(np.float64),
            "tolerated": np.where(within, 1.0, np.nan),
            "doubted": np.where(far & ~episodes.certain, 1.0, np.nan),
            "several_classes": np.where(sure[j], np.nan, 1.0),
            "custody_doubt": np.where(
                ~episodes.certain & doubt.holds(j, episodes.peak_s), 1.0, np.nan
            ),
        },
    )


def slow_findings(
    episodes: Episodes,
    names: NDArray[np.str_],
    *,
    line_series: IntArray,
    shipment: IntArray,
    loggers: IntArray,
    numbers: Numbers,
    upto: int,
) -> FindingTable:
    """Episodes of the first `upto` lines (the range's own limits) during which the logger
    recorded less often than is demanded while out of range: a gap only, never a breach.

    line_series : (l,) series of each line. shipment, names, loggers : (m,) of the series.
    """
    which = np.flatnonzero((episodes.slow_steps > 0) & (episodes.line < upto))
    j = line_series[episodes.line[which]]
    nothing = np.zeros(which.size)
    return finding_table(
        shipment=shipment[j],
        type=code_of("evidence_gap/no_readings"),
        start_s=episodes.slow_from_s[which],
        end_s=episodes.slow_to_s[which],
        certainty=Certainty.CERTAIN,
        severity=Severity.INFO,
        probe=names[j],
        measures={
            "logger_number": loggers[j].astype(np.float64),
            "length_s": episodes.slowest_s[which],
            "could_leave_range": nothing,
            "hidden_stop_max_s": nothing,
            "permitted_s": np.full(which.size, numbers.out_of_range_interval_s),
            "interval_exceeded": nothing + 1,
            "gaps": episodes.slow_steps[which].astype(np.float64),
        },
    )


def budget_status(use: BudgetUse, terms: Terms) -> CodeArray:
    """(u,) breach where the least use exceeds the allowance, insufficient where it could."""
    allowed = terms.budgets.allowed_min[use.budget] + _ROUNDING_MIN
    status = np.full(use.series.size, Status.COMPLIANT, dtype=np.int8)
    status[use.could_min > allowed] = Status.INSUFFICIENT_EVIDENCE
    status[(use.least_min > allowed) & use.sure] = Status.BREACH
    return status


def budget_findings(
    case: Case,
    use: BudgetUse,
    status: CodeArray,
    shipment: IntArray,
    names: NDArray[np.str_],
) -> FindingTable:
    """One finding a budget that is or may be exceeded, by the series that shows the most.

    status : (u,) of each use. shipment, names : (m,) of the series.
    """
    terms, window = case.terms, case.window
    bad = np.flatnonzero(status > Status.COMPLIANT)
    order = bad[np.lexsort((use.series[bad], -use.least_min[bad], -status[bad], use.budget[bad]))]
    lead = order[np.flatnonzero(np.diff(use.budget[order], prepend=-1))]
    budget, j = use.budget[lead], use.series[lead]
    owner = item_shipment(terms)[terms.budgets.item[budget]]
    certain = status[lead] == Status.BREACH
    return finding_table(
        shipment=shipment[j],
        type=code_of("cold_chain_break/budget_exceeded"),
        start_s=window.start_s[owner],
        end_s=window.end_s[owner],
        certainty=np.where(certain, Certainty.CERTAIN, Certainty.POSSIBLE).astype(np.int8),
        severity=np.where(certain, Severity.CRITICAL, Severity.MINOR).astype(np.int8),
        probe=names[j],
        measures={
            "item_line": (terms.budgets.item[budget] - terms.items.first[owner] + 1).astype(
                np.float64
            ),
            "above_c": terms.budgets.above_c[budget],
            "up_to_c": terms.budgets.up_to_c[budget],
            "allowed_min": terms.budgets.allowed_min[budget],
            "used_min": use.used_min[lead],
            "used_least_min": use.least_min[lead],
            "used_most_min": use.most_min[lead],
        },
        details={
            row: {"item": terms.items.name[terms.budgets.item[number]]}
            for row, number in enumerate(budget)
        },
    )
