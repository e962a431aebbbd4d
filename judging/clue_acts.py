"""What people do with a clue, checked and made an act that the journal keeps."""

from datetime import date

from coldwitness.config.labels import labels
from coldwitness.domain.clues import (
    STATUS_OF,
    Clue,
    ClueAct,
    ClueDeadline,
    ClueStatus,
    Statement,
)
from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import china_day, rfc3339
from coldwitness.judging.clue_clocks import after_status, extended, with_excluded
from coldwitness.judging.clue_words import reason_of

STEPS: dict[ClueStatus, int] = {
    "received": 0,
    "checking": 1,
    "filed": 2,
    "rejected": 2,
    "transferred": 2,
    "closed": 3,
}
"""received → checking → filed, rejected or transferred → closed; a step may be left out, and
one of the three in the middle be put right by another."""

STATEMENTS_MAX = 100
"""On one clue, of one of its companies. Every version of the clue has all of them."""


class WrongStep(BadInput):
    """A status that does not come after the one the clue has."""


def act_on(
    clue: Clue,
    *,
    by: str,
    now_ms: int,
    status: str | None = None,
    note: str | None = None,
    verify_result: str | None = None,
    extend: bool = False,
    until: date | None = None,
    excluded_days: int | None = None,
    statement_due_on: date | None = None,
    reason: str = "",
) -> ClueAct | None:
    """The act, with every time limit as it runs from then on; None where it changes nothing.

    status : of today's words or of before. Raises WrongStep, or BadInput naming the field.
    """
    on = china_day(now_ms / 1000)
    said = None if status is None else STATUS_OF[status]
    if said == clue.status and note == clue.status_note:
        said = None
    if said is not None and STEPS[said] < STEPS[clue.status]:
        raise WrongStep(f"status: expected one that comes after {clue.status}, got {said}")
    if verify_result == clue.verify_result:
        verify_result = None
    if until is not None and not extend:
        raise BadInput("until: expected with extended alone")
    if extend and not reason.strip():
        raise BadInput("reason: expected with an extension")
    running = _excluded_of(clue.deadlines)
    if excluded_days == running:
        excluded_days = None
    if statement_due_on == clue.statement_due_on:
        statement_due_on = None
    if statement_due_on is not None and statement_due_on < on:
        raise BadInput("statement_due_on: expected no day that is over")
    asked = (said, verify_result, excluded_days, statement_due_on)
    if not extend and asked == (None, None, None, None):
        return None
    deadlines = clue.deadlines
    if excluded_days is not None:
        deadlines = with_excluded(deadlines, excluded_days)
    if extend:
        deadlines = extended(deadlines, until=until)
    if said is not None:
        deadlines = after_status(deadlines, said, on=on)
    return ClueAct(
        by=by,
        at=rfc3339(now_ms),
        reason=reason or note or _reason_of(clue, said, excluded_days, statement_due_on),
        status=said,
        note=note if said is not None else None,
        verify_result=verify_result,
        extended=extend,
        excluded_days=excluded_days,
        statement_due_on=statement_due_on,
        deadlines=None if deadlines == clue.deadlines else deadlines,
    )


def stated(clue: Clue, statement: Statement, *, by: str, now_ms: int) -> ClueAct:
    """The company's statement as an act. Raises BadInput for one more than STATEMENTS_MAX."""
    if sum(one.role == statement.role for one in clue.statements) >= STATEMENTS_MAX:
        raise BadInput(f"statements: expected at most {STATEMENTS_MAX} of the {statement.role}")
    if statement.said_on > china_day(now_ms / 1000):
        raise BadInput("said_on: expected no day to come")
    return ClueAct(
        by=by, at=rfc3339(now_ms), reason=reason_of("changes", "statement"), statement=statement
    )


def _reason_of(
    clue: Clue, status: ClueStatus | None, excluded_days: int | None, statement_due_on: date | None
) -> str:
    """What is told where nobody gave a reason."""
    if status is not None:
        words = labels("pages")["words"]
        old, new = (words[f"clue_status_{one}"] for one in (clue.status, status))
        return reason_of("changes", "status", old=old, new=new)
    if excluded_days is not None:
        return reason_of("changes", "excluded", days=str(excluded_days))
    if statement_due_on is not None:
        return reason_of("changes", "statement_asked", day=statement_due_on.isoformat())
    return reason_of("changes", "updated")


def _excluded_of(deadlines: tuple[ClueDeadline, ...]) -> int | None:
    running = [one.excluded_days for one in deadlines if one.done_on is None]
    return running[0] if running else None
