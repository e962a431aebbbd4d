"""Requests of authorities for delivery and logistics information, and what was handed out."""

from collections.abc import Callable
from typing import Annotated

import msgspec
from fastapi import APIRouter, Path
from starlette.responses import Response

from coldwitness.api.file_answer import file_answer
from coldwitness.api.forms.logistics import handed_files, logistics_files, logistics_package
from coldwitness.api.forms.record import versions_of
from coldwitness.api.http.answers import documented, json_answer, taking
from coldwitness.api.http.bodies import JsonBody, body_of_type
from coldwitness.api.http.caller import Caller
from coldwitness.api.http.case_schemas import (
    LogisticsRequestList,
    LogisticsRequestTold,
    NewLogisticsRequest,
)
from coldwitness.api.http.filters import Cursor, Limit
from coldwitness.api.http.kept_entries import new_entry_name, page_of
from coldwitness.api.http.posts import OnceOf
from coldwitness.api.http.problems import Problem, field_of, wrong_field
from coldwitness.api.http.reports import report_of
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.api.http.trail import noted
from coldwitness.api.reports.made.model import Report
from coldwitness.api.reports.made.seal import sha256_hex
from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.logistics import KeptLogisticsRequest, LogisticsScope
from coldwitness.judging.logistics_scope import shipments_asked
from coldwitness.storage.journal.attached import attached_bytes, keep_attached
from coldwitness.storage.office_ports import EntryVersion
from coldwitness.storage.ports import Register

router = APIRouter(tags=["logistics requests"])

ZIP = "application/zip"
RequestId = Annotated[str, Path(pattern="^LR-[0-9]{8}-[0-9a-f]{8}$")]


@router.post(
    "/v1/logistics-requests",
    responses=documented(LogisticsRequestTold, status=201, problems=(400, 403, 409, 413, 415)),
    openapi_extra=taking(NewLogisticsRequest),
    response_model=None,
)
def take_request(body: JsonBody, services: ServicesOf, caller: CallerOf, once: OnceOf) -> Response:
    """Hand out all that is on record of the shipments of a scope: readings, events, every version
    of the manifest, results, each with its digests, and a receipt. What was handed out is kept."""

    def take() -> Response:
        new: NewLogisticsRequest = body_of_type(body, NewLogisticsRequest)
        name = taken(services, caller, new)
        address = f"{services.base_url}/v1/logistics-requests/{name}"
        told = told_request(services, name)
        return json_answer(told, status=201, headers={"Location": address})

    return once.answered(take)


