"""Tables of an office (CSV, WORKBOOK) entered into its registers by whoever may put an entry."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.forms.table_files import WORKBOOK
from coldwitness.api.http.answers import documented, json_answer
from coldwitness.api.http.caller import Caller
from coldwitness.api.http.problems import Problem, wrong_field
from coldwitness.api.http.schemas import TableEntered
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.api.http.trail import noted
from coldwitness.domain.errors import BadInput
from coldwitness.domain.office import REGISTERS, RegisterEntry
from coldwitness.ingest.files.spreadsheets import begins_as_spreadsheet
from coldwitness.ingest.office_import import Imported, enter_table

router = APIRouter(tags=["registers"])

CSV = "text/csv"


async def _table(request: Request) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in (CSV, WORKBOOK):
        detail = f"content-type: expected {CSV} or {WORKBOOK}, got {kind[:80] or 'none'}"
        raise Problem(415, detail)
    return await request.body()


def table_entered(
    services: Services, caller: Caller, kind: type[RegisterEntry], content: bytes, *, called: str
) -> Imported:
    """Enter a table, note it, and have the shipments that it bears on judged again. called : the
    file, as whoever brings it calls it. 422 naming the first mistake; then nothing was entered."""
    register, now_ms = kind.register, services.clock()
    ending = ".xlsx" if begins_as_spreadsheet(content) else ".csv"
    with TemporaryDirectory() as folder:
        file = Path(folder) / f"table{ending}"
        file.write_bytes(content)
        try:
            told = enter_table(
                services.register.office,
                file,
                kind,
                classes=services.rulebook.classes,
                by=caller.name,
                now_ms=now_ms,
                called=called,
            )
        except BadInput as error:
            raise wrong_field("file", str(error)) from error
    if told.new or told.changed:
        subject = f"{called[:100]}: {told.new} new, {told.changed} changed"
        noted(services, caller, f"register_{register}", subject=subject, now_ms=now_ms)
        services.judge.touch(sorted(told.touched), reason=f"register: {register}")
    return told


def _add_route(kind: type[RegisterEntry]) -> None:
    register = kind.register

    def enter(
        services: ServicesOf, caller: CallerOf, table: Annotated[bytes, Depends(_table)]
    ) -> Response:
        told = table_entered(services, caller, kind, table, called="file")
        return json_answer(TableEntered(told.new, told.changed, told.same, told.ignored))

    word = register.replace("-", "_")
    router.add_api_route(
        f"/v1/{register}",
        enter,
        methods=["POST"],
        name=f"enter_{word}",
        operation_id=f"enter_{word}",
        description=f"A table of the register of {register}, with a row of titles: all of it, or, "
        "with one mistake, nothing. What has no column stays; the same again changes nothing.",
        responses=documented(TableEntered, problems=(403, 413, 415)),
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    type_: {"schema": {"type": "string", "format": "binary"}}
                    for type_ in (CSV, WORKBOOK)
                },
            }
        },
        response_model=None,
    )


for _kind in REGISTERS:
    _add_route(_kind)
