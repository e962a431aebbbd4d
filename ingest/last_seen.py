"""The last that was heard of each logger, whether or not any shipment is its: a logger that is
connected rightly shows before the first box is packed."""

from collections.abc import Sequence
from dataclasses import dataclass

from coldwitness.domain.reading import Reading


@dataclass(frozen=True)
class LastSeen:
    """A logger's newest reading. Times are UTC epoch ms; courier, box "" where none is known.

    shipment : as the reading itself names it; None: its box's stay decides.
    """

    courier: str
    logger: str
    box: str
    shipment: str | None
    time_ms: int
    received_ms: int
    temperature_c: dict[str, float]
    battery_v: float | None


def newest_of(readings: Sequence[Reading], received_ms: Sequence[int]) -> list[LastSeen]:
    """The newest reading of each courier's loggers among these."""
    newest: dict[tuple[str | None, str], int] = {}
    for place, reading in enumerate(readings):
        key = (reading.courier, reading.logger)
        known = newest.get(key)
        if known is None or reading.time_ms >= readings[known].time_ms:
            newest[key] = place
    found = []
    for place in newest.values():
        reading = readings[place]
        found.append(
            LastSeen(
                courier=reading.courier or "",
                logger=reading.logger,
                box=reading.box or "",
                shipment=reading.shipment,
                time_ms=reading.time_ms,
                received_ms=received_ms[place],
                temperature_c=reading.temperature_c,
                battery_v=reading.battery_v,
            )
        )
    return found
