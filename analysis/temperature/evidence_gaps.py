"""Where evidence about the temperature is missing: silence, late start, early end."""

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.findings import FindingTable, concatenate, finding_table
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.drug_limits import DrugLimits
from coldwitness.analysis.record.pace import FEWEST_AT_A_PACE, at_one_pace
from coldwitness.analysis.record.series import Series
from coldwitness.analysis.record.spans import expanded
from coldwitness.analysis.record.steps import Holes, Side, Steps
from coldwitness.config.finding_kinds import code_of
from coldwitness.config.numbers import Numbers
from coldwitness.domain.tracks import FloatArray, IntArray, Tracks
from coldwitness.domain.words import Certainty, Severity

_SUBTYPE = np.array(
    [
        code_of("evidence_gap/no_readings"),
        code_of("evidence_gap/late_start"),
        code_of("evidence_gap/early_end"),
    ]
)

PACE_SLACK = 0.1
"""Part of a step by which a reading may come early or late."""


def could_leave(holes: Holes, limits: DrugLimits, numbers: Numbers) -> NDArray[np.bool_]:
    """(h,) whether the temperature may have left its series' limits unseen."""
    leaves = holes.highest_c > limits.high_c[holes.series]
    leaves |= holes.lowest_c < limits.low_c[holes.series]
    leaves |= limits.freeze_sensitive[holes.series] & (holes.lowest_c <= numbers.freezing_c)
    return leaves


def edge_of_break(holes: Holes, limits: DrugLimits, numbers: Numbers) -> NDArray[np.bool_]:
    """(h,) True at an edge of the window, no longer than a permitted step, whose reading lies
    beyond every limit that could be left there: the break found says already what is in doubt."""
    high, low = limits.high_c[holes.series], limits.low_c[holes.series]
    ice = limits.freeze_sensitive[holes.series]
    told: NDArray[np.bool_] = (holes.side != Side.BETWEEN) & (holes.counted == 0)
    told &= holes.length_s <= np.fmin(holes.allowed_s, numbers.recording_interval_s)
    told &= (holes.highest_c <= high) | (holes.high0_c > high)
    told &= (holes.lowest_c >= low) | (holes.low0_c < low)
    told &= ~ice | (holes.lowest_c > numbers.freezing_c) | (holes.low0_c <= numbers.freezing_c)
    return told


def gap_findings(
    case: Case,
    series: Series,
    steps: Steps,
    *,
    limits: DrugLimits,
    leaves: NDArray[np.bool_],
    tolerated: NDArray[np.bool_],
) -> FindingTable:
    """One finding for each hole longer than the permitted interval or in which the range may
    have been left. A shorter one in which no cone leaves the range makes none: readings lost here
    and there are counted (`missing_readings`) and weigh on nothing, and between two readings of one
    instant nothing is missing. A logger that records too
    seldom all along makes one finding for its interval, with the longest step, how many there
    are, and whether the range could be left in any; longer silences keep their own.

    leaves : (h,) as `could_leave` says. A hole during which the logger gave other values is
    `probe_missing`, one at the start or end of the custody window `late_start` or `early_end`,
    any other `no_readings`.
    """
    numbers, holes = case.numbers, steps.holes
    shipment = series.shipment[holes.series]
    length = holes.length_s
    long = length > np.fmin(holes.allowed_s, numbers.recording_interval_s)
    again = edge_of_break(holes, limits, numbers) & ~tolerated[holes.series]
    alone = (length > numbers.recording_interval_s) | (leaves & ~again & (length > 0))
    type_ = np.where(long, _SUBTYPE[holes.side], code_of("evidence_gap/no_readings"))
    on_the_way = case.window.custody.in_transit[shipment] & (holes.side == Side.AFTER)
    type_[on_the_way] = code_of("evidence_gap/no_readings")
    type_[_logger_alive(case.tracks, series, holes)] = code_of("evidence_gap/probe_missing")
    plain = alone & long & (type_ == code_of("evidence_gap/no_readings")) & (holes.counted == 0)
    paced, pace_s = _at_the_loggers_pace(steps, np.flatnonzero(plain))
    alone[paced] = False
    single = np.flatnonzero(alone)
    names = np.array([*series.probes, ""])[series.probe]
    unseen = length > numbers.recording_interval_s
    lone = finding_table(
        shipment=shipment[single],
        type=type_[single],
        start_s=holes.start_s[single],
        end_s=holes.end_s[single],
        certainty=Certainty.CERTAIN,
        severity=np.where(leaves[single], Severity.MAJOR, Severity.MINOR).astype(np.int8),
        probe=names[holes.series[single]],
        measures={
            "logger_number": series.logger[holes.series[single]].astype(np.float64),
            **_measures(length[single], leaves[single], holes.allowed_s[single], unseen[single]),
        },
    )
    if paced.size == 0:
        return lone
    lead = np.flatnonzero(np.diff(holes.series[paced], prepend=-1))
    last = np.r_[lead[1:], paced.size] - 1
    owner = holes.series[paced[lead]]
    longest_s = np.maximum.reduceat(length[paced], lead)
    could = np.logical_or.reduceat(leaves[paced], lead)
    seldom = finding_table(
        shipment=series.shipment[owner],
        type=code_of("evidence_gap/no_readings"),
        start_s=holes.start_s[paced[lead]],
        end_s=holes.end_s[paced[last]],
        certainty=Certainty.CERTAIN,
        severity=np.where(could, Severity.MAJOR, Severity.MINOR).astype(np.int8),
        probe=names[owner],
        measures={
            "logger_number": series.logger[owner].astype(np.float64),
            **_measures(
                longest_s,
                could,
                holes.allowed_s[paced[lead]],
                longest_s > numbers.recording_interval_s,
            ),
            "gaps": (last - lead + 1).astype(np.float64),
            "pace_s": pace_s[lead],
        },
    )
    return concatenate([lone, seldom])


