"""Officers' reviews of a result: a layer beside it, which nothing here lets change it."""

import re
from typing import Annotated

import msgspec
from fastapi import APIRouter, Header
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.http.answers import documented, json_answer, taking
from coldwitness.api.http.bodies import JsonBody, body_of_type
from coldwitness.api.http.filters import ShipmentId
from coldwitness.api.http.problems import Problem
from coldwitness.api.http.schemas import NewReview, ReviewLine, ReviewList
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.api.http.shipments import current_result, require_known
from coldwitness.api.reports.made.reviews import review_of
from coldwitness.domain.instants import rfc3339
from coldwitness.ingest.personal_data import holds_a_number_of_a_person
from coldwitness.storage.ports import Review

router = APIRouter(tags=["reviews"])

_BADGE = re.compile(r"[^\W_][\w. ()·-]{0,63}")
_REASONS_MAX = 4000


@router.post(
    "/v1/shipments/{shipment}/reviews",
    responses=documented(ReviewList, status=201, problems=(400, 404, 409, 413, 415)),
    openapi_extra=taking(NewReview),
    response_model=None,
)
def add_review(
    shipment: ShipmentId,
    request: Request,
    body: JsonBody,
    services: ServicesOf,
    caller: CallerOf,
    idempotency_key: Annotated[str | None, Header()] = None,
) -> Response:
    """Keep an officer's decision about one version of the result, with its reasons. 409 if that
    version is no longer the current one: the officer has to look at what changed first."""

    def add() -> Response:
        new = _checked(body_of_type(body, NewReview))
        current = _current_version(services, shipment)
        if new.result_version != current:
            raise Problem(409, f"result_version: expected {current}, the current version")
        now_ms = services.clock()
        services.register.reviews.add(
            Review(
                shipment=shipment,
                result_version=current,
                officer=new.officer,
                decision=new.outcome,
                reason=new.reasons,
                created_ms=now_ms,
            )
        )
        services.register.audit.note(
            actor=caller.name,
            action="add_review",
            subject=f"{shipment} v{current} {new.officer} {new.outcome}",
            now_ms=now_ms,
        )
        return json_answer(_listed(services, shipment, current), status=201)

    return services.replied.once(
        idempotency_key,
        scope=f"{caller.name} POST {request.url.path}",
        body=msgspec.json.encode(body),
        clock=services.clock,
        act=add,
    )


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
                reasons=review.reason,
                at=rfc3339(review.created_ms),
                result_version=review.result_version,
                current=review.result_version == current,
            )
            for review in stored
        ),
    )


def _checked(new: NewReview) -> NewReview:
    """The review with its texts stripped. 422 naming the field otherwise."""
    officer, reasons = new.officer.strip(), new.reasons.strip()
    wrong = None
    if _BADGE.fullmatch(officer) is None:
        wrong = ("officer", "expected a badge name of 1 to 64 letters, digits, spaces or . ( ) -")
    elif holds_a_number_of_a_person(officer):
        wrong = ("officer", "expected a badge name, not a telephone or identity number")
    elif not 0 < len(reasons) <= _REASONS_MAX:
        wrong = ("reasons", f"expected a text of 1 to {_REASONS_MAX} characters")
    elif holds_a_number_of_a_person(reasons):
        wrong = ("reasons", "expected no telephone or identity number of a person")
    if wrong is not None:
        field, detail = wrong
        raise Problem(422, f"{field}: {detail}", errors=[{"field": field, "detail": detail}])
    return msgspec.structs.replace(new, officer=officer, reasons=reasons)
