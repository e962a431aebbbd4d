"""The curves that say what the drug exchanges heat with: what is taken, and what is left out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.isolation.opened import disturbed
from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.custody_doubt import FOLLOWS_S
from coldwitness.analysis.record.probes import ZONES, probes_of
from coldwitness.domain.tracks import FloatArray, IntArray, Tracks

BoolArray = NDArray[np.bool_]

COOLANT, GOODS, AMBIENT = range(len(ZONES))

PRESENT_SHARE = 0.8
"""A zone is known for a trip if this share of the drug readings has a value of it."""


@dataclass(frozen=True)
class ExchangeCurves:
    """(n,) readings of one drug probe by shipment, then time.

    owner : shipment of each. run : number of its unbroken run, over all shipments. value_c :
    (4, n) drug, then each zone as ZONES, the drug's own value where the zone is unknown. known :
    (s, 3) zones with a probe that speaks. disturbed : (s,) share of the drug's readings that an
    opened lid leaves out.
    """

    time_s: FloatArray
    owner: IntArray
    run: IntArray
    value_c: FloatArray
    known: BoolArray
    disturbed: FloatArray

    @property
    def readings(self) -> IntArray:
        """(s,) how many are taken of each shipment."""
        return np.bincount(self.owner, minlength=self.known.shape[0])


def exchange_curves(case: Case, *, drug: str = "drug") -> ExchangeCurves:
    """One drug probe against the mean of each zone's probes; (n,) seconds, (4, n) °C.

    Left out: lid-open time and what it disturbs (`opened.disturbed`), readings in conflict, what
    lies outside the judged window, and readings at an end of custody that may not be of the drug
    (`record.custody_doubt`), with the time in which the probe still follows. The first minutes of
    custody are kept otherwise: a warm drug that comes to rest beside its pack says most. A step
    longer than the permitted interval ends a run.
    """
    tracks, window, interval_s = case.tracks, case.window, case.numbers.recording_interval_s
    shipments = len(case.terms)
    owner = tracks.shipment
    left_out = disturbed(case) | _not_the_drugs(case)
    read = window.rows & ~tracks.conflict & np.isfinite(tracks.temperature_c[drug])
    every = np.bincount(owner[read], minlength=shipments)
    lost = np.bincount(owner[read & left_out], minlength=shipments)
    good = window.rows & ~tracks.conflict & ~left_out
    row = _one_logger(tracks, owner, np.flatnonzero(read & ~left_out), shipments)
    values = [tracks.temperature_c[drug][row]]
    known = np.zeros((shipments, len(ZONES)), dtype=np.bool_)
    counted = np.maximum(np.bincount(owner[row], minlength=shipments), 1)
    usable = np.ones(row.size, dtype=np.bool_)
    for place, zone in enumerate(ZONES):
        value = _zone(tracks, zone, good, owner, row, interval_s)
        given = np.isfinite(value)
        known[:, place] = np.bincount(owner[row[given]], minlength=shipments) >= np.maximum(
            PRESENT_SHARE * counted, 1
        )
        needed = known[owner[row], place]
        usable &= given | ~needed
        values.append(np.where(needed, value, values[0]) if needed.any() else values[0])
    if not usable.all():
        row, values = row[usable], [value[usable] for value in values]
    apart = (np.diff(owner[row]) != 0) | (np.diff(tracks.time_s[row]) > interval_s)
    return ExchangeCurves(
        time_s=tracks.time_s[row],
        owner=owner[row],
        run=np.cumsum(np.append(False, apart)[: row.size]),
        value_c=np.vstack(values),
        known=known,
        disturbed=lost / np.maximum(every, 1),
    )


def _not_the_drugs(case: Case) -> BoolArray:
    """(n,) readings that the range doubts at an end of custody: a probe that lay in the room and
    comes to the drug follows it as in firm contact."""
    tracks, series, doubt = case.tracks, case.series, case.custody_doubt
    if doubt.none:
        return np.zeros(tracks.time_s.size, dtype=np.bool_)
    until_s = np.full(len(case.terms), -np.inf)
    from_s = np.full(len(case.terms), np.inf)
    np.maximum.at(until_s, series.shipment, doubt.head_until_s + FOLLOWS_S)
    np.minimum.at(from_s, series.shipment, doubt.tail_from_s)
    owner = tracks.shipment
    return np.asarray((tracks.time_s <= until_s[owner]) | (tracks.time_s >= from_s[owner]))


def _one_logger(tracks: Tracks, owner: IntArray, row: IntArray, shipments: int) -> IntArray:
    """Only the rows of the logger that gives most: two loggers have two offsets."""
    loggers = int(tracks.logger.max(initial=0)) + 2
    source = owner[row] * loggers + tracks.logger[row] + 1
    change = np.flatnonzero(source[1:] != source[:-1])
    if (owner[row[change]] != owner[row[change + 1]]).all():
        return row
    kinds, inverse, count = np.unique(source, return_inverse=True, return_counts=True)
    order = np.lexsort((-kinds, count, kinds // loggers))
    chosen = np.zeros(kinds.size, dtype=np.bool_)
    last = np.append(np.diff(kinds[order] // loggers) != 0, True)
    chosen[order[last[: order.size]]] = True
    return row[chosen[inverse]]


def _zone(
    tracks: Tracks,
    zone: str,
    good: BoolArray,
    owner: IntArray,
    row: IntArray,
    interval_s: float,
) -> FloatArray:
    """Temperature of a zone at the drug's readings: mean of its probes, each on the straight
    line between its own readings no further apart than the permitted interval; else NaN."""
    names = probes_of(tracks, zone)
    total, count = np.zeros(row.size), np.zeros(row.size, dtype=np.int64)
    for name in names:
        column = tracks.temperature_c[name]
        value = column[row].copy()
        absent = np.flatnonzero(np.isnan(value))
        given = np.flatnonzero(good & np.isfinite(column))
        if absent.size and given.size:
            value[absent] = _between(tracks.time_s, column, owner, given, row[absent], interval_s)
        there = np.isfinite(value)
        total[there] += value[there]
        count += there
    with np.errstate(invalid="ignore"):
        return np.asarray(total / np.where(count == max(count.max(initial=0), 1), count, np.nan))


def _between(
    time_s: FloatArray,
    column: FloatArray,
    owner: IntArray,
    given: IntArray,
    at: IntArray,
    interval_s: float,
) -> FloatArray:
    place = np.searchsorted(given, at)
    before = given[np.maximum(place - 1, 0)]
    after = given[np.minimum(place, given.size - 1)]
    step_s = time_s[after] - time_s[before]
    fits = (owner[before] == owner[at]) & (owner[after] == owner[at]) & (before <= at)
    fits &= (after >= at) & (step_s <= interval_s)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = np.where(step_s > 0, (time_s[at] - time_s[before]) / step_s, 0.0)
    return np.where(fits, column[before] + share * (column[after] - column[before]), np.nan)
