"""A probe beside the drug's that fell silent for a while although the drug was still read.

The curves of coolant, goods and outside are what the drug's curve is held against: who takes a part
of one of them out of the record takes the check away, so such a record is not complete.
"""

import numpy as np

from coldwitness.analysis.findings import NO_FINDINGS, FindingTable, concatenate, finding_table
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.probes import ZONES, probes_of
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.tracks import FloatArray, IntArray
from coldwitness.domain.words import Certainty, Severity

PACES = 1.5
"""A probe that is read less often than the drug is silent only beyond so many of its own steps."""


def zone_silence_findings(case: Case) -> FindingTable:
    """One `probe_missing` for each silence longer than the permitted interval, and than `PACES` of
    the probe's own median step, in which the drug was read. A probe that never spoke makes none:
    nobody knows that there is one; one that is silent by and large is told once
    (`probe_missing`)."""
    tracks, rows = case.tracks, case.window.rows
    read = np.zeros(tracks.time_s.size, dtype=np.bool_)
    for name in probes_of(tracks, "drug"):
        read |= ~np.isnan(tracks.temperature_c[name])
    read &= rows
    if not read.any():
        return NO_FINDINGS
    before = np.concatenate([[0], np.cumsum(read)])
    names = [name for zone in ZONES for name in probes_of(tracks, zone)]
    return concatenate(
        [
            NO_FINDINGS,
            *(_of_probe(case, name, read=np.flatnonzero(read), before=before) for name in names),
        ]
    )


def _of_probe(case: Case, name: str, *, read: IntArray, before: IntArray) -> FindingTable:
    """read : rows with a value of the drug. before : (n + 1,) how many of them lie before a row."""
    tracks, permitted_s = case.tracks, case.numbers.recording_interval_s
    given = np.flatnonzero(case.window.rows & ~np.isnan(tracks.temperature_c[name]))
    if given.size == 0:
        return NO_FINDINGS
    owner = tracks.shipment[given]
    same = owner[1:] == owner[:-1]
    left, right = given[:-1][same], given[1:][same]
    heads = np.flatnonzero(~same) + 1
    first, last = given[np.append(0, heads)], given[np.append(heads, given.size) - 1]
    # At both ends the drug's own first and last reading stand for the probe's.
    lead = read[np.minimum(before[tracks.first[tracks.shipment[first]]], read.size - 1)]
    tail = read[np.maximum(before[tracks.first[tracks.shipment[last] + 1]] - 1, 0)]
    begin = np.concatenate([left, np.minimum(lead, first), last])
    end = np.concatenate([right, first, np.maximum(tail, last)])
    shipment = tracks.shipment[end]
    length_s = tracks.time_s[end] - tracks.time_s[begin]
    if not (length_s > permitted_s).any():
        return NO_FINDINGS
    step_s = _median_step_s(tracks.shipment[left], length_s[: left.size], len(tracks.shipments))
    with np.errstate(invalid="ignore"):
        silent = (length_s > permitted_s) & ~(length_s <= PACES * step_s[shipment])
    silent &= before[end] - before[begin + 1] > 0
    silent &= ~case.silent_probes.of(name, len(tracks.shipments))[shipment]
    at = np.flatnonzero(silent)
    return finding_table(
        shipment=shipment[at],
        type=code_of("evidence_gap/probe_missing"),
        start_s=tracks.time_s[begin[at]],
        end_s=tracks.time_s[end[at]],
        certainty=Certainty.CERTAIN,
        severity=Severity.MINOR,
        probe=name,
        measures={
            "length_s": length_s[at],
            "could_leave_range": np.zeros(at.size),
            "beside_the_drug": np.ones(at.size),
        },
    )


def _median_step_s(shipment: IntArray, step_s: FloatArray, shipments: int) -> FloatArray:
    """(s,) the lower median of each shipment's steps, NaN without one."""
    order = np.lexsort((step_s, shipment))
    count = np.bincount(shipment, minlength=shipments)
    middle = np.cumsum(count) - count + (count - 1) // 2
    some = count > 0
    median_s = np.full(shipments, np.nan)
    median_s[some] = step_s[order][middle[some]]
    return median_s
