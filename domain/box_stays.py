"""When a box held which shipment, told by custody events.

`packed` assigns the box to a shipment; `delivered`, `refused` or `returned` of that shipment
end the stay, and so does the next shipment packed into the same box. A stay is half-open:
a reading at the very moment of delivery is no longer in it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from coldwitness.domain.reading import ENDING_EVENTS, Event


@dataclass(frozen=True)
class BoxStay:
    """A shipment's stay in a box: from `packed` to delivered/refused/returned, half-open;
    end_ms None while it lasts."""

    box: str
    shipment: str
    start_ms: int
    end_ms: int | None


def box_stays(events: Iterable[Event]) -> list[BoxStay]:
    """The stays that events tell of, by box, then start.

    Events without a box or shipment tell of none. `packed` again for the shipment that is
    already in the box changes nothing; an ending event for another shipment than the one in
    the box changes nothing either.
    """
    told = [
        (event.box, event.time_ms, event.event, event.shipment)
        for event in events
        if event.box is not None
        and event.shipment is not None
        and (event.event == "packed" or event.event in ENDING_EVENTS)
    ]
    # At one instant an ending comes before a packing: the box is emptied, then filled; and of
    # two packings the order of their ids decides, so the order of arrival does not.
    told.sort(key=lambda one: (one[0], one[1], one[2] == "packed", one[3]))
    found: list[BoxStay] = []
    for box, of_box in groupby(told, key=lambda one: one[0]):
        found.extend(_stays_of_box(box, [(time, what, who) for _, time, what, who in of_box]))
    return found


def _stays_of_box(box: str, told: list[tuple[int, str, str]]) -> list[BoxStay]:
    found: list[BoxStay] = []
    inside: str | None = None
    since_ms = 0
    for time_ms, what, shipment in told:
        if what == "packed":
            if inside == shipment:
                continue
            if inside is not None and time_ms > since_ms:
                found.append(BoxStay(box, inside, since_ms, time_ms))
            inside, since_ms = shipment, time_ms
        elif inside == shipment:
            found.append(BoxStay(box, shipment, since_ms, time_ms))
            inside = None
    if inside is not None:
        found.append(BoxStay(box, inside, since_ms, None))
    return found
