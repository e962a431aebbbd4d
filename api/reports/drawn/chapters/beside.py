"""What the rule pack in force says, beside a report that was asked for under another pack."""

from coldwitness.api.reports.drawn.chapters.decision import MARKS
from coldwitness.api.reports.drawn.document import Cell, Chapter, Column, Paragraph, Table
from coldwitness.api.reports.drawn.view import View
from coldwitness.api.reports.made.model import Beside
from coldwitness.api.reports.made.wording import STATUS_WORDS, tell


def beside(view: View) -> Chapter:
    """Both verdicts and every line of both packs; a line that one of them lacks is a dash."""
    report = view.report
    other = report.beside
    title = view.say("beside.title")
    if other is None:
        return Chapter("beside", title, ())
    ours = f"{report.rules.id} {report.rules.version}"
    return Chapter(
        "beside",
        title,
        (
            Paragraph(
                view.say(
                    "beside.why",
                    ours=ours,
                    title=tell(report.rules.title, view.lang),
                    other=other.rules,
                    other_title=tell(other.title, view.lang),
                )
            ),
            Table(
                columns=(
                    Column(view.say("requirement"), 3.2),
                    Column(ours, 2.0),
                    Column(view.say("beside.in_force", other=other.rules), 2.0),
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
    verdicts = view.say("beside.verdict")
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
