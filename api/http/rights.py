"""Who may do what: each route's roles, in one table.

Whose shipments somebody sees is another question (`Reach`), asked of the register. A route that
is not in the table is the administrator's alone; a test wants every one of them here.
"""

from collections.abc import Mapping

from coldwitness.domain.grants import ROLES, Role
from coldwitness.domain.office import REGISTERS, RegisteredBox, RegisteredDevice

_EVERYBODY: frozenset[Role] = frozenset(ROLES)
_PARTIES: frozenset[Role] = frozenset({"courier", "platform", "admin"})
_OFFICES: frozenset[Role] = frozenset({"inspector", "case_system", "admin"})
_OFFICERS: frozenset[Role] = frozenset({"inspector", "admin"})
_ALARMED: frozenset[Role] = frozenset({"inspector", "admin"})
"""Who is told of alarms, and says that he knows."""
_SENDERS: frozenset[Role] = frozenset({"courier", "inspector", "admin"})
_ADMIN: frozenset[Role] = frozenset({"admin"})

OPEN: frozenset[str] = frozenset(
    {
        "GET /healthz",
        "GET /sign-in",
        "POST /sign-in",
        "GET /sign-in/openid",
        "GET /sign-in/openid/back",
        "POST /sign-out",
        "GET /app.webmanifest",
        "GET /app-worker.js",
    }
)
"""Answered without a key."""

