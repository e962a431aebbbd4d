"""A clue: what was found of one matter of one shipment, or came from elsewhere, as a case system
gets it. The JSON of the feed is made of these structs.

What stands of a clue is `found` (what judging found, or what came in) with the `acts` of people
upon it, in their order: `standing_clue` puts both together, and nothing else ever does.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from functools import reduce
from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import replace

from coldwitness.domain.deadlines import Deadline
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.measures import Instant
from coldwitness.domain.result import Finding
from coldwitness.domain.text import Text
from coldwitness.domain.words import CertaintyWord, Verdict

ClueStatus = Literal["received", "checking", "filed", "rejected", "transferred", "closed"]
EarlierStatus = Literal["open", "acknowledged", "in_progress", "dismissed"]
"""Words of before; `transferred` and `closed` are the same."""
STATUS_OF: dict[str, ClueStatus] = {
    "open": "received",
    "acknowledged": "received",
    "in_progress": "checking",
    "dismissed": "rejected",
    "received": "received",
    "checking": "checking",
    "filed": "filed",
    "rejected": "rejected",
    "transferred": "transferred",
    "closed": "closed",
}
ENDED: frozenset[ClueStatus] = frozenset({"rejected", "transferred", "closed"})
"""With these no time limit runs any more."""
ClueSource = Literal[
    "system", "inspection", "complaint", "transfer", "assigned", "monitor", "platform"
]
"""监测 (ours), 监督检查, 投诉举报, 其他部门移送, 上级交办, 国家监测平台, 平台报告."""
ChangeKind = Literal["opened", "updated", "withdrawn", "reopened", "due"]
Standing = Literal["stands", "withdrawn"]
PartyRole = Literal["seller", "courier", "platform"]
DeadlineState = Literal["running", "due", "overdue", "done"]


class Party(Struct, frozen=True, kw_only=True):
    """A company that the clue is about; what is not known is null."""

    role: PartyRole
    name: str | None = None
    id: Annotated[str | None, Meta(description="Of a courier, as its loggers' topics name it")] = (
        None
    )
    uscc: str | None = None
    uscc_mistake: Annotated[
        int | None, Meta(description="Place of the first sign of `uscc` that cannot be right")
    ] = None
    address: str | None = None
    division: str | None = None
    division_mistake: int | None = None


class ActPlace(Struct, frozen=True, kw_only=True):
    """Where it was; WGS84. division null: no division is on record for that place."""

    name: str | None = None
    lat: float | None = None
    lon: float | None = None
    division: str | None = None


class Act(Struct, frozen=True):
    start: Instant | None
    end: Instant | None


class ClueBasis(Struct, frozen=True, kw_only=True):
    """One line of the rule pack that the clue bears on."""

    requirement: str
    title: Text
    document: Text
    article: Annotated[Text | None, Meta(description="null: 条款待核")]
    confirmed: str
    duty_of: tuple[str, ...]


class EvidenceItem(Struct, frozen=True, kw_only=True):
    """href : path on this server; null digests were not taken."""

    name: Text
    sha256: str | None
    sm3: str | None
    href: str


class CompetentOffice(Struct, frozen=True, kw_only=True):
    """Which office should have it, by which rule; a proposal that an officer checks."""

    name: Text | None
    division: str | None
    rule: Text
    transfer: Annotated[bool, Meta(description="It lies outside this office's own area")]


class ClueDeadline(Deadline, frozen=True, kw_only=True):
    """A time limit of the clue; it keeps the rules of the day on which it began."""

    remind_on: Annotated[date, Meta(description="From this day on it is told as due")]
    done_on: date | None = None
    special: Annotated[
        bool, Meta(description="The assigning authority set this day; it goes first")
    ] = False
    state: DeadlineState = "running"


class HistoryLine(Struct, frozen=True, kw_only=True, rename={"was": "from", "now": "to"}):
    """One thing that happened to the clue. kind : a change of the feed, or what somebody did."""

    at: Instant
    by: str
    kind: str
    was: str | None
    now: str | None
    reason: str


class Statement(Struct, frozen=True, kw_only=True):
    """What the company said (当事人陈述)."""

    said_on: date
    role: PartyRole
    text: str
    attachments: Annotated[
        tuple[str, ...], Meta(description="SHA-256 of attachments of the clue's shipments")
    ] = ()


class StatementKept(Statement, frozen=True, kw_only=True):
    at: Instant
    by: str


class Withdrawn(Struct, frozen=True):
    at: Instant
    reason: str
    by: str


class MadeFrom(Struct, frozen=True, kw_only=True):
    """By what it was found, so that a change says what changed."""

    readings_sha256: str
    rules: str
    software: str
    manifest_version: int


class Clue(Struct, frozen=True, kw_only=True):
    """A breach or suspicion to be checked (疑似，待核查): what, who, where, by which rule, until
    when. What is not known is null."""

    id: str
    version: Annotated[int, Meta(description="Every entry of the feed raises it")]
    standing: Standing = "stands"
    status: ClueStatus = "received"
    status_note: str | None = None
    verify_result: str | None = None
    source: ClueSource = "system"
    source_number: str | None = None
    assigned_at: date | None = None
    discovered_at: Instant
    updated_at: Instant
    shipment: str | None
    shipments: tuple[str, ...]
    division: Annotated[str | None, Meta(description="By which it is filtered and seen")] = None
    kind: str | None
    subtype: str | None
    certainty: CertaintyWord | None
    verdict: Verdict | None
    summary: Text
    parties: tuple[Party, ...] = ()
    place: ActPlace | None = None
    act: Act | None = None
    requirements: tuple[str, ...] = ()
    basis: tuple[ClueBasis, ...] = ()
    least: float | None = None
    most: float | None = None
    bounds_of: str | None = None
    against: tuple[Text, ...] = ()
    would_settle: tuple[Text, ...] = ()
    findings: Annotated[
        tuple[Finding, ...], Meta(description="All findings of the matter, the gravest first")
    ] = ()
    evidence: tuple[EvidenceItem, ...] = ()
    office: CompetentOffice | None = None
    deadlines: tuple[ClueDeadline, ...] = ()
    history: tuple[HistoryLine, ...] = ()
    statements: tuple[StatementKept, ...] = ()
    statement_due_on: Annotated[
        date | None,
        Meta(description="By when the company was asked for its statement; null: it was not asked"),
    ] = None
    linked: Annotated[
        tuple[str, ...],
        Meta(description="Newest clues of the same courier, seller, box or batch, at most 20"),
    ] = ()
    withdrawn: Withdrawn | None = None
    made_from: MadeFrom | None = None


class Change(Struct, frozen=True, kw_only=True):
    """One entry of the feed: what changed, why, when, by whom, and the version it made."""

    kind: ChangeKind
    reason: str
    at: Instant
    by: str
    version: int


class ClueAct(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody did with a clue; what is None was not touched. deadlines : all of them as they
    run from then on, worked out when it was done: no later change of rules moves them."""

    by: str
    at: Instant
    reason: str = ""
    status: ClueStatus | None = None
    note: str | None = None
    verify_result: str | None = None
    extended: bool = False
    excluded_days: int | None = None
    statement: Statement | None = None
    statement_due_on: date | None = None
    deadlines: tuple[ClueDeadline, ...] | None = None


