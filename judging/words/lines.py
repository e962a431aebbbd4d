"""What a requirement line rests on, in words: what was seen, and what lacks.

Of each question only the values are looked at that its words depend on, for all shipments together;
shipments with the same values share the words.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.isolation.on_record import RestsOn
from coldwitness.analysis.isolation.zone_verdict import IsolationReason
from coldwitness.analysis.judge import Judgement
from coldwitness.analysis.record.place_datum import PlaceDatum
from coldwitness.analysis.stops.stop_judgement import StorageReason
from coldwitness.analysis.terms import Terms
from coldwitness.analysis.verdict.record_lines import RecordLine
from coldwitness.analysis.verdict.requirements import QUESTION_NUMBER
from coldwitness.config.labels import labels
from coldwitness.config.rules import QUESTIONS, Question, RulePack, day_start_s
from coldwitness.domain.baseline import FleetBaseline, FleetZone
from coldwitness.domain.text import Text
from coldwitness.domain.tracks import CodeArray, IntArray
from coldwitness.domain.words import Status
from coldwitness.judging.words.figures import number
from coldwitness.judging.words.packs import pack_words
from coldwitness.judging.words.record import SPOKEN_AMOUNTS, record_basis
from coldwitness.judging.words.said_once import SaidOnce, said_once

BoolArray = NDArray[np.bool_]

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
_OF_OFFICE = (int(RestsOn.LOOK), int(RestsOn.REGISTER), int(RestsOn.NO_PART_REGISTERED))
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
_STORAGE_FLAGS = ("sources_disagree", "radius_cut", "clock_wrong")
_RANGE_FLAGS = (
    "custody_unknown",
    "clock_wrong",
    "limits_unknown",
    "several_classes",
    "unheard",
    "label_registered",
    "entered_here",
    "own_limits",
    "own_slew",
    "storage_assumed",
)


def line_facts(
    pack: RulePack, judgement: Judgement, terms: Terms, of: IntArray, *, with_what_to_see: bool
) -> list[SaidOnce[Text]]:
    """What the status of each of the pack's lines rests on, by line and then shipment of those
    `of`: parts of a sentence, without its end. with_what_to_see : where the record does not
    decide, also by what evidence it is to be checked on site."""
    asked = {
        question: _said(question, judgement, terms, of)
        for requirement in pack.requirements
        for question in requirement.questions
        if question not in judgement.record
    }
    older = (judgement.window.start_s[of] < day_start_s(pack.valid_from)).tolist()
    platform = terms.platform_named[of].tolist()
    told = []
    for place, (requirement, words) in enumerate(
        zip(pack.requirements, pack_words(pack), strict=True)
    ):
        its = (
            [
                _recorded(
                    judgement.record[requirement.questions[0]],
                    terms.on_record.signed_in,
                    words.to_check if with_what_to_see else None,
                    of,
                )
            ]
            if requirement.questions[0] in judgement.record
            else [asked[question] for question in requirement.questions]
        )
        silent = (
            [not named for named in platform]
            if requirement.binds == "platform"
            else [False] * len(platform)
        )
        holds = judgement.in_force[of, place].tolist()
        told.append(
            said_once(
                (silent, holds, older, *(one.code for one in its)), _sentence([*map(_words, its)])
            )
        )
    return told


def _words(of: SaidOnce[tuple[Text, ...]]) -> Sequence[tuple[Text, ...]]:
    return of.words


def _sentence(words: Sequence[Sequence[tuple[Text, ...]]]) -> Callable[..., Text]:
    """Of one line, from what each of its questions may rest on."""

    def said(silent: bool, holds: bool, older: bool, *codes: int) -> Text:
        if silent:
            parts = [_ALSO["no_platform"]]
        elif not holds:
            parts = [_ALSO["not_applicable"]]
        else:
            parts = [part for code, of in zip(codes, words, strict=True) for part in of[code]]
        return _joined((*parts, *([_ALSO["older"]] if older else [])))

    return said


def line_basis(facts: Text, source: Text) -> Text:
    """The facts and the rule's own source as one sentence, as a result says it."""
    said = _joined((facts, source))
    return Text(f"{said.zh}。", f"{said.en}.")


@lru_cache(maxsize=4096)
def _joined(parts: tuple[Text, ...]) -> Text:
    """Parts one after the other in either language."""
    return Text("；".join(part.zh for part in parts), "; ".join(part.en for part in parts))


def _recorded(
    line: RecordLine, signed_in: BoolArray, to_check: Text | None, of: IntArray
) -> SaidOnce[tuple[Text, ...]]:
    reason = line.reason[of].tolist()
    amount = [
        number if code in SPOKEN_AMOUNTS else 0.0
        for code, number in zip(reason, line.amount[of].tolist(), strict=True)
    ]
    return said_once(
        (reason, line.state[of].tolist(), amount, signed_in[of].tolist()),
        partial(record_basis, to_check=to_check),
    )


