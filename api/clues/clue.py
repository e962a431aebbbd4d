"""A clue as others see it: on the feed, and as a CloudEvent in a webhook's body."""

from collections.abc import Mapping
from typing import Any

import msgspec

from coldwitness.api.cursors import write_cursor
from coldwitness.domain.instants import rfc3339
from coldwitness.storage.ports import Clue

EVENT_TYPE = "coldwitness.clue.v1"
CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"


def report_address(base_url: str, shipment: str) -> str:
    """Where an inspector or a case system finds the shipment's report page."""
    return f"{base_url}/v1/shipments/{shipment}/report.html"


def clue_as_json(clue: Clue, *, base_url: str) -> Mapping[str, Any]:
    """The clue's resource: the finding, what it bears on, and where the report is.

    Thin on purpose: readings, route and companies are behind the report's address, where
    access can be controlled; a finding holds no person's data.
    """
    shipment_url = f"{base_url}/v1/shipments/{clue.shipment}"
    return {
        "id": clue.id,
        "cursor": write_cursor("clues", clue.cursor),
        "shipment": clue.shipment,
        "verdict": clue.verdict,
        "requirements": clue.requirements,
        "finding": clue.finding,
        "version": clue.version,
        "reason": clue.reason,
        "created_at": rfc3339(clue.created_ms),
        "updated_at": rfc3339(clue.updated_ms),
        "status": clue.status,
        "status_note": clue.status_note,
        "report": report_address(base_url, clue.shipment),
        "links": {
            "self": f"{base_url}/v1/clues/{clue.id}",
            "check": f"{shipment_url}/check",
            "report_json": f"{shipment_url}/report.json",
        },
    }


def clue_event(clue: Clue, *, base_url: str) -> bytes:
    """The exact bytes to sign and send: a CloudEvents 1.0 event in JSON (structured mode)."""
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": clue.id,
            "source": f"{base_url}/v1/clues",
            "type": EVENT_TYPE,
            "subject": clue.shipment,
            "time": rfc3339(clue.created_ms),
            "datacontenttype": "application/json",
            "data": clue_as_json(clue, base_url=base_url),
        }
    )
