"""The web application: every route, its errors and its OpenAPI document in one place."""

from collections.abc import Sequence
from functools import cache, partial
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from coldwitness.api.http import (
    alarms,
    attachments,
    audit,
    challenges,
    clues,
    courier_side,
    departure_checks,
    devices,
    findings,
    forms,
    live,
    logistics_requests,
    operations,
    quarantine,
    readings,
    register_tables,
    registers,
    reports,
    reviews,
    shipments,
    spot_checks,
    statistics,
    webhooks,
)
from coldwitness.api.http.admission import ADMITTED
from coldwitness.api.http.answers import COMPONENT, problem_answer
from coldwitness.api.http.described import DESCRIBED
from coldwitness.api.http.edge import Edge
from coldwitness.api.http.filters import only_known_parameters
from coldwitness.api.http.problems import install_problems
from coldwitness.api.http.rights import OPEN, PERSONAL, roles_of
from coldwitness.api.http.services import Services
from coldwitness.api.http.topic_schemas import TOPICS, topic_schemas
from coldwitness.api.pages import (
    alarms_page,
    app_files,
    board_page,
    case_pages,
    challenge_pages,
    courier_page,
    departure_page,
    findings_page,
    list_page,
    logistics_pages,
    map_tiles,
    pages,
    registers_page,
    settings_page,
    shipment_forms,
    shipment_page,
    signing_in,
    spot_check_pages,
    statistics_page,
)
from coldwitness.api.pages.problem_page import problem_page
from coldwitness.api.register_metrics import RegisterMetrics
from coldwitness.config.settings import HttpSettings
from coldwitness.domain.grants import ROLES
from coldwitness.ingest.metrics import JournalMetrics, PartMetrics
from coldwitness.judging.check_schema import components_of

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
_TITLE = "ColdWitness 冷证"
_DESCRIPTION = """冷证 ColdWitness: what the temperature record of a drug delivery proves.

Errors are `application/problem+json` (RFC 9457). Lists take `limit` and an opaque `cursor`.
Times are RFC 3339 in UTC. Verdicts are clues to be checked (待核查), never a finding of guilt."""


def create_app(services: Services) -> FastAPI:
    """The application over running parts; it starts and stops none of them."""
    app = FastAPI(
        title=_TITLE,
        version=version("coldwitness"),
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.services = services
    _show_metrics(services)
    map_tiles.require_map(services.settings.map)
    install_problems(app, drawn=problem_page)
    app.router.routes.extend(_routes())
    app_files.mount_static(app)
    app.openapi = openapi_document  # type: ignore[method-assign]
    app.add_middleware(
        Edge,
        metrics=services.metrics,
        hosts=expected_hosts(services.settings.http, services.base_url),
        public=urlsplit(services.base_url).netloc,
        drawn=problem_page,
    )
    return app


def _show_metrics(services: Services) -> None:
    """What others know is asked of them at each look."""
    for collector in (
        PartMetrics(partial(operations.ready_parts, services)),
        JournalMetrics(services.settings.journal.directory),
        RegisterMetrics(services.register, services.clock),
    ):
        services.metrics.registry.register(collector)


@cache
def _routes() -> Sequence[BaseRoute]:
    """Every route and what is asked before it. The same ones serve every application of a process:
    to work out what each of them takes costs more than to answer a hundred requests."""
    every = APIRouter()
    v1 = [ADMITTED, Depends(only_known_parameters)]
    parts = (
        shipments,
        readings,
        reports,
        reviews,
        attachments,
        registers,
        register_tables,
        devices,
        findings,
        clues,
        forms,
        spot_checks,
        logistics_requests,
        departure_checks,
        courier_side,
        webhooks,
        alarms,
        quarantine,
        statistics,
        audit,
        challenges,
        live,
    )
    for part in parts:
        every.include_router(part.router, dependencies=v1)
    every.include_router(operations.router, dependencies=[ADMITTED])
    drawn = (
        list_page,
        board_page,
        alarms_page,
        challenge_pages,
        shipment_page,
        map_tiles,
        shipment_forms,
        case_pages,
        findings_page,
        settings_page,
        spot_check_pages,
        logistics_pages,
        departure_page,
        courier_page,
        statistics_page,
        registers_page,
        pages,
        signing_in,
        app_files,
    )
    for part in drawn:
        every.include_router(part.router, include_in_schema=False, dependencies=[ADMITTED])
    return tuple(every.routes)


def expected_hosts(settings: HttpSettings, base_url: str) -> Sequence[str]:
    """Host names a request may be for: while we listen on loopback, loopback's and our own
    public one; elsewhere any (a proxy in front decides)."""
    host = settings.host
    if host not in ("127.0.0.1", "::1", "localhost"):
        return ()
    public = urlsplit(base_url).hostname
    return (*LOOPBACK_NAMES, *([public] if public else []))


@cache
def openapi_document() -> dict[str, Any]:
    """OpenAPI 3.1 with the structs that routes answer and take, without FastAPI's own 422."""
    document = get_openapi(
        title=_TITLE,
        version=version("coldwitness"),
        description=_DESCRIPTION,
        routes=_routes(),
        webhooks=_posted_to_receivers().routes,
    )
    _tell_rights(document)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.clear()  # FastAPI's own: every struct of ours is described below
    described = components_of(DESCRIBED, reference=COMPONENT) | topic_schemas()
    schemas.update(sorted(described.items()))
    # What comes by topic is no operation of HTTP, and its senders look here as well.
    document["x-topics"] = {
        topic: {"$ref": COMPONENT.format(name=name)} for topic, name in TOPICS.items()
    }
    return document


def _tell_rights(document: dict[str, Any]) -> None:
    """Say of each operation whose it is, and that it asks for a key."""
    document.setdefault("components", {})["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "description": "A client's key, cw_…"},
        "session": {
            "type": "apiKey",
            "in": "cookie",
            "name": "__Host-coldwitness",
            "description": "Of a person who signed in; changes need X-CSRF-Token beside it",
        },
    }
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            named = f"{method.upper()} {path}"
            if named in OPEN:
                operation["security"] = []
                continue
            operation["security"] = [{"session": []}]
            if named not in PERSONAL:
                operation["security"].insert(0, {"key": []})
            operation["x-roles"] = [
                role for role in ROLES if role in roles_of(method.upper(), path)
            ]
            for status in (401, 403, 429):
                operation["responses"].setdefault(str(status), problem_answer(status))


def _posted_to_receivers() -> APIRouter:
    router = APIRouter()
    clues.install_webhook_document(router)
    return router
