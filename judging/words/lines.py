"""What a requirement line rests on, in words: what was seen, and what lacks."""

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from coldwitness.analysis.isolation.on_record import RestsOn
from coldwitness.analysis.isolation.zone_verdict import IsolationReason
from coldwitness.analysis.judge import Judgement
from coldwitness.analysis.record.place_datum import PlaceDatum
from coldwitness.analysis.stops.stop_judgement import StorageReason
from coldwitness.analysis.terms import Terms
from coldwitness.config.labels import labels
from coldwitness.config.rules import QUESTIONS, Question, RulePack, day_start_s
from coldwitness.domain.baseline import FleetBaseline, FleetZone
from coldwitness.domain.text import Text
from coldwitness.domain.words import Status
from coldwitness.judging.words.figures import number
from coldwitness.judging.words.packs import pack_words
from coldwitness.judging.words.record import record_basis

_LABELS = labels("results")
_STATUS: Mapping[str, Mapping[int, Text]] = {
    section: {Status[key.upper()]: text for key, text in _LABELS[section].items()}
    for section in QUESTIONS
    if section in _LABELS
}
_ISOLATION: Mapping[int, Text] = {
    IsolationReason[key.upper()]: text for key, text in _LABELS["isolation"].items()
}
_RESTS_ON: Mapping[int, Text] = {
    RestsOn[key.upper()]: text for key, text in _LABELS["isolation_rests_on"].items()
}
"""None for the exchange of heat, whose reason speaks."""
_STORAGE: Mapping[int, Text] = {
    StorageReason[key.upper()]: text for key, text in _LABELS["storage"].items()
}
_DATUM: Mapping[int, Text] = {
    PlaceDatum[key.upper()]: text for key, text in _LABELS["place_datum"].items()
}
_ALSO = _LABELS["also"]
_HELD = (
    int(IsolationReason.WITHIN_LIMIT),
    int(IsolationReason.ABOVE_LIMIT),
    int(IsolationReason.INTERVAL_SPANS_LIMIT),
    int(IsolationReason.BETWEEN_LIMITS),
)
"""Reasons that speak of the limit."""


def line_facts(
    pack: RulePack, judgement: Judgement, terms: Terms, shipment: int
) -> tuple[Text, ...]:
    """What the status of each of the pack's lines rests on for one shipment: parts of a sentence,
    without its end."""
    first, end = np.searchsorted(judgement.findings.shipment, (shipment, shipment + 1)).tolist()
    findings = slice(first, end)
    by_question: dict[Question, list[Text]] = {}

    def said(question: Question) -> list[Text]:
        if question not in by_question:
            by_question[question] = _question_basis(question, judgement, terms, shipment, findings)
        return by_question[question]

    older = (
        [_ALSO["older"]]
        if judgement.window.start_s[shipment] < day_start_s(pack.valid_from)
        else []
    )
    in_force = judgement.in_force[shipment].tolist()
    told = []
    for requirement, words, holds in zip(
        pack.requirements, pack_words(pack), in_force, strict=True
    ):
        alone = requirement.questions[0]
        if requirement.binds == "platform" and not terms.platform_named[shipment]:
            parts = [_ALSO["no_platform"]]
        elif not holds:
            parts = [_ALSO["not_applicable"]]
        elif alone in judgement.record:
            parts = record_basis(judgement.record[alone], shipment, to_check=words.to_check)
        elif len(requirement.questions) == 1:
            parts = said(alone)
        else:
            parts = [part for question in requirement.questions for part in said(question)]
        told.append(_joined((*parts, *older)))
    return tuple(told)


def line_basis(facts: Text, source: Text) -> Text:
    """The facts and the rule's own source as one sentence, as a result says it."""
    said = _joined((facts, source))
    return Text(f"{said.zh}。", f"{said.en}.")


