"""The words around a verdict: three sentences, what speaks against it, methods and limits."""

from collections.abc import Iterable, Sequence

from coldwitness.api.reports.made.model import Decision, RuleLine
from coldwitness.api.reports.made.wording import (
    both,
    celsius,
    duration,
    percent,
)
from coldwitness.config.finding_kinds import accusing_kinds
from coldwitness.config.rules import RulePack
from coldwitness.domain.measures import given
from coldwitness.domain.result import CheckResult, Finding, RequirementLine
from coldwitness.domain.text import Text
from coldwitness.judging.words.headline import headline

_RANK = {
    "breach": 6,
    "suspected": 5,
    "insufficient_evidence": 4,
    "to_check": 3,
    "asserted": 2,
    "compliant": 1,
}
_CERTAINTY = {"certain": 3, "probable": 2, "possible": 1}
_SEVERITY = {"critical": 4, "major": 3, "minor": 2, "info": 1}


def worst_first(findings: Sequence[Finding]) -> list[Finding]:
    """Clues before gaps, certain before possible, grave before slight, then by time."""
    return sorted(
        findings,
        key=lambda f: (
            (f.kind, f.subtype) not in accusing_kinds(),
            -_CERTAINTY[f.certainty],
            -_SEVERITY[f.severity],
            str(f.start),
            f.id,
        ),
    )


def requirement_lines(
    result: CheckResult, pack: RulePack, facts: Sequence[Text]
) -> tuple[RuleLine, ...]:
    """Lines worst first, each with what the pack says about its source.

    facts : what each line of the result rests on, in its order: the source has its own column.
    """
    sources = {requirement.id: requirement for requirement in pack.requirements}
    by_id = {finding.id: finding for finding in result.findings}
    lines = []
    for line, fact in zip(result.requirements, facts, strict=True):
        source = sources.get(line.id)
        confirmed = source is not None and source.confirmed == "official_text"
        legal = source.source if source is not None else Text("条款待核", "article to be confirmed")
        if confirmed and source is not None and source.article is not None:
            same = source.article.zh in legal.zh
            legal = (
                legal
                if same
                else Text(f"{legal.zh}（{source.article.zh}）", f"{legal.en} ({source.article.en})")
            )
        elif not confirmed and "待核" not in legal.zh:
            legal = Text(f"{legal.zh}（条款待核）", f"{legal.en} (article to be confirmed)")
        its = [by_id[id_] for id_ in line.findings if id_ in by_id]
        lines.append(
            RuleLine(
                id=line.id,
                title=line.title,
                status=line.status,
                asks=source.asks if source is not None else "telemetry",
                duty=source.duty if source is not None else (),
                source_kind=source.source_kind if source is not None else "",
                findings=line.findings,
                basis=fact,
                legal=legal,
                article_confirmed=confirmed,
                least=line.least,
                most=line.most,
                bounds_of=given(line.bounds_of),
                setting=line.setting,
                against=_texts([given(line.against), *(given(f.against) for f in its)]),
                would_settle=_settled(line, its),
            )
        )
    return tuple(sorted(lines, key=lambda line: -_RANK.get(line.status, 0)))


def _settled(line: RequirementLine, findings: Sequence[Finding]) -> tuple[Text, ...]:
    """What its findings say would settle the line, else what the line itself says."""
    told = _texts([finding.would_settle for finding in worst_first(findings)])
    return told or _texts([given(line.would_settle)])


def _texts(texts: Iterable[Text | None]) -> tuple[Text, ...]:
    """The distinct ones, in order."""
    return tuple(dict.fromkeys(text for text in texts if text is not None))


def decision_of(result: CheckResult, lines: Sequence[RuleLine]) -> Decision:
    verdict = result.verdict
    return Decision(
        verdict=verdict,
        word=headline(result),
        sentences=(
            _what_was_found(result, lines),
            _how_much_was_seen(result),
            _what_to_do(result, lines),
        ),
    )


