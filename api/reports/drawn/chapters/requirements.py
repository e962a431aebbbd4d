"""Every requirement of the result, worst first, none left out."""

from collections.abc import Sequence

from coldwitness.api.reports.drawn.chapters.decision import MARKS
from coldwitness.api.reports.drawn.document import (
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


def requirements(view: View) -> Chapter:
    """One row a question: lines that rest on the same facts stand together with their bases, so
    the table does not look more thorough than the look was."""
    told: set[str] = set()
    table = Table(
        columns=(
            Column(view.say("requirement"), 3.4),
            Column(view.say("requirements.status"), 1.6),
            Column(view.say("requirements.facts"), 4.0),
        ),
        rows=tuple(_row(view, lines, told) for lines in _by_question(view.report.requirements)),
    )
    blocks = (
        Paragraph(view.say("requirements.worst_first"), small=True),
        table,
        Subheading(view.say("requirements.sources_title")),
        Bullets(_sources(view), small=True),
    )
    return Chapter("requirements", view.say("requirements.title"), blocks)


def _by_question(lines: Sequence[RuleLine]) -> list[list[RuleLine]]:
    """Lines of one status that rest on the same facts, in the order of the first of them."""
    asked: dict[tuple[str, Text], list[RuleLine]] = {}
    for line in lines:
        asked.setdefault((line.status, line.basis), []).append(line)
    return list(asked.values())


def _row(view: View, lines: Sequence[RuleLine], told: set[str]) -> tuple[Cell, ...]:
    """told : names of the settings that stood in a row before; they are said once."""
    first, lang = lines[0], view.lang
    pairs = [(_bounds(view, line), _setting(view, line, told)) for line in lines]
    notes = list(dict.fromkeys(note for pair in pairs for note in pair if note))
    settles = [line.would_settle[0] for line in lines if line.would_settle]
    if first.status not in {"compliant", "not_applicable"} and settles:
        notes.append(view.say("requirements.would_settle") + tell(settles[0], lang))
    mark = MARKS.get(first.status, "—")
    titles = list(dict.fromkeys(tell(line.title, lang) for line in lines))
    return (
        Cell(
            view.say("semicolon").join(titles),
            aside=view.say("and").join(line.id for line in lines),
        ),
        Cell(f"{mark} {tell(STATUS_WORDS[first.status], lang)}", tone=first.status),
        Cell(tell(first.basis, lang), note="\n".join(notes)),
    )


def _sources(view: View) -> tuple[str, ...]:
    """Each source once, of what kind it is, and whom each of the lines that stand on it binds:
    most lines share a few."""
    standing: dict[tuple[str, str], dict[tuple[str, ...], list[str]]] = {}
    for line in view.report.requirements:
        legal = standing.setdefault((tell(line.legal, view.lang), line.source_kind), {})
        legal.setdefault(line.duty, []).append(line.id)
    return tuple(
        view.say(
            "requirements.sources",
            source=source,
            kind=say(f"source_{kind}", view.lang) if kind else "",
            bound=view.say("semicolon").join(_bound(view, duty, ids) for duty, ids in by.items()),
        )
        for (source, kind), by in standing.items()
    )


def _bound(view: View, duty: Sequence[str], ids: Sequence[str]) -> str:
    """`ANNEX6-08、ANNEX6-09：零售企业`."""
    lines = view.say("and").join(ids)
    whom = view.say("and").join(say(f"duty_{who}", view.lang) for who in duty)
    return view.say("requirements.bound", ids=lines, bound=whom) if whom else lines


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


def _setting(view: View, line: RuleLine, told: set[str]) -> str:
    """The settings that a line fell by; where it did not fall, they stand with the methods."""
    if line.status not in {"breach", "suspected", "insufficient_evidence"}:
        return ""
    if line.setting is None or told >= line.setting.values.keys():
        return ""
    told |= line.setting.values.keys()
    return tell(line.setting, view.lang)
