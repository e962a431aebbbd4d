"""What is answered while the parts of a server cannot be opened: that it lives, what is missing and
how to mend it. Everything else is asked to come again."""

from collections.abc import Callable, Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from coldwitness.api.http.edge import Edge
from coldwitness.api.http.language import language_of
from coldwitness.api.http.operations import LOOK_AGAIN_S, healthz, readiness
from coldwitness.api.http.problems import MEDIA_TYPE, ProblemPage, problem_body
from coldwitness.api.http.schemas import PartState
from coldwitness.api.metrics import Metrics

PART = "start"
MEND = (
    "mend what it names and wait: it is tried again every few seconds; `coldwitness doctor` looks"
    " at each part"
)
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def not_started_app(
    problem: Callable[[], str], *, hosts: Sequence[str], drawn: ProblemPage
) -> ASGIApp:
    """problem : what keeps the server from starting, as whoever can reach it may read it. hosts,
    drawn : as for `Edge`."""

    def ready(_: Request) -> Response:
        return readiness({PART: PartState(False, problem(), MEND)})

    def alive(_: Request) -> Response:
        return healthz()

    def later(request: Request) -> Response:
        headers = {"Retry-After": str(LOOK_AGAIN_S), "Cache-Control": "no-store"}
        page = drawn(request, 503, problem(), headers)
        if page is not None:
            return page
        body = problem_body(
            503,
            problem(),
            language=language_of(request),
            request_id=str(request.scope.get("request_id", "unknown")),
        )
        return Response(body, status_code=503, media_type=MEDIA_TYPE, headers=headers)

    app = Starlette(
        routes=[
            Route("/healthz", alive),
            Route("/readyz", ready),
            Route("/{path:path}", later, methods=_METHODS),
        ]
    )
    return Edge(app, metrics=Metrics(), hosts=hosts, drawn=drawn)
