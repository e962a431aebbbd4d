"""`coldwitness logistics-request`: what an authority asked for, as one package with a receipt."""

import getpass
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from coldwitness.api.http.logistics_requests import export, request_name
from coldwitness.api.reports.made.model import Report
from coldwitness.cli.keys import administered
from coldwitness.cli.report import report_from_stores, write_whole
from coldwitness.cli.settings_in_force import settings_of
from coldwitness.domain.errors import BadInput
from coldwitness.domain.logistics import LogisticsScope
from coldwitness.judging.clock import system_clock
from coldwitness.judging.logistics_scope import shipments_asked
from coldwitness.storage.journal import existing_signer
from coldwitness.storage.journal.attached import keep_attached


def logistics_request(
    context: typer.Context,
    number: Annotated[str, typer.Argument(help="of the authority's letter")],
    asked_by: Annotated[str, typer.Option("--asked-by", help="which authority asks")],
    output: Annotated[Path, typer.Option("-o", "--output", help="FILE.zip")],
    shipment: Annotated[
        list[str] | None, typer.Option("--shipment", help="id; may be repeated")
    ] = None,
    seller: Annotated[str | None, typer.Option("--seller", help="id, name or code")] = None,
    batch: Annotated[str | None, typer.Option("--batch", help="of a drug")] = None,
    since: Annotated[str | None, typer.Option("--from", help="first day, Beijing time")] = None,
    until: Annotated[str | None, typer.Option("--to", help="last day, included")] = None,
    purpose: Annotated[str, typer.Option("--purpose", help="as the letter says it")] = "",
) -> None:
    """物流信息调取。All on record of the shipments of a scope, with digests and a receipt."""
    settings, now_ms = settings_of(context), system_clock()
    scope = LogisticsScope(
        shipments=tuple(shipment or ()),
        seller=seller,
        batch=batch,
        first_day=_day(since, "--from"),
        last_day=_day(until, "--to"),
    )
    signer = existing_signer(settings.journal, "package")

    def report(name: str) -> Report:
        return report_from_stores(
            name, settings=settings, storage=None, rules=None, signer=signer, issue=None
        )

    with administered(settings) as register:
        shipments = shipments_asked(register, scope)
        if not shipments:
            raise BadInput("scope: no shipment fits")
        kept, body = export(
            register,
            shipments,
            number=number,
            asked_by=asked_by,
            purpose=purpose,
            scope=scope,
            office=settings.report.office,
            report=report,
            by=getpass.getuser(),
            now_ms=now_ms,
        )
        keep_attached(settings.journal.directory, body)
        name = request_name(now_ms)
        register.office.put(name, kept, by=getpass.getuser(), now_ms=now_ms)
    write_whole(output, body)
    typer.echo(f"{name}  {len(shipments)} 单 shipments  SHA-256 {kept.package_sha256}  {output}")


def _day(text: str | None, name: str) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"{name}: expected a day such as 2026-02-10, got {text!r}") from error
