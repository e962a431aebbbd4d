"""The page of one shipment: what was found, its course, its papers, and what officers did."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, get_args

import msgspec
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.http.caller import Caller
from coldwitness.api.http.filters import ShipmentId
from coldwitness.api.http.language import language_of
from coldwitness.api.http.masking import shown_result
from coldwitness.api.http.problems import Problem
from coldwitness.api.http.rights import roles_of, sees_destination
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.api.http.shipments import (
    current_result,
    evidence_now,
    judged_alone,
    may_see,
    require_known,
)
from coldwitness.api.http.trail import noted
from coldwitness.api.pages.challenge_pages import challenge_part
from coldwitness.api.pages.course import COLUMNS, COLUMNS_MOST, course_of, curve_figure, way_svg
from coldwitness.api.pages.drawing import page
from coldwitness.api.pages.facts import drug_lines, facts_of
from coldwitness.api.pages.officers_part import Refused, officers_part
from coldwitness.api.pages.result_changes import changes_between, why_judged
from coldwitness.api.pages.words import word
from coldwitness.api.reports.drawn.chapters.route import place_of
from coldwitness.api.reports.drawn.recent import Drawing
from coldwitness.api.reports.drawn.view import Drawable, View
from coldwitness.api.reports.made.judged import report_to_draw
from coldwitness.api.reports.made.model import Origin, Stop
from coldwitness.api.reports.made.reasons import worst_first
from coldwitness.api.reports.made.wording import Lang, tell
from coldwitness.config.map_links import map_links
from coldwitness.domain.identifiers import is_id
from coldwitness.domain.measures import given
from coldwitness.domain.words import StatusWord
from coldwitness.judging.run import software

router = APIRouter()

_GRAVEST: Sequence[StatusWord] = tuple(reversed(get_args(StatusWord)))
_FINE: Sequence[StatusWord] = ("not_applicable", "compliant", "asserted")
"""Lines that nobody has to act on stand below the others."""
_VERSIONS = 30
_STOPS = 60
"""Shown on the page; the report has all."""
_SVG = "image/svg+xml"


@dataclass(frozen=True)
class MapAddress:
    """A place in a map application."""

    name: str
    address: str


@dataclass(frozen=True)
class StopRow:
    """A stop as the page tells it. maps : none where the place may be a home."""

    stop: Stop
    place: str
    note: str
    maps: Sequence[MapAddress]


@router.get("/shipments/{shipment}")
def shipment_page(
    shipment: str, request: Request, services: ServicesOf, caller: CallerOf
) -> Response:
    """One shipment: verdict, curve, what was found and what would settle it, line by line."""
    lang = language_of(request)
    if not is_id(shipment) or not may_see(services, caller.reach, shipment):
        why = word("search_none" if is_id(shipment) else "search_bad", lang)
        return page("missing.html", lang, request, status=404, why=why, asked=shipment[:80])
    if caller.signed_in:
        noted(services, caller, "read_page", subject=shipment, shipment=shipment)
    return shown_shipment(request, services, caller, shipment)


def shown_shipment(
    request: Request,
    services: Services,
    caller: Caller,
    shipment: str,
    *,
    refused: Refused | None = None,
) -> Response:
    """The page of a shipment within reach. refused : a form of it that was not taken."""
    lang = language_of(request)
    recorded = current_result(services, shipment)
    view = _view_of(services, shipment, lang)
    result = shown_result(services, recorded, caller)
    worst_lines = sorted(result.requirements, key=lambda one: _GRAVEST.index(one.status))
    line = services.register.shipments.row(shipment)
    courier = None if line is None else line.courier
    manifest = services.register.manifests.newest([shipment]).get(shipment)
    return page(
        "shipment.html",
        lang,
        request,
        status=200 if refused is None else refused.status,
        result=result,
        findings=worst_first(result.findings),
        open_lines=[line for line in worst_lines if line.status not in _FINE],
        fine_lines=[line for line in worst_lines if line.status in _FINE],
        courier=courier,
        state=given(result.state),
        curve=view.worst is not None,
        way=view.report.route.positions > 0 and sees_destination(caller.role),
        map_source=services.settings.map.source if services.settings.map.file else None,
        facts=facts_of(manifest, courier=courier),
        drugs=drug_lines(manifest, result),
        steps=view.report.custody,
        more_stops=max(len(view.report.route.stops) - _STOPS, 0),
        stops=_stop_rows(view) if sees_destination(caller.role) else (),
        challenges=challenge_part(
            services, caller, shipment, on_its_way=given(result.state) == "in_transit"
        ),
        officers=officers_part(services, caller, shipment, refused=refused),
        may_report=caller.role in roles_of("GET", "/v1/shipments/{shipment}/report.{format}"),
    )


@router.get("/shipments/{shipment}/versions")
def versions_page(
    shipment: ShipmentId,
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    before: Annotated[int | None, Query(ge=1, le=10**9)] = None,
) -> Response:
    """The versions of a shipment's result, the newest first, and what each changed."""
    lang = language_of(request)
    current_result(services, shipment)
    if caller.signed_in:
        noted(services, caller, "read_page", subject=shipment, shipment=shipment)
    results = services.register.results
    kept = [one for one in results.versions(shipment) if before is None or one.version < before]
    shown = kept[-_VERSIONS:]
    found = {
        one.version: shown_result(services, result, caller)
        for one in kept[-_VERSIONS - 1 :]
        if (result := results.of(shipment, version=one.version)) is not None
    }
    rows = []
    for place, one in enumerate(shown, start=len(kept) - len(shown)):
        earlier = found.get(kept[place - 1].version) if place else None
        result = found.get(one.version)
        changes = None if earlier is None or result is None else changes_between(earlier, result)
        rows.append((one, changes))
    return page(
        "versions.html",
        lang,
        request,
        shipment=shipment,
        why=lambda reason: why_judged(reason, lang),
        rows=rows[::-1],
        more=shown[0].version if len(kept) > len(shown) else None,
    )


