"""When a time limit ends: the first day is not counted, a last day off moves on."""

from datetime import date, timedelta

from coldwitness.config.deadline_kinds import deadline_rule, load_deadline_rules
from coldwitness.config.working_days import load_working_days
from coldwitness.domain.deadlines import Deadline, DeadlineBasis, DeadlineKind
from coldwitness.domain.errors import BadInput

EXCLUDED_MOST = 3660


def deadline(kind: DeadlineKind, *, starts_on: date, excluded_days: int = 0) -> Deadline:
    """The limit of this kind that begins on a day of Beijing time.

    excluded_days : days of tests and appraisals, in the days that the limit counts: the end comes
    so many working days (or calendar days) later. Raises BadInput where they are below 0 or
    beyond ten years.
    Source: SAMR procedure rules, articles 18 and 80; config/deadlines.toml for each kind's own.
    """
    if not 0 <= excluded_days <= EXCLUDED_MOST:
        raise BadInput(f"excluded days: expected 0 to {EXCLUDED_MOST}, got {excluded_days}")
    rule = deadline_rule(load_deadline_rules(), kind, day=starts_on)
    calendar = load_working_days()
    days = rule.days + excluded_days
    working = rule.counts == "working_days"
    try:
        if working:
            due_on = calendar.last_of(starts_on, days=days)
        else:
            due_on = calendar.first_worked_from(starts_on + timedelta(days=days))
    except OverflowError as error:
        raise BadInput(f"{starts_on}: too late a day to count from") from error
    return Deadline(
        kind=kind,
        title=rule.title,
        starts_on=starts_on,
        due_on=due_on,
        working_days=rule.days if working else None,
        calendar_days=None if working else rule.days,
        excluded_days=excluded_days,
        provisional=not calendar.knows(starts_on, due_on),
        basis=DeadlineBasis(
            document=rule.document,
            article=rule.article,
            confirmed=rule.confirmed,
            in_force=rule.in_force(starts_on),
        ),
    )
