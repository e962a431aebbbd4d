"""Webhooks that case systems ask for: added, tried, looked at, given a new secret, taken away."""

from typing import Annotated

import msgspec
from fastapi import APIRouter, Header, Query
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.clues.clue import LISTING
from coldwitness.api.clues.outbox import EARLIER_SECRET_MS
from coldwitness.api.clues.signature import new_secret, require_secret
from coldwitness.api.clues.targets import allowed_networks, require_webhook_url, resolve
from coldwitness.api.clues.webhook_owners import owner_name
from coldwitness.api.cursors import read_cursor, write_cursor
from coldwitness.api.http.answers import documented, json_answer, taking
from coldwitness.api.http.bodies import JsonBody, body_of_type
from coldwitness.api.http.caller import Caller
from coldwitness.api.http.clue_schemas import (
    DeliveryList,
    DeliveryLogLine,
    NewSecret,
    NewWebhook,
    Replay,
    Replayed,
    Tried,
    Webhook,
    WebhookList,
    WebhookMade,
)
from coldwitness.api.http.filters import Cursor, Limit, RecordId
from coldwitness.api.http.problems import Problem
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.api.http.trail import noted
from coldwitness.domain.errors import Unavailable
from coldwitness.domain.instants import rfc3339, rfc3339_if_any
from coldwitness.domain.shown_address import shown_address
from coldwitness.storage.clue_ports import DeliveryState
from coldwitness.storage.clue_ports import Webhook as StoredWebhook

router = APIRouter(tags=["webhooks"])

LOG = "deliveries"
WEBHOOKS_MAX = 100
OWN_MAX = 10
"""Of one who is not the administrator."""