@router.get("/shipments/{shipment}/course")
def course(
    shipment: ShipmentId,
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    columns: Annotated[int, Query(ge=50, le=COLUMNS_MOST)] = COLUMNS,
    from_s: Annotated[float | None, Query(alias="from", ge=0, le=1e11)] = None,
    to_s: Annotated[float | None, Query(alias="to", ge=0, le=1e11)] = None,
) -> Response:
    """What the page draws: curves as fine as the screen, and the way."""
    lang = language_of(request)
    view = _view_of(services, shipment, lang)
    part = None if from_s is None or to_s is None or not from_s < to_s else (from_s, to_s)
    noted(services, caller, "read_curve", subject=shipment, shipment=shipment)
    drawn = course_of(
        view,
        manifest=services.register.manifests.newest([shipment]).get(shipment),
        columns=columns,
        part_s=part,
        with_way=part is None and sees_destination(caller.role),
        map_=services.settings.map,
    )
    return _packed(request, msgspec.json.encode(drawn), "application/json")


@router.get("/shipments/{shipment}/curve.svg")
def curve_picture(
    shipment: ShipmentId,
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
    narrow: bool = False,
) -> Response:
    """The curve that matters most, for a browser without script."""
    figure = curve_figure(_view_of(services, shipment, language_of(request)))
    if figure is None:
        raise Problem(404, f"shipment {shipment}: no reading to draw")
    noted(services, caller, "read_curve", subject=shipment, shipment=shipment)
    (svg,) = figure.narrow if narrow else figure.svgs
    return _packed(request, svg.encode(), _SVG)


@router.get("/shipments/{shipment}/way.svg")
def way_picture(
    shipment: ShipmentId, request: Request, services: ServicesOf, caller: CallerOf
) -> Response:
    """The way and its stops, for a browser without script."""
    view = _view_of(services, shipment, language_of(request))
    if view.report.route.positions == 0:
        raise Problem(404, f"shipment {shipment}: no position to draw")
    noted(services, caller, "read_curve", subject=shipment, shipment=shipment)
    manifest = services.register.manifests.newest([shipment]).get(shipment)
    return _packed(request, way_svg(view, manifest).encode(), _SVG)


def _view_of(services: Services, shipment: str, lang: Lang) -> View:
    """What the stores hold of it now, judged and not recorded. 404 if it is unknown."""
    require_known(services, shipment)
    evidence = evidence_now(services, shipment)
    drawing = services.drawings.of(evidence)
    if drawing is None:
        judged = judged_alone(services, evidence)
        origin = Origin(software=software(), readings_from=("store",))
        report, tracks = report_to_draw(judged, shipment, origin=origin)
        drawing = Drawing(report, Drawable.of_tracks(tracks))
        services.drawings.keep(evidence, drawing)
    return View(drawing.report, lang, drawing.readings)


def _stop_rows(view: View) -> list[StopRow]:
    """Those that are clues and the longest of the others, in the order of time."""
    stops = sorted(view.report.route.stops, key=lambda one: (one.finding is None, -one.duration_s))
    rows = []
    for stop in sorted(stops[:_STOPS], key=lambda one: one.number):
        cell = place_of(view, stop)
        maps = []
        if stop.role != "destination":  # it may be somebody's home
            maps = [
                MapAddress(
                    tell(link.name, view.lang),
                    link.to(lat_deg=stop.lat, lon_deg=stop.lon),
                )
                for link in map_links()
            ]
        rows.append(StopRow(stop, cell.text, cell.note, maps))
    return rows


def _packed(request: Request, body: bytes, media_type: str) -> Response:
    """Compressed where the browser takes it; nothing of it is kept. No secret of the session stands
    in it, so that its length tells nothing."""
    headers = {"Cache-Control": "no-store", "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["Content-Encoding"] = gzip.compress(body, 6, mtime=0), "gzip"
    return Response(body, media_type=media_type, headers=headers)
