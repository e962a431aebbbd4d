"""A clue as others see it: on the feed, and as a CloudEvent in a webhook's body."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from coldwitness.api.cursors import write_cursor
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.measures import Instant
from coldwitness.domain.result import Finding
from coldwitness.domain.words import Verdict
from coldwitness.storage.clue_ports import Clue as KeptClue
from coldwitness.storage.clue_ports import ClueStatus

EVENT_TYPE: Literal["coldwitness.clue.v1"] = "coldwitness.clue.v1"
CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"


class Clue(Struct, frozen=True, kw_only=True):
    """A breach or suspicion: the finding, what it bears on, and where the report is.

    Thin on purpose: readings, route and companies are behind the report's address, where
    access can be controlled; a finding holds no person's data.
    """

    id: str
    cursor: str
    shipment: str
    verdict: Verdict
    requirements: tuple[str, ...]
    finding: Finding
    version: Annotated[int, Meta(description="Rises when later evidence changed the finding")]
    reason: str
    created_at: Instant
    updated_at: Instant
    status: Annotated[ClueStatus, Meta(description="What the case system said back")]
    status_note: str | None
    report: str
    links: dict[str, str]


class CloudEvent(Struct, frozen=True, kw_only=True):
    """CloudEvents 1.0, structured mode; signed by Standard Webhooks headers."""

    specversion: Literal["1.0"] = "1.0"
    id: str
    source: str
    type: Literal["coldwitness.clue.v1"] = EVENT_TYPE
    subject: str
    time: Instant
    datacontenttype: Literal["application/json"] = "application/json"
    data: Clue


def report_address(base_url: str, shipment: str) -> str:
    """Where an inspector or a case system finds the shipment's report page."""
    return f"{base_url}/v1/shipments/{shipment}/report.html"


def told_clue(clue: KeptClue, *, base_url: str) -> Clue:
    """The clue's resource."""
    shipment_url = f"{base_url}/v1/shipments/{clue.shipment}"
    return Clue(
        id=clue.id,
        cursor=write_cursor("clues", clue.cursor),
        shipment=clue.shipment,
        verdict=clue.verdict,
        requirements=clue.requirements,
        finding=clue.finding,
        version=clue.version,
        reason=clue.reason,
        created_at=rfc3339(clue.created_ms),
        updated_at=rfc3339(clue.updated_ms),
        status=clue.status,
        status_note=clue.status_note,
        report=report_address(base_url, clue.shipment),
        links={
            "self": f"{base_url}/v1/clues/{clue.id}",
            "check": f"{shipment_url}/check",
            "report_json": f"{shipment_url}/report.json",
        },
    )


def clue_event(clue: KeptClue, *, base_url: str) -> bytes:
    """The exact bytes to sign and send: a CloudEvents 1.0 event in JSON (structured mode)."""
    return msgspec.json.encode(
        CloudEvent(
            id=clue.id,
            source=f"{base_url}/v1/clues",
            subject=clue.shipment,
            time=rfc3339(clue.created_ms),
            data=told_clue(clue, base_url=base_url),
        )
    )