HISTORY_MOST = 200


def acted(clue: Clue, act: ClueAct) -> Clue:
    """The clue after somebody's act."""
    lines = []

    def line(kind: str, was: str | None, now: str | None) -> None:
        lines.append(
            HistoryLine(at=act.at, by=act.by, kind=kind, was=was, now=now, reason=act.reason)
        )

    changed = clue
    if act.status is not None:
        line("status", clue.status, act.status)
        changed = replace(changed, status=act.status, status_note=act.note)
    if act.verify_result is not None:
        line("verify_result", clue.verify_result, act.verify_result)
        changed = replace(changed, verify_result=act.verify_result)
    if act.extended:
        line("extension", _last_day(clue.deadlines), _last_day(act.deadlines or ()))
    if act.excluded_days is not None:
        line("excluded_days", _last_day(clue.deadlines), _last_day(act.deadlines or ()))
    if act.statement is not None:
        line("statement", None, act.statement.said_on.isoformat())
        fields = {name: getattr(act.statement, name) for name in Statement.__struct_fields__}
        kept = StatementKept(**fields, at=act.at, by=act.by)
        changed = replace(changed, statements=(*clue.statements, kept))
    if act.statement_due_on is not None:
        was = clue.statement_due_on
        line("statement_asked", None if was is None else was.isoformat(), str(act.statement_due_on))
        changed = replace(changed, statement_due_on=act.statement_due_on)
    if act.deadlines is not None:
        changed = replace(changed, deadlines=act.deadlines)
    return replace(changed, history=_in_order(clue.history, lines))


def standing_clue(found: Clue, acts: Sequence[ClueAct], noticed: Iterable[str]) -> Clue:
    """What stands: what was found, with the acts upon it. noticed : names of the notices of time
    limits that were told already (`notice_name`)."""
    clue = reduce(acted, acts, found)
    told = frozenset(noticed)
    return replace(clue, deadlines=tuple(_noticed(one, told) for one in clue.deadlines))


def notice_name(deadline: ClueDeadline, state: DeadlineState) -> str:
    return f"{deadline.kind} {deadline.starts_on} {deadline.due_on} {state}"


def _noticed(deadline: ClueDeadline, told: frozenset[str]) -> ClueDeadline:
    if deadline.done_on is not None:
        return replace(deadline, state="done")
    if notice_name(deadline, "overdue") in told:
        return replace(deadline, state="overdue")
    if notice_name(deadline, "due") in told:
        return replace(deadline, state="due")
    return replace(deadline, state="running")


def with_history(clue: Clue, line: HistoryLine) -> Clue:
    return replace(clue, history=_in_order(clue.history, [line]))


def _in_order(known: Sequence[HistoryLine], new: Sequence[HistoryLine]) -> tuple[HistoryLine, ...]:
    """By time; of very many the first and the last are kept."""
    lines = sorted((*known, *new), key=lambda line: instant_ms(line.at))
    return (*lines[:1], *lines[1:][-(HISTORY_MOST - 1) :])


def _last_day(deadlines: Sequence[ClueDeadline]) -> str | None:
    running = [one.due_on for one in deadlines if one.done_on is None]
    return min(running).isoformat() if running else None