_SHIPMENT = "/v1/shipments/{shipment}"
_SPOT_CHECK = "/v1/spot-checks/{spot_check}"
RIGHTS: Mapping[str, frozenset[Role]] = {
    f"PUT {_SHIPMENT}": _PARTIES,
    "GET /v1/shipments": _EVERYBODY,
    f"GET {_SHIPMENT}": _EVERYBODY,
    f"GET {_SHIPMENT}/check": _EVERYBODY,
    f"GET {_SHIPMENT}/readings": _EVERYBODY,
    # A report is sealed whole, and draws the way to the door: a platform reads the result.
    f"GET {_SHIPMENT}/report.{{format}}": _EVERYBODY - {"platform"},
    f"GET {_SHIPMENT}/package": _OFFICES,
    f"POST {_SHIPMENT}/reviews": _OFFICERS,
    f"GET {_SHIPMENT}/reviews": _OFFICES,
    f"POST {_SHIPMENT}/attachments": _OFFICERS,
    f"GET {_SHIPMENT}/attachments": _OFFICES,
    f"GET {_SHIPMENT}/attachments/{{sha256}}": _OFFICES,
    "GET /v1/findings": _EVERYBODY,
    "GET /v1/clues": _OFFICES,
    "GET /v1/clue-shares": _OFFICES,
    "GET /v1/clues/{clue}": _OFFICES,
    "GET /v1/clues/{clue}/history": _OFFICES,
    "PATCH /v1/clues/{clue}": _OFFICES,
    "POST /v1/clues": _OFFICES,
    "POST /v1/clues/{clue}/statements": _OFFICES,
    "GET /v1/clues/{clue}/forms": _OFFICES,
    "GET /v1/clues/{clue}/forms/{form}.{format}": _OFFICES,
    "POST /v1/clues/{clue}/forms/{form}.{format}": _OFFICES,
    "GET /v1/clues/{clue}/transfer-package": _OFFICES,
    "POST /v1/spot-checks": _OFFICERS,
    "GET /v1/spot-checks": _OFFICES,
    **{
        f"GET {_SPOT_CHECK}{file}": _OFFICES
        for file in (
            "",
            "/frame.csv",
            "/file.json",
            "/certificate",
            "/list.xlsx",
            "/publication.csv",
        )
    },
    f"POST {_SPOT_CHECK}/draws": _OFFICERS,
    f"POST {_SPOT_CHECK}/looks": _OFFICERS,
    "GET /v1/scores": _SENDERS,
    "GET /v1/statement-requests": frozenset({"courier"}),
    "POST /v1/statement-requests/{clue}/statements": frozenset({"courier"}),
    "POST /v1/departure-checks": _SENDERS,
    "GET /v1/departure-checks/{departure_check}": _SENDERS,
    "POST /v1/logistics-requests": _OFFICERS,
    "GET /v1/logistics-requests": _OFFICERS,
    "GET /v1/logistics-requests/{logistics_request}": _OFFICERS,
    "GET /v1/logistics-requests/{logistics_request}/package": _OFFICERS,
    # Each has its own, which carries what its owner may see (`api/clues/webhook_owners.py`).
    "POST /v1/webhooks": _OFFICES,
    "GET /v1/webhooks": _OFFICES,
    "DELETE /v1/webhooks/{webhook}": _OFFICES,
    "GET /v1/webhooks/{webhook}/deliveries": _OFFICES,
    **{
        f"POST /v1/webhooks/{{webhook}}/{asked}": _OFFICES for asked in ("test", "replay", "secret")
    },
    "POST /v1/probe-challenges": _OFFICERS,
    "GET /v1/probe-challenges/{challenge}": _OFFICES,
    "GET /v1/alarms": _ALARMED,
    "POST /v1/alarms/{alarm}/acknowledgement": _ALARMED,
    "GET /v1/quarantine": frozenset({"courier", "inspector", "admin"}),
    "GET /v1/devices": frozenset({"courier", "inspector", "admin"}),
    "GET /v1/boxes": frozenset({"courier", "inspector", "admin"}),
    "GET /v1/live": _EVERYBODY,
    "GET /v1/statistics": _OFFICES,
    "GET /statistics": _OFFICERS,
    "GET /v1/audit": _OFFICERS,
    "GET /audit": _OFFICERS,
    **{
        f"{method} /v1/{kind.register}/{{name}}": whose
        for kind in REGISTERS
        for method, whose in (("PUT", _OFFICERS), ("GET", _OFFICES))
    },
    **{f"POST /v1/{kind.register}": _OFFICERS for kind in REGISTERS},
    **{
        f"GET /v1/{kind.register}": _OFFICES
        for kind in REGISTERS
        if kind not in (RegisteredBox, RegisteredDevice)
    },
    "GET /v1/products/{name}/recalls": _OFFICES,
    "GET /readyz": _ADMIN,
    "GET /metrics": _ADMIN,
    "GET /": _EVERYBODY,
    "GET /live": _EVERYBODY,
    "GET /challenges/{challenge}": _OFFICERS,
    "POST /challenges": _OFFICERS,
    "GET /alarms": _ALARMED,
    "GET /findings": _EVERYBODY,
    "GET /settings": _ADMIN,
    "GET /docs/plain": _EVERYBODY,
    "POST /alarms": _ALARMED,
    "GET /shipments": _EVERYBODY,
    "GET /shipments/{shipment}": _EVERYBODY,
    "GET /shipments/{shipment}/versions": _EVERYBODY,
    "POST /shipments/{shipment}/reviews": _OFFICERS,
    "POST /shipments/{shipment}/attachments": _OFFICERS,
    "POST /clues/{clue}/status": _OFFICERS,
    "GET /shipments/{shipment}/course": _EVERYBODY,
    "GET /tiles/{zoom}/{column}/{row}": _EVERYBODY,
    "GET /shipments/{shipment}/curve.svg": _EVERYBODY,
    "GET /shipments/{shipment}/way.svg": _EVERYBODY - {"platform"},
    "GET /devices": frozenset({"courier", "inspector", "admin"}),
    "GET /clues": _OFFICES,
    "GET /clues/{clue}": _OFFICES,
    "GET /courier": _SENDERS,
    "POST /courier/statements/{clue}": frozenset({"courier"}),
    "GET /departure": _SENDERS,
    "POST /departure": _SENDERS,
    "GET /spot-checks": _OFFICES,
    "GET /spot-checks/{spot_check}": _OFFICES,
    "POST /spot-checks": _OFFICERS,
    "POST /spot-checks/{spot_check}/draws": _OFFICERS,
    "POST /spot-checks/{spot_check}/looks": _OFFICERS,
    "GET /registers": _OFFICES,
    "GET /registers/{register}": _OFFICES,
    "GET /registers/{register}/titles.csv": _OFFICES,
    "GET /registers/{register}/{name}": _OFFICES,
    "POST /registers/{register}": _OFFICERS,
    "GET /logistics-requests": _OFFICERS,
    "GET /logistics-requests/{logistics_request}": _OFFICERS,
    "POST /logistics-requests": _OFFICERS,
    "GET /quarantine": frozenset({"courier", "inspector", "admin"}),
    "GET /docs": _EVERYBODY,
}


PERSONAL: frozenset[str] = frozenset(
    {
        f"POST {_SHIPMENT}/reviews",
        f"POST {_SHIPMENT}/attachments",
        "POST /v1/probe-challenges",
        "POST /challenges",
        "POST /v1/spot-checks",
        f"POST {_SPOT_CHECK}/draws",
        f"POST {_SPOT_CHECK}/looks",
        "POST /spot-checks",
        "POST /spot-checks/{spot_check}/draws",
        "POST /spot-checks/{spot_check}/looks",
        "POST /registers/{register}",
    }
    | {f"PUT /v1/{kind.register}/{{name}}" for kind in REGISTERS}
    | {f"POST /v1/{kind.register}" for kind in REGISTERS}
)
"""What an office alone may say is said by a person: no client's key opens it."""


_TAKEN_TO: frozenset[Role] = frozenset({"courier", "inspector", "case_system", "admin"})


def sees_destination(role: Role) -> bool:
    """Who has to know to which door a drug was taken: who took it there, and the offices."""
    return role in _TAKEN_TO


def roles_of(method: str, path: str) -> frozenset[Role]:
    """path : the route's template."""
    return RIGHTS.get(f"{method} {path}", _ADMIN)
