"""What the rule pack in force says, beside a report that was asked for under another pack."""

from coldwitness.api.reports.drawn.chapters.decision import MARKS
from coldwitness.api.reports.drawn.document import Cell, Chapter, Column, Paragraph, Table
from coldwitness.api.reports.drawn.view import View
from coldwitness.api.reports.made.model import Beside
from coldwitness.api.reports.made.wording import STATUS_WORDS, tell


def beside(view: View) -> Chapter:
    """Both verdicts and every line of both packs; a line that one of them lacks is a dash."""
    report, zh = view.report, view.lang == "zh"
    other = report.beside
    title = "两套规则对照" if zh else "Two rule packs side by side"
    if other is None:
        return Chapter("beside", title, ())
    ours = f"{report.rules.id} {report.rules.version}"
    return Chapter(
        "beside",
        title,
        (
            Paragraph(
                f"本报告应要求按规则包 {ours}（{tell(report.rules.title, view.lang)}）评判；"
                f"按当时施行的规则包 {other.rules}（{tell(other.title, view.lang)}）评判的结论"
                "并列于此。登记在案的结果是后者，不因本报告改变。"
                if zh
                else f"This report was asked for under rule pack {ours} "
                f"({tell(report.rules.title, view.lang)}). Beside it stands what rule pack "
                f"{other.rules} ({tell(other.title, view.lang)}), in force at the time, says. The "
                "result on record is the latter; this report does not change it."
            ),
            Table(
                columns=(
                    Column("要求" if zh else "Requirement", 3.2),
                    Column(ours, 2.0),
                    Column(f"{other.rules}（施行）" if zh else f"{other.rules} (in force)", 2.0),
                ),
                rows=_rows(view, other),
            ),
        ),
    )


def _rows(view: View, other: Beside) -> tuple[tuple[Cell, ...], ...]:
    report = view.report
    titles = {line.id: line.title for line in other.lines}
    titles |= {line.id: line.title for line in report.requirements}
    ours = {line.id: line.status for line in report.requirements}
    theirs = {line.id: line.status for line in other.lines}
    verdicts = "结论" if view.lang == "zh" else "Verdict"
    return (
        (
            Cell(verdicts),
            _status(view, report.decision.verdict),
            _status(view, other.verdict),
        ),
        *(
            (
                Cell(tell(titles[name], view.lang), note=name),
                _status(view, ours.get(name)),
                _status(view, theirs.get(name)),
            )
            for name in dict.fromkeys((*ours, *theirs))
        ),
    )


def _status(view: View, status: str | None) -> Cell:
    if status is None:
        return Cell("—")
    return Cell(f"{MARKS.get(status, '—')} {tell(STATUS_WORDS[status], view.lang)}", tone=status)
