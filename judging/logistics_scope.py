"""Which shipments a request for logistics information is about."""

from coldwitness.domain.errors import BadInput
from coldwitness.domain.logistics import SHIPMENTS_MOST, LogisticsScope
from coldwitness.domain.reach import EVERYTHING, Reach
from coldwitness.judging.day_span import span_ms
from coldwitness.storage.ports import Register
from coldwitness.storage.shipment_pages import shipment_pages


def shipments_asked(
    register: Register, scope: LogisticsScope, *, reach: Reach = EVERYTHING
) -> list[str]:
    """Those that fit all that the scope says, within reach, by id. Raises BadInput for one that is
    unknown, a scope that says nothing, or more than one package holds."""
    if scope == LogisticsScope():
        raise BadInput("scope: expected shipments, seller, batch, or from and to")
    first, last = scope.first_day, scope.last_day
    if first is not None and last is not None and last < first:
        raise BadInput(f"scope.to: lies before {first}")
    known = register.shipments.seen(scope.shipments, reach=reach)
    for name in scope.shipments:
        if name not in known:
            raise BadInput(f"scope.shipments: shipment {name[:80]}: unknown")
    from_ms, to_ms = span_ms(first, last)
    wanted = set(scope.shipments)
    found: list[str] = []
    for rows in shipment_pages(
        register,
        reach=reach,
        seller=scope.seller,
        batch=scope.batch,
        from_ms=from_ms,
        to_ms=to_ms,
    ):
        found += [row.id for row in rows if not wanted or row.id in wanted]
        if len(found) > SHIPMENTS_MOST:
            raise BadInput(f"scope: more than {SHIPMENTS_MOST} shipments fit; part it by periods")
    return found
