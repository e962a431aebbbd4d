"""Two values for one instant, received one after the other: the first counts, and the later one can
make a line worse and never better. Else a logger that repeats its hot hours cold takes a breach
away."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import msgspec
import numpy as np
from numpy.typing import NDArray

from coldwitness.config.labels import labels
from coldwitness.domain.columns import take
from coldwitness.domain.result import CheckResult, Finding
from coldwitness.domain.text import Text
from coldwitness.domain.tracks import FloatArray, IntArray, ReadingTable, Tracks
from coldwitness.judging.beside import worse
from coldwitness.judging.evidence import Evidence

_WORDS = labels("warnings")["contradicted"]
_CONFLICT = ("data_integrity", "duplicate_conflict")


@dataclass(frozen=True)
class FirstReceived:
    """evidence : of the shipments that were contradicted, without what contradicts. senders : of
    each of these, who sent that: `courier/box` or what is known of it."""

    evidence: Evidence
    senders: Mapping[str, str]


def first_received(evidence: Evidence, judged: Iterable[Tracks]) -> FirstReceived | None:
    """The evidence of contradicted shipments by what was received first; None where nothing was
    contradicted, or no receive time tells which came first (files). judged : the same readings in
    their order, with what is in conflict marked."""
    table = evidence.readings
    later = np.zeros(len(table), dtype=np.bool_)
    for tracks in judged:
        rows = np.flatnonzero(tracks.conflict)
        if rows.size:
            later |= _later(table, _instants(tracks, rows, table))
    if not later.any():
        return None
    codes = np.unique(table.shipment[later]).tolist()
    names = tuple(table.shipments[code] for code in codes)
    return FirstReceived(
        replace(
            evidence,
            shipments=names,
            readings=take(table, ~later & np.isin(table.shipment, codes)),
            versions={},
        ),
        {
            name: _senders(table, later & (table.shipment == code))
            for name, code in zip(names, codes, strict=True)
        },
    )


def contradicted(first: CheckResult, doubted: CheckResult, *, sender: str) -> CheckResult:
    """A shipment's result by what was received first, each line that the later readings make worse
    taken from the result with all of them; the finding names who sent these. The evidence is all
    readings, as a report carries them."""
    whole = worse(first, doubted, by=Text(_WORDS["basis"].zh, _WORDS["basis"].en))
    return msgspec.structs.replace(
        whole,
        evidence=doubted.evidence,
        findings=tuple(_naming(finding, sender) for finding in whole.findings),
    )


def without_contradictions(tracks: Tracks) -> Tracks | None:
    """One shipment's tracks by what was received first, as `first_received` has them; None where
    nothing was contradicted."""
    rows = np.flatnonzero(tracks.conflict)
    instants = np.stack([tracks.logger[rows], _milliseconds(tracks.time_s[rows])], axis=1)
    group = np.unique(instants, axis=0, return_inverse=True)[1].reshape(-1)
    received_s = tracks.received_s[rows]
    unknown = np.isnan(received_s)
    later = _after_the_first(group, np.where(unknown, -1, _milliseconds(np.nan_to_num(received_s))))
    if not later.any():
        return None
    kept = np.ones(tracks.time_s.size, dtype=np.bool_)
    kept[rows[later]] = False
    conflict = np.zeros_like(kept)
    conflict[rows] = np.bincount(group[~later], minlength=len(rows))[group] > 1
    first = np.array([0, kept.sum()], dtype=np.int64)
    return take(tracks, kept, first=first, conflict=conflict[kept])


def _naming(finding: Finding, sender: str) -> Finding:
    if (finding.kind, finding.subtype) != _CONFLICT:
        return finding
    said, more = finding.explanation, _WORDS["finding"]
    return msgspec.structs.replace(
        finding,
        measures=msgspec.structs.replace(finding.measures, sender=sender),
        explanation=Text(
            f"{said.zh}{more.zh.format(sender)}", f"{said.en}{more.en.format(sender)}"
        ),
    )


def _instants(tracks: Tracks, rows: IntArray, table: ReadingTable) -> IntArray:
    """(k, 3) shipment, logger and time [ms] of rows of `tracks`, numbered as in `table`."""
    known = {name: place for place, name in enumerate(table.shipments)}
    shipment = np.array([known.get(name, -1) for name in tracks.shipments])
    places = {name: place for place, name in enumerate(table.loggers)}
    logger = np.array([*(places.get(name, -1) for name in tracks.loggers), -1])
    time_ms = _milliseconds(tracks.time_s[rows])
    return np.stack([shipment[tracks.shipment[rows]], logger[tracks.logger[rows]], time_ms], axis=1)


def _milliseconds(time_s: FloatArray) -> IntArray:
    return np.round(time_s * 1000.0).astype(np.int64)


def _later(table: ReadingTable, instants: IntArray) -> NDArray[np.bool_]:
    """(n,) rows of one of these instants that were received after another of it; none of an
    instant of which a receipt is not known."""
    mine = np.flatnonzero(np.isin(table.shipment, np.unique(instants[:, 0])))
    keys = np.stack([table.shipment[mine], table.logger[mine], table.time_ms[mine]], axis=1)
    known, place = np.unique(np.concatenate([instants, keys]), axis=0, return_inverse=True)
    place = place.reshape(-1)
    asked = np.zeros(len(known), dtype=np.bool_)
    asked[place[: len(instants)]] = True
    group = place[len(instants) :]
    later = np.zeros(len(table), dtype=np.bool_)
    later[mine] = asked[group] & _after_the_first(group, table.received_ms[mine])
    return later


def _after_the_first(group: IntArray, received_ms: IntArray) -> NDArray[np.bool_]:
    """(n,) values that were received after another of their instant; none of an instant of which a
    receipt is not known (-1). group : (n,) number of the instant."""
    first_ms = np.full(group.max(initial=-1) + 1, np.iinfo(np.int64).max)
    np.minimum.at(first_ms, group, received_ms)
    earliest_ms = first_ms[group]
    return (earliest_ms >= 0) & (received_ms > earliest_ms)


def _senders(table: ReadingTable, rows: NDArray[np.bool_]) -> str:
    pairs = np.unique(np.stack([table.courier[rows], table.box[rows]], axis=1), axis=0)
    named = []
    for courier, box in pairs.tolist():
        known = [table.couriers[courier]] if courier >= 0 else []
        known += [table.boxes[box]] if box >= 0 else []
        named.append("/".join(known) or "?")
    return ", ".join(named)
