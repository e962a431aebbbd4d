"""Shipments: the manifest in, the list, one shipment with its verdict, and its check result."""

from contextlib import suppress
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.http.answers import documented, json_answer, require_match, tag_of, unchanged
from coldwitness.api.http.bodies import JsonBody, received_sha256
from coldwitness.api.http.caller import Caller
from coldwitness.api.http.filters import (
    ShipmentId,
)
from coldwitness.api.http.manifest_body import manifest_body
from coldwitness.api.http.masking import shown_manifest, shown_result
from coldwitness.api.http.problems import Problem, field_of, wrong_field
from coldwitness.api.http.schemas import ManifestKept, Shipment, ShipmentLine, ShipmentList
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.api.http.shipment_query import ShipmentQueryOf
from coldwitness.api.http.trail import noted
from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.reach import Reach
from coldwitness.domain.result import CheckResult
from coldwitness.ingest.held_shipments import brought_in
from coldwitness.ingest.manifests import parse_manifest
from coldwitness.judging.copies import ArchivedCurves
from coldwitness.judging.evidence import Evidence, evidence_of
from coldwitness.judging.fleet_limits import RegisterTrips
from coldwitness.judging.rulebook import Rulebook, under_pack
from coldwitness.judging.run import Judged, judge_shipments
from coldwitness.storage.ports import ShipmentRow

router = APIRouter(tags=["shipments"])


def _unheard(shipment: str) -> ShipmentRow:
    """The line of a shipment of which there are readings, but no judgement yet."""
    return ShipmentRow(shipment, None, None, None, None, None, None, 0, 0, None, None)


@router.put(
    "/v1/shipments/{shipment}",
    responses={
        **documented(ManifestKept, problems=(400, 412, 413), description="Known before"),
        **documented(ManifestKept, status=201, description="The shipment is new"),
    },
    openapi_extra=manifest_body(),
    response_model=None,
)
def put_manifest(
    shipment: ShipmentId,
    request: Request,
    body: JsonBody,
    services: ServicesOf,
    caller: CallerOf,
) -> Response:
    """Keep a shipment's manifest. The same manifest again changes nothing; a changed one is a
    new version and the shipment is judged again."""
    if isinstance(body, dict) and body.setdefault("id", shipment) != shipment:
        detail = f"expected {shipment}, the shipment of the address"
        raise wrong_field("id", detail)
    try:
        manifest, warnings = parse_manifest(body, classes=services.rulebook.classes)
    except BadInput as error:
        text = str(error).removeprefix(f"manifest {shipment}: ").removeprefix("manifest: ")
        raise Problem(422, text, errors=[field_of(text)]) from error
    _require_own(caller, manifest)
    with services.changing(f"shipment {shipment}"):
        there = services.register.manifests.newest([shipment]).get(shipment)
        same = _same_manifest(request, there)
        require_match(request, f"shipment {shipment}", tags=same, exists=there is not None)
        with suppress(Unavailable):  # who declares it has it stored; it is declared all the same
            brought_in(services.settings.journal.directory, shipment)
        new = not _is_stored(services, shipment)
        now_ms = services.clock()
        version = services.register.manifests.put(
            manifest,
            received_ms=now_ms,
            sender=caller.name,
            received_sha256=received_sha256(request),
        )
    noted(
        services,
        caller,
        "put_manifest",
        subject=f"{shipment} v{version}",
        shipment=shipment,
        now_ms=now_ms,
    )
    services.judge.touch([shipment], reason="manifest")
    result = services.register.results.of(shipment)
    kept = ManifestKept(
        id=shipment,
        version=version,
        verdict=result.verdict if result is not None else None,
        warnings=tuple(warnings),
        links=links_of(services.base_url, shipment),
    )
    address = f"{services.base_url}/v1/shipments/{shipment}"
    headers = {"Location": address, "ETag": f'"{_part_of(manifest)}.put"'}
    return json_answer(kept, status=201 if new else 200, headers=headers)


def _part_of(manifest: Manifest | None) -> str:
    """The part of a shipment's entity tag that its manifest makes. What was read of the shipment
    makes the rest, so that a reading that came meanwhile keeps nobody from changing the manifest
    that he saw."""
    return (
        "0"
        if manifest is None
        else tag_of(msgspec.json.encode(manifest.source, order="sorted"))[1:17]
    )


def _same_manifest(request: Request, there: Manifest | None) -> list[str]:
    """Those tags of the request's conditions that name the manifest that is there."""
    given = [
        tag.strip()
        for name in ("if-match", "if-none-match")
        for tag in request.headers.get(name, "").split(",")
    ]
    return [tag for tag in given if tag.startswith(f'"{_part_of(there)}.')]


def _require_own(caller: Caller, manifest: Manifest) -> None:
    """422 where a courier or a platform declares a shipment that would not be its own."""
    reach = caller.reach
    courier = None if manifest.courier is None else manifest.courier.id
    platform = None if manifest.delivery is None else manifest.delivery.platform
    if reach.everything or courier in reach.couriers or platform in reach.platforms:
        return
    field = "courier.id" if reach.couriers else "delivery.platform"
    detail = f"expected {', '.join(sorted(reach.couriers | reach.platforms))}, whose key this is"
    raise wrong_field(field, detail)


@router.get("/v1/shipments", responses=documented(ShipmentList), response_model=None)
def list_shipments(services: ServicesOf, caller: CallerOf, listed: ShipmentQueryOf) -> Response:
    """Shipments with their current verdict, the newest first."""
    limit = listed.limit
    rows = services.register.shipments.rows(
        after=listed.after, sort=listed.sort, limit=limit + 1, reach=caller.reach, **listed.asked
    )
    more = listed.cursor(rows[limit - 1]) if len(rows) > limit else None
    items = tuple(shipment_line(row, base_url=services.base_url) for row in rows[:limit])
    return json_answer(ShipmentList(items, more))


