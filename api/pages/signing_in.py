"""The pages on which people sign in and out."""

import hmac
import logging
import re
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from coldwitness.api.http import sessions
from coldwitness.api.http.caller import SESSION
from coldwitness.api.http.language import language_of
from coldwitness.api.http.openid import pending_of
from coldwitness.api.http.passwords import fits
from coldwitness.api.http.problems import Problem
from coldwitness.api.http.services import Services, ServicesOf
from coldwitness.api.pages.drawing import page
from coldwitness.api.pages.forms import Form
from coldwitness.domain.errors import BadInput

router = APIRouter()
log = logging.getLogger(__name__)

_LOCAL_PATH = re.compile(r"/(?![/\\])[\x21-\x7e]{0,2000}")


@router.get("/sign-in")
def sign_in_page(
    request: Request,
    services: ServicesOf,
    next_: Annotated[str, Query(alias="next", max_length=2001)] = "/",
) -> Response:
    """Name and password."""
    return _form(request, services, wanted=_local(next_))


@router.post("/sign-in")
def sign_in(request: Request, form: Form, services: ServicesOf) -> Response:
    """Open a session, or say no more than that it was not opened."""
    sessions.require_ours(request, services)
    address = _address(request)
    services.attempts.take(address)
    wanted = _local(form.get("next", "/"))
    name = form.get("name", "").strip()
    if not _right(services, name, form.get("password", ""), address=address):
        return _form(request, services, wanted=wanted, wrong=True)
    return _begun(request, services, name, wanted=wanted)


@router.get("/sign-in/openid")
def sign_in_elsewhere(
    request: Request,
    services: ServicesOf,
    next_: Annotated[str, Query(alias="next", max_length=2001)] = "/",
) -> Response:
    """To the provider of the settings."""
    if services.openid is None:
        raise Problem(404, "no provider is set (openid)")
    services.attempts.take(_address(request))
    address, pending = services.openid.begin(_local(next_))
    answer = RedirectResponse(address, status_code=303)
    sessions.keep_for_a_while(request, answer, pending.told())
    return answer


@router.get("/sign-in/openid/back")
def signed_in_elsewhere(
    request: Request,
    services: ServicesOf,
    code: Annotated[str, Query(max_length=4096)] = "",
    state: Annotated[str, Query(max_length=512)] = "",
) -> Response:
    """Back from the provider: a session, where what it says proves somebody who may sign in."""
    if services.openid is None:
        raise Problem(404, "no provider is set (openid)")
    services.attempts.take(_address(request))
    pending = pending_of(sessions.kept_for_a_while(request))
    if pending is None or not hmac.compare_digest(pending.state.encode(), state.encode()):
        return _form(request, services, wanted="/", wrong=True)
    try:
        proved = services.openid.finish(code, pending)
    except BadInput as error:
        log.warning("sign-in: %s", error)
        return _form(request, services, wanted=pending.next, wrong=True)
    people = services.register.people
    person = people.one(proved.name)
    admitted = person is not None and person.disabled_ms is None and person.password is None
    if not admitted or not people.bind(proved.name, proved.subject):
        return _form(request, services, wanted=pending.next, wrong=True)
    answer = _begun(request, services, proved.name, wanted=_local(pending.next))
    sessions.drop_what_was_kept(request, answer)
    return answer


@router.post("/sign-out")
def sign_out(request: Request, form: Form, services: ServicesOf) -> Response:
    """End the session of this browser."""
    sessions.require_ours(request, services)
    signed = sessions.signed_in(request, services)
    asked = urlencode({"lang": language_of(request)})
    answer = RedirectResponse(f"/sign-in?{asked}", status_code=303)
    if signed is not None:
        if form.get(sessions.CSRF_FIELD) != signed.csrf:
            raise Problem(403, f"{sessions.CSRF_FIELD}: expected the token of the page")
        services.register.people.end(signed.digest)
        _note(request, services, signed.session.person.name, action="sign_out")
    sessions.drop_cookie(request, answer)
    # What the browser kept of the pages goes with the session.
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return answer


def _form(request: Request, services: Services, *, wanted: str, wrong: bool = False) -> Response:
    """Of why it was not opened it says no more than that."""
    openid = services.settings.openid
    return page(
        "sign_in.html",
        language_of(request),
        request,
        status=403 if wrong else 200,
        next=wanted,
        wrong=wrong,
        elsewhere=None if openid is None else openid.called,
        elsewhere_at="/sign-in/openid?" + urlencode({"next": wanted}),
    )


def _begun(request: Request, services: Services, name: str, *, wanted: str) -> Response:
    """A session, noted, and on to what was wanted."""
    token = sessions.begin(services, name)
    _note(request, services, name, action="sign_in")
    answer = RedirectResponse(wanted, status_code=303)
    sessions.keep_cookie(request, answer, token)
    return answer


def _note(request: Request, services: Services, name: str, *, action: str) -> None:
    """A line of the trail about somebody's own session."""
    services.register.audit.note(
        actor=name,
        action=action,
        subject=name,
        now_ms=services.clock(),
        address=_address(request),
        through=SESSION,
    )


def _address(request: Request) -> str:
    return "" if request.client is None else request.client.host


def _right(services: Services, name: str, password: str, *, address: str) -> bool:
    """Whether somebody of this name has this password and may sign in now. A wrong one is counted
    and noted; of a name that nobody has nothing is kept, for it may be a password."""
    settings, now_ms = services.settings.sign_in, services.clock()
    people = services.register.people
    person = people.one(name)
    right = fits(password, None if person is None else person.password)
    if person is None:
        return False
    locked = person.locked_until_ms is not None and now_ms < person.locked_until_ms
    if right and not locked and person.disabled_ms is None:
        return True
    if not locked:
        until_ms = now_ms + settings.lock_minutes * 60_000
        people.failed(name, most=settings.failures, locked_until_ms=until_ms)
        services.register.audit.note(
            actor=name,
            action="sign_in_refused",
            subject=name,
            now_ms=now_ms,
            address=address,
        )
    return False


def _local(address: str) -> str:
    """Where to go on: a path of this server, whatever was asked for."""
    return address if _LOCAL_PATH.fullmatch(address) else "/"
