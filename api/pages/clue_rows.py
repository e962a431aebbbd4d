"""Clues as the page lists them: those whose time runs out first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from coldwitness.api.forms.plain_workbook import Cell
from coldwitness.api.pages.words import word
from coldwitness.api.reports.made.wording import Lang, tell
from coldwitness.domain.clues import Clue, ClueDeadline
from coldwitness.domain.text import Text
from coldwitness.judging.rulebook import Rulebook

NEVER = date.max


@dataclass(frozen=True)
class ClueRow:
    """One clue. deadline : the one that ends first of those that run; None: none does."""

    clue: Clue
    deadline: ClueDeadline | None

    @property
    def office(self) -> Text | None:
        return None if self.clue.office is None else self.clue.office.name

    @property
    def parties(self) -> list[str]:
        """Each by its name, else by what it is known by."""
        named = (one.name or one.id or one.uscc for one in self.clue.parties)
        return [name for name in named if name]


def clue_rows(clues: Iterable[Clue], *, most: int) -> list[ClueRow]:
    """Those with a limit that runs by its last day, then the others, newest first; at most so
    many."""
    rows = [ClueRow(clue, _first(clue)) for clue in clues]
    rows.sort(key=lambda row: NEVER if row.deadline is None else row.deadline.due_on)
    return rows[:most]


def requirement_titles(rulebook: Rulebook) -> dict[str, Text]:
    """What each requirement line is called, by the last pack that has it."""
    return {line.id: line.title for pack in rulebook.packs for line in pack.requirements}


def clue_table(rows: Sequence[ClueRow], lang: Lang) -> list[list[Cell]]:
    """The list as a table of a file: titles, then a line a clue."""
    titles = (
        "clue",
        "search",
        "clue_source",
        "source_number",
        "discovered",
        "clue_status",
        "due_on",
        "parties",
        "competent_office",
        "clue_summary",
    )
    return [[word(title, lang) for title in titles], *(_cells(row, lang) for row in rows)]


def _cells(row: ClueRow, lang: Lang) -> list[Cell]:
    clue, office = row.clue, row.office
    status = word(f"clue_status_{clue.status}", lang)
    if clue.standing == "withdrawn":
        status += f" ({word('clue_withdrawn', lang)})"
    return [
        clue.id,
        ", ".join(clue.shipments),
        word(f"clue_source_{clue.source}", lang),
        clue.source_number,
        clue.discovered_at,
        status,
        None if row.deadline is None else row.deadline.due_on.isoformat(),
        "、".join(row.parties),
        None if office is None else tell(office, lang),
        tell(clue.summary, lang),
    ]


def _first(clue: Clue) -> ClueDeadline | None:
    if clue.standing == "withdrawn":
        return None
    running = [one for one in clue.deadlines if one.done_on is None]
    return min(running, key=lambda one: one.due_on, default=None)
