"""The clue feed for case systems, what they say back, and clues that come from elsewhere."""

from collections.abc import Iterator
from datetime import date
from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.clues.beyond_reach import hidden_entries
from coldwitness.api.clues.clue import (
    EVENT_TYPES,
    LISTING,
    CloudEvent,
    Clue,
    told_clue,
    told_entry,
)
from coldwitness.api.clues.heads import newest_heads
from coldwitness.api.clues.webhook_owners import owner_name
from coldwitness.api.cursors import read_cursor, write_cursor
from coldwitness.api.http.answers import (
    documented,
    json_answer,
    names_one_of,
    tag_of,
    taking,
    unchanged,
)
from coldwitness.api.http.bodies import JsonBody, body_of_type
from coldwitness.api.http.caller import Caller
from coldwitness.api.http.clue_schemas import (
    ClueChange,
    ClueHistory,
    ClueList,
    ClueShareList,
    NewClue,
    NewStatement,
)
from coldwitness.api.http.filters import Courier, Division, Limit, RecordId
from coldwitness.api.http.posts import OnceOf
from coldwitness.api.http.problems import Problem, wrong_field
from coldwitness.api.http.schemas import Kind
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.api.http.trail import noted
from coldwitness.domain.clues import Clue as KeptClue
from coldwitness.domain.clues import ClueAct, ClueSource, ClueStatus, Party, Standing, Statement
from coldwitness.domain.instants import china_day, instant_ms
from coldwitness.domain.reach import Reach
from coldwitness.judging.clue_acts import WrongStep, act_on, stated
from coldwitness.judging.clue_shares import clue_shares
from coldwitness.judging.clue_words import reason_of
from coldwitness.judging.clues_outside import clue_from_outside
from coldwitness.storage.clue_ports import ClueEntry, ClueFilter

router = APIRouter(tags=["clues"])

_AT_ONCE = 200


@router.get("/v1/clues", responses=documented(ClueList), response_model=None)
def list_clues(
    services: ServicesOf,
    caller: CallerOf,
    after: Annotated[str | None, Query(max_length=512, description="A cursor of this feed")] = None,
    cursor: Annotated[str | None, Query(max_length=512, description="The same as `after`")] = None,
    division: Division = None,
    courier: Courier = None,
    seller: Annotated[str | None, Query(max_length=200, description="Its code, or name")] = None,
    kind: Annotated[Kind | None, Query()] = None,
    source: Annotated[ClueSource | None, Query()] = None,
    status: Annotated[ClueStatus | None, Query()] = None,
    standing: Annotated[Standing | None, Query()] = None,
    limit: Limit = 50,
) -> Response:
    """Each change of a clue once, in one order, from the beginning or after a cursor; with the
    clue as it then stood, by which the filters go. A feed may be read again from any cursor."""
    given = after or cursor
    at = 0 if not given else read_cursor(given, listing=LISTING, kind=int)
    wanted = ClueFilter(
        reach=caller.reach,
        division=division,
        courier=courier,
        seller=seller,
        kind=kind,
        source=source,
        status=status,
        standing=standing,
    )
    last = services.register.clues.last_cursor()
    entries = services.register.clues.after(at, limit=limit + 1, wanted=wanted)
    page = entries[:limit]
    more = len(entries) > limit
    # At the end a reader waits with a cursor behind all that its filters passed over.
    end = page[-1].cursor if page else at
    return json_answer(
        ClueList(
            items=tuple(
                told_entry(entry, base_url=services.base_url)
                for entry in hidden_entries(services.register, page, caller.reach)
            ),
            heads=newest_heads(services.settings.journal.directory),
            next_cursor=write_cursor(LISTING, end if more else max(end, last)),
            has_more=more,
        )
    )


@router.post(
    "/v1/clues",
    responses={
        **documented(Clue, problems=(400, 413, 415), description="Known before"),
        **documented(Clue, status=201, description="The clue is new"),
    },
    openapi_extra=taking(NewClue),
    response_model=None,
)
def take_clue(body: JsonBody, services: ServicesOf, caller: CallerOf, once: OnceOf) -> Response:
    """Take in a clue from elsewhere; it gets the same clocks. One with the source and number of a
    known one is that one."""

    def take() -> Response:
        return _take_clue(services, body_of_type(body, NewClue), caller)

    return once.answered(take)


