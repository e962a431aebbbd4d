"""Which probes a shipment's loggers sent before in its box."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.reading import split_probe
from coldwitness.domain.tracks import IntArray, ReadingTable

Carried = Mapping[tuple[str, str], Mapping[str, int]]
"""(box or "", logger) -> probe -> when it was first sent, UTC epoch ms."""

_NEVER_MS = int(np.iinfo(np.int64).max)


def carried_before(
    shipments: Sequence[str], readings: ReadingTable, known: Carried
) -> dict[str, NDArray[np.bool_]]:
    """By probe name, (s,) whether any of the shipment's loggers sent it in the same box before its
    own first reading of the shipment. Loggers without a box are told by their id alone.

    readings : of these shipments and possibly others, which count as what was sent before. known :
    what else was ever sent.
    """
    lead, pair, names = _runs(readings)
    if lead.size == 0:
        return {}
    place = {name: row for row, name in enumerate(shipments)}
    rows = np.array([place.get(name, -1) for name in readings.shipments] + [-1])
    row = rows[readings.shipment[lead]]
    mine = np.flatnonzero((row >= 0) & (readings.logger[lead] >= 0))
    keys, inverse = np.unique(row[mine] * len(names) + pair[mine], return_inverse=True)
    begun_ms = np.full(keys.size, _NEVER_MS)
    np.minimum.at(begun_ms, inverse, np.minimum.reduceat(readings.time_ms, lead)[mine])
    owner, of_pair = np.divmod(keys, len(names))
    probes = {*readings.temperature_c, *(probe for its in known.values() for probe in its)}
    found: dict[str, NDArray[np.bool_]] = {}
    for probe in sorted(name for name in probes if split_probe(name) is not None):
        first_ms = np.array(
            [known.get(one, {}).get(probe, _NEVER_MS) for one in names], dtype=np.int64
        )
        column = readings.temperature_c.get(probe)
        if column is not None:
            sent_ms = np.where(np.isfinite(column), readings.time_ms, _NEVER_MS)
            np.minimum.at(first_ms, pair, np.minimum.reduceat(sent_ms, lead))
        before = np.zeros(len(shipments), dtype=np.bool_)
        before[owner[first_ms[of_pair] < begun_ms]] = True
        if before.any():
            found[probe] = before
    return found


def first_sent(readings: ReadingTable, known: Carried) -> dict[tuple[str, str], dict[str, int]]:
    """When each probe of these readings was first sent, beside and together with what is known."""
    found = {pair: dict(its) for pair, its in known.items()}
    lead, pair, names = _runs(readings)
    for probe, column in readings.temperature_c.items() if lead.size else ():
        sent_ms = np.where(np.isfinite(column), readings.time_ms, _NEVER_MS)
        first_ms = np.full(len(names), _NEVER_MS)
        np.minimum.at(first_ms, pair, np.minimum.reduceat(sent_ms, lead))
        for code in np.flatnonzero(first_ms < _NEVER_MS).tolist():
            its = found.setdefault(names[code], {})
            its[probe] = min(int(first_ms[code]), its.get(probe, _NEVER_MS))
    return found


def pairs_of(readings: ReadingTable) -> list[tuple[str, str]]:
    """The boxes and loggers of readings; "" where a logger is in no known box."""
    return _runs(readings)[2]


def _runs(readings: ReadingTable) -> tuple[IntArray, IntArray, list[tuple[str, str]]]:
    """First row of each run of one shipment, box and logger, (r,); the code of its box and logger,
    (r,); and what the codes mean."""
    width = len(readings.loggers) + 1
    both = (readings.box.astype(np.int64) + 1) * width + readings.logger + 1
    change = np.ones(both.size, dtype=np.bool_)
    change[1:] = (both[1:] != both[:-1]) | (readings.shipment[1:] != readings.shipment[:-1])
    lead = np.flatnonzero(change)
    keys, code = np.unique(both[lead], return_inverse=True)
    boxes, loggers = ("", *readings.boxes), ("", *readings.loggers)
    names = [(boxes[key // width], loggers[key % width]) for key in keys.tolist()]
    return lead, code.astype(np.int64), names
