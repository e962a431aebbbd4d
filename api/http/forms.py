"""Forms of a clue as documents, and the package that goes with a clue to another office."""

from collections.abc import Callable, Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from msgspec.structs import replace
from starlette.responses import Response

from coldwitness.api.clues.beyond_reach import hidden_entries
from coldwitness.api.file_answer import file_answer
from coldwitness.api.forms.document import form_docx
from coldwitness.api.forms.fields import form_fields
from coldwitness.api.forms.made import made_form
from coldwitness.api.forms.record import SHIPMENTS_MOST, ShipmentRecord, record_of
from coldwitness.api.forms.sheet import form_pdf
from coldwitness.api.forms.transfer import LETTER, TAKEN, handed_of, transfer_package
from coldwitness.api.http.answers import documented, json_answer, taking
from coldwitness.api.http.bodies import JsonBody, body_of_type
from coldwitness.api.http.caller import Caller
from coldwitness.api.http.case_schemas import FilledForm, FormList, FormTold, TypedField
from coldwitness.api.http.filters import RecordId
from coldwitness.api.http.problems import Problem, wrong_field
from coldwitness.api.http.reports import report_of
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.api.http.trail import noted
from coldwitness.api.reports.made.model import Report
from coldwitness.api.reports.packed.journal_part import JournalPart
from coldwitness.config.case_forms import FormInUse, form_in_use, load_forms
from coldwitness.config.offices import Matter
from coldwitness.domain.clues import Clue
from coldwitness.domain.errors import BadInput
from coldwitness.domain.forms import FormFields
from coldwitness.domain.instants import china_day, rfc3339
from coldwitness.domain.reach import Reach
from coldwitness.judging.clue_facts import department_for
from coldwitness.storage.journal import existing_signer

router = APIRouter(tags=["cases"])

Format = Literal["docx", "pdf"]
MEDIA_TYPES: Mapping[Format, str] = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}
ZIP = "application/zip"
OtherMatter = Annotated[
    Matter | None,
    Query(description="Hand it to the department in charge of this matter (Shandong, article 37)"),
]
FormNumber = Annotated[int, Path(ge=1, le=99, description="Of the national list of 2021")]


@router.get(
    "/v1/clues/{clue}/forms", responses=documented(FormList, problems=(404,)), response_model=None
)
def list_forms(clue: RecordId, services: ServicesOf, caller: CallerOf) -> Response:
    """Forms that can be made of a clue, each with the fields that are left to type."""
    known_clue(services, clue, reach=caller.reach)
    return json_answer(FormList(tuple(forms_of(services, clue))))


@router.get(
    "/v1/clues/{clue}/forms/{form}.{format}",
    responses=documented(None, content=tuple(MEDIA_TYPES.values()), problems=(404, 409)),
    response_model=None,
)
def get_form(
    clue: RecordId,
    form: FormNumber,
    format_: Annotated[Format, Path(alias="format")],
    services: ServicesOf,
    caller: CallerOf,
    matter: OtherMatter = None,
) -> Response:
    """A form of a clue with blanks where something is left to type."""
    return _form(services, caller, clue, form, format_, {}, matter=matter)


@router.post(
    "/v1/clues/{clue}/forms/{form}.{format}",
    responses=documented(
        None, content=tuple(MEDIA_TYPES.values()), problems=(400, 404, 409, 413, 415)
    ),
    openapi_extra=taking(FilledForm),
    response_model=None,
)
def fill_form(
    clue: RecordId,
    form: FormNumber,
    format_: Annotated[Format, Path(alias="format")],
    body: JsonBody,
    services: ServicesOf,
    caller: CallerOf,
    matter: OtherMatter = None,
) -> Response:
    """A form of a clue with what an officer typed. Nothing of it is kept."""
    filled: FilledForm = body_of_type(body, FilledForm)
    return _form(services, caller, clue, form, format_, filled.typed, matter=matter)