@lru_cache(maxsize=4096)
def _joined(parts: tuple[Text, ...]) -> Text:
    """Parts one after the other in either language; the lines of a fleet are made of few."""
    return Text("；".join(part.zh for part in parts), "; ".join(part.en for part in parts))


def _question_basis(
    question: Question, judgement: Judgement, terms: Terms, shipment: int, findings: slice
) -> list[Text]:
    status = int(judgement.status_of(question)[shipment])
    parts = [_STATUS[question][status]] if status in _STATUS[question] else []
    if question in ("coolant_isolation", "goods_isolation"):
        isolation = judgement.isolation
        facet = isolation.coolant if question == "coolant_isolation" else isolation.goods
        zone: FleetZone = "coolant" if question == "coolant_isolation" else "goods"
        reason = int(facet.reason[shipment])
        taught = terms.baselines.get(shipment, {}).get(zone)
        if reason == IsolationReason.DECLARED_ABSENT:
            return [_ISOLATION[reason]]
        return [
            *parts,
            _RESTS_ON.get(int(facet.rests_on[shipment]), _ISOLATION[reason]),
            *([] if taught is None or reason not in _HELD else [_taught(taught)]),
        ]
    if question == "storage_on_the_way":
        reason = int(judgement.stops.reason[shipment])
        datum = int(judgement.stops.place_datum[shipment])
        return [
            *parts,
            *([_STORAGE[reason]] if reason in _STORAGE else []),
            *([_DATUM[datum]] if datum in _DATUM else []),
            *([_ALSO["sources_disagree"]] if judgement.stops.sources_disagree[shipment] else []),
            *([_ALSO["radius_cut"]] if terms.radius_cut[shipment] else []),
        ]
    if question == "range" and status == Status.COMPLIANT and _tolerates(judgement, findings):
        parts = [_ALSO["tolerated"]]
    window = judgement.window
    known = window.start_known[shipment] and window.end_known[shipment]
    if question in ("range", "recording") and not known:
        parts.append(_ALSO["custody_unknown"])
    if question == "range" and not terms.limits_known[shipment]:
        parts.append(_ALSO["limits_unknown"])
    if question == "range":
        parts += _of_compartments(judgement, terms, shipment)
    if question == "range" and judgement.temperature.own_limits[shipment]:
        parts.append(_ALSO["own_limits"])
    if question == "range" and judgement.temperature.own_slew[shipment]:
        parts.append(_ALSO["own_slew"])
    if question == "range" and terms.storage_assumed[shipment]:
        parts.append(_ALSO["storage_assumed"])
    if question == "integrity" and not judgement.deletion_shows[shipment]:
        parts.append(_ALSO["deletion_hidden"])
    return parts


def _of_compartments(judgement: Judgement, terms: Terms, shipment: int) -> list[Text]:
    """That the box holds several classes, and that an item has no probe."""
    items = slice(int(terms.items.first[shipment]), int(terms.items.first[shipment + 1]))
    several = [_ALSO["several_classes"]] if terms.excluding[shipment] else []
    return several + ([_ALSO["unheard"]] if judgement.unheard[items].any() else [])


def _taught(baseline: FleetBaseline) -> Text:
    limit, typical = number(baseline.limit_per_h), number(baseline.typical_per_h)
    return Text(
        f"上限 {limit}/h 由同型号箱 {baseline.model} 的 {baseline.trips} 次未发现问题的配送学得"
        f"（中位数 {typical}/h），非验证报告所载",
        f"the limit of {limit} per hour was learned from {baseline.trips} compliant deliveries in "
        f"boxes of model {baseline.model} (median {typical} per hour), not from a qualification",
    )


def _tolerates(judgement: Judgement, findings: slice) -> bool:
    """Whether something was, or unseen could have been, out of range for a tolerated time."""
    measures = judgement.findings.measures
    return any(
        bool((measures[name][findings] == 1).any())
        for name in ("tolerated", "could_leave_range")
        if name in measures
    )
