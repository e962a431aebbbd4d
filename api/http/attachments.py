"""Packing photographs, certificates and statements to a shipment, kept by their digest."""

import re
from collections.abc import Mapping
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.http.answers import documented, json_answer
from coldwitness.api.http.caller import Caller
from coldwitness.api.http.filters import ShipmentId
from coldwitness.api.http.problems import Problem, wrong_field
from coldwitness.api.http.schemas import AttachmentKept, AttachmentList
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.api.http.shipments import require_known
from coldwitness.api.http.trail import noted
from coldwitness.domain.instants import rfc3339
from coldwitness.ingest.personal_data import holds_a_number_of_a_person
from coldwitness.storage.office_ports import Attachment, AttachmentKind

router = APIRouter(tags=["attachments"])

_BEGINS: Mapping[str, tuple[bytes, ...]] = {
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "application/pdf": (b"%PDF-",),
}
"""What is taken, and how its bytes begin: a page that runs script is none of them."""
_NAME = re.compile(r"[^\x00-\x1f/\\]{1,200}")
Digest = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="SHA-256 of the bytes")]


async def _file(request: Request) -> tuple[str, bytes]:
    """Content type and bytes. 415 unless they agree."""
    content_type = request.headers.get("content-type", "")
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in _BEGINS:
        require_type(kind, b"")
    body = await request.body()
    require_type(kind, body)
    return kind, body


def require_type(kind: str, content: bytes) -> None:
    """415 for what is not taken, and for what does not begin as its kind does."""
    if kind not in _BEGINS:
        expected = ", ".join(_BEGINS)
        raise Problem(415, f"content-type: expected one of {expected}, got {kind[:80] or 'none'}")
    if not content.startswith(_BEGINS[kind]):
        raise Problem(415, f"body: does not begin as {kind} does")


@router.post(
    "/v1/shipments/{shipment}/attachments",
    responses={
        **documented(AttachmentKept, problems=(403, 404, 413, 415), description="Known before"),
        **documented(AttachmentKept, status=201, description="The file is new"),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                kind: {"schema": {"type": "string", "format": "binary"}} for kind in _BEGINS
            },
        }
    },
    response_model=None,
)
def add_attachment(
    shipment: ShipmentId,
    file: Annotated[tuple[str, bytes], Depends(_file)],
    services: ServicesOf,
    caller: CallerOf,
    kind: Annotated[AttachmentKind, Query()] = "other",
    name: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Keep a file to a shipment, at most 10,000,000 bytes; its SHA-256 names it and the same
    bytes again are the first. It is named in the report and never judged by itself."""
    media_type, content = file
    kept, new = keep_attachment(
        services, caller, shipment, content, media_type=media_type, kind=kind, name=name
    )
    address = _address(services.base_url, kept)
    told = _told(kept, services.base_url)
    return json_answer(told, status=201 if new else 200, headers={"Location": address})


def keep_attachment(
    services: Services,
    caller: Caller,
    shipment: str,
    content: bytes,
    *,
    media_type: str,
    kind: AttachmentKind,
    name: str | None,
) -> tuple[Attachment, bool]:
    """Keep a file whose type was looked at (`require_type`), and whether it is new. Raises Problem:
    404 or 422."""
    if name is not None and (_NAME.fullmatch(name) is None or holds_a_number_of_a_person(name)):
        detail = "expected a file name without signs of a path or a person's number"
        raise wrong_field("name", detail)
    require_known(services, shipment)
    now_ms = services.clock()
    kept, new = services.register.attachments.add(
        shipment,
        content,
        kind=kind,
        name=name,
        media_type=media_type,
        by=caller.name,
        now_ms=now_ms,
    )
    if new:
        noted(
            services,
            caller,
            "add_attachment",
            shipment=shipment,
            subject=f"{shipment} {kind} {kept.sha256}",
            now_ms=now_ms,
        )
    return kept, new


@router.get(
    "/v1/shipments/{shipment}/attachments",
    responses=documented(AttachmentList, problems=(404,)),
    response_model=None,
)
def list_attachments(shipment: ShipmentId, services: ServicesOf) -> Response:
    """All files put to a shipment, oldest first."""
    require_known(services, shipment)
    kept = services.register.attachments.of(shipment)
    items = tuple(_told(one, services.base_url) for one in kept)
    return json_answer(AttachmentList(shipment, items))


@router.get(
    "/v1/shipments/{shipment}/attachments/{sha256}",
    responses=documented(None, content=tuple(_BEGINS), problems=(404,)),
    response_model=None,
)
def get_attachment(
    shipment: ShipmentId, sha256: Digest, services: ServicesOf, caller: CallerOf
) -> Response:
    """The file as it was put, to be saved."""
    found = services.register.attachments.body(shipment, sha256)
    if found is None:
        raise Problem(404, f"shipment {shipment}: no attachment {sha256}")
    kept, body = found
    noted(services, caller, "read_attachment", subject=f"{shipment} {sha256}", shipment=shipment)
    name = quote(kept.name or sha256)
    return Response(
        body,
        media_type=kept.media_type,
        headers={
            "ETag": f'"{sha256}"',
            "Cache-Control": "no-cache",
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        },
    )


def _told(kept: Attachment, base_url: str) -> AttachmentKept:
    return AttachmentKept(
        sha256=kept.sha256,
        kind=kept.kind,
        name=kept.name,
        media_type=kept.media_type,
        at=rfc3339(kept.at_ms),
        by=kept.by,
        href=_address(base_url, kept),
    )


def _address(base_url: str, kept: Attachment) -> str:
    return f"{base_url}/v1/shipments/{kept.shipment}/attachments/{kept.sha256}"
