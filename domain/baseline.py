"""What the trips of a box model say about its exchange with coolant and goods: plain data.

How a limit is learned stands in analysis.isolation_fleet; here is what it leaves behind, in the
form in which a shipment's terms and its result carry it.
"""

from dataclasses import dataclass
from typing import Literal, get_args

FleetZone = Literal["coolant", "goods"]
FLEET_ZONES: tuple[FleetZone, ...] = get_args(FleetZone)


@dataclass(frozen=True)
class FleetBaseline:
    """The exchange limit [1/h] of one box model and zone, learned from compliant trips.

    typical_per_h, spread : median of the trips' rates, robust standard deviation of ln(rate).
    trips : how many trips it was learned from. first_ended_ms, last_ended_ms : when they ended.
    trips_sha256 : over the trips, so that whoever keeps them can show that these were they.
    """

    model: str
    zone: FleetZone
    limit_per_h: float
    typical_per_h: float
    spread: float
    trips: int
    first_ended_ms: int
    last_ended_ms: int
    trips_sha256: str
