"""Checks before departure: one call says green or red, and why."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from coldwitness.api.http.answers import documented, json_answer, taking
from coldwitness.api.http.bodies import JsonBody, body_of_type
from coldwitness.api.http.caller import Caller
from coldwitness.api.http.case_schemas import DepartureCheckTold, NewDepartureCheck
from coldwitness.api.http.kept_entries import new_entry_name
from coldwitness.api.http.problems import Problem
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.api.http.shipments import may_see
from coldwitness.api.http.trail import noted
from coldwitness.domain.box_stays import BoxStay
from coldwitness.domain.departure import KeptDepartureCheck
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.office import RegisteredBox, RegisteredBoxModel, RegisteredDevice
from coldwitness.judging.departure import (
    LOOK_BACK_S,
    DepartureFacts,
    DepartureLimits,
    departure_lines,
)

router = APIRouter(tags=["departure checks"])

CheckId = Annotated[str, Path(pattern="^DC-[0-9]{8}-[0-9a-f]{8}$")]


@router.post(
    "/v1/departure-checks",
    responses=documented(DepartureCheckTold, status=201, problems=(400, 404, 413, 415)),
    openapi_extra=taking(NewDepartureCheck),
    response_model=None,
)
def check_departure(body: JsonBody, services: ServicesOf, caller: CallerOf) -> Response:
    """Green where the probe is live, the box pre-cooled, the logger calibrated, and the planned
    time within what the box holds; else red, each with its reason. Kept; accuses nobody."""
    new: NewDepartureCheck = body_of_type(body, NewDepartureCheck)
    told = checked(services, caller, new.shipment, planned_minutes=new.planned_minutes)
    return json_answer(told, status=201, headers={"Location": told.links["self"]})


@router.get(
    "/v1/departure-checks/{departure_check}",
    responses=documented(DepartureCheckTold, problems=(404,)),
    response_model=None,
)
def get_departure_check(
    departure_check: CheckId, services: ServicesOf, caller: CallerOf
) -> Response:
    """One check, as it was answered."""
    versions = services.register.office.history(KeptDepartureCheck, departure_check)
    kept = versions[0].entry if versions else None
    if not isinstance(kept, KeptDepartureCheck) or not may_see(
        services, caller.reach, kept.shipment
    ):
        raise Problem(404, f"departure check {departure_check}: unknown")
    return json_answer(
        _told(services, departure_check, kept, at_ms=versions[0].at_ms, by=versions[0].by)
    )


def checked(
    services: Services, caller: Caller, shipment: str, *, planned_minutes: float | None
) -> DepartureCheckTold:
    """Ask, keep and tell. 404 for a shipment without a manifest within reach."""
    manifest = None
    if may_see(services, caller.reach, shipment):
        manifest = services.register.manifests.newest([shipment]).get(shipment)
    if manifest is None:
        raise Problem(404, f"shipment {shipment[:80]}: no manifest is on record")
    now_ms = services.clock()
    settings = services.settings.departure
    lines = departure_lines(
        _facts(services, manifest, planned_minutes=planned_minutes, now_ms=now_ms),
        services.rulebook.classes,
        DepartureLimits(settings.live_minutes, settings.precooled_minutes),
    )
    kept = KeptDepartureCheck(
        shipment=shipment,
        planned_minutes=planned_minutes,
        green=all(line.ok for line in lines),
        lines=lines,
    )
    name = new_entry_name("DC", now_ms=now_ms)
    services.register.office.put(name, kept, by=caller.name, now_ms=now_ms)
    noted(
        services,
        caller,
        "departure_check",
        subject=f"{name} {shipment}",
        shipment=shipment,
        now_ms=now_ms,
    )
    return _told(services, name, kept, at_ms=now_ms, by=caller.name)


def _facts(
    services: Services, manifest: Manifest, *, planned_minutes: float | None, now_ms: int
) -> DepartureFacts:
    office, box = services.register.office, manifest.box.id
    stays = []
    if box is not None:
        # Before it is packed a reading names no shipment: those of the box count.
        since_ms = now_ms - round(LOOK_BACK_S * 1000)
        stays.append(BoxStay(box, manifest.id, since_ms, now_ms + 60_000))
    readings = services.store.readings([manifest.id], stays)
    registered = {} if box is None else office.newest(RegisteredBox, [box])
    model = None
    if box in registered:
        named = registered[box].model
        model = office.newest(RegisteredBoxModel, [named]).get(named)
    return DepartureFacts(
        manifest=manifest,
        readings=readings,
        devices=office.newest(RegisteredDevice, {*readings.loggers, *manifest.logger_ids()}),
        model=model,
        stated_model=services.rulebook.models.get(manifest.box.model or ""),
        planned_minutes=planned_minutes,
        now_s=now_ms / 1000,
    )


def _told(
    services: Services, name: str, kept: KeptDepartureCheck, *, at_ms: int, by: str
) -> DepartureCheckTold:
    return DepartureCheckTold(
        id=name,
        shipment=kept.shipment,
        result="green" if kept.green else "red",
        lines=kept.lines,
        planned_minutes=kept.planned_minutes,
        at=rfc3339(at_ms),
        by=by,
        links={"self": f"{services.base_url}/v1/departure-checks/{name}"},
    )
