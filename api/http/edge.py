"""What every request and answer passes: id, size limits, expected host, safe headers, counters."""

import logging
import re
import time
import uuid
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from coldwitness.api.http.language import preferred_language
from coldwitness.api.http.problems import MEDIA_TYPE, Problem, ProblemPage, problem_body
from coldwitness.api.metrics import Metrics
from coldwitness.domain.log_ids import REQUEST
from coldwitness.domain.office import REGISTERS

log = logging.getLogger(__name__)
requests = logging.getLogger("coldwitness.requests")
"""Silent unless the settings ask for it (`log.requests`)."""

BODY_BYTES_MAX = 1_000_000
ATTACHMENT_BYTES_MAX = 10_000_000
"""A photograph of a box as a telephone takes it, a table of an office; of a form with it, the whole
body."""
_REGISTERS = "|".join(kind.register for kind in REGISTERS)
_FILES = re.compile(rf"(?:/v1)?/shipments/[^/]+/attachments|/v1/(?:{_REGISTERS})|/registers/[^/]+")
TARGET_BYTES_MAX = 8192
"""Longest path and query together."""
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
METHODS = SAFE_METHODS | {"POST", "PUT", "PATCH", "DELETE"}
"""Counted by name; whoever calls may make up others."""
_HOST = re.compile(r"([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(:[0-9]{1,5})?")
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,100}")

SAFE_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "X-Frame-Options": "DENY",
}
STRICT_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


class Edge:
    """ASGI middleware around the whole application.

    hosts : names a request may be for, without port; empty: any. While the API has no roles, it
        listens on loopback; a foreign page must not reach it through a name that it makes
        resolve to loopback (DNS rebinding). public : host and port under which others know us.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        hosts: Sequence[str] = (),
        public: str = "",
        drawn: ProblemPage = lambda *_: None,
    ) -> None:
        self._app = app
        self._drawn = drawn
        self._metrics = metrics
        self._public = public.lower()
        self._hosts = frozenset(host.lower() for host in hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        scope["request_id"] = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        REQUEST.set(scope["request_id"])
        answer = _Answer(scope, send, self._metrics, self._drawn)
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            await answer.problem(*refusal)
            return
        limited = _LimitedBody(receive, _bytes_max(scope))
        inner = {**scope, "method": "GET"} if _is_plain_head(scope) else scope
        answer.scope = inner
        try:
            await self._app(inner, limited, answer)
        except ClientDisconnect:
            pass  # whoever asked has gone, or was too slow
        except Exception:
            log.exception("request %s failed: %s", scope["request_id"], scope["path"][:200])
            if not answer.started:
                await answer.problem(500, "the server made a mistake; its log has the request id")

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > TARGET_BYTES_MAX:
            return 414, f"path and query: expected at most {TARGET_BYTES_MAX} bytes"
        given = headers.getlist("host")
        if len(given) != 1 or _HOST.fullmatch(given[0]) is None:
            return 400, "Host: expected exactly one, a name or address, and a port if any"
        host = _without_port(given[0])
        if self._hosts and host not in self._hosts:
            return 421, f"host: expected one of {', '.join(sorted(self._hosts))}"
        if scope["method"] not in SAFE_METHODS and not self._is_own(headers, given[0]):
            return 403, "Origin: a change is taken from our own pages, or from no page at all"
        length = headers.get("content-length", "0")
        most = _bytes_max(scope)
        if length.isdecimal() and int(length) > most:
            return 413, f"body: expected at most {most} bytes, got {length}"
        return None

    def _is_own(self, headers: Headers, host: str) -> bool:
        """False for a change that another site's page asks for: browsers say from where."""
        site = headers.get("sec-fetch-site")
        if site in ("cross-site", "same-site"):
            return False
        # Our pages tell nobody from where one comes, so some browsers call their origin `null`.
        own = {host.lower(), self._public}
        return all(
            site in ("same-origin", "none") if origin == "null" else _place(origin) in own
            for origin in headers.getlist("origin")
        )


def _place(origin: str) -> str | None:
    """Name or address, and port, of an origin; None of what is none, such as `http://[`."""
    try:
        return urlsplit(origin.lower()).netloc
    except ValueError:
        return None


def _is_plain_head(scope: Scope) -> bool:
    """HEAD is answered as GET, of which the server sends no body; a stream would never end."""
    return bool(scope["method"] == "HEAD" and scope["path"] != "/v1/live")


def _bytes_max(scope: Scope) -> int:
    """Longest body that the address takes."""
    return ATTACHMENT_BYTES_MAX if _FILES.fullmatch(scope["path"]) else BODY_BYTES_MAX


class _LimitedBody:
    """A request body that ends with an error once it is longer than it may be."""

    def __init__(self, receive: Receive, bytes_max: int) -> None:
        self._receive = receive
        self._bytes_max = bytes_max
        self._read = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._read += len(message.get("body", b""))
            if self._read > self._bytes_max:
                raise Problem(413, f"body: expected at most {self._bytes_max} bytes")
        return message


class _Answer:
    """Sends the answer with our headers and counts it by its route's template."""

    def __init__(self, scope: Scope, send: Send, metrics: Metrics, drawn: ProblemPage) -> None:
        self._drawn = drawn
        self.scope = scope
        """Of the application: its router adds the route to it."""
        self._send = send
        self._metrics = metrics
        self._began = time.perf_counter()
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self.scope["request_id"]
            headers.setdefault("Content-Security-Policy", STRICT_CSP)
            for name, value in SAFE_HEADERS.items():
                headers.setdefault(name, value)
            route = getattr(self.scope.get("route"), "path", "none")
            status = str(message["status"])
            method = self.scope["method"] if self.scope["method"] in METHODS else "other"
            self._metrics.requests.labels(method, route, status).inc()
            took_s = time.perf_counter() - self._began
            self._metrics.request_seconds.labels(route).observe(took_s)
            if requests.isEnabledFor(logging.INFO):
                self._say(method, route, status, took_s)
        await self._send(message)

    def _say(self, method: str, route: str, status: str, took_s: float) -> None:
        """One line: by its template, and by the ids in its address."""
        said = {"method": method, "route": route, "status": status, "took_ms": round(took_s * 1e3)}
        named = self.scope.get("path_params", {})
        ids = {name: str(named[name])[:128] for name in ("shipment", "clue") if name in named}
        requests.info("request", extra=said | ids)

    async def problem(self, status: int, detail: str) -> None:
        """Answer before or instead of the application."""
        page = self._drawn(Request(self.scope), status, detail, {"Connection": "close"})
        if page is not None:
            await page(self.scope, _nothing_more, self)
            return
        language = preferred_language(Headers(scope=self.scope).get("accept-language", ""))
        request_id = self.scope["request_id"]
        body = problem_body(status, detail, language=language, request_id=request_id)
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        await self({"type": "http.response.start", "status": status, "headers": headers})
        await self({"type": "http.response.body", "body": body})


async def _nothing_more() -> Message:
    return {"type": "http.disconnect"}


def _without_port(host: str) -> str:
    """`[::1]:8000` -> `[::1]`, `localhost:8000` -> `localhost`, in small letters."""
    if host.startswith("["):
        return host.partition("]")[0].lower() + "]"
    return host.partition(":")[0].lower()