def _day_of(said: str | None) -> date | None:
    """Limits run by days: of a time its day in Beijing. 422 for what is neither."""
    if said is None:
        return None
    try:
        if len(said) == len("2026-11-30"):
            return date.fromisoformat(said)
        return china_day(instant_ms(said) / 1000)
    except (ValueError, OverflowError) as error:
        detail = f"expected a day such as 2026-11-30, or a time of RFC 3339, got {said!r}"
        raise wrong_field("assigned_at", detail) from error


def _take_clue(services: Services, new: NewClue, caller: Caller) -> Response:
    seen = services.register.shipments.seen(new.shipments, reach=caller.reach)
    for shipment in new.shipments:
        if shipment not in seen:
            detail = f"shipment {shipment}: unknown"
            raise wrong_field("shipments", detail)
    now_ms = services.clock()

    def made(taken_by: str | None = None) -> KeptClue:
        return clue_from_outside(
            source=new.source,
            content=new.content.strip(),
            source_number=new.source_number,
            assigned_at=_day_of(new.assigned_at),
            parties=[Party(**msgspec.structs.asdict(party)) for party in new.parties],
            shipments=new.shipments,
            special_due_on=new.special_due_on,
            manifests=services.register.manifests.newest(new.shipments),
            own_division=services.settings.clues.division,
            now_ms=now_ms,
            taken_by=taken_by,
        )

    clue = made()
    clues, within = services.register.clues, ClueFilter(reach=caller.reach)
    known = clues.one(clue.id)
    if known is not None and clues.one(clue.id, wanted=within) is None:
        # Another office's of the same number: numbers are each office's own.
        clue = made(owner_name(caller.who, role=caller.role, reach=caller.reach))
        known = clues.one(clue.id)
    entry = known or services.register.clues.take(
        clue, by=caller.name, reason=reason_of("changes", "taken")
    )
    if known is None:
        noted(services, caller, "take_clue", subject=clue.id, shipment=clue.shipment, now_ms=now_ms)
        services.outbox.wake()
    address = f"{services.base_url}/v1/clues/{clue.id}"
    status = 201 if known is None else 200
    return _answer(entry, services, caller, status=status, headers={"Location": address})


@router.get("/v1/clue-shares", responses=documented(ClueShareList), response_model=None)
def list_shares(services: ServicesOf, caller: CallerOf) -> Response:
    """Of the clues of each requirement that were found here: how many were decided, and how many of
    these were filed."""
    shares = clue_shares(newest_clues(services, caller.reach))
    return json_answer(ClueShareList(tuple(shares)))


def newest_clues(services: Services, reach: Reach) -> Iterator[KeptClue]:
    """Every clue within reach as it was told last, the newest first."""
    before = None
    while True:
        page = services.register.clues.listed(
            wanted=ClueFilter(reach=reach), before=before, limit=_AT_ONCE
        )
        yield from (entry.clue for entry in hidden_entries(services.register, page, reach))
        if len(page) < _AT_ONCE:
            return
        before = page[-1].cursor


@router.get(
    "/v1/clues/{clue}",
    responses=documented(Clue, problems=(404,)),
    response_model=None,
)
def get_clue(clue: RecordId, request: Request, services: ServicesOf, caller: CallerOf) -> Response:
    """One clue as it was told last."""
    found = _known(services, clue)
    tag = _tag(found)
    return unchanged(request, tag) or _answer(found, services, caller)


@router.get(
    "/v1/clues/{clue}/history",
    responses=documented(ClueHistory, problems=(404,)),
    response_model=None,
)
def get_clue_history(clue: RecordId, services: ServicesOf, caller: CallerOf) -> Response:
    """Every entry of the feed about one clue, in order."""
    _known(services, clue)
    kept = services.register.clues.history(clue)
    entries = hidden_entries(services.register, kept, caller.reach)
    told = tuple(told_entry(entry, base_url=services.base_url) for entry in entries)
    return json_answer(ClueHistory(clue=clue, items=told))


@router.patch(
    "/v1/clues/{clue}",
    responses=documented(Clue, problems=(400, 404, 409, 412, 413)),
    openapi_extra=taking(ClueChange),
    response_model=None,
)
def change_clue(
    clue: RecordId,
    body: JsonBody,
    services: ServicesOf,
    caller: CallerOf,
    if_match: Annotated[str | None, Header()] = None,
) -> Response:
    """What became of the clue: status, result of the check, extension, excluded days. Each change
    is kept, told on the feed, and moves the time limits. The same again changes nothing."""
    changed = keep_change(services, caller, clue, body_of_type(body, ClueChange), if_match=if_match)
    return _answer(changed, services, caller)


