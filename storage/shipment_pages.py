"""All shipments that are asked for, some at once: a register may know more than memory holds."""

from collections.abc import Iterator
from typing import Unpack

from coldwitness.domain.reach import EVERYTHING, Reach
from coldwitness.domain.shipment_filter import Asked
from coldwitness.storage.ports import Register, ShipmentRow

_AT_ONCE = 500


def shipment_pages(
    register: Register, *, reach: Reach = EVERYTHING, **asked: Unpack[Asked]
) -> Iterator[list[ShipmentRow]]:
    """By id, no page empty."""
    after = None
    while rows := register.shipments.rows(after=after, limit=_AT_ONCE, reach=reach, **asked):
        yield rows
        after = rows[-1].id