def _what_was_found(result: CheckResult, lines: Sequence[RuleLine]) -> Text:
    verdict = result.verdict
    clues = [f for f in worst_first(result.findings) if (f.kind, f.subtype) in accusing_kinds()]
    if verdict in {"breach", "suspected"} and clues:
        worst = clues[0]
        what, sure = worst.explanation, both(worst.certainty)
        more_zh = f"；另有 {len(clues) - 1} 项线索" if len(clues) > 1 else ""
        clues_en = "clue" if len(clues) == 2 else "clues"
        more_en = f"; {len(clues) - 1} further {clues_en}" if len(clues) > 1 else ""
        return Text(
            f"{what.zh.rstrip('。')}（{sure.zh}）{more_zh}。",
            f"{what.en.rstrip('.')} ({sure.en}){more_en}.",
        )
    lacking = [line for line in lines if line.status == "insufficient_evidence"]
    if lacking:
        basis = lacking[0]
        return Text(
            f"{len(lacking)} 项要求因证据不足无法判定，首先是“{basis.title.zh}”："
            f"{basis.basis.zh.rstrip('。')}。",
            f"{len(lacking)} requirement{'' if len(lacking) == 1 else 's'} cannot be judged for "
            f"lack of evidence, first "
            f"“{basis.title.en}”: {basis.basis.en.rstrip('.')}.",
        )
    beside = _beside(lines)
    if verdict == "asserted":
        named = _asserted_alone(lines)
        what = Text(
            "”“".join(line.title.zh for line in named), "”, “".join(line.title.en for line in named)
        )
        return Text(
            f"未发现问题；“{what.zh}”仅有书面申报，未证实{beside.zh}。",
            f"Nothing was found; “{what.en}” is asserted in writing only, not proved{beside.en}.",
        )
    judged = [line for line in lines if line.status == "compliant"]
    return Text(
        f"所查 {len(judged)} 项要求在记录所及范围内均未发现问题{beside.zh}。",
        f"Nothing was found against any of the {len(judged)} requirements the record can speak "
        f"to{beside.en}.",
    )


def _asserted_alone(lines: Sequence[RuleLine]) -> list[RuleLine]:
    """What is asserted, each thing once: of lines that rest on the same the first, and none that
    rests on another's and something more."""
    asserted = [line for line in lines if line.status == "asserted" and line.asks == "telemetry"]
    told = {line.basis: line for line in reversed(asserted)}
    bases = [set(basis.zh.split("；")) for basis in told]
    alone = [
        line
        for basis, line in told.items()
        if not any(other < set(basis.zh.split("；")) for other in bases)
    ]
    return alone[::-1]


def _beside(lines: Sequence[RuleLine]) -> Text:
    """How many record lines are only asserted, or ask for a look: they stand beside the verdict."""
    record = [line for line in lines if line.asks == "record"]
    asserted = sum(line.status == "asserted" for line in record)
    to_check = sum(line.status == "to_check" for line in lines)
    zh = [f"{asserted} 项仅有书面申报"] * bool(asserted)
    zh += [f"{to_check} 项需现场核查"] * bool(to_check)
    en = [f"{asserted} asserted in writing only"] * bool(asserted)
    en += [f"{to_check} to be checked on site"] * bool(to_check)
    if not zh:
        return Text("", "")
    return Text(f"；另有 {'，'.join(zh)}", f"; besides, {', '.join(en)}")


def _how_much_was_seen(result: CheckResult) -> Text:
    metrics = result.metrics
    readings = metrics.readings
    if not readings:
        return Text(
            "监测时段内没有任何药品温度读数。", "No drug temperature was recorded in custody time."
        )
    coverage, gap = metrics.coverage, metrics.longest_gap_s
    low, high = metrics.min_c, metrics.max_c
    return Text(
        f"监测时段内药品温度读数 {readings} 条，有效覆盖 {percent(coverage)}，"
        f"最长读数间隔 {duration(gap, 'zh')}；测得 {celsius(low)} 至 {celsius(high)}。",
        f"{readings} drug reading{' covers' if readings == 1 else 's cover'} "
        f"{percent(coverage)} of custody time, longest step "
        f"{duration(gap, 'en')}; measured {celsius(low)} to {celsius(high)}.",
    )


def _what_to_do(result: CheckResult, lines: Sequence[RuleLine]) -> Text:
    if result.verdict in {"compliant", "asserted"}:
        return Text(
            "本结论只说明在记录所及范围内未发现问题，不代替现场检查。",
            "This says only that nothing was found as far as the record reaches; it does not "
            "replace an inspection.",
        )
    clues = [f for f in worst_first(result.findings) if (f.kind, f.subtype) in accusing_kinds()]
    if result.verdict in {"breach", "suspected"} and clues:
        settle = _texts([clues[0].would_settle])
    else:
        lacking = [line for line in lines if line.status == "insufficient_evidence"]
        settle = tuple(text for line in lacking for text in line.would_settle)
    if settle:
        return Text(
            f"待核查，可由以下证据确定：{settle[0].zh.rstrip('。')}。",
            f"To be checked. This would settle it: {settle[0].en.rstrip('.')}.",
        )
    return Text(
        "以上为线索，须经执法人员查证属实。",
        "These are clues; officers have to verify that they are true.",
    )


def against_of(lines: Sequence[RuleLine]) -> tuple[Text, ...]:
    """What speaks against the suspected and breach lines, each reason once."""
    doubted = [line for line in lines if line.status in {"breach", "suspected"}]
    return _texts(text for line in doubted for text in line.against)