@router.get(
    "/v1/logistics-requests", responses=documented(LogisticsRequestList), response_model=None
)
def list_requests(
    services: ServicesOf, caller: CallerOf, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """Requests whose shipments are all within the caller's reach, by number."""
    names, more = page_of(
        services.register.office,
        KeptLogisticsRequest,
        within=lambda kept: within(services, caller, kept),
        limit=limit,
        cursor=cursor,
    )
    told = tuple(told_request(services, name) for name in names)
    return json_answer(LogisticsRequestList(told, more))


@router.get(
    "/v1/logistics-requests/{logistics_request}",
    responses=documented(LogisticsRequestTold, problems=(404,)),
    response_model=None,
)
def get_request(logistics_request: RequestId, services: ServicesOf, caller: CallerOf) -> Response:
    """The receipt: who asked for what, which files were handed out, by whom and when."""
    known_request(services, caller, logistics_request)
    return json_answer(told_request(services, logistics_request))


@router.get(
    "/v1/logistics-requests/{logistics_request}/package",
    responses=documented(None, content=(ZIP,), problems=(404, 409)),
    response_model=None,
)
def get_package(logistics_request: RequestId, services: ServicesOf, caller: CallerOf) -> Response:
    """The very bytes that were handed out."""
    kept = known_request(services, caller, logistics_request)
    body = attached_bytes(services.settings.journal.directory, kept.package_sha256)
    if body is None:
        detail = "its bytes are gone, or are others"
        raise Problem(409, f"package {kept.package_sha256}: {detail}")
    noted(services, caller, "logistics_package", subject=logistics_request)
    return file_answer(body, media_type=ZIP, name=f"{logistics_request}.zip")


def export(
    register: Register,
    shipments: list[str],
    *,
    number: str,
    asked_by: str,
    purpose: str,
    scope: LogisticsScope,
    office: str | None,
    report: Callable[[str], Report],
    by: str,
    now_ms: int,
) -> tuple[KeptLogisticsRequest, bytes]:
    """What is kept of a request, and the zip that answers it. report : makes a shipment's."""
    files = logistics_files(
        (report(name), versions_of(register.manifests, name)) for name in shipments
    )
    kept = KeptLogisticsRequest(
        number=number,
        asked_by=asked_by,
        purpose=purpose,
        scope=scope,
        shipments=tuple(shipments),
        files=handed_files(files),
        package_sha256="",
        package_size=0,
        office=office,
    )
    body = logistics_package(files, kept, by=by, now_ms=now_ms)
    whole = msgspec.structs.replace(kept, package_sha256=sha256_hex(body), package_size=len(body))
    return whole, body


def request_name(now_ms: int) -> str:
    return new_entry_name("LR", now_ms=now_ms)


def taken(services: Services, caller: Caller, new: NewLogisticsRequest) -> str:
    """Hand out what is asked for; the name of what was kept. 422 where nothing can be."""
    try:
        shipments = shipments_asked(services.register, new.scope, reach=caller.reach)
    except BadInput as error:
        raise Problem(422, str(error), errors=[field_of(str(error))]) from error
    if not shipments:
        detail = "no shipment fits"
        raise wrong_field("scope", detail)
    now_ms = services.clock()
    kept, body = export(
        services.register,
        shipments,
        number=new.number,
        asked_by=new.asked_by,
        purpose=new.purpose,
        scope=new.scope,
        office=services.settings.report.office,
        report=lambda name: report_of(services, name, reach=caller.reach),
        by=caller.name,
        now_ms=now_ms,
    )
    keep_attached(services.settings.journal.directory, body)
    name = request_name(now_ms)
    services.register.office.put(name, kept, by=caller.name, now_ms=now_ms)
    for shipment in shipments:
        noted(
            services,
            caller,
            "logistics_handed_out",
            subject=f"{name} {new.number}",
            shipment=shipment,
            now_ms=now_ms,
        )
    return name


def within(services: Services, caller: Caller, kept: KeptLogisticsRequest) -> bool:
    """Whether all shipments of a request are within the caller's reach."""
    if caller.reach.everything:
        return True
    seen = services.register.shipments.seen(kept.shipments, reach=caller.reach)
    return set(kept.shipments) <= set(seen)


def known_request(services: Services, caller: Caller, name: str) -> KeptLogisticsRequest:
    """404 for one that is not there, or not within reach."""
    kept = services.register.office.newest(KeptLogisticsRequest, [name]).get(name)
    if kept is None or not within(services, caller, kept):
        raise Problem(404, f"logistics request {name}: unknown")
    return kept


def told_request(services: Services, name: str) -> LogisticsRequestTold:
    """The receipt of one that is there."""
    versions: list[EntryVersion] = services.register.office.history(KeptLogisticsRequest, name)
    kept = services.register.office.newest(KeptLogisticsRequest, [name])[name]
    at = f"{services.base_url}/v1/logistics-requests/{name}"
    return LogisticsRequestTold(
        id=name,
        number=kept.number,
        asked_by=kept.asked_by,
        purpose=kept.purpose,
        scope=kept.scope,
        shipments=kept.shipments,
        files=kept.files,
        package_sha256=kept.package_sha256,
        package_size=kept.package_size,
        exported_by=versions[0].by,
        exported_at=rfc3339(versions[0].at_ms),
        links={"self": at, "package": f"{at}/package"},
    )
