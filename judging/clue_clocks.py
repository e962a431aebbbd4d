"""The time limits of a clue: which run from when, and what a status or an extension does to them.

A limit keeps the days, the text and the calendar by which it began: only what somebody does with
the clue moves it.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from msgspec.structs import asdict, replace

from coldwitness.config.deadline_kinds import deadline_rule, load_deadline_rules
from coldwitness.config.working_days import load_working_days
from coldwitness.domain.clues import (
    ENDED,
    Clue,
    ClueDeadline,
    ClueSource,
    ClueStatus,
    DeadlineState,
    notice_name,
)
from coldwitness.domain.deadlines import DeadlineKind
from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import china_day
from coldwitness.judging.clue_words import SYSTEM, reason_of
from coldwitness.judging.deadlines import deadline
from coldwitness.storage.clue_ports import Notice

_CHECKING: frozenset[DeadlineKind] = frozenset({"clue", "clue_extended"})
_DECIDING: frozenset[DeadlineKind] = frozenset({"decision", "decision_extended"})


def started(kind: DeadlineKind, *, starts_on: date, excluded_days: int = 0) -> ClueDeadline:
    """A limit that begins on a day of Beijing time."""
    found = deadline(kind, starts_on=starts_on, excluded_days=excluded_days)
    rule = deadline_rule(load_deadline_rules(), kind, day=starts_on)
    return ClueDeadline(**asdict(found), remind_on=_remind_on(found.due_on, rule.remind_days))


def first_deadline(
    source: ClueSource, *, starts_on: date, special_due_on: date | None = None
) -> ClueDeadline:
    """By where the clue comes from: the national platform's has 40 working days, any other 15. A
    day that the assigning authority set goes first. Source: Shandong measures, articles 34, 35."""
    kind: DeadlineKind = "national_clue" if source == "monitor" else "clue"
    plain = started(kind, starts_on=starts_on)
    if special_due_on is None:
        return plain
    if special_due_on <= starts_on:
        raise BadInput(f"special_due_on: expected a day after {starts_on}")
    ahead = (plain.due_on - plain.remind_on).days
    return replace(
        plain,
        due_on=special_due_on,
        remind_on=max(starts_on, special_due_on - timedelta(days=ahead)),
        working_days=None,
        special=True,
        provisional=False,
    )


def after_status(
    deadlines: Sequence[ClueDeadline], status: ClueStatus, *, on: date
) -> tuple[ClueDeadline, ...]:
    """Limits after a status that was reached on a day: filing ends the check and begins the 90 days
    of the decision; rejection, transfer and closing end all."""
    ends = frozenset(one.kind for one in deadlines) if status in ENDED else frozenset()
    if status == "filed":
        ends = _CHECKING
    told = [
        replace(one, done_on=on) if one.done_on is None and one.kind in ends else one
        for one in deadlines
    ]
    if status == "filed" and not any(one.kind in _DECIDING for one in told):
        told.append(started("decision", starts_on=on))
    return tuple(told)


def extended(
    deadlines: Sequence[ClueDeadline], *, until: date | None = None
) -> tuple[ClueDeadline, ...]:
    """Limits after an approved extension of the one that runs: 15 working days become 30 and 90
    days 120, from the same first day; for a clue of the national platform a report is due every 20
    working days, from the end of the limit before. until : an earlier day that was approved.

    Raises BadInput where nothing runs that can be extended, or `until` does not fit.
    """
    for place, one in enumerate(deadlines):
        if one.done_on is not None:
            continue
        longer = _longer(one)
        if longer is None:
            continue
        if until is not None:
            if not one.due_on < until <= longer.due_on:
                raise BadInput(
                    f"until: expected a day after {one.due_on} and no later than {longer.due_on}"
                )
            longer = replace(longer, due_on=until, remind_on=min(longer.remind_on, until))
        return (*deadlines[:place], longer, *deadlines[place + 1 :])
    raise BadInput("extended: no time limit of this clue runs that can be extended")


def _longer(one: ClueDeadline) -> ClueDeadline | None:
    if one.kind == "clue":
        return started("clue_extended", starts_on=one.starts_on, excluded_days=one.excluded_days)
    if one.kind in ("national_clue", "national_progress"):
        return started("national_progress", starts_on=one.due_on)
    if one.kind == "decision":
        return started(
            "decision_extended", starts_on=one.starts_on, excluded_days=one.excluded_days
        )
    return None


def with_excluded(
    deadlines: Sequence[ClueDeadline], excluded_days: int
) -> tuple[ClueDeadline, ...]:
    """Limits that run, with so many days of tests and appraisals in all, by the days they began
    with. Raises BadInput where none runs."""
    if all(one.done_on is not None for one in deadlines):
        raise BadInput("excluded_days: no time limit of this clue runs")
    return tuple(
        one if one.done_on is not None or one.special else _excluding(one, excluded_days)
        for one in deadlines
    )


def _excluding(one: ClueDeadline, excluded_days: int) -> ClueDeadline:
    calendar = load_working_days()
    if one.working_days is not None:
        due_on = calendar.last_of(one.starts_on, days=one.working_days + excluded_days)
    else:
        days = (one.calendar_days or 0) + excluded_days
        due_on = calendar.first_worked_from(one.starts_on + timedelta(days=days))
    return replace(
        one,
        due_on=due_on,
        remind_on=one.remind_on + (due_on - one.due_on),
        excluded_days=excluded_days,
        provisional=not calendar.knows(one.starts_on, due_on),
    )


def notice(clue: Clue, *, now_ms: int) -> Notice | None:
    """What is to be told of the clue's limits now and was not yet: that one comes to its end, once,
    and that it is over, once."""
    today = china_day(now_ms / 1000)
    names, reasons = [], []
    for one in clue.deadlines:
        if one.done_on is not None:
            continue
        state: DeadlineState | None = None
        if today > one.due_on and one.state != "overdue":
            state = "overdue"
        elif one.remind_on <= today <= one.due_on and one.state == "running":
            state = "due"
        if state is not None:
            names.append(notice_name(one, state))
            day = one.due_on.isoformat()
            reasons.append(reason_of("changes", state, what=one.title, day=day))
    if not names:
        return None
    return Notice(frozenset(names), reason="；".join(reasons), by=SYSTEM, at_ms=now_ms)


def _remind_on(due_on: date, days: int) -> date:
    return load_working_days().before(due_on, days=days)
