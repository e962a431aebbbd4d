"""The lines of a rule pack as a result tells them, for all shipments of a run together."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.judge import Judgement
from coldwitness.analysis.terms import Terms
from coldwitness.analysis.verdict.requirements import QUESTION_NUMBER
from coldwitness.config.rules import QUESTIONS, Requirement, RulePack
from coldwitness.domain.measures import given
from coldwitness.domain.result import Finding, RequirementLine
from coldwitness.domain.text import Text
from coldwitness.domain.tracks import CodeArray, IntArray
from coldwitness.domain.words import STATUS_WORDS, Status
from coldwitness.judging.result_numbers import told_number
from coldwitness.judging.words.lines import line_basis, line_facts
from coldwitness.judging.words.packs import LineWords, pack_words
from coldwitness.judging.words.said_once import SaidOnce, said_once

_ACCUSED = (int(Status.SUSPECTED), int(Status.BREACH))
_UNPROVED = (int(Status.ASSERTED), int(Status.TO_CHECK))
"""What a look or a register would settle."""


def requirement_lines(
    judgement: Judgement,
    terms: Terms,
    pack: RulePack,
    findings: Sequence[Finding],
    weighs: NDArray[np.bool_],
) -> list[tuple[RequirementLine, ...]]:
    """The lines of every shipment, in the pack's order. findings : every row of the judgement's, as
    told; weighs : (f, r) of `weighing`. A line that says the same of many shipments is made once.
    """
    facts = line_facts(pack, judgement, terms, np.arange(len(terms)), with_what_to_see=True)
    told = zip(pack.requirements, pack_words(pack), facts, strict=True)
    owner = judgement.findings.shipment.tolist()
    taught = [int(bool(terms.baselines.get(shipment))) for shipment in range(len(terms))]
    columns = []
    for place, (requirement, words, its) in enumerate(told):
        rows = np.flatnonzero(weighs[:, place]).tolist()
        mine: dict[int, list[Finding]] = {}
        for row in rows:
            mine.setdefault(owner[row], []).append(findings[row])
        columns.append(_column(requirement, words, judgement, place, its, mine, taught))
    return list(zip(*columns, strict=True)) if columns else [()] * len(terms)


def weighing(judgement: Judgement, pack: RulePack) -> NDArray[np.bool_]:
    """(f, r) on which lines in force each finding weighs."""
    asks = np.zeros((len(QUESTION_NUMBER), len(pack.requirements)), dtype=np.bool_)
    for r, line in enumerate(pack.requirements):
        asks[[QUESTION_NUMBER[question] for question in line.questions], r] = True
    applies = judgement.lines[judgement.findings.shipment] != int(Status.NOT_APPLICABLE)
    return np.asarray((judgement.touches @ asks) & applies)


def _column(
    requirement: Requirement,
    words: LineWords,
    judgement: Judgement,
    place: int,
    facts: SaidOnce[Text],
    findings: Mapping[int, Sequence[Finding]],
    taught: Sequence[int],
) -> list[RequirementLine]:
    """One line of every shipment. findings : by shipment, those that weigh on it. taught : (s,)
    1 where a limit was learned from other trips."""
    status = judgement.lines[:, place]
    column = _bounded(words.columns, judgement, status)
    each = np.arange(column.size)
    least = np.where(column >= 0, judgement.least[each, column], 0.0).tolist()
    most = np.where(column >= 0, judgement.most[each, column], 0.0).tolist()
    values = (status.tolist(), facts.code, taught, column.tolist(), least, most)
    make = partial(_line, requirement, words, facts.words)
    lines = said_once(values, make).each
    for shipment, its in findings.items():
        lines[shipment] = make(*(of[shipment] for of in values), findings=its)
    return lines


def _line(
    requirement: Requirement,
    words: LineWords,
    facts: Sequence[Text],
    status: int,
    fact: int,
    taught: int,
    column: int,
    least: float,
    most: float,
    *,
    findings: Sequence[Finding] = (),
) -> RequirementLine:
    """column : the question whose bounds are given, -1 for none. findings : those that weigh on
    it. taught : 1 where a limit of the shipment was learned from other trips."""
    against = would_settle = None
    if status in _ACCUSED:
        against = next((one.against for one in findings if given(one.against) is not None), None)
        would_settle = next(
            (one.would_settle for one in findings if one.would_settle is not None), words.to_check
        )
    elif status in _UNPROVED:
        would_settle = words.to_check
    return RequirementLine(
        id=requirement.id,
        title=requirement.title,
        status=STATUS_WORDS[status],
        findings=tuple(one.id for one in findings),
        basis=line_basis(facts[fact], words.source),
        least=told_number(least, 3) if column >= 0 else None,
        most=told_number(most, 3) if column >= 0 else None,
        bounds_of=QUESTIONS[column] if column >= 0 else None,
        setting=words.setting_taught if taught else words.setting,
        against=against,
        would_settle=would_settle,
    )


def _bounded(columns: Sequence[int], judgement: Judgement, status: CodeArray) -> IntArray:
    """(s,) which question's bounds a line gives: its own, or of several the first that made its
    status; -1 for none. Dwell and exchange are told only where the line is not simply in order: a
    wait at the door or a small exchange beside the word compliant would puzzle."""
    found = np.full(status.size, -1)
    in_force = status != Status.NOT_APPLICABLE.value
    for column in reversed(columns):
        told = in_force & ~np.isnan(judgement.least[:, column])
        if column != QUESTION_NUMBER["range"] or len(columns) > 1:
            told &= status != Status.COMPLIANT.value
            told &= judgement.status[:, column] == status
        found[told] = column
    return found
