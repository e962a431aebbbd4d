"""What a courier sees of itself beside its shipments: its numbers, and clues on which the office
asks for its statement."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from coldwitness.api.clues.beyond_reach import hidden_entries
from coldwitness.api.http.answers import documented, json_answer, taking
from coldwitness.api.http.bodies import JsonBody, body_of_type
from coldwitness.api.http.caller import Caller
from coldwitness.api.http.case_schemas import (
    CourierScore,
    OwnStatement,
    StatementRequest,
    StatementRequestList,
)
from coldwitness.api.http.clues import newest_clues
from coldwitness.api.http.filters import Instant, RecordId, instant_of
from coldwitness.api.http.problems import Problem
from coldwitness.api.http.quarantine import couriers_within, newest_refused
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.api.http.trail import noted
from coldwitness.domain.clues import Clue, Statement
from coldwitness.domain.identifiers import ID_PATTERN
from coldwitness.domain.instants import china_day
from coldwitness.judging.clue_acts import stated
from coldwitness.storage.clue_ports import ClueFilter

router = APIRouter(tags=["couriers"])

_REFUSED_MOST = 200
_FOUND = ("breach", "suspected")


@router.get("/v1/scores", responses=documented(CourierScore, problems=(404,)), response_model=None)
def get_score(
    services: ServicesOf,
    caller: CallerOf,
    courier: Annotated[str | None, Query(pattern=f"^{ID_PATTERN}$")] = None,
    from_: Annotated[Instant, Query(alias="from")] = None,
    to: Instant = None,
) -> Response:
    """Numbers of a courier's shipments in a period; a courier's own without being named."""
    return json_answer(score_of(services, caller, _whose(caller, courier), since=from_, until=to))


@router.get(
    "/v1/statement-requests", responses=documented(StatementRequestList), response_model=None
)
def list_requests(services: ServicesOf, caller: CallerOf) -> Response:
    """Clues on which the office asks the caller for its statement, with the day by which."""
    return json_answer(StatementRequestList(tuple(requests_to(services, caller))))


@router.post(
    "/v1/statement-requests/{clue}/statements",
    responses=documented(StatementRequest, status=201, problems=(400, 404, 413, 415)),
    openapi_extra=taking(OwnStatement),
    response_model=None,
)
def add_own_statement(
    clue: RecordId, body: JsonBody, services: ServicesOf, caller: CallerOf
) -> Response:
    """State one's case on a clue of which one was asked. What was said before stays."""
    new: OwnStatement = body_of_type(body, OwnStatement)
    return json_answer(keep_statement(services, caller, clue, new.text), status=201)


def requests_to(services: Services, caller: Caller) -> list[StatementRequest]:
    """The first that is due first."""
    today = china_day(services.clock() / 1000)
    found = [
        _told(clue, today)
        for clue in newest_clues(services, caller.reach)
        if clue.statement_due_on is not None and clue.standing == "stands"
    ]
    return sorted(found, key=lambda one: (one.due_on, one.clue))


def keep_statement(services: Services, caller: Caller, clue: str, text: str) -> StatementRequest:
    """404 for a clue of which the caller was not asked."""
    entry = services.register.clues.one(clue, wanted=ClueFilter(reach=caller.reach))
    if entry is None or entry.clue.statement_due_on is None:
        raise Problem(404, f"clue {clue}: unknown")
    now_ms = services.clock()
    today = china_day(now_ms / 1000)
    statement = Statement(said_on=today, role="courier", text=text.strip())
    act = stated(entry.clue, statement, by=caller.name, now_ms=now_ms)
    kept = services.register.clues.act(clue, act)
    noted(
        services,
        caller,
        "clue_statement",
        subject=clue,
        shipment=entry.clue.shipment,
        now_ms=now_ms,
    )
    services.outbox.wake()
    (shown,) = hidden_entries(services.register, [kept or entry], caller.reach)
    return _told(shown.clue, today)


def score_of(
    services: Services, caller: Caller, courier: str | None, *, since: str | None, until: str | None
) -> CourierScore:
    counts = services.register.shipments.counts(
        reach=caller.reach,
        courier=courier,
        from_ms=instant_of(since, name="from"),
        to_ms=instant_of(until, name="to", end_of_day=True),
    )
    verdicts: dict[str, int] = {}
    ended = 0
    for (verdict, state), number in counts.items():
        word = verdict or "unjudged"
        verdicts[word] = verdicts.get(word, 0) + number
        ended += number if state == "ended" else 0
    judged = sum(number for word, number in verdicts.items() if word != "unjudged")
    found = sum(verdicts.get(word, 0) for word in _FOUND)
    refused = newest_refused(
        services,
        couriers=couriers_within(services, caller.reach, asked=courier),
        reason=None,
        limit=_REFUSED_MOST,
    )
    asked = requests_to(services, caller) if caller.role == "courier" else []
    return CourierScore(
        courier=courier,
        shipments=sum(verdicts.values()),
        verdicts=dict(sorted(verdicts.items())),
        ended=ended,
        share_found=found / judged if judged else None,
        refused=len(refused),
        open_requests=sum(not one.statements for one in asked),
    )


def _whose(caller: Caller, courier: str | None) -> str | None:
    """None: all within reach, which is never so for a courier."""
    own = caller.reach.couriers
    if caller.role == "courier":
        if courier is not None and courier not in own:
            raise Problem(404, f"courier {courier}: unknown")
        return next(iter(own))
    return courier


def _told(clue: Clue, today: date) -> StatementRequest:
    """clue : as this courier is told it."""
    due_on = clue.statement_due_on or today
    return StatementRequest(
        clue=clue.id,
        shipments=clue.shipments,
        summary=clue.summary,
        act=clue.act,
        requirements=clue.requirements,
        due_on=due_on,
        over=today > due_on,
        statements=tuple(one for one in clue.statements if one.role == "courier"),
    )