def _at_the_loggers_pace(steps: Steps, hole: IntArray) -> tuple[IntArray, FloatArray]:
    """Those of the holes `hole` (k,) that are the pace of their own logger: in a series most of
    whose steps are such holes, each no longer than `PACES` of their median. Both results (j,),
    holes by series, and the pace [s] of each.
    """
    holes = steps.holes
    hole = hole[holes.side[hole] == Side.BETWEEN]
    series, length_s = holes.series[hole], holes.length_s[hole]
    count = np.bincount(series, minlength=steps.readings.size)
    slow = (count >= FEWEST_AT_A_PACE) & (2 * count > steps.readings - 1)
    chosen = slow[series]
    hole, series, length_s = hole[chosen], series[chosen], length_s[chosen]
    kept, pace_s = at_one_pace(series, length_s)
    return hole[kept], pace_s[kept]


def missing_readings(steps: Steps) -> IntArray:
    """(m,) how many readings of each series are missing, at the pace of those that are there.

    Our own: a hole of length L between two readings lacks L / p - 1 of them, at least one; at an
    edge of the window L / p, whole ones; p is the mean known step. A series without a known step
    of any length (two loggers may speak at one instant) lacks one a hole.
    """
    holes, count = steps.holes, steps.readings.size
    between = holes.side == Side.BETWEEN
    inner = np.bincount(holes.series[between], minlength=count)
    known = steps.readings - 1 - inner
    paced = (known > 0) & (steps.seen_s > 0)
    pace_s = np.divide(steps.seen_s, known, out=np.full(count, np.inf), where=paced)
    fit = holes.length_s / pace_s[holes.series]
    # A reading's clock may be a few seconds off its pace.
    lacking = np.where(between, np.maximum(np.round(fit - 1), 1), np.floor(fit + PACE_SLACK))
    lacking[~between & (holes.length_s <= holes.allowed_s)] = 0
    return np.bincount(holes.series, weights=lacking, minlength=count).astype(np.int64)


def _measures(
    length_s: FloatArray,
    leaves: NDArray[np.bool_],
    permitted_s: FloatArray,
    too_long: NDArray[np.bool_],
) -> dict[str, FloatArray]:
    """too_long : longer than the interval that the rules demand, not only than the logger's."""
    return {
        "length_s": length_s,
        "could_leave_range": leaves.astype(np.float64),
        "hidden_stop_max_s": length_s,
        "permitted_s": permitted_s,
        "interval_exceeded": too_long.astype(np.float64),
    }


def _logger_alive(tracks: Tracks, series: Series, holes: Holes) -> NDArray[np.bool_]:
    """(h,) True where the hole's own logger gave rows inside it, without this probe."""
    alive = np.zeros(holes.series.size, dtype=np.bool_)
    if series.row is None or alive.size == 0:
        return alive
    shipment = series.shipment[holes.series]
    at_start, at_end = holes.side == Side.BEFORE, holes.side == Side.AFTER
    left, right = series.row[holes.left], series.row[holes.right]
    low = np.where(at_start, tracks.first[shipment], left + 1)
    high = np.where(at_end, tracks.first[shipment + 1], right)
    hole, row = expanded(first=low, end=high)
    time_s = tracks.time_s[row]
    inside = tracks.logger[row] == tracks.logger[left[hole]]
    inside &= (time_s >= holes.start_s[hole]) & (time_s <= holes.end_s[hole])
    inside &= at_start[hole] | (time_s > holes.start_s[hole])
    inside &= at_end[hole] | (time_s < holes.end_s[hole])
    alive[hole[inside]] = True
    return alive


def blind_findings(
    shipment: IntArray,
    *,
    start_s: FloatArray,
    end_s: FloatArray,
    alive: NDArray[np.bool_],
) -> FindingTable:
    """Shipments without a single drug value in their window: the whole window is a hole, of the
    logger, or of its drug probe where the logger gave other values (`alive`).

    shipment, start_s, end_s, alive : (k,), times UTC epoch s.
    """
    everywhere = np.ones(shipment.size, dtype=np.bool_)
    length = end_s - start_s
    return finding_table(
        shipment=shipment,
        type=np.where(
            alive, code_of("evidence_gap/probe_missing"), code_of("evidence_gap/no_readings")
        ),
        start_s=start_s,
        end_s=end_s,
        certainty=Certainty.CERTAIN,
        severity=Severity.MAJOR,
        probe="drug",
        measures=_measures(length, everywhere, np.full(shipment.size, np.nan), everywhere),
    )
