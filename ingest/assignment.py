"""Which shipment a reading belongs to when it does not say so: its box's stay at that time.

`packed` assigns the box to a shipment; `delivered`, `refused` or `returned` of that shipment
end the stay, and so does the next shipment packed into the same box. A stay is half-open:
a reading at the very moment of delivery is no longer in it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

import numpy as np

from domain.reading import ENDING_EVENTS, Event
from domain.tracks import IntArray, ReadingTable
from storage.ports import Stay


def stays(events: Iterable[Event]) -> list[Stay]:
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
    # At one instant an ending comes before a packing: the box is emptied, then filled.
    told.sort(key=lambda one: (one[0], one[1], one[2] == "packed"))
    found: list[Stay] = []
    for box, of_box in groupby(told, key=lambda one: one[0]):
        found.extend(_stays_of_box(box, [(time, what, who) for _, time, what, who in of_box]))
    return found


def assigned(
    table: ReadingTable, known: Sequence[Stay], *, only: str | None = None
) -> ReadingTable:
    """`table` with the shipment filled in where a row names none.

    A row with a box takes the shipment that was in the box at its time; one that still has
    none takes `only`. What neither decides stays -1.
    """
    open_rows = np.flatnonzero(table.shipment < 0)
    if open_rows.size == 0 or (not known and only is None):
        return table
    index = {name: code for code, name in enumerate(table.shipments)}
    shipment = table.shipment.copy()
    shipment[open_rows] = _by_stay(table, open_rows, known, index)
    if only is not None:
        left = open_rows[shipment[open_rows] < 0]
        if left.size:
            shipment[left] = index.setdefault(only, len(index))
    return replace(table, shipments=tuple(index), shipment=shipment)


def _stays_of_box(box: str, told: list[tuple[int, str, str]]) -> list[Stay]:
    found: list[Stay] = []
    inside: str | None = None
    since_ms = 0
    for time_ms, what, shipment in told:
        if what == "packed":
            if inside == shipment:
                continue
            if inside is not None and time_ms > since_ms:
                found.append(Stay(box, inside, since_ms, time_ms))
            inside, since_ms = shipment, time_ms
        elif inside == shipment:
            found.append(Stay(box, shipment, since_ms, time_ms))
            inside = None
    if inside is not None:
        found.append(Stay(box, inside, since_ms, None))
    return found


def _by_stay(
    table: ReadingTable, rows: IntArray, known: Sequence[Stay], index: dict[str, int]
) -> IntArray:
    """(len(rows),) shipment code by box and time; new shipments are added to `index`."""
    result = np.full(rows.size, -1, dtype=np.int64)
    box_code = {name: code for code, name in enumerate(table.boxes)}
    in_table = sorted(
        (stay for stay in known if stay.box in box_code),
        key=lambda stay: (box_code[stay.box], stay.start_ms),
    )
    if not in_table:
        return result
    endless = np.iinfo(np.int64).max
    box = np.array([box_code[stay.box] for stay in in_table], dtype=np.int64)
    start = np.array([stay.start_ms for stay in in_table], dtype=np.int64)
    end = np.array([endless if s.end_ms is None else s.end_ms for s in in_table], dtype=np.int64)
    who = np.array([index.setdefault(s.shipment, len(index)) for s in in_table], dtype=np.int64)
    # One sort key of (box, time) lets a single search find the last stay begun by then.
    order = np.lexsort(
        (
            np.r_[np.zeros(box.size, np.int8), np.ones(rows.size, np.int8)],
            np.r_[start, table.time_ms[rows]],
            np.r_[box, table.box[rows]],
        )
    )
    is_stay = order < box.size
    last = np.maximum.accumulate(np.where(is_stay, order, -1))
    asked = order[~is_stay] - box.size
    stay = last[~is_stay]
    begun = stay >= 0
    asked, stay = asked[begun], stay[begun]
    fits = (box[stay] == table.box[rows[asked]]) & (table.time_ms[rows[asked]] < end[stay])
    result[asked[fits]] = who[stay[fits]]
    return result
