"""Officers' reviews of a result: a layer beside it; two of its words are evidence of their own."""

import re

import msgspec
from fastapi import APIRouter
from starlette.responses import Response

from coldwitness.api.http.answers import documented, json_answer, taking
from coldwitness.api.http.bodies import JsonBody, body_of_type
from coldwitness.api.http.caller import Caller
from coldwitness.api.http.filters import ShipmentId
from coldwitness.api.http.posts import OnceOf
from coldwitness.api.http.problems import Problem, wrong_field
from coldwitness.api.http.schemas import NewReview, ReviewLine, ReviewList
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.api.http.shipments import current_result, require_known
from coldwitness.api.http.trail import noted
from coldwitness.api.reports.made.reviews import review_of
from coldwitness.domain.instants import rfc3339
from coldwitness.ingest.personal_data import holds_a_number_of_a_person
from coldwitness.storage.ports import Review

router = APIRouter(tags=["reviews"])

_BADGE = re.compile(r"[^\W_][\w. ()·-]{0,63}")
_NOTE_MAX = 4000
_EVIDENCE = ("isolation_seen", "isolation_withdrawn", "correction_accepted")
"""Outcomes by which the shipment is judged again."""


@router.post(
    "/v1/shipments/{shipment}/reviews",
    responses=documented(ReviewList, status=201, problems=(400, 403, 404, 409, 413, 415)),
    openapi_extra=taking(NewReview),
    response_model=None,
)
def add_review(
    shipment: ShipmentId, body: JsonBody, services: ServicesOf, caller: CallerOf, once: OnceOf
) -> Response:
    """Keep an officer's decision about the current version of the result. 409 if another version
    is named: the officer has to look at what changed first. `isolation_seen` (the officer looked at
    the isolating parts, or at them on the photograph `attachment`), `isolation_withdrawn` (the same
    officer takes the look back) and `correction_accepted` (of a manifest version, by two different
    officers) have the shipment judged again; the others change nothing in it."""

    def add() -> Response:
        current = keep_review(services, caller, shipment, body_of_type(body, NewReview))
        return json_answer(_listed(services, shipment, current), status=201)

    return once.answered(add)


def keep_review(services: Services, caller: Caller, shipment: str, said: NewReview) -> int:
    """Keep it beside whatever is there, and have the shipment judged again where it is evidence.
    Returns the version of the result that it is about. Raises Problem: 409 or 422."""
    new = _checked(_of_whom(said, caller))
    current = _current_version(services, shipment)
    if new.result_version not in (None, current):
        raise Problem(409, f"result_version: expected {current}, the current version")
    if new.manifest_version is not None:
        _require_manifest(services, shipment, new.manifest_version)
    if new.outcome == "isolation_withdrawn":
        _require_look(services, shipment, new.officer or "")
    if new.attachment is not None:
        _require_attachment(services, shipment, new.attachment)
    now_ms = services.clock()
    services.register.reviews.add(
        Review(
            shipment=shipment,
            result_version=current,
            officer=new.officer or "",
            decision=new.outcome,
            reason=new.note,
            created_ms=now_ms,
            manifest_version=new.manifest_version,
            attachment=new.attachment,
            signed_in=caller.signed_in,
        )
    )
    noted(
        services,
        caller,
        "add_review",
        shipment=shipment,
        subject=f"{shipment} v{current} {new.officer} {new.outcome}",
        now_ms=now_ms,
    )
    if new.outcome in _EVIDENCE:
        services.judge.touch([shipment], reason=f"review: {new.outcome} {new.officer}")
    return current


@router.get(
    "/v1/shipments/{shipment}/reviews",
    responses=documented(ReviewList, problems=(404,)),
    response_model=None,
)
def list_reviews(shipment: ShipmentId, services: ServicesOf) -> Response:
    """All reviews of all versions of the result, oldest first, and whether the current version
    is reviewed: that takes two different officers."""
    require_known(services, shipment)
    return json_answer(_listed(services, shipment, _current_version(services, shipment)))


def _current_version(services: Services, shipment: str) -> int:
    current_result(services, shipment)
    row = services.register.shipments.row(shipment)
    return 0 if row is None else row.result_version


def _require_manifest(services: Services, shipment: str, version: int) -> None:
    if services.register.manifests.version(shipment, version) is None:
        detail = f"shipment {shipment} has no manifest version {version}"
        raise wrong_field("manifest_version", detail)


def _require_attachment(services: Services, shipment: str, sha256: str) -> None:
    if sha256 not in {one.sha256 for one in services.register.attachments.of(shipment)}:
        detail = f"expected the SHA-256 of an attachment of shipment {shipment}"
        raise wrong_field("attachment", detail)


def _require_look(services: Services, shipment: str, officer: str) -> None:
    """Only who looked takes the look back."""
    said = [
        one.decision for one in services.register.reviews.of(shipment) if one.officer == officer
    ]
    looks = [one for one in said if one in ("isolation_seen", "isolation_withdrawn")]
    if looks[-1:] != ["isolation_seen"]:
        detail = f"officer {officer} has no look on record to take back"
        raise wrong_field("officer", detail)


def _listed(services: Services, shipment: str, current: int) -> ReviewList:
    stored = services.register.reviews.of(shipment)
    return ReviewList(
        shipment=shipment,
        result_version=current,
        state=review_of(stored, result_version=current).state,
        items=tuple(
            ReviewLine(
                officer=review.officer,
                outcome=review.decision,
                note=review.reason,
                at=rfc3339(review.created_ms),
                result_version=review.result_version,
                manifest_version=review.manifest_version,
                attachment=review.attachment,
                signed_in=review.signed_in,
                current=review.result_version == current,
            )
            for review in stored
        ),
    )


def _of_whom(new: NewReview, caller: Caller) -> NewReview:
    """A review is its who signed in; whom it names is believed only before anybody signs in."""
    if not caller.signed_in:
        return new if new.officer is not None else msgspec.structs.replace(new, officer="")
    if new.officer not in (None, caller.name):
        detail = f"expected {caller.name}, who signed in, or nothing"
        raise wrong_field("officer", detail)
    return msgspec.structs.replace(new, officer=caller.name)


def _checked(new: NewReview) -> NewReview:
    """The review with its texts stripped. 422 naming the field otherwise."""
    officer, note = (new.officer or "").strip(), new.note.strip()
    wrong = None
    if _BADGE.fullmatch(officer) is None:
        wrong = ("officer", "expected a badge name of 1 to 64 letters, digits, spaces or . ( ) -")
    elif holds_a_number_of_a_person(officer):
        wrong = ("officer", "expected a badge name, not a telephone or identity number")
    elif not 0 < len(note) <= _NOTE_MAX:
        wrong = ("note", f"expected a text of 1 to {_NOTE_MAX} characters")
    elif holds_a_number_of_a_person(note):
        wrong = ("note", "expected no telephone or identity number of a person")
    elif (new.outcome == "correction_accepted") != (new.manifest_version is not None):
        wrong = ("manifest_version", "expected with correction_accepted, and with it alone")
    elif new.attachment is not None and new.outcome != "isolation_seen":
        wrong = ("attachment", "expected with isolation_seen alone")
    if wrong is not None:
        field, detail = wrong
        raise wrong_field(field, detail)
    return msgspec.structs.replace(new, officer=officer, note=note)
