"""Sessions of people in a browser: the cookie, how long it holds, and that a page of ours asked."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.http.problems import Problem
from coldwitness.api.http.services import Services
from coldwitness.storage.people_ports import Session

CSRF_HEADER = "x-csrf-token"
CSRF_FIELD = "csrf"
_PLAIN, _SECURE = "coldwitness", "__Host-coldwitness"
_SAFE = ("GET", "HEAD", "OPTIONS")
_API = "/v1/"
"""Elsewhere forms of our pages are sent, with the token in a field (`api/pages/forms.py`)."""
_STREAM, _LISTENING = "/v1/live", "x-listening"
"""What a page asks by itself, and says so: no sign that anybody is there."""
_NOTED_EVERY_MS = 60_000
_AWAY_S = 600


@dataclass(frozen=True)
class Signed:
    """An open session, and the token by which a page of it proves to be ours."""

    session: Session
    digest: str
    csrf: str


def begin(services: Services, name: str) -> str:
    """Open a session; returns what its cookie holds."""
    token, now_ms = secrets.token_urlsafe(32), services.clock()
    gone_ms = now_ms - max(services.settings.sign_in.idle_minutes, 1440) * 60_000
    services.register.people.begin(_digest(token), name, now_ms=now_ms, gone_before_ms=gone_ms)
    return token


def signed_in(request: Request, services: Services) -> Signed | None:
    """The session of the request's cookie, if it still holds; that it was used is noted. Raises
    Problem (403) where something is to be changed and no page of ours asked for it."""
    token = request.cookies.get(_name(request))
    found = None if token is None else held(services, _digest(token))
    if token is None or found is None:
        return None
    csrf = csrf_of(token)
    if request.method not in _SAFE and request.scope["path"].startswith(_API):
        require_ours(request, services)
        given = request.headers.get(CSRF_HEADER, "")
        if not hmac.compare_digest(given.encode(), csrf.encode()):  # of texts ASCII alone is taken
            raise Problem(403, f"{CSRF_HEADER}: expected the token of the page that asks")
    used = request.scope["path"] != _STREAM and _LISTENING not in request.headers
    now_ms = services.clock()
    if used and now_ms - found.seen_ms > _NOTED_EVERY_MS:
        services.register.people.seen(_digest(token), now_ms=now_ms)
    return Signed(found, _digest(token), csrf)


def held(services: Services, digest: str) -> Session | None:
    """The session, unless it is over."""
    settings, now_ms = services.settings.sign_in, services.clock()
    found = services.register.people.session(digest)
    if found is None or found.person.disabled_ms is not None:
        return None
    idle_ms = now_ms - found.seen_ms
    age_ms = now_ms - found.begun_ms
    over = idle_ms > settings.idle_minutes * 60_000 or age_ms > settings.longest_hours * 3_600_000
    return None if over else found


def csrf_of(token: str) -> str:
    """Follows from the cookie, which no other site can read."""
    return hashlib.sha256(b"csrf " + token.encode("ascii", "replace")).hexdigest()


def require_ours(request: Request, services: Services) -> None:
    """403 where a browser says that another site had it ask. Our pages send no referrer, so that
    some browsers call their origin `null`: then it counts what the browser says of the site."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    here = f"{request.url.scheme}://{request.headers.get('host', '')}"
    same = origin in (None, here, services.base_url) or (origin == "null" and site is not None)
    if site not in (None, "same-origin", "none") or not same:
        raise Problem(403, "asked by a page of another site")


def keep_cookie(request: Request, answer: Response, token: str) -> None:
    """For this site alone, unread by scripts, gone with the browser."""
    answer.set_cookie(
        _name(request), token, path="/", secure=_is_tls(request), httponly=True, samesite="lax"
    )


def drop_cookie(request: Request, answer: Response) -> None:
    answer.delete_cookie(
        _name(request), path="/", secure=_is_tls(request), httponly=True, samesite="lax"
    )


def keep_for_a_while(request: Request, answer: Response, told: str) -> None:
    """What a browser brings back from a provider at which somebody signs in."""
    answer.set_cookie(
        f"{_name(request)}-openid",
        told,
        max_age=_AWAY_S,
        path="/",
        secure=_is_tls(request),
        httponly=True,
        samesite="lax",
    )


def kept_for_a_while(request: Request) -> str:
    """What it brings, "" for nothing."""
    return request.cookies.get(f"{_name(request)}-openid", "")


def drop_what_was_kept(request: Request, answer: Response) -> None:
    answer.delete_cookie(
        f"{_name(request)}-openid",
        path="/",
        secure=_is_tls(request),
        httponly=True,
        samesite="lax",
    )


def _name(request: Request) -> str:
    return _SECURE if _is_tls(request) else _PLAIN


def _is_tls(request: Request) -> bool:
    return request.url.scheme == "https"


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
