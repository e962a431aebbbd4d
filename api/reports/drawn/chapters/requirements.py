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
    blocks: list[Block] = [
        Paragraph(
            view.say("requirements.worst_first"),
            small=True,
        ),
        Table(
            columns=(
                Column(view.say("requirement"), 2.4),
                Column(view.say("requirements.status"), 1.75),
                Column(view.say("requirements.facts"), 2.6),
                Column(view.say("requirements.source"), 1.9),
            ),
            rows=tuple(_row(view, line) for line in view.report.requirements),
        ),
    ]
    items = _items(view)
    if items:
        blocks += [Subheading(view.say("requirements.items")), items]
    return Chapter("requirements", view.say("requirements.title"), tuple(blocks))


def _row(view: View, line: RuleLine) -> tuple[Cell, ...]:
    lang = view.lang
    facts = tell(line.basis, lang)
    notes = [note for note in (_bounds(view, line), _setting(view, line)) if note]
    if line.status not in {"compliant", "not_applicable"} and line.would_settle:
        lead = view.say("requirements.would_settle")
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
    if line.bounds_of in {"coolant_isolation", "goods_isolation"}:
        low, high = (quantity(rate, "") for rate in (line.least, line.most))
        return view.say("requirements.exchange_interval", low=low, high=high)
    if line.bounds_of == "storage_on_the_way":
        lead = view.say("requirements.longest_stop")
    else:
        lead = view.say("requirements.time_out")
    return f"{lead} {least_most((line.least, line.most), view)}"


def _setting(view: View, line: RuleLine) -> str:
    return "" if line.setting is None else tell(line.setting, view.lang)


def _items(view: View) -> Table | None:
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
            Column(view.say("requirements.drug"), 2.6),
            Column(view.say("requirements.storage"), 1.2),
            Column(view.say("requirements.limits"), 1.3),
            Column(view.say("requirements.status"), 1.6),
            Column(view.say("requirements.findings"), 0.7, "right"),
        ),
        rows=tuple(rows),
    )
