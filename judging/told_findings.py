"""Findings as a result tells them: a table's rows with their measures and words."""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import UNSET, UnsetType

from coldwitness.analysis.findings import FindingTable
from coldwitness.config.finding_kinds import FindingKind, kind_of
from coldwitness.config.risks import risks
from coldwitness.domain.measures import Measures
from coldwitness.domain.result import Finding, Place, Risk
from coldwitness.domain.words import CERTAINTY_WORDS, SEVERITY_WORDS, Certainty
from coldwitness.judging.result_numbers import told_instant, told_number
from coldwitness.judging.words.findings import against, explanation, would_settle


def finding_id(shipment: str, kind: str, subtype: str, *anchor: object) -> str:
    """Name of a finding by its evidence: the same for the same evidence, whenever judged, and
    while an episode's end still moves."""
    text = "\x1f".join([shipment, kind, subtype, *map(str, anchor)])
    return "f-" + hashlib.sha256(text.encode()).hexdigest()[:24]


def told_finding(
    table: FindingTable,
    row: int,
    *,
    shipment: str,
    loggers: Sequence[str],
    requirements: tuple[str, ...] = (),
) -> Finding:
    """A row of a table as the result has it, with its words. loggers : the names of Tracks."""
    kind = kind_of(int(table.type[row]))
    certainty = Certainty(int(table.certainty[row]))
    start_s, end_s = float(table.start_s[row]), float(table.end_s[row])
    probe = str(table.probe[row])
    measures = _measures(table, loggers, row, kind)
    lasted_s = told_number(end_s - start_s, 3)
    words = {**measures, "duration_s": lasted_s, "probe": probe}
    place = None
    if not math.isnan(table.lat_deg[row]):
        place = Place(
            lat=told_number(table.lat_deg[row], 7), lon=told_number(table.lon_deg[row], 7)
        )
    anchor = [measures.get(key) for key in kind.anchors]
    start = told_instant(start_s)
    return Finding(
        id=finding_id(shipment, kind.kind, kind.subtype, probe, start, *anchor),
        kind=kind.kind,
        subtype=kind.subtype,
        start=start,
        end=told_instant(end_s),
        duration_s=lasted_s,
        certainty=CERTAINTY_WORDS[certainty],
        severity=SEVERITY_WORDS[int(table.severity[row])],
        requirements=requirements,
        measures=Measures(**measures),
        where=place,
        would_settle=would_settle(kind, certainty, words),
        explanation=explanation(kind, certainty, words),
        against=against(kind, certainty, words),
        risk=_risk(kind, certainty),
    )


def _risk(kind: FindingKind, certainty: Certainty) -> Risk | UnsetType:
    """What is inferred says how often it was wrong in simulations; what is measured does not."""
    if certainty is not Certainty.PROBABLE:
        return UNSET
    return risks().get((kind.kind, kind.subtype), UNSET)


def _measures(
    table: FindingTable, loggers: Sequence[str], row: int, kind: FindingKind
) -> dict[str, Any]:
    """Measures and details of a finding, probe first, without those that are not known."""
    measures: dict[str, Any] = {}
    if table.probe[row]:
        measures["probe"] = str(table.probe[row])
    number = table.measures.get("logger_number")
    if number is not None and number[row] >= 0:
        measures["logger"] = loggers[int(number[row])]
    for name, column_name in kind.columns:
        column, measure = table.measures.get(column_name), kind.measures[name]
        if column is not None and not math.isnan(column[row]):
            measures[name] = _IN_FORM.get(measure.form, told_number)(float(column[row]))
        elif measure.always:
            measures[name] = None
    measures.update((name, _rounded(of)) for name, of in table.details.get(row, {}).items())
    return measures


def _rounded(detail: object) -> object:
    """A detail's numbers with as many digits as all others have, so that judging one shipment
    and many gives the same text whatever the order of summation."""
    if isinstance(detail, float):
        return told_number(detail)
    return tuple(_rounded(one) for one in detail) if isinstance(detail, list) else detail


_IN_FORM: Mapping[str, Callable[[float], object]] = {
    "flag": lambda value: value == 1.0,
    "count": round,
    "instant": told_instant,
}
"""A column's value as the result has it; all others are plain numbers."""
