"""Check results on a terminal: NDJSON for machines, short bilingual text for people."""

import sys
from collections.abc import Iterable, Sequence

import msgspec

from coldwitness.domain.measures import given
from coldwitness.domain.result import CheckResult
from coldwitness.domain.text import Text
from coldwitness.domain.words import STATUS_EN, STATUS_ZH, Status
from coldwitness.judging.words.headline import headline

_LINES_AT_ONCE = 100
_MARKS = {
    "breach": "✗",
    "suspected": "?",
    "insufficient_evidence": "…",
    "asserted": "~",
    "compliant": "✓",
}


def status_words(status: str, *, lang: str) -> str:
    """`breach` -> 疑似违反（待核查）; with lang zh the English stands second."""
    code = Status[status.upper()]
    return STATUS_EN[code] if lang == "en" else f"{STATUS_ZH[code]} {STATUS_EN[code]}"


def beside(results: Iterable[CheckResult], others: Iterable[CheckResult]) -> list[CheckResult]:
    """Each result with the one of the same shipment under another pack as `compared`; without
    others, the results as they are."""
    by_shipment = {result.shipment: result for result in others}
    return [
        msgspec.structs.replace(result, compared=by_shipment[result.shipment])
        if by_shipment
        else result
        for result in results
    ]


def json_lines(results: Sequence[CheckResult]) -> bytes:
    """One line a shipment, UTF-8; NaN cannot stand in it."""
    return msgspec.json.Encoder().encode_lines(results)


def print_json(results: Sequence[CheckResult]) -> None:
    """Lines as they are: a terminal's encoding does not change what a machine reads."""
    sys.stdout.flush()
    for first in range(0, len(results), _LINES_AT_ONCE):
        sys.stdout.buffer.write(json_lines(results[first : first + _LINES_AT_ONCE]))


def print_text(results: Iterable[CheckResult], *, lang: str) -> None:
    for result in results:
        mark = _MARKS[result.verdict]
        print(f"{mark} {result.shipment}  {_headline_words(result, lang=lang)}")
        for finding in result.findings:
            text = _told(finding.explanation, lang)
            print(f"    {finding.kind}/{finding.subtype} [{finding.certainty}] {text}")
        for line in result.requirements:
            if line.status not in ("compliant", "not_applicable"):
                words = status_words(line.status, lang=lang)
                print(f"    {line.id:<20} {_told(line.title, lang)}：{words}")
        if (other := given(result.compared)) is not None:
            _print_beside(result, other, lang=lang)


def _headline_words(result: CheckResult, *, lang: str) -> str:
    said = headline(result)
    return said.en if lang == "en" else f"{said.zh} {said.en}"


def _told(text: Text, lang: str) -> str:
    return text.en if lang == "en" else text.zh


def _print_beside(result: CheckResult, other: CheckResult, *, lang: str) -> None:
    """All lines of both packs: first those of the one, with the other's answer where it has the
    line too, then those that only the other has."""
    both = [result, other]
    heads = [one.evidence.rules for one in both]
    print(f"    {'对照' if lang == 'zh' else 'side by side'}: {heads[0]} | {heads[1]}")
    verdicts = [status_words(one.verdict, lang=lang) for one in both]
    print(
        f"      {'结论 verdict' if lang == 'zh' else 'verdict':<20} {verdicts[0]} | {verdicts[1]}"
    )
    lines = [{line.id: line for line in one.requirements} for one in both]
    for id_ in dict.fromkeys([*lines[0], *lines[1]]):
        said = [status_words(its[id_].status, lang=lang) if id_ in its else "—" for its in lines]
        title = _told((lines[0].get(id_) or lines[1][id_]).title, lang)
        print(f"      {id_:<20} {said[0]} | {said[1]}  {title}")
