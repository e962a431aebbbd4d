"""An authority's request for delivery and logistics information (Shandong measures, article 16(5)),
and what was handed out upon it."""

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct

from coldwitness.domain.office import RegisterEntry

SHIPMENTS_MOST = 500
"""Of one request; who wants more parts it by periods."""


class LogisticsScope(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"first_day": "from", "last_day": "to"},
):
    """Shipments that fit all that is said; days of Beijing time, both included."""

    shipments: Annotated[tuple[str, ...], Meta(max_length=SHIPMENTS_MOST)] = ()
    seller: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    batch: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    first_day: date | None = None
    last_day: date | None = None


class HandedFile(Struct, frozen=True, kw_only=True):
    name: str
    size: int
    sha256: str
    sm3: str


class KeptLogisticsRequest(RegisterEntry, frozen=True, kw_only=True):
    """What was asked and what was handed out. package_sha256 : of the zip, whose bytes lie beside
    the journal."""

    register = "logistics-requests"

    number: str
    asked_by: str
    purpose: str
    scope: LogisticsScope
    shipments: tuple[str, ...]
    files: tuple[HandedFile, ...]
    package_sha256: str
    package_size: int
    office: str | None = None
