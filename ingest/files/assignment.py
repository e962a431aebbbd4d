"""Which shipment a reading belongs to when it does not say so: its box's stay at that time.

What a stay is, domain.stays says.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from coldwitness.domain.box_stays import BoxStay
from coldwitness.domain.tracks import IntArray, ReadingTable


def assigned(
    table: ReadingTable, known: Sequence[BoxStay], *, only: str | None = None
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


def _by_stay(
    table: ReadingTable, rows: IntArray, known: Sequence[BoxStay], index: dict[str, int]
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
