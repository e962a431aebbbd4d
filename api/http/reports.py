"""The compliance report of a shipment: one report, several renderings."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import IO, Annotated, Literal

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from coldwitness.api.clues.beyond_reach import hidden_result
from coldwitness.api.clues.clue import report_address
from coldwitness.api.file_answer import saved_as
from coldwitness.api.http.answers import documented, tag_of, unchanged
from coldwitness.api.http.caller import Caller
from coldwitness.api.http.filters import ShipmentId
from coldwitness.api.http.language import language_of
from coldwitness.api.http.problems import Problem
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.api.http.shipments import current_result, judged_now, require_known
from coldwitness.api.http.trail import noted
from coldwitness.api.reports.drawn.html import render_html
from coldwitness.api.reports.drawn.pdf import render_pdf
from coldwitness.api.reports.made.issue import issue_of
from coldwitness.api.reports.made.judged import report_of_judged
from coldwitness.api.reports.made.model import Origin, Report
from coldwitness.api.reports.made.reviews import review_of
from coldwitness.api.reports.made.twin import json_parts
from coldwitness.api.reports.made.wording import Lang
from coldwitness.api.reports.made.written import IN_MEMORY, parts_of, room
from coldwitness.api.reports.packed.issuing import evidence_package
from coldwitness.api.reports.packed.record_altered import RecordAltered
from coldwitness.domain.errors import BadInput
from coldwitness.domain.reach import Reach
from coldwitness.judging.evidence import Evidence, evidence_of
from coldwitness.judging.rulebook import under_pack
from coldwitness.judging.run import software
from coldwitness.storage.journal import existing_signer

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
        problems=(404, 409),
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
    rules: Annotated[
        str | None,
        Query(
            max_length=80,
            description="Judge by this rule pack, what the pack in force says beside it; nothing "
            "is stored",
        ),
    ] = None,
) -> Response:
    """Verdict, charts, gaps, stops and requirement lines, from the evidence as it is now."""
    with services.metrics.report_seconds.labels(format_).time():
        return _report_answer(shipment, format_, request, services, caller, rules)


def _report_answer(
    shipment: str,
    format_: Format,
    request: Request,
    services: Services,
    caller: Caller,
    rules: str | None,
) -> Response:
    lang = language_of(request)
    report = report_of(services, shipment, reach=caller.reach, rules=rules)
    noted(services, caller, f"read_report_{format_}", subject=shipment, shipment=shipment)
    seal = report.seal
    named = ("", "") if seal is None else (seal.sha256, seal.signature or "")
    tag = tag_of(format_, lang, *named)
    headers = _headers(report.shipment, format_, lang)
    same = unchanged(request, tag, headers)
    if same is not None:
        return same
    headers = {"ETag": tag, "Cache-Control": "no-cache", **headers}
    if format_ == "json":
        return _answer_of(lambda body: body.writelines(json_parts(report)), headers)
    body = render_pdf(report, lang=lang) if format_ == "pdf" else render_html(report, lang=lang)
    return Response(body, headers=headers)


def report_of(
    services: Services, shipment: str, *, reach: Reach, rules: str | None = None
) -> Report:
    """The sealed report of what the stores hold of a shipment. 404 if it is unknown.

    The shipment is judged again for it, since a report needs more than the recorded result
    keeps; if that says something newer than the record, the record is brought up first, so a
    report never shows a result that the register does not have. reach : of who reads it: names of
    shipments beyond it are left out before it is sealed. rules : another pack to judge
    by; then what is on record stands beside, and stays. BadInput if there is none such.
    """
    asked = None if rules is None else under_pack(services.rulebook, rules)
    signer = existing_signer(services.settings.journal, "package")
    evidence = _unaltered(services, shipment, signed=signer is not None)
    in_force = judged_now(services, shipment, services.rulebook, evidence)
    if current_result(services, shipment) != in_force.results[0]:
        services.judge.judge_now([shipment], reason="report")
    register = services.register
    line = register.shipments.row(shipment)
    judged = in_force if asked is None else judged_now(services, shipment, asked, evidence)
    told = tuple(hidden_result(register, result, reach) for result in judged.results)
    return report_of_judged(
        replace(judged, results=told),
        shipment,
        in_force=in_force,
        origin=Origin(
            software=software(),
            readings_from=("store",),
            result_version=None if line is None else line.result_version,
            address=report_address(services.base_url, shipment),
        ),
        review=review_of(
            register.reviews.of(shipment),
            result_version=0 if line is None else line.result_version,
            attachments=register.attachments.of(shipment),
        ),
        signer=signer,
        issue=issue_of(services.settings),
    )


def _unaltered(services: Services, shipment: str, *, signed: bool) -> Evidence:
    """What the stores hold of the shipment, compared with the journal where it is signed for.
    404 if it is unknown; 409 naming the rows where they differ: nothing is signed then."""
    require_known(services, shipment)
    read = partial(
        evidence_of, services.store, services.register, [shipment], as_of_ms=services.clock()
    )
    if services.record is None or not signed:
        return read()
    try:
        return services.record.unaltered(read, shipment)
    except RecordAltered as error:
        raise Problem(409, str(error)) from error


def _headers(shipment: str, format_: Format, lang: Lang) -> dict[str, str]:
    """What the report is sent with, and what a 304 repeats."""
    if format_ == "json":
        return {"Content-Type": "application/json"}
    said = {"Content-Language": "zh-CN" if lang == "zh" else "en", "Vary": "Accept-Language"}
    if format_ == "pdf":
        name = f'inline; filename="{shipment}.pdf"'
        return {"Content-Type": "application/pdf", "Content-Disposition": name, **said}
    return {
        "Content-Type": "text/html; charset=utf-8",
        "Content-Security-Policy": REPORT_CSP,
        **said,
    }


def _answer_of(write: Callable[[IO[bytes]], object], headers: Mapping[str, str]) -> Response:
    """What is written, sent in parts where it is long: it is never whole in memory."""
    with ExitStack() as opened:
        body = opened.enter_context(room())
        write(body)
        size = body.seek(0, os.SEEK_END)
        if size <= IN_MEMORY:
            return Response(b"".join(parts_of(body)), headers=dict(headers))
        opened.pop_all()
    return StreamingResponse(_sent(body), headers={"Content-Length": str(size), **headers})


def _sent(body: IO[bytes]) -> Iterator[bytes]:
    with body:
        yield from parts_of(body)


@router.get(
    "/v1/shipments/{shipment}/package",
    responses=documented(
        None,
        content=("application/zip",),
        problems=(404, 409),
        description="The signed package: report, readings, manifest, events, rules, proofs",
    ),
    response_model=None,
)
def get_package(
    shipment: ShipmentId, request: Request, services: ServicesOf, caller: CallerOf
) -> Response:
    """Everything a third party needs to judge again, as `coldwitness verify` reads it. 409 where
    there is no key to sign with, or the stores differ from the journal."""
    with services.metrics.report_seconds.labels("package").time():
        return _package_answer(shipment, request, services, caller)


def _package_answer(
    shipment: str, request: Request, services: Services, caller: Caller
) -> Response:
    signer = existing_signer(services.settings.journal, "package")
    if signer is None:
        raise Problem(409, "package: there is no key to sign with (coldwitness report --package)")
    report = report_of(services, shipment, reach=caller.reach)
    pack = partial(
        evidence_package,
        report=report,
        settings=services.settings,
        journal=None if services.record is None else services.record.journal_part(report),
        signer=signer,
        lang=language_of(request),
    )
    headers = {"Content-Type": "application/zip", **saved_as(f"{shipment}.zip")}
    try:
        answer = _answer_of(pack, headers)
    except BadInput as error:
        raise Problem(409, str(error)) from error
    noted(services, caller, "read_package", subject=shipment, shipment=shipment)
    return answer