@router.get(
    "/v1/clues/{clue}/transfer-package",
    responses=documented(None, content=(ZIP,), problems=(404, 409)),
    response_model=None,
)
def get_transfer_package(
    clue: RecordId, services: ServicesOf, caller: CallerOf, matter: OtherMatter = None
) -> Response:
    """案件移送包: letter, table of contents, report, readings, all versions of the manifest, the
    log of `verify` and the record of taking the data, as a zip that opens offline."""
    now_ms = services.clock()
    found = handed_to(known_clue(services, clue, reach=caller.reach), matter, now_ms=now_ms)
    records = records_of(services, found, reach=caller.reach)
    signer = existing_signer(services.settings.journal, "package")
    handed = [
        handed_of(record, settings=services.settings, signer=signer, journal=_journal(services))
        for record in records
    ]
    try:
        body = transfer_package(
            found,
            handed,
            _fields(services, caller, found, records, now_ms=now_ms),
            {number: used_form(services, number) for number in (LETTER, TAKEN)},
            rulebook=services.rulebook,
            by=caller.name,
            now_ms=now_ms,
            made_at=rfc3339(now_ms),
        )
    except BadInput as error:
        raise Problem(409, str(error)) from error
    noted(services, caller, "transfer_package", subject=clue, shipment=found.shipment)
    return file_answer(body, media_type=ZIP, name=f"{clue}-transfer.zip")


def handed_to(clue: Clue, matter: Matter | None, *, now_ms: int) -> Clue:
    """The clue as it goes to the department in charge of another matter; as it is without one. 422
    where no rule in force names a department."""
    if matter is None:
        return clue
    department = department_for(matter, day=china_day(now_ms / 1000))
    if department is None:
        detail = "no rule in force names a department"
        raise wrong_field("matter", detail)
    return replace(clue, office=department)


def forms_of(services: Services, clue: str) -> list[FormTold]:
    """All forms by number."""
    told = []
    for number in load_forms():
        used = used_form(services, number)
        address = f"{services.base_url}/v1/clues/{clue}/forms/{number}"
        told.append(
            FormTold(
                number=number,
                title=used.form.title,
                own=used.own_parts or used.template is not None,
                typed=tuple(
                    TypedField(name, title.zh, title) for name, title in used.form.titles().items()
                ),
                links={name: f"{address}.{name}" for name in MEDIA_TYPES},
            )
        )
    return told


def used_form(services: Services, number: int) -> FormInUse:
    """404 where there is none of this number."""
    used = form_in_use(number, services.settings.forms.directory)
    if used is None:
        known = ", ".join(map(str, load_forms()))
        raise Problem(404, f"form {number}: expected one of {known}")
    return used


def known_clue(services: Services, clue: str, *, reach: Reach) -> Clue:
    """The clue as it was told last to somebody of this reach. 404 where there is none."""
    found = services.register.clues.one(clue)
    if found is None:
        raise Problem(404, f"clue {clue}: unknown")
    (shown,) = hidden_entries(services.register, [found], reach)
    return shown.clue


def records_of(services: Services, clue: Clue, *, reach: Reach) -> list[ShipmentRecord]:
    """Of each shipment of the clue. 409 where the stores differ from the journal."""
    return [
        record_of(
            report_of(services, shipment, reach=reach),
            services.register,
            rulebook=services.rulebook,
        )
        for shipment in clue.shipments[:SHIPMENTS_MOST]
    ]


def _journal(services: Services) -> Callable[[Report], JournalPart | None]:
    return _no_journal if services.record is None else services.record.journal_part


def _no_journal(_: Report) -> None:
    """Rows of a journal that is not there."""


def _fields(
    services: Services,
    caller: Caller,
    clue: Clue,
    records: list[ShipmentRecord],
    *,
    now_ms: int,
) -> FormFields:
    settings = services.settings
    return form_fields(
        clue,
        records,
        office=settings.report.office,
        maker=caller.name,
        now_ms=now_ms,
        number_pattern=settings.forms.number,
    )


def _form(
    services: Services,
    caller: Caller,
    clue: str,
    number: int,
    format_: Format,
    typed: Mapping[str, str],
    *,
    matter: Matter | None,
) -> Response:
    now_ms = services.clock()
    found = handed_to(known_clue(services, clue, reach=caller.reach), matter, now_ms=now_ms)
    used = used_form(services, number)
    records = records_of(services, found, reach=caller.reach)
    fields = _fields(services, caller, found, records, now_ms=now_ms)
    try:
        if format_ == "docx":
            body = form_docx(used.form, fields, typed, template=used.template)
        else:
            made = made_form(used.form, fields, typed, own=used.own_parts)
            body = form_pdf(made, now_ms=now_ms)
    except BadInput as error:
        status = 422 if str(error).startswith("typed") else 409
        raise Problem(status, str(error)) from error
    noted(services, caller, "make_form", subject=f"{clue} {number}", shipment=found.shipment)
    name = f"{clue}-{number}-{used.form.title.zh}.{format_}"
    return file_answer(body, media_type=MEDIA_TYPES[format_], name=name)
