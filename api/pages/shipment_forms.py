"""What officers say on the page of a shipment: reviews, files, what became of a clue.

Forms, so that they work without any script; each leads back to the page that showed it. What is
taken, and by whom, is decided where the API takes it.
"""

from collections.abc import Callable, Mapping

import msgspec
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.http.attachments import keep_attachment, require_type
from coldwitness.api.http.bodies import body_of_type
from coldwitness.api.http.caller import Caller
from coldwitness.api.http.clue_schemas import ClueChange
from coldwitness.api.http.clues import keep_change
from coldwitness.api.http.filters import RecordId, ShipmentId
from coldwitness.api.http.problems import Problem
from coldwitness.api.http.reviews import keep_review
from coldwitness.api.http.schemas import NewReview
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.api.http.shipments import may_see
from coldwitness.api.pages.forms import OwnForm, OwnUpload, back_to, sent_once
from coldwitness.api.pages.officers_part import Refused
from coldwitness.api.pages.shipment_page import shown_shipment
from coldwitness.domain.identifiers import is_id
from coldwitness.storage.office_ports import AttachmentKind

router = APIRouter()

_WHOLE_NUMBERS = ("result_version", "manifest_version")
_REVIEW = ("officer", "outcome", "note", "attachment", *_WHOLE_NUMBERS)


class _File(msgspec.Struct, frozen=True):
    kind: AttachmentKind = "other"


@router.post("/shipments/{shipment}/reviews")
def review_form(
    shipment: ShipmentId, request: Request, form: OwnForm, services: ServicesOf, caller: CallerOf
) -> Response:
    """Keep a review of the version that the page showed."""

    def keep() -> None:
        keep_review(services, caller, shipment, _new_review(form))

    return _done(request, services, caller, shipment, form, name="review", act=keep)


@router.post("/shipments/{shipment}/attachments")
def attachment_form(
    shipment: ShipmentId,
    request: Request,
    upload: OwnUpload,
    services: ServicesOf,
    caller: CallerOf,
) -> Response:
    """Keep a file to the shipment."""

    def keep() -> None:
        require_type(upload.media_type, upload.content)
        file: _File = body_of_type({"kind": upload.fields.get("kind", "other")}, _File)
        keep_attachment(
            services,
            caller,
            shipment,
            upload.content,
            media_type=upload.media_type,
            kind=file.kind,
            name=upload.name,
        )

    return _done(request, services, caller, shipment, upload.fields, name="attachment", act=keep)


@router.post("/clues/{clue}/status")
def status_form(
    clue: RecordId, request: Request, form: OwnForm, services: ServicesOf, caller: CallerOf
) -> Response:
    """Keep what became of a clue; `shipment` names the page that asked, none: the clue's own."""
    said = {name: form[name] for name in ("status", "note") if form.get(name)}
    shipment = form.get("shipment", "")

    def keep() -> None:
        keep_change(
            services, caller, clue, body_of_type(said, ClueChange), if_match=form.get("version")
        )

    if is_id(shipment) and may_see(services, caller.reach, shipment):
        return _done(request, services, caller, shipment, form, name=f"clue-{clue}", act=keep)
    keep()
    return back_to(f"/clues/{clue}", request)


def _new_review(form: Mapping[str, str]) -> NewReview:
    said: dict[str, str | int] = {name: form[name] for name in _REVIEW if form.get(name)}
    for name in _WHOLE_NUMBERS:
        if name in said:
            text = str(said[name])
            if not text.isascii() or not text.isdecimal() or len(text) > 9:
                raise Problem(422, f"{name}: expected a number")
            said[name] = int(text)
    new: NewReview = body_of_type({"note": "", **said}, NewReview)
    return new


def _done(
    request: Request,
    services: Services,
    caller: Caller,
    shipment: str,
    form: Mapping[str, str],
    *,
    name: str,
    act: Callable[[], None],
) -> Response:
    """Back to the page once it is kept, and only once however often it is sent; else the page says
    why not, with what was typed."""

    def once() -> Response:
        act()
        return back_to(f"/shipments/{shipment}", request, anchor="officers")

    try:
        return sent_once(request, services, caller, form, once)
    except Problem as problem:
        refused = Refused(name, problem.status, problem.detail, form)
        return shown_shipment(request, services, caller, shipment, refused=refused)