def keep_change(
    services: Services,
    caller: Caller,
    clue: str,
    change: ClueChange,
    *,
    if_match: str | None = None,
) -> ClueEntry:
    """Keep what became of a clue; returns its newest entry. Raises Problem: 404, 409, 412."""
    with services.changing(f"clue {clue}"):
        return _changed(services, caller, clue, change, if_match)


def _changed(
    services: Services, caller: Caller, clue: str, change: ClueChange, if_match: str | None
) -> ClueEntry:
    found = _known(services, clue)
    if if_match is not None and not names_one_of(if_match, [_tag(found)]):
        raise Problem(412, f"clue {clue}: If-Match: it is another version by now")
    now_ms = services.clock()
    try:
        act = act_on(
            found.clue,
            by=caller.name,
            now_ms=now_ms,
            status=change.status,
            note=change.note,
            verify_result=change.verify_result,
            extend=change.extended,
            until=change.until,
            excluded_days=change.excluded_days,
            statement_due_on=change.statement_due_on,
            reason=change.reason or "",
        )
    except WrongStep as error:
        raise Problem(409, str(error)) from error
    if act is None:
        return found
    return _keep(services, found, act, caller, said=change.status or "changed")


@router.post(
    "/v1/clues/{clue}/statements",
    responses=documented(Clue, status=201, problems=(400, 404, 413, 415)),
    openapi_extra=taking(NewStatement),
    response_model=None,
)
def add_statement(
    clue: RecordId, body: JsonBody, services: ServicesOf, caller: CallerOf, once: OnceOf
) -> Response:
    """Keep what the company said on a clue. Its attachments were put to one of the clue's
    shipments before."""

    def add() -> Response:
        new = body_of_type(body, NewStatement)
        found = _known(services, clue)
        _require_attachments(services, found, new.attachments)
        statement = Statement(
            said_on=new.said_on, role=new.role, text=new.text, attachments=new.attachments
        )
        act = stated(found.clue, statement, by=caller.name, now_ms=services.clock())
        kept = _keep(services, found, act, caller, said="statement")
        return _answer(kept, services, caller, status=201)

    return once.answered(add)


def _known(services: Services, clue: str) -> ClueEntry:
    found = services.register.clues.one(clue)
    if found is None:
        raise Problem(404, f"clue {clue}: unknown")
    return found


def _keep(
    services: Services, found: ClueEntry, act: ClueAct, caller: Caller, *, said: str
) -> ClueEntry:
    kept = services.register.clues.act(found.clue.id, act)
    noted(
        services,
        caller,
        f"clue_{said}",
        subject=found.clue.id,
        shipment=found.clue.shipment,
        now_ms=services.clock(),
    )
    services.outbox.wake()
    return found if kept is None else kept


def _require_attachments(services: Services, found: ClueEntry, digests: tuple[str, ...]) -> None:
    known = {
        one.sha256
        for shipment in found.clue.shipments
        for one in services.register.attachments.of(shipment)
    }
    for digest in digests:
        if digest not in known:
            detail = "expected the SHA-256 of an attachment of one of the clue's shipments"
            raise wrong_field("attachments", detail)


def _tag(entry: ClueEntry) -> str:
    return tag_of(entry.clue.id, str(entry.change.version))


def _answer(
    entry: ClueEntry,
    services: Services,
    caller: Caller,
    *,
    status: int = 200,
    headers: dict[str, str] | None = None,
) -> Response:
    (shown,) = hidden_entries(services.register, [entry], caller.reach)
    told = told_clue(shown.clue, base_url=services.base_url)
    return json_answer(told, status=status, headers={"ETag": _tag(entry), **(headers or {})})


def install_webhook_document(router: APIRouter) -> None:
    """The `webhooks` part of the OpenAPI document: what we post to a receiver."""

    def clue_changed() -> None:
        """A clue was opened, changed, withdrawn, opened again, or a time limit of it comes to its
        end. Answer 2xx to accept it; 410 to be sent nothing more. Anything else is tried again,
        with growing pauses, for about a day, and what comes after it of the same clue waits."""

    for event_type in EVENT_TYPES.values():
        router.add_api_route(
            event_type,
            clue_changed,
            methods=["POST"],
            status_code=204,
            openapi_extra=taking(CloudEvent, "application/cloudevents+json"),
            response_model=None,
        )
