"""What was seen of each shipment: by every probe, of every place, and what was not.

This is said once, here. The result tells it, the report copies it, the charts draw it: none of
them joins loggers, looks for holes or asks how far a temperature can have gone.
"""

from dataclasses import dataclass

import numpy as np

from coldwitness.analysis.findings import FindingTable
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.probes import is_drug, probe_order
from coldwitness.analysis.record.recorded import (
    Recorded,
    SeenHoles,
    SeenProbes,
    nothing_recorded,
    recorded,
    recorded_together,
)
from coldwitness.analysis.record.spans import flat
from coldwitness.analysis.record.steps import BLOCK_ROWS, runs_of_rows, steps_of
from coldwitness.analysis.record.time_states import TimeState, TimeStates, time_states
from coldwitness.config.finding_kinds import finding_kinds
from coldwitness.domain.columns import take
from coldwitness.domain.tracks import IntArray
from coldwitness.domain.words import Certainty

_OUT_OF_RANGE = [kind.code for kind in finding_kinds() if kind.episode]


@dataclass(frozen=True)
class Seen:
    """What was seen of the judged time of every shipment.

    probes : by shipment, then drug, coolant, ambient, goods, others; a shipment without any value
        of the drug has one that recorded nothing. holes : of all of them.
    states : each probe's window cut into time in range, out, doubtful, unseen.
    worst : (s,) the probe whose numbers stand for the shipment.
    """

    probes: SeenProbes
    holes: SeenHoles
    states: TimeStates
    worst: IntArray


def what_was_seen(case: Case, drug: Recorded, findings: FindingTable, *, worst: IntArray) -> Seen:
    """Everything together; `findings` say which known time is out of range, or in doubt.

    drug : what the drug's series recorded. worst : (s,) row of it whose numbers stand for the
        shipment, -1 where it has none.
    """
    others, blind = _others_recorded(case), np.flatnonzero(worst < 0)
    all_ = recorded_together([drug, others, nothing_recorded(blind, case.window)])
    names = sorted(set(all_.probes.probe.tolist()), key=probe_order)
    rank = {name: number for number, name in enumerate(names)}
    place = np.array([rank[name] for name in all_.probes.probe.tolist()], dtype=np.int64)
    order = np.lexsort((place, all_.probes.shipment))
    new = np.empty_like(order)
    new[order] = np.arange(order.size)
    lead = worst.copy()
    lead[blind] = len(drug.probes) + len(others.probes) + np.arange(blind.size)
    followers = {int(new[j]): its for j, its in all_.probes.others.items()}
    probes = take(all_.probes, order, others=followers)
    by_time = np.lexsort((all_.holes.start_s, new[all_.holes.series]))
    holes = take(all_.holes, by_time, series=new[all_.holes.series[by_time]])
    return Seen(probes, holes, _states(case, probes, holes, findings), new[lead])


def _others_recorded(case: Case) -> Recorded:
    """What all probes but the drug's recorded, by blocks of shipments. How fast their places can
    change is not known, so nothing bounds a temperature in their holes."""
    names = sorted(case.tracks.temperature_c, key=probe_order)
    probes = tuple(name for name in names if not is_drug(name))
    every, parts = case.series_among(case.window.rows, probes), []
    for run in runs_of_rows(case.tracks.first, BLOCK_ROWS):
        series = every.of_shipments(*run)
        steps = steps_of(
            series,
            start_s=case.window.start_s[series.shipment],
            end_s=case.window.end_s[series.shipment],
            slew_c_per_s=np.full(len(series), np.nan),
            activation_energy_j_per_mol=None,
        )
        nowhere = np.zeros(steps.holes.series.size, dtype=np.bool_)
        parts.append(recorded(case.tracks, series, steps, could_leave=nowhere))
    return recorded_together(parts)


def _states(case: Case, probes: SeenProbes, holes: SeenHoles, findings: FindingTable) -> TimeStates:
    terms, window = case.terms, case.window
    limited = np.isfinite(terms.low_c) | np.isfinite(terms.high_c)
    base = np.where(
        probes.judged & limited[probes.shipment], TimeState.IN, TimeState.RECORDED
    ).astype(np.int8)
    row, series = _series_of_findings(probes, findings)
    certain = findings.certainty[row] == Certainty.CERTAIN
    state = np.where(certain, TimeState.OUT, TimeState.DOUBTFUL).astype(np.int8)
    return time_states(
        start_s=window.start_s[probes.shipment],
        end_s=window.end_s[probes.shipment],
        base=base,
        series=np.concatenate([series, holes.series]),
        from_s=np.concatenate([findings.start_s[row], holes.start_s]),
        to_s=np.concatenate([findings.end_s[row], holes.end_s]),
        state=np.concatenate([state, np.full(holes.series.size, TimeState.UNSEEN, dtype=np.int8)]),
    )


def _series_of_findings(probes: SeenProbes, findings: FindingTable) -> tuple[IntArray, IntArray]:
    """Rows of the findings that a range was left, and the series that each of them is about."""
    row = np.flatnonzero(np.isin(findings.type, _OUT_OF_RANGE))
    if row.size == 0:
        return row, row
    logger = findings.measures["logger_number"][row].astype(np.int64)
    begin = np.searchsorted(probes.shipment, findings.shipment[row], "left")
    end = np.searchsorted(probes.shipment, findings.shipment[row], "right")
    pair = np.repeat(np.arange(row.size), end - begin)
    series = flat(begin=begin, end=end - 1)
    same = (probes.probe[series] == findings.probe[row[pair]]) & (
        probes.logger[series] == logger[pair]
    )
    return row[pair[same]], series[same]