@router.get(
    "/v1/shipments/{shipment}",
    responses=documented(Shipment, problems=(404,)),
    response_model=None,
)
def get_shipment(
    shipment: ShipmentId, request: Request, services: ServicesOf, caller: CallerOf
) -> Response:
    """One shipment: its manifest as it was sent, and its current verdict. `If-Match` of a PUT with
    its ETag holds as long as the manifest is the same."""
    require_known(services, shipment)
    row = services.register.shipments.row(shipment)
    manifest = services.register.manifests.newest([shipment]).get(shipment)
    line = shipment_line(row or _unheard(shipment), base_url=services.base_url)
    source = None if manifest is None else shown_manifest(manifest.source, manifest, caller)
    body = msgspec.json.encode(Shipment(**msgspec.structs.asdict(line), manifest=source))
    tag = f'"{_part_of(manifest)}.{tag_of(body)[1:17]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    return unchanged(request, tag) or Response(body, media_type="application/json", headers=headers)


@router.get(
    "/v1/shipments/{shipment}/check",
    responses=documented(CheckResult, problems=(404,)),
    response_model=None,
)
def get_check(
    shipment: ShipmentId,
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    rules: Annotated[
        str | None,
        Query(max_length=80, description="Judge now under this rule pack; nothing is stored"),
    ] = None,
) -> Response:
    """What the shipment's record proves: verdict, findings, requirements, bounds."""
    if rules is None:
        result = current_result(services, shipment)
    else:
        (result,) = judged_now(services, shipment, under_pack(services.rulebook, rules)).results
    body = msgspec.json.encode(shown_result(services, result, caller))
    tag = tag_of(body)
    headers = {"ETag": tag, "Cache-Control": "no-cache"}
    return unchanged(request, tag) or Response(body, media_type="application/json", headers=headers)


def current_result(services: Services, shipment: str) -> CheckResult:
    """The latest recorded result; a known shipment never judged is judged now. 404: unknown."""
    result = services.register.results.of(shipment)
    if result is None:
        require_known(services, shipment)
        services.judge.judge_now([shipment])
        result = services.register.results.of(shipment)
    if result is None:
        raise Problem(503, f"{shipment}: not judged yet", headers={"Retry-After": "2"})
    return result


def judged_now(
    services: Services, shipment: str, rulebook: Rulebook, evidence: Evidence | None = None
) -> Judged:
    """What the stores hold of a shipment, judged and not recorded. 404 if it is unknown.
    evidence : what was read of it already."""
    require_known(services, shipment)
    register = services.register
    (judged,) = judge_shipments(
        evidence_now(services, shipment) if evidence is None else evidence,
        rulebook=rulebook,
        assumed_storage=services.settings.judging.default_storage,
        archive=ArchivedCurves(register.copies),
        fleet=RegisterTrips(register.trips),
    )
    return judged


def evidence_now(services: Services, shipment: str) -> Evidence:
    """What the stores hold of one shipment."""
    return evidence_of(services.store, services.register, [shipment], as_of_ms=services.clock())


def judged_alone(services: Services, evidence: Evidence) -> Judged:
    """One shipment judged by its own record, to draw it: neither its curve nor its trips are
    compared with others', on which no mark of a curve or a way rests."""
    (judged,) = judge_shipments(
        evidence,
        rulebook=services.rulebook,
        assumed_storage=services.settings.judging.default_storage,
    )
    return judged


def is_known(services: Services, shipment: str) -> bool:
    """True if anything was ever said of the shipment: a manifest, an event, or a reading. What
    waits for its sender's quota is stored first; Unavailable where that is not done soon."""
    if _is_stored(services, shipment):
        return True
    return brought_in(services.settings.journal.directory, shipment)


def _is_stored(services: Services, shipment: str) -> bool:
    if services.register.shipments.row(shipment) is not None:
        return True
    # a reading may be stored and not yet noted in the register
    return len(services.store.readings([shipment], services.register.custody.stays([shipment]))) > 0


def may_see(services: Services, reach: Reach, shipment: str) -> bool:
    """True if anything was ever said of the shipment and it lies within reach."""
    if reach.everything:
        return is_known(services, shipment)
    return bool(services.register.shipments.seen([shipment], reach=reach))


def require_known(services: Services, shipment: str) -> None:
    if not is_known(services, shipment):
        raise Problem(404, f"shipment {shipment}: unknown")


def shipment_line(row: ShipmentRow, *, base_url: str) -> ShipmentLine:
    return ShipmentLine(
        id=row.id,
        verdict=row.verdict,
        state=row.state,
        courier=row.courier,
        division=row.division,
        started_at=row.started_at,
        ended_at=row.ended_at,
        findings=row.findings,
        result_version=row.result_version,
        links=links_of(base_url, row.id),
    )


def links_of(base_url: str, shipment: str) -> dict[str, str]:
    """Where everything else about a shipment is."""
    at = f"{base_url}/v1/shipments/{shipment}"
    return {
        "self": at,
        "check": f"{at}/check",
        "readings": f"{at}/readings",
        "reviews": f"{at}/reviews",
        "report_html": f"{at}/report.html",
        "report_json": f"{at}/report.json",
        "report_pdf": f"{at}/report.pdf",
        "page": f"{base_url}/shipments/{shipment}",
    }
