"""What speaks against it, methods and limits, settings in force, review, how to verify."""

from coldwitness.api.reports.drawn.chapters.decision import limits_words
from coldwitness.api.reports.drawn.document import (
    Block,
    Bullets,
    Cell,
    Chapter,
    Column,
    Facts,
    Paragraph,
    Signatures,
    Subheading,
    Table,
)
from coldwitness.api.reports.drawn.view import View
from coldwitness.api.reports.made.wording import quantity, say, tell, unit_words


def against(view: View) -> Chapter:
    zh = view.lang == "zh"
    reasons = tuple(tell(text, view.lang) for text in view.report.against)
    if reasons:
        blocks: tuple[Block, ...] = (Bullets(reasons),)
    elif view.report.decision.verdict in {"breach", "suspected"}:
        blocks = (
            Paragraph(
                "记录本身没有与上述线索相反的内容；当事人可陈述、申辩并提供证据。"
                if zh
                else "Nothing in the record itself speaks against the clues; the party may answer "
                "and bring evidence."
            ),
        )
    else:
        blocks = (
            Paragraph("没有需要反驳的线索。" if zh else "There is no clue to speak against."),
        )
    return Chapter("against", "相反的证据与说明" if zh else "What speaks against it", blocks)


def methods(view: View) -> Chapter:
    report, zh = view.report, view.lang == "zh"
    rules = report.rules
    rows = tuple(
        (
            Cell(tell(number.title, view.lang)),
            Cell(quantity(number.value, unit_words(number.unit, view.lang))),
            Cell(say(f"set_by_{number.set_by}", view.lang)),
            Cell(_sureness(view, number.set_by, number.confirmed)),
        )
        for number in rules.numbers
    )
    blocks: tuple[Block, ...] = (
        Bullets(tuple(tell(text, view.lang) for text in report.methods)),
        Subheading("所用数值" if zh else "Numbers in force"),
        Paragraph(
            f"规则包 {rules.id} {rules.version}（{tell(rules.title, view.lang)}），"
            f"{rules.valid_from} 起施行。本运单温度限值：{limits_words(view)}。"
            if zh
            else f"Rule pack {rules.id} {rules.version} ({tell(rules.title, view.lang)}), in force "
            f"from {rules.valid_from}. Limits of this shipment: {limits_words(view)}.",
            small=True,
        ),
        Table(
            columns=(
                Column("项目" if zh else "Number", 3.0),
                Column("数值" if zh else "Value", 1.2, "right"),
                Column("由谁设定" if zh else "Set by", 1.7),
                Column("来源确认" if zh else "Source", 1.7),
            ),
            rows=rows,
        ),
    )
    return Chapter("methods", "方法与局限" if zh else "Methods and limits", blocks)


def _sureness(view: View, set_by: str, confirmed: str) -> str:
    """Only what claims an outside source can be confirmed or not; a setting is what it is."""
    if set_by in {"bureau", "product"}:
        return "—"
    return say(f"confirmed_{confirmed}", view.lang)


def _outcome(view: View, decision: str) -> str:
    """The outcome's word; an officer's own words as they are."""
    known = {"confirmed", "rejected", "undecided", "isolation_seen", "correction_accepted"}
    return say(f"review_{decision}", view.lang) if decision in known else decision


def review(view: View) -> Chapter:
    zh = view.lang == "zh"
    earlier = view.report.review.earlier
    opinions = (*view.report.review.opinions, *earlier)
    blocks: list[Block] = [
        Paragraph(
            f"审核状态：{say(view.report.review.state, view.lang)}。本报告由软件依据记录生成，"
            "所列为线索；经两名执法人员审核后方可作为证据使用。审核意见单独保存，不改变软件结论。"
            if zh
            else f"State of review: {say(view.report.review.state, view.lang)}. Software made this "
            "report from the record; it lists clues, which two officers have to review before "
            "they serve as evidence. Reviews are kept apart and do not change the result."
        )
    ]
    if opinions:
        blocks.append(
            Table(
                columns=(
                    Column("审核人" if zh else "Officer", 1.3),
                    Column("意见" if zh else "Decision", 1.3),
                    Column("理由" if zh else "Reasons", 3.0),
                    Column("结果版本" if zh else "Version", 1.2),
                    Column("时间" if zh else "At", 1.4),
                ),
                rows=tuple(
                    (
                        Cell(o.officer),
                        Cell(_outcome(view, o.decision)),
                        Cell(o.reasons),
                        Cell("—" if o.result_version is None else str(o.result_version)),
                        Cell(o.at),
                    )
                    for o in opinions
                ),
            )
        )
    if earlier:
        blocks.append(
            Paragraph(
                f"其中 {len(earlier)} 份意见针对较早版本的结果，不计入本版的审核。"
                if zh
                else f"{len(earlier)} of them are about an older version of the result and do not "
                "count for this one.",
                small=True,
            )
        )
    fields = (
        ("执法人员", "执法证号", "意见与理由", "签名", "日期")
        if zh
        else ("Officer", "Certificate no.", "Decision and reasons", "Signature", "Date")
    )
    blocks.append(Signatures(people=(fields, fields)))
    return Chapter("review", "审核与签名" if zh else "Review and signature", tuple(blocks))


def verification(view: View) -> Chapter:
    report, zh = view.report, view.lang == "zh"
    seal = report.seal
    blocks: tuple[Block, ...] = (
        Paragraph(
            "取得本报告的 JSON、PDF 或证据包后运行 coldwitness verify 文件名："
            "软件从其中的原始读数重新评判，逐项比对，并核对摘要与签名；不需要网络。"
            if zh
            else "Run coldwitness verify FILE on the JSON, PDF or evidence package of this report: "
            "it judges the original readings again, compares every line, and checks digests and "
            "signature; no network is needed."
        ),
        Facts(
            pairs=(
                ("SHA-256", seal.sha256 if seal else "—", ""),
                ("SM3", seal.sm3 if seal else "—", ""),
                (
                    "签名" if zh else "Signature",
                    f"{seal.algorithm}" if seal and seal.algorithm else ("无" if zh else "none"),
                    (seal.public_key or "") if seal else "",
                ),
                (
                    "软件与规则" if zh else "Software and rules",
                    f"{report.origin.software}",
                    f"{report.rules.id} {report.rules.version}",
                ),
                (
                    "读数来自" if zh else "Readings from",
                    ", ".join(report.origin.readings_from),
                    "",
                ),
            )
        ),
    )
    return Chapter("verify", "如何核验" if zh else "How to verify", blocks)
