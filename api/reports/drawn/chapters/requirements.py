"""Every requirement of the result, worst first, none left out."""

from coldwitness.api.reports.drawn.chapters.decision import MARKS, least_most
from coldwitness.api.reports.drawn.document import (
    Block,
    Cell,
    Chapter,
    Column,
    Paragraph,
    Subheading,
    Table,
)
from coldwitness.api.reports.drawn.view import View
from coldwitness.api.reports.made.model import RuleLine
from coldwitness.api.reports.made.wording import (
    STATUS_WORDS,
    decimal,
    quantity,
    storage_words,
    tell,
)


def requirements(view: View) -> Chapter:
    zh = view.lang == "zh"
    blocks: list[Block] = [
        Paragraph(
            "由重到轻排列。要求编号（如 ANNEX6-10）是本软件的编号，不是条款号；“条款待核”表示"
            "尚未见到官方文本中的条款号，使用前须由法制人员核对。"
            if zh
            else "Worst first. The ids (such as ANNEX6-10) are this program's own, not articles. "
            "“Article to be confirmed” means that the article has not been seen in the official "
            "text; a legal officer has to confirm it before use.",
            small=True,
        ),
        Table(
            columns=(
                Column("要求" if zh else "Requirement", 2.4),
                Column("结论" if zh else "Status", 1.75),
                Column("依据的事实" if zh else "Facts", 2.6),
                Column("出处" if zh else "Source", 1.9),
            ),
            rows=tuple(_row(view, line) for line in view.report.requirements),
        ),
    ]
    items = _items(view)
    if items:
        blocks += [Subheading("逐个药品" if zh else "Item by item"), items]
    return Chapter(
        "requirements", "逐项要求" if zh else "Requirement by requirement", tuple(blocks)
    )


def _row(view: View, line: RuleLine) -> tuple[Cell, ...]:
    lang = view.lang
    facts = tell(line.basis, lang)
    notes = [note for note in (_bounds(view, line), _setting(view, line)) if note]
    if line.status not in {"compliant", "not_applicable"} and line.would_settle:
        lead = "可由此确定：" if lang == "zh" else "would settle it: "
        notes.append(lead + tell(line.would_settle[0], lang))
    mark = MARKS.get(line.status, "—")
    return (
        Cell(tell(line.title, lang), note=line.id),
        Cell(f"{mark} {tell(STATUS_WORDS[line.status], lang)}", tone=line.status),
        Cell(facts, note="\n".join(notes)),
        Cell(tell(line.legal, lang)),
    )


def _bounds(view: View, line: RuleLine) -> str:
    if line.least is None or line.most is None:
        return ""
    zh = view.lang == "zh"
    if line.bounds_of in {"coolant_isolation", "goods_isolation"}:
        low, high = (quantity(rate, "") for rate in (line.least, line.most))
        return (
            f"热交换率 95 % 区间 {low}–{high} 每小时"
            if zh
            else f"exchange {low}–{high} per hour (95 %)"
        )
    if line.bounds_of == "storage_on_the_way":
        lead = "最长停留" if zh else "longest stop:"
    else:
        lead = "超限时间" if zh else "time out of range:"
    return f"{lead} {least_most((line.least, line.most), view)}"


def _setting(view: View, line: RuleLine) -> str:
    if line.setting is None:
        return ""
    return line.setting.zh if view.lang == "zh" else line.setting.en


def _items(view: View) -> Table | None:
    zh = view.lang == "zh"
    items = view.report.result.items
    if not items:
        return None
    rows = []
    for item in items:
        low, high = item.limits.low, item.limits.high
        status = item.status
        rows.append(
            (
                Cell(item.name or "—"),
                Cell(storage_words(item.storage or "—", view.lang)),
                Cell(
                    f"{'—' if low is None else decimal(float(low))} … "
                    f"{'—' if high is None else decimal(float(high))} °C"
                ),
                Cell(
                    f"{MARKS.get(status, '—')} {tell(STATUS_WORDS[status], view.lang)}", tone=status
                ),
                Cell(quantity(len(item.findings), "")),
            )
        )
    return Table(
        columns=(
            Column("药品" if zh else "Drug", 2.6),
            Column("储存类别" if zh else "Storage", 1.2),
            Column("限值" if zh else "Limits", 1.3),
            Column("结论" if zh else "Status", 1.6),
            Column("发现" if zh else "Findings", 0.7, "right"),
        ),
        rows=tuple(rows),
    )
