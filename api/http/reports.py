"""The compliance report of a shipment: one report, several renderings."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import Response

from api.archived_curves import ArchivedCurves
from api.clues.clue import report_address
from api.fleet_limits import RegisterTrips
from api.http.answers import documented, tag_of, unchanged
from api.http.filters import ShipmentId
from api.http.language import language_of
from api.http.services import CallerOf, Services, ServicesOf
from api.http.shipments import current_result, require_known
from api.judging import judge_shipments, software
from api.reports.html import render_html
from api.reports.model import Origin, Report
from api.reports.pdf import render_pdf
from api.reports.report import build_report
from api.reports.reviews import review_of
from api.reports.seal import sealed
from api.reports.twin import render_json
from api.reports.wording import Lang
from storage.journal import Signer, layout, load_or_create_signer

router = APIRouter(tags=["reports"])

Format = Literal["json", "html", "pdf"]
REPORT_CSP = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""The report page is one file with its style inside and no script at all."""


@router.get(
    "/v1/shipments/{shipment}/report.{format}",
    responses=documented(
        None,
        content=("application/json", "text/html", "application/pdf"),
        problems=(404,),
        description="The report; `lang` or Accept-Language chooses the language of page and PDF",
    ),
    response_model=None,
)
def get_report(
    shipment: ShipmentId,
    format_: Annotated[Format, Path(alias="format")],
    request: Request,
    services: ServicesOf,
    caller: CallerOf,
) -> Response:
    """Verdict, charts, gaps, stops and requirement lines, from the evidence as it is now."""
    lang = language_of(request)
    report = report_of(services, shipment)
    services.register.audit(
        actor=caller.name,
        action=f"read_report_{format_}",
        subject=shipment,
        now_ms=services.clock(),
    )
    seal = report.seal
    named = ("", "") if seal is None else (seal.sha256, seal.signature or "")
    tag = tag_of(format_, lang, *named)
    same = unchanged(request, tag)
    if same is not None:
        return same
    body, headers = _rendered(report, format_, lang)
    return Response(body, headers={"ETag": tag, "Cache-Control": "no-cache", **headers})


def report_of(services: Services, shipment: str) -> Report:
    """The sealed report of what the stores hold of a shipment. 404 if it is unknown.

    The shipment is judged again for it, since a report needs more than the recorded result
    keeps; if that says something newer than the record, the record is brought up first, so a
    report never shows a result that the register does not have.
    """
    require_known(services, shipment)
    register = services.register
    manifest = register.manifests([shipment]).get(shipment)
    events = register.events([shipment]).get(shipment, [])
    (judged,) = judge_shipments(
        services.store.readings([shipment], register.stays([shipment])),
        shipments=[shipment],
        manifests={} if manifest is None else {shipment: manifest},
        events={shipment: events},
        rulebook=services.rulebook,
        assumed_storage=services.settings.judging.default_storage,
        archive=ArchivedCurves(register),
        fleet=RegisterTrips(register),
    )
    (result,) = judged.results
    if current_result(services, shipment) != result:
        services.judge.judge_now([shipment], reason="report")
    line = register.shipment_row(shipment)
    return sealed(
        build_report(
            result,
            tracks=judged.tracks,
            manifest=manifest,
            events=events,
            pack=judged.pack,
            terms=judged.terms,
            stops=judged.judgement.stops,
            origin=Origin(
                software=software(),
                readings_from=("store",),
                result_version=None if line is None else line.result_version,
                address=report_address(services.base_url, shipment),
            ),
            review=review_of(
                register.reviews(shipment),
                result_version=0 if line is None else line.result_version,
            ),
        ),
        _signer(services),
    )


def _signer(services: Services) -> Signer | None:
    """The journal's key, as `coldwitness report` signs; None as long as there is none."""
    journal = services.settings.journal
    path = journal.signing_key_file or layout.signing_key(journal.directory)
    return load_or_create_signer(path) if path.exists() else None


def _rendered(report: Report, format_: Format, lang: Lang) -> tuple[bytes, dict[str, str]]:
    if format_ == "json":
        return render_json(report), {"Content-Type": "application/json"}
    said = {"Content-Language": "zh-CN" if lang == "zh" else "en", "Vary": "Accept-Language"}
    if format_ == "pdf":
        name = f'inline; filename="{report.shipment}.pdf"'
        headers = {"Content-Type": "application/pdf", "Content-Disposition": name, **said}
        return render_pdf(report, lang=lang), headers
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": REPORT_CSP,
        **said,
    }
    return render_html(report, lang=lang).encode("utf-8"), headers