def _said(
    question: Question, judgement: Judgement, terms: Terms, of: IntArray
) -> SaidOnce[tuple[Text, ...]]:
    """What the answer to a question rests on, by all that its words depend on."""
    status = judgement.status_of(question)[of].tolist()
    if question in ("coolant_isolation", "goods_isolation"):
        isolation = judgement.isolation
        facet = isolation.coolant if question == "coolant_isolation" else isolation.goods
        zone: FleetZone = "coolant" if question == "coolant_isolation" else "goods"
        taught = [terms.baselines.get(shipment, {}).get(zone) for shipment in of.tolist()]
        columns = _listed(of, facet.reason, facet.rests_on, terms.on_record.signed_in)
        return said_once((status, *columns, taught), partial(_isolation_basis, question))
    if question == "storage_on_the_way":
        stops = judgement.stops
        flags = (stops.sources_disagree, terms.radius_cut, judgement.clock_wrong)
        columns = _listed(of, stops.reason, stops.place_datum, terms.on_record.signed_in, *flags)
        return said_once((status, *columns), _storage_basis)
    unknown = ~judgement.window.told
    if question == "range":
        temperature = judgement.temperature
        columns = _listed(
            of,
            _tolerates(judgement),
            unknown,
            judgement.clock_wrong,
            ~terms.limits_known,
            terms.excluding,
            _unheard(judgement, terms),
            terms.on_record.label,
            terms.on_record.label & ~terms.on_record.signed_in,
            temperature.own_limits,
            temperature.own_slew,
            terms.storage_assumed,
        )
        return said_once((status, *columns), _range_basis)
    if question == "intervals":
        return said_once((status, *_listed(of, _by_clock_alone(judgement))), _intervals_basis)
    also = {
        "recording": {"custody_unknown": unknown, "clock_wrong": judgement.clock_wrong},
        "integrity": {"deletion_hidden": ~judgement.deletion_shows},
    }.get(question, {})
    return said_once(
        (status, *_listed(of, *also.values())), partial(_plain_basis, question, tuple(also))
    )


def _listed(
    of: IntArray, *columns: IntArray | CodeArray | BoolArray | tuple[bool, ...]
) -> list[list[int]]:
    return [np.asarray(column)[of].tolist() for column in columns]


def _of_status(question: Question, status: int) -> tuple[Text, ...]:
    return (_STATUS[question][status],) if status in _STATUS[question] else ()


def _plain_basis(
    question: Question, names: Sequence[str], status: int, *flags: bool
) -> tuple[Text, ...]:
    """The status, and beside it the words of `also` whose flag is set."""
    return (
        *_of_status(question, status),
        *(_ALSO[name] for name, flag in zip(names, flags, strict=True) if flag),
    )


def _by_clock_alone(judgement: Judgement) -> BoolArray:
    """(s,) True where the clock was wrong and no finding shows a step that is too long."""
    long_steps = np.zeros(judgement.clock_wrong.size, dtype=np.bool_)
    asked = judgement.touches[:, QUESTION_NUMBER["intervals"]]
    long_steps[judgement.findings.shipment[asked]] = True
    return np.asarray(judgement.clock_wrong & ~long_steps)


def _intervals_basis(status: int, by_clock: bool) -> tuple[Text, ...]:
    if by_clock and status == Status.INSUFFICIENT_EVIDENCE:
        return (_ALSO["intervals_by_clock"],)
    return _of_status("intervals", status)


def _range_basis(status: int, tolerates: bool, *flags: bool) -> tuple[Text, ...]:
    parts = _plain_basis("range", _RANGE_FLAGS, status, *flags)
    if tolerates and status == Status.COMPLIANT:
        return (_ALSO["tolerated"], *parts[len(_of_status("range", status)) :])
    return parts


def _isolation_basis(
    question: Question,
    status: int,
    reason: int,
    rests_on: int,
    signed_in: bool,
    taught: FleetBaseline | None,
) -> tuple[Text, ...]:
    if reason == IsolationReason.DECLARED_ABSENT:
        return (_ISOLATION[reason],)
    return (
        *_of_status(question, status),
        _RESTS_ON.get(rests_on, _ISOLATION[reason]),
        *([_ALSO["entered_here"]] if rests_on in _OF_OFFICE and not signed_in else []),
        *([] if taught is None or reason not in _HELD else [_taught(taught)]),
    )


def _storage_basis(
    status: int, reason: int, datum: int, signed_in: bool, *flags: bool
) -> tuple[Text, ...]:
    at_site = reason == StorageReason.SITE_REGISTERED
    of_status = _of_status("storage_on_the_way", status)
    return (
        *(() if at_site and status == Status.COMPLIANT else of_status),
        *([_STORAGE[reason]] if reason in _STORAGE else []),
        *([_ALSO["entered_here"]] if at_site and not signed_in else []),
        *([_DATUM[datum]] if datum in _DATUM else []),
        *(_ALSO[name] for name, flag in zip(_STORAGE_FLAGS, flags, strict=True) if flag),
    )


def _taught(baseline: FleetBaseline) -> Text:
    limit, typical = number(baseline.limit_per_h), number(baseline.typical_per_h)
    return Text(
        f"上限 {limit} /h 由同型号箱 {baseline.model} 的 {baseline.trips} 次未发现问题的配送学得"
        f"（中位数 {typical} /h），非验证报告所载",
        f"the limit of {limit} /h was learned from {baseline.trips} compliant deliveries in "
        f"boxes of model {baseline.model} (median {typical} /h), not from a qualification",
    )


def _tolerates(judgement: Judgement) -> BoolArray:
    """(s,) whether something was, or unseen could have been, out of range for a tolerated time."""
    findings = judgement.findings
    out = np.zeros(len(judgement.shipments), dtype=np.bool_)
    for name in ("tolerated", "could_leave_range"):
        if name in findings.measures:
            out[findings.shipment[findings.measures[name] == 1]] = True
    return out


def _unheard(judgement: Judgement, terms: Terms) -> BoolArray:
    """(s,) whether an item of the shipment has no probe."""
    so_many = np.append(0, np.cumsum(judgement.unheard))[terms.items.first]
    return np.asarray(np.diff(so_many) > 0)
