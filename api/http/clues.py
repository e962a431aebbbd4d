"""The clue feed for case systems, the status they send back, and the webhooks they ask for."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.clues.clue import EVENT_TYPE, CloudEvent, Clue, told_clue
from coldwitness.api.clues.heads import newest_heads
from coldwitness.api.clues.signature import new_secret, require_secret
from coldwitness.api.clues.targets import allowed_networks, require_webhook_url, resolve
from coldwitness.api.cursors import read_cursor, write_cursor
from coldwitness.api.http.answers import documented, json_answer, taking
from coldwitness.api.http.bodies import JsonBody, body_of_type
from coldwitness.api.http.filters import Limit, RecordId
from coldwitness.api.http.problems import Problem
from coldwitness.api.http.schemas import (
    ClueChange,
    ClueList,
    NewWebhook,
    Webhook,
    WebhookList,
    WebhookMade,
)
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.domain.errors import Unavailable
from coldwitness.domain.instants import rfc3339
from coldwitness.storage.clue_ports import Webhook as StoredWebhook

router = APIRouter(tags=["clues"])

LISTING = "clues"
WEBHOOKS_MAX = 100


@router.get("/v1/clues", responses=documented(ClueList), response_model=None)
def list_clues(
    services: ServicesOf,
    caller: CallerOf,
    after: Annotated[str | None, Query(max_length=512, description="A cursor of this feed")] = None,
    cursor: Annotated[str | None, Query(max_length=512, description="The same as `after`")] = None,
    limit: Limit = 50,
) -> Response:
    """Every breach and suspicion once, in the order it was found, from the beginning or after a
    cursor. A feed may be read again from any cursor at any time."""
    given = after or cursor
    at = 0 if not given else read_cursor(given, listing=LISTING, kind=int)
    clues = services.register.clues.after(at, limit=limit + 1, reach=caller.reach)
    page = clues[:limit]
    return json_answer(
        ClueList(
            items=tuple(told_clue(clue, base_url=services.base_url) for clue in page),
            heads=newest_heads(services.settings.journal.directory),
            next_cursor=write_cursor(LISTING, page[-1].cursor if page else at),
            has_more=len(clues) > limit,
        )
    )


@router.get("/v1/clues/{clue}", responses=documented(Clue, problems=(404,)), response_model=None)
def get_clue(clue: RecordId, services: ServicesOf) -> Response:
    """One clue as it stands now."""
    found = services.register.clues.one(clue)
    if found is None:
        raise Problem(404, f"clue {clue}: unknown")
    return json_answer(told_clue(found, base_url=services.base_url))


@router.patch(
    "/v1/clues/{clue}",
    responses=documented(Clue, problems=(400, 404, 413)),
    openapi_extra=taking(ClueChange),
    response_model=None,
)
def set_clue_status(
    clue: RecordId, body: JsonBody, services: ServicesOf, caller: CallerOf
) -> Response:
    """What the case system did with the clue."""
    change = body_of_type(body, ClueChange)
    now_ms = services.clock()
    found = services.register.clues.set_status(
        clue, status=change.status, note=change.note, now_ms=now_ms
    )
    if found is None:
        raise Problem(404, f"clue {clue}: unknown")
    services.register.audit.note(
        actor=caller.name, action=f"clue_{change.status}", subject=clue, now_ms=now_ms
    )
    return json_answer(told_clue(found, base_url=services.base_url))


@router.post(
    "/v1/webhooks",
    responses=documented(WebhookMade, status=201, problems=(400, 409, 413, 415)),
    openapi_extra=taking(NewWebhook),
    response_model=None,
)
def add_webhook(
    request: Request,
    body: JsonBody,
    services: ServicesOf,
    caller: CallerOf,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Response:
    """Have every new clue pushed to an address, signed with a secret that is shown only here."""

    def add() -> Response:
        return _add_webhook(services, body_of_type(body, NewWebhook), caller.name)

    return services.replied.once(
        idempotency_key,
        scope=f"{caller.name} POST {request.url.path}",
        body=msgspec.json.encode(body),
        clock=services.clock,
        act=add,
    )


def _add_webhook(services: Services, new: NewWebhook, caller: str) -> Response:
    require_webhook_url(new.url)
    secret = new_secret() if new.secret is None else require_secret(new.secret, what="secret")
    allowed = allowed_networks(services.settings.clues.webhook_networks)
    try:
        resolve(new.url, allowed=allowed)
    except Unavailable as error:
        raise Problem(422, str(error), errors=[{"field": "url", "detail": str(error)}]) from error
    active = [webhook for webhook in services.register.outbox.webhooks() if not webhook.disabled]
    if len(active) >= WEBHOOKS_MAX:
        raise Problem(409, f"there are {WEBHOOKS_MAX} webhooks already; remove one first")
    now_ms = services.clock()
    webhook = services.register.outbox.add_webhook(new.url, secret, now_ms=now_ms)
    services.register.audit.note(
        actor=caller, action="add_webhook", subject=webhook.id, now_ms=now_ms
    )
    told = msgspec.structs.asdict(_told(webhook))
    made = WebhookMade(**told, secret=secret)
    address = f"{services.base_url}/v1/webhooks/{webhook.id}"
    return json_answer(made, status=201, headers={"Location": address})


@router.get("/v1/webhooks", responses=documented(WebhookList), response_model=None)
def list_webhooks(services: ServicesOf) -> Response:
    """All webhooks, those that were disabled too; without their secrets."""
    webhooks = services.register.outbox.webhooks()
    return json_answer(WebhookList(tuple(_told(webhook) for webhook in webhooks)))


@router.delete(
    "/v1/webhooks/{webhook}",
    status_code=204,
    responses=documented(None, status=204, problems=(404,), description="Disabled"),
    response_model=None,
)
def disable_webhook(webhook: RecordId, services: ServicesOf, caller: CallerOf) -> Response:
    """Push nothing to it any more; what it was owed is given up."""
    if all(known.id != webhook for known in services.register.outbox.webhooks()):
        raise Problem(404, f"webhook {webhook}: unknown")
    services.register.outbox.disable_webhook(webhook)
    services.register.audit.note(
        actor=caller.name, action="disable_webhook", subject=webhook, now_ms=services.clock()
    )
    return Response(status_code=204)


def _told(webhook: StoredWebhook) -> Webhook:
    return Webhook(
        id=webhook.id,
        url=webhook.url,
        created_at=rfc3339(webhook.created_ms),
        disabled=webhook.disabled,
    )


def install_webhook_document(router: APIRouter) -> None:
    """The `webhooks` part of the OpenAPI document: what we post to a receiver."""

    def clue_found() -> None:
        """A clue is new. Answer 2xx to accept it; 410 to be sent nothing more. Anything else is
        tried again, with growing pauses, for about a day."""

    router.add_api_route(
        EVENT_TYPE,
        clue_found,
        methods=["POST"],
        status_code=204,
        openapi_extra=taking(CloudEvent, "application/cloudevents+json"),
        response_model=None,
    )