@router.post(
    "/v1/webhooks",
    responses={
        **documented(Webhook, problems=(400, 409, 413, 415), description="Known before"),
        **documented(WebhookMade, status=201, description="It is new"),
    },
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
    """Have every entry of the feed within the caller's reach, from now on, pushed to an address,
    signed with a secret that is shown only here. The same address again is the same webhook."""

    def add() -> Response:
        return _add_webhook(services, body_of_type(body, NewWebhook), caller)

    return services.replied.once(
        idempotency_key,
        scope=f"{caller.who} POST {request.url.path}",
        body=msgspec.json.encode(body),
        clock=services.clock,
        act=add,
        alike=False,
    )


def _add_webhook(services: Services, new: NewWebhook, caller: Caller) -> Response:
    require_webhook_url(new.url)
    secret = new_secret() if new.secret is None else require_secret(new.secret, what="secret")
    owner = _owner(caller)
    allowed = allowed_networks(services.settings.clues.webhook_networks)
    try:
        resolve(new.url, allowed=allowed)
    except Unavailable as error:
        raise Problem(422, str(error), errors=[{"field": "url", "detail": str(error)}]) from error
    active = [webhook for webhook in services.register.outbox.webhooks() if not webhook.disabled]
    own = [webhook for webhook in active if webhook.owner == owner]
    known = next((webhook for webhook in own if webhook.url == new.url), None)
    if known is not None:
        if new.secret is not None and secret != known.secret:
            raise Problem(409, "secret: this webhook has another; POST …/secret changes it")
        return json_answer(_told(services, known))
    if len(active) >= WEBHOOKS_MAX or (owner is not None and len(own) >= OWN_MAX):
        most = WEBHOOKS_MAX if owner is None else OWN_MAX
        raise Problem(409, f"there are {most} webhooks already; remove one first")
    now_ms = services.clock()
    webhook = services.register.outbox.add_webhook(new.url, secret, now_ms=now_ms, owner=owner)
    noted(services, caller, "add_webhook", subject=webhook.id, now_ms=now_ms)
    address = f"{services.base_url}/v1/webhooks/{webhook.id}"
    made = _with_secret(services, webhook)
    return json_answer(made, status=201, headers={"Location": address})


@router.get("/v1/webhooks", responses=documented(WebhookList), response_model=None)
def list_webhooks(services: ServicesOf, caller: CallerOf) -> Response:
    """The caller's webhooks (an administrator's: all), those that were disabled too, and how each
    one's queue stands; without their secrets."""
    webhooks = [one for one in services.register.outbox.webhooks() if _is_theirs(one, caller)]
    return json_answer(WebhookList(tuple(_told(services, webhook) for webhook in webhooks)))


@router.delete(
    "/v1/webhooks/{webhook}",
    status_code=204,
    responses=documented(None, status=204, problems=(404,), description="Disabled"),
    response_model=None,
)
def disable_webhook(webhook: RecordId, services: ServicesOf, caller: CallerOf) -> Response:
    """Push nothing to it any more; what it was owed is given up."""
    _known(services, webhook, caller)
    services.register.outbox.disable_webhook(webhook)
    noted(services, caller, "disable_webhook", subject=webhook, now_ms=services.clock())
    return Response(status_code=204)


@router.post(
    "/v1/webhooks/{webhook}/test",
    responses=documented(Tried, problems=(404, 409)),
    response_model=None,
)
def try_webhook(webhook: RecordId, services: ServicesOf, caller: CallerOf) -> Response:
    """Send it a signed event that means nothing (`coldwitness.webhook.test.v1`), once and now, and
    say what it answered."""
    known = _active(services, webhook, caller)
    now_ms = services.clock()
    name = f"test_{webhook}_{now_ms}"
    status, error = services.outbox.try_webhook(known, name=name)
    noted(services, caller, "try_webhook", subject=webhook, now_ms=now_ms)
    accepted = status is not None and 200 <= status < 300
    return json_answer(Tried(id=name, accepted=accepted, status=status, error=error))


@router.get(
    "/v1/webhooks/{webhook}/deliveries",
    responses=documented(DeliveryList, problems=(404,)),
    response_model=None,
)
def list_deliveries(
    webhook: RecordId,
    services: ServicesOf,
    caller: CallerOf,
    state: Annotated[DeliveryState | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Response:
    """What it was owed, the newest entry of the feed first: taken, waiting or given up, and why."""
    _known(services, webhook, caller)
    before = None if cursor is None else read_cursor(cursor, listing=LOG, kind=int)
    lines = services.register.outbox.log(webhook, state=state, before=before, limit=limit + 1)
    page = lines[:limit]
    more = len(lines) > limit
    return json_answer(
        DeliveryList(
            items=tuple(
                DeliveryLogLine(
                    id=line.id,
                    cursor=write_cursor(LISTING, line.cursor),
                    clue=line.clue_id,
                    state=line.state,
                    attempts=line.attempts,
                    next_try_at=rfc3339(line.next_try_ms) if line.state == "due" else None,
                    done_at=rfc3339_if_any(line.done_ms),
                    error=line.error,
                )
                for line in page
            ),
            next_cursor=write_cursor(LOG, page[-1].cursor) if more else None,
        )
    )


@router.post(
    "/v1/webhooks/{webhook}/replay",
    responses=documented(Replayed, problems=(400, 404, 409, 413, 415)),
    openapi_extra=taking(Replay),
    response_model=None,
)
def replay_webhook(
    webhook: RecordId, body: JsonBody, services: ServicesOf, caller: CallerOf
) -> Response:
    """Deliver everything after a cursor of the feed again, in order, with the ids it had: also what
    was given up, and what came before the webhook was added."""
    after_text = body_of_type(body, Replay).after
    after = 0 if not after_text else read_cursor(after_text, listing=LISTING, kind=int)
    _active(services, webhook, caller)
    now_ms = services.clock()
    again = services.register.outbox.owe_again(webhook, after=after, now_ms=now_ms)
    noted(services, caller, "replay_webhook", subject=webhook, now_ms=now_ms)
    services.outbox.wake()
    return json_answer(Replayed(again=again))


@router.post(
    "/v1/webhooks/{webhook}/secret",
    responses=documented(WebhookMade, problems=(400, 404, 409, 413, 415)),
    openapi_extra=taking(NewSecret),
    response_model=None,
)
def change_secret(
    webhook: RecordId, body: JsonBody, services: ServicesOf, caller: CallerOf
) -> Response:
    """Give it a new secret, shown only here. For a day the one before signs beside it."""
    said = body_of_type(body, NewSecret).secret
    secret = new_secret() if said is None else require_secret(said, what="secret")
    _active(services, webhook, caller)
    now_ms = services.clock()
    until_ms = now_ms + EARLIER_SECRET_MS
    services.register.outbox.change_secret(webhook, secret, earlier_until_ms=until_ms)
    noted(services, caller, "change_webhook_secret", subject=webhook, now_ms=now_ms)
    return json_answer(_with_secret(services, _known(services, webhook, caller)))


def _owner(caller: Caller) -> str | None:
    return owner_name(caller.who, role=caller.role, reach=caller.reach)


def _is_theirs(webhook: StoredWebhook, caller: Caller) -> bool:
    return caller.reach.everything or webhook.owner == _owner(caller)


def _known(services: Services, webhook: str, caller: Caller) -> StoredWebhook:
    """404 for another's, as for one that there is not."""
    for known in services.register.outbox.webhooks():
        if known.id == webhook and _is_theirs(known, caller):
            return known
    raise Problem(404, f"webhook {webhook}: unknown")


def _active(services: Services, webhook: str, caller: Caller) -> StoredWebhook:
    known = _known(services, webhook, caller)
    if known.disabled:
        raise Problem(409, f"webhook {webhook}: disabled")
    return known


def _told(services: Services, webhook: StoredWebhook) -> Webhook:
    health = services.register.outbox.health(webhook.id)
    return Webhook(
        id=webhook.id,
        url=shown_address(webhook.url),
        owner=webhook.owner,
        created_at=rfc3339(webhook.created_ms),
        disabled=webhook.disabled,
        waiting=health.waiting,
        given_up=health.dead,
        failing_since=rfc3339_if_any(health.failing_since_ms),
        last_error=health.last_error,
        last_accepted_at=rfc3339_if_any(health.last_done_ms),
    )


def _with_secret(services: Services, webhook: StoredWebhook) -> WebhookMade:
    told = msgspec.structs.asdict(_told(services, webhook))
    return WebhookMade(**told, secret=webhook.secret)
