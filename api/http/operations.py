"""What the operator asks: is it alive, is it ready, what does it count."""

from collections.abc import Callable, Mapping
from importlib.metadata import version

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from coldwitness.api.http.answers import answering, documented, json_answer
from coldwitness.api.http.schemas import Alive, PartState, Readiness
from coldwitness.api.http.services import Remark, Services, ServicesOf
from coldwitness.domain.errors import ColdWitnessError
from coldwitness.domain.shown_address import shown_address

router = APIRouter(tags=["operations"])

MENDS: Mapping[str, str] = {
    "register": "see that the database of store.register_url answers; make room on its disk",
    "telemetry": "see that the telemetry store of [store] answers; make room on its disk",
    "judging": "see the log; `coldwitness doctor` looks at what judging needs",
    "webhooks": "see the log, and start the server again",
    "alarms": "see the log, and start the server again: nobody is told of alarms",
    "challenges": "see the log, and start the server again: challenges of probes are not decided",
    "comparison": "see the log, and start the server again: nothing is compared at night",
    "live": "see the log, and start the server again: streams and board of this one stand still",
    "witnesses": "see that they run and that this machine may reach them; they are asked again",
    "ingest": "see that the broker of [mqtt] answers and the journal's disk has room;"
    " `coldwitness doctor` tries both",
    "room": "make room on the disk these lie on: full, it refuses messages and decisions",
    "trail_room": "make room on the disk it lies on: once it is used up, nothing that stands in the"
    " audit trail is shown",
    "clock": "set this server's clock, or theirs, by a time service; then start it again",
    "stores": "see that the telemetry store and the register answer; what is journalled is brought"
    " in as soon as they do",
}
"""What an operator does about each part that is not ready. Each part tries again by itself."""
LOOK_AGAIN_S = 5
"""What is not ready is tried again by its own part within some seconds."""


@router.get("/healthz", responses=documented(Alive), response_model=None)
def healthz() -> Response:
    """The process lives and answers; nothing it depends on is asked."""
    return json_answer(Alive("ok", version("coldwitness")))


@router.get(
    "/readyz",
    responses={**documented(Readiness), 503: {"description": "Not ready", **answering(Readiness)}},
    response_model=None,
)
def readyz(services: ServicesOf) -> Response:
    """Each part by name: ready, or what is wrong with it."""
    return readiness(_states(services))


def ready_parts(services: Services) -> dict[str, bool]:
    """The same, by name."""
    return {name: state.ready for name, state in _states(services).items()}


def readiness(parts: dict[str, PartState]) -> Response:
    """503 where a part is not ready, and when to look again."""
    ready = all(part.ready for part in parts.values())
    headers = {} if ready else {"Retry-After": str(LOOK_AGAIN_S)}
    return json_answer(Readiness(ready, parts), status=200 if ready else 503, headers=headers)


@router.get(
    "/metrics",
    responses=documented(None, content=("text/plain",), description="Prometheus text format"),
    response_model=None,
)
def metrics(services: ServicesOf) -> Response:
    """Counters for Prometheus."""
    return Response(generate_latest(services.metrics.registry), media_type=CONTENT_TYPE_LATEST)


def _checks(services: Services) -> Mapping[str, Callable[[], str | None]]:
    def register() -> None:
        services.register.shipments.rows(limit=1)

    def telemetry() -> None:
        services.store.readings([], [])

    def judging() -> str | None:
        return services.judge.problem

    def webhooks() -> str | None:
        return None if services.outbox.alive else "the webhook worker does not run"

    return {
        "register": register,
        "telemetry": telemetry,
        "judging": judging,
        "webhooks": webhooks,
        **services.readiness,
    }


def _states(services: Services) -> dict[str, PartState]:
    return {name: _state(name, check) for name, check in _checks(services).items()}


def _state(name: str, check: Callable[[], str | None]) -> PartState:
    try:
        wrong = check()
    except (ColdWitnessError, OSError) as error:
        wrong = shown_address(str(error))
    if wrong is None:
        return PartState(True, None)
    return PartState(isinstance(wrong, Remark), str(wrong), MENDS.get(name))
