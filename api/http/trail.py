"""What is written down of a caller: who saw or changed what, from where and through what."""

from coldwitness.api.http.caller import Caller
from coldwitness.api.http.services import Services


def noted(
    services: Services,
    caller: Caller,
    action: str,
    *,
    subject: str,
    shipment: str | None = None,
    now_ms: int | None = None,
) -> None:
    """A line of the audit trail. shipment : which one it is about, where it is about one: who may
    see that may see the line."""
    services.register.audit.note(
        actor=caller.name,
        action=action,
        subject=subject,
        now_ms=services.clock() if now_ms is None else now_ms,
        shipment=shipment,
        address=caller.address,
        through=caller.through,
    )
