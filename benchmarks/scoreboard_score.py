"""From answers to the figures of the scoreboard."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import beta

from benchmarks.scoreboard_classes import (
    ISOLATED,
    UNTRUE_OF_STORAGE,
    Truth,
    break_beyond_uncertainty,
    clearly_wrong,
    onset_ms,
    truly_broken,
    truly_in_contact,
)
from benchmarks.scoreboard_run import Answer, Answers
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.result import CheckResult, IsolationFacet

ACCUSING = ("breach", "suspected")
VERDICTS = ("breach", "suspected", "insufficient_evidence", "asserted", "compliant")
ACQUITTING = ("asserted", "compliant")
"""A word that acquits is an acquittal: an asserted record counts as compliant."""


@dataclass(frozen=True)
class ClassScore:
    """found : shipments with a wanted finding; of : those whose truth asks for one. The
    errors are absolute, in seconds, medians and 95th percentiles over what was found."""

    name: str
    kind: str
    question: str
    shipments: int
    verdicts: dict[str, int]
    found: int
    of: int
    wrong_compliant: list[str]
    accused: list[str]
    onset_error_s: tuple[float, float] | None
    duration_error_s: tuple[float, float] | None
    in_bounds: tuple[int, int] | None
    plain: dict[str, int]
    plain_onset_error_s: tuple[float, float] | None
    plain_accused: int
    plain_wrong_compliant: int


@dataclass(frozen=True)
class FalseFindings:
    """Accusing findings of one subtype on shipments of which it is truly not so."""

    subtype: str
    untrue: int
    shipments: int
    names: list[str]


@dataclass(frozen=True)
class Detection:
    """Isolation found at fixed false alarms, ours and by plain correlation. covers : of the
    isolated and of those in contact, in how many the 95 % interval holds the true rate, of how many
    that have one."""

    zone: str
    isolated: int
    contact: int
    as_judged: tuple[int, int]
    at: dict[str, tuple[float, float]]
    covers: tuple[tuple[int, int], tuple[int, int]]


def upper_bound(hits: int, of: int) -> float:
    """One-sided 95 % upper bound of a share (Clopper-Pearson)."""
    if of == 0:
        return 1.0
    return 1.0 if hits == of else float(beta.ppf(0.95, hits + 1, of - hits))


def score_class(run: Answers) -> ClassScore:
    scored = run.scored
    asked = [a for a in run.answers if scored.wanted and _asks(scored.wanted, a.truth)]
    found = [a for a in asked if _has(a, scored.wanted)]
    onset = [_onset_error_s(run, a) for a in found]
    breaks = [a for a in run.answers if truly_broken(a.truth) and a.truth["fraud"] == "none"]
    plain_onset = [
        abs(a.plain.first_out_s - begin / 1000.0)
        for a in breaks
        if a.plain.first_out_s is not None and (begin := onset_ms(scored, a.truth)) is not None
    ]
    return ClassScore(
        name=scored.name,
        kind=scored.kind,
        question=scored.question,
        shipments=len(run.answers),
        verdicts=_count(a.result.verdict for a in run.answers),
        found=len(found),
        of=len(asked),
        wrong_compliant=[
            _name(run, a)
            for a in run.answers
            if _said(a, scored.line) in ACQUITTING
            and (clearly_wrong(a.truth) or scored.kind == "evidence")
        ],
        accused=[
            _name(run, a)
            for a in run.answers
            if a.result.verdict in (("breach",) if scored.kind == "standing" else ACCUSING)
            and not (scored.kind == "clean" and truly_broken(a.truth))
        ],
        onset_error_s=_median_and_95([error for error in onset if error is not None]),
        duration_error_s=_median_and_95(
            [
                abs(_seconds_out(a.result) - _true_seconds_out(a.truth))
                for a in breaks
                if a.result.metrics.seconds_above is not None
            ]
        ),
        in_bounds=_in_bounds(breaks),
        plain=_count(a.plain.verdict for a in run.answers),
        plain_onset_error_s=_median_and_95(plain_onset),
        plain_accused=sum(
            a.plain.verdict in ACCUSING and not (scored.kind == "clean" and truly_broken(a.truth))
            for a in run.answers
        ),
        plain_wrong_compliant=sum(
            a.plain.verdict == "compliant" and (clearly_wrong(a.truth) or scored.kind == "evidence")
            for a in run.answers
        ),
    )


def false_findings(runs: Sequence[Answers]) -> list[FalseFindings]:
    """Over all classes with an honest record: findings that say what is not so."""
    untrue: dict[str, Callable[[Truth], bool]] = {
        "above_range": lambda t: t["drug"]["seconds_above"] == 0,
        "below_range": lambda t: t["drug"]["seconds_below"] == 0,
        "frozen": lambda t: t["drug"]["seconds_frozen"] == 0 or not t["drug"]["freeze_sensitive"],
        **UNTRUE_OF_STORAGE,
        **ISOLATED,
    }
    honest = [
        (run, answer)
        for run in runs
        for answer in run.answers
        if answer.truth["fraud"] == "none" and run.scored.scenario != "stuck_sensor"
    ]
    scores = []
    for subtype, is_untrue in untrue.items():
        where = [(run, answer) for run, answer in honest if is_untrue(answer.truth)]
        wrong = [
            _name(run, answer)
            for run, answer in where
            if any(
                finding.subtype == subtype and finding.certainty != "possible"
                for finding in answer.result.findings
            )
        ]
        scores.append(FalseFindings(subtype, len(wrong), len(where), wrong))
    return scores


def detection(runs: Sequence[Answers], zone: str) -> Detection:
    """How many contacts are found when 1 % and 0.1 % of the isolated boxes may be accused.

    Our score is the lower end of the 95 % interval over the limit (0 where nothing could be
    said), the plain one the correlation of the probes' steps.
    """
    isolated: list[Answer] = []
    contact: list[Answer] = []
    for run in runs:
        for answer in run.answers:
            if answer.truth["fraud"] != "none" or run.scored.kind == "evidence":
                continue
            if answer.truth["isolation"][zone] is None:
                continue
            (contact if truly_in_contact(answer.truth, zone) else isolated).append(answer)
    at = {}
    for name, share in (("1 %", 0.01), ("0.1 %", 0.001)):
        at[name] = (
            _found_at(isolated, contact, share, lambda answer: _ours(answer, zone)),
            _found_at(isolated, contact, share, lambda answer: _plain(answer, zone)),
        )
    judged = [sum(_status(a, zone) == "missing" for a in group) for group in (contact, isolated)]
    covers = (_covered(isolated, zone), _covered(contact, zone))
    return Detection(zone, len(isolated), len(contact), (judged[0], judged[1]), at, covers)


def _covered(answers: list[Answer], zone: str) -> tuple[int, int]:
    held = [
        interval[0] <= answer.truth["isolation"][zone]["coupling_per_h"] <= interval[1]
        for answer in answers
        if (interval := _facet(answer, zone).interval_95)
    ]
    return sum(held), len(held)


def _found_at(
    isolated: list[Answer], contact: list[Answer], share: float, scored: Callable[[Answer], float]
) -> float:
    """Share of `contact` above the threshold that at most `share` of `isolated` exceed."""
    if not isolated or not contact:
        return float("nan")
    allowed = int(share * len(isolated))
    threshold = sorted(map(scored, isolated), reverse=True)[allowed]
    return float(np.mean([scored(answer) > threshold for answer in contact]))


def _ours(answer: Answer, zone: str) -> float:
    said = _facet(answer, zone)
    low, _ = said.interval_95 or (None, None)
    return 0.0 if low is None or not said.limit_per_h else low / said.limit_per_h


def _plain(answer: Answer, zone: str) -> float:
    return answer.coolant_correlation if zone == "coolant" else answer.goods_correlation


def _status(answer: Answer, zone: str) -> str:
    return _facet(answer, zone).status


def _facet(answer: Answer, zone: str) -> IsolationFacet:
    isolation = answer.result.isolation
    return isolation.coolant if zone == "coolant" else isolation.goods


def _asks(wanted: Sequence[tuple[str, str]], truth: Truth) -> bool:
    """Breaks are asked for only beyond the uncertainty, all else wherever it is true."""
    kind, subtype = wanted[0]
    if subtype == "frozen":
        return bool(truth["drug"]["freeze_sensitive"] and truth["drug"]["min_c"] < -1.0)
    if kind == "cold_chain_break":
        return break_beyond_uncertainty(truth)
    return True


def _said(answer: Answer, line: str | None) -> str:
    """The status of the line the class is about, else the verdict."""
    if line is None:
        return answer.result.verdict
    return next(said.status for said in answer.result.requirements if said.id == line)


def _has(answer: Answer, wanted: Sequence[tuple[str, str]]) -> bool:
    """A wanted finding stands, and not merely as `possible`; of the record's truth, as whatever:
    nothing of that accuses."""
    return any(
        (finding.kind, finding.subtype) in wanted
        and (finding.certainty != "possible" or finding.kind == "data_integrity")
        for finding in answer.result.findings
    )


def _onset_error_s(run: Answers, answer: Answer) -> float | None:
    begin = onset_ms(run.scored, answer.truth)
    starts = [
        instant_ms(finding.start)
        for finding in answer.result.findings
        if (finding.kind, finding.subtype) in run.scored.wanted and finding.start is not None
    ]
    if begin is None or not starts:
        return None
    # The drug may leave the range more than once: the finding next to the true onset counts.
    return min(abs(start - begin) for start in starts) / 1000.0


def _seconds_out(result: CheckResult) -> float:
    return (result.metrics.seconds_above or 0.0) + (result.metrics.seconds_below or 0.0)


def _true_seconds_out(truth: Truth) -> float:
    return float(truth["drug"]["seconds_above"] + truth["drug"]["seconds_below"])


def _in_bounds(breaks: Sequence[Answer]) -> tuple[int, int] | None:
    """In how many the true time out of range lies within the bounds that were given."""
    if not breaks:
        return None
    inside = 0
    for answer in breaks:
        drug, metrics = answer.truth["drug"], answer.result.metrics
        inside += all(
            (least or 0.0) - 1.0 <= drug[key] <= (math.inf if most is None else most) + 1.0
            for key, (least, most) in (
                ("seconds_above", metrics.seconds_above_bounds or (None, None)),
                ("seconds_below", metrics.seconds_below_bounds or (None, None)),
            )
        )
    return inside, len(breaks)


def _median_and_95(errors: Sequence[float]) -> tuple[float, float] | None:
    if not errors:
        return None
    return float(np.median(errors)), float(np.percentile(errors, 95))


def _count(words: Iterable[str]) -> dict[str, int]:
    counted = Counter(words)
    return {verdict: counted[verdict] for verdict in VERDICTS}


def _name(run: Answers, answer: Answer) -> str:
    """How to make this shipment again: scenario, seed and the box's number."""
    return f"{run.scored.scenario}, seed {run.seed}, {answer.truth['shipment']}"
