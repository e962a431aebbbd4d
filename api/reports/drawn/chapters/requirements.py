"""Every requirement of the result, worst first, none left out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from coldwitness.api.reports.drawn.chapters.decision import MARKS
from coldwitness.api.reports.drawn.document import (
    Block,
    Bullets,
    Cell,
    Chapter,
    Column,
    Paragraph,
    Subheading,
    Table,
)
from coldwitness.api.reports.drawn.view import View
from coldwitness.api.reports.made.bounded_times import least_most
from coldwitness.api.reports.made.model import RuleLine
from coldwitness.api.reports.made.wording import (
    STATUS_WORDS,
    quantity,
    say,
    tell,
)
from coldwitness.domain.text import Text

_LONG = 24
"""Characters from which a fact is not said again but referred to."""


@dataclass
class _Told:
    """What the rows so far have said. settings : their names. notes : under the facts. bases : by
    its words the line that rests on it."""

    settings: set[str] = field(default_factory=set)
    notes: set[str] = field(default_factory=set)
    bases: dict[str, str] = field(default_factory=dict)

    def facts(self, view: View, line: RuleLine) -> str:
        """What a line rests on; of what a line above rests on as a whole, where it is."""
        facts = tell(line.basis, view.lang)
        for before, id_ in self.bases.items():
            facts = facts.replace(before, view.say("requirements.as_line", id=id_))
        if facts == tell(line.basis, view.lang) and len(facts) >= _LONG:
            self.bases.setdefault(facts, line.id)
        return facts

    def setting(self, view: View, line: RuleLine) -> str:
        """The settings that a line fell by; where it did not fall, they stand with the methods."""
        if line.status not in {"breach", "suspected", "insufficient_evidence"}:
            return ""
        if line.setting is None or self.settings >= line.setting.values.keys():
            return ""
        self.settings |= line.setting.values.keys()
        return tell(line.setting, view.lang)


def requirements(view: View) -> Chapter:
    """One row a question: lines that rest on the same facts stand together with their bases, so
    the table does not look more thorough than the look was."""
    told = _Told()
    asked = _by_question(view.report.requirements)
    held = [lines for lines in asked if lines[0].status in _HELD]
    tables = (
        _table(view, [lines for lines in asked if lines not in held], told, facts=4.6),
        # Where nothing was found little is said of it, and many lines stand together.
        _table(view, held, told, facts=3.1),
    )
    blocks: tuple[Block, ...] = (
        Paragraph(view.say("requirements.worst_first"), small=True),
        *(table for table in tables if table.rows),
        Subheading(view.say("requirements.sources_title")),
        Bullets(_sources(view), small=True),
    )
    return Chapter("requirements", view.say("requirements.title"), blocks)


_HELD = ("compliant", "not_applicable")
_STATUS = 1.5
_REQUIREMENT_AND_FACTS = 7.5
"""Of the table's width."""


def _table(view: View, asked: Sequence[Sequence[RuleLine]], told: _Told, *, facts: float) -> Table:
    """facts : width of the last column."""
    return Table(
        columns=(
            Column(view.say("requirement"), _REQUIREMENT_AND_FACTS - facts),
            Column(view.say("requirements.status"), _STATUS),
            Column(view.say("requirements.facts"), facts),
        ),
        rows=tuple(_row(view, lines, told) for lines in asked),
    )


def _by_question(lines: Sequence[RuleLine]) -> list[list[RuleLine]]:
    """Lines of one status that rest on the same facts, in the order of the first of them."""
    asked: dict[tuple[str, Text], list[RuleLine]] = {}
    for line in lines:
        asked.setdefault((line.status, line.basis), []).append(line)
    return list(asked.values())


def _row(view: View, lines: Sequence[RuleLine], told: _Told) -> tuple[Cell, ...]:
    """told : what stood in a row before and is said once."""
    first, lang = lines[0], view.lang
    pairs = [(_bounds(view, line), told.setting(view, line)) for line in lines]
    facts = told.facts(view, first)
    notes = [note for note in dict.fromkeys(note for pair in pairs for note in pair) if note]
    if facts != tell(first.basis, lang):  # the line it refers to has the same
        notes = [note for note in notes if note not in told.notes]
    told.notes.update(notes)
    settles = [line.would_settle[0] for line in lines if line.would_settle]
    if first.status not in {"compliant", "not_applicable"} and settles:
        settle = tell(settles[0], lang)
        looked_at = first.status in {"to_check", "asserted"}  # then the text says so itself
        notes.append(settle if looked_at else view.say("requirements.would_settle") + settle)
    mark = MARKS.get(first.status, "—")
    titles = list(dict.fromkeys(tell(line.title, lang) for line in lines))
    return (
        Cell(
            view.say("semicolon").join(titles),
            aside=view.say("and").join(line.id for line in lines),
        ),
        Cell(f"{mark} {tell(STATUS_WORDS[first.status], lang)}", tone=first.status),
        Cell(facts, note="\n".join(notes)),
    )


def _sources(view: View) -> tuple[str, ...]:
    """Each source once with the lines that stand on it, by its kind and by whom they bind: most
    lines share a few."""
    standing: dict[tuple[str, tuple[str, ...]], dict[str, list[str]]] = {}
    for line in view.report.requirements:
        alike = standing.setdefault((line.source_kind, line.duty), {})
        alike.setdefault(tell(line.legal, view.lang), []).append(line.id)
    return tuple(
        view.say(
            "requirements.sources",
            kind=_kind_and_duty(view, kind, duty),
            sources=view.say("semicolon").join(
                view.say("requirements.source", source=source, ids=view.say("and").join(ids))
                for source, ids in sources.items()
            ),
        )
        for (kind, duty), sources in standing.items()
    )


def _kind_and_duty(view: View, kind: str, duty: Sequence[str]) -> str:
    """`规范性文件，零售企业、配送企业`."""
    whom = view.say("and").join(say(f"duty_{who}", view.lang) for who in duty)
    what = say(f"source_{kind}", view.lang) if kind else ""
    if not what or not whom:
        return what or whom
    return view.say("requirements.kind_and_duty", kind=what, duty=whom)


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
    bounds = least_most((line.least, line.most), view.lang)
    return f"{lead} {bounds}" if bounds else ""
