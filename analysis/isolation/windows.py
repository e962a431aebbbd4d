"""From temperature curves to equations: what the exchange fit is made of.

The exchange equation holds at every instant; noise forbids to differentiate. It is therefore
averaged over triangular windows: with f the weight of a window and H its half width,

    -integral f' T_drug = sum_j k_j integral f (T_j - T_drug) + c integral f

in which the left side is the mean of the second half less the mean of the first, so no reading
is differenced, and c, free in every shipment, takes up the constant offsets of the probes.
Integrals are those of the straight lines between readings, exact for uneven samples.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.probes import ZONES, probes_of
from coldwitness.config.numbers import Numbers
from coldwitness.domain.reading import EVENT_NAMES
from coldwitness.domain.tracks import FloatArray, IntArray, Tracks

BoolArray = NDArray[np.bool_]

COOLANT, GOODS, AMBIENT = range(len(ZONES))

HALF_MIN_S, HALF_MAX_S = 360.0, 1200.0
"""Half width of a window: shorter drowns in noise, longer blurs what the zones do."""

HALVES_PER_TRIP = 16.0

HALF_LEAST_S, SHORT_HALVES_PER_TRIP = 180.0, 8.0
"""A delivery of half an hour holds few windows of the usual width: it gets narrower ones, noisier
but enough of them to speak of an interval."""

HOPS_PER_HALF = 2

SETTLE_S = 300.0
"""After the lid closes the air of the box comes back to itself; that time is left out too."""

PRESENT_SHARE = 0.8
"""A zone is known for a trip if this share of the drug readings has a value of it."""


@dataclass(frozen=True)
class ExchangeWindows:
    """(w,) equations by shipment, then time; shipment i owns first[i]:first[i+1].

    rate_c_per_h : left side. drive_c : (w, 3) mean T_zone - T_drug, 0 where the zone is unknown.
    drive_rate_c_per_h : (w, 3) how fast each zone itself changes, for probes that lag.
    drug_c : (w,) weighted mean of the drug. known : (s, 3) zones with a probe that speaks.
    half_s : (s,) half width used. hours : (s,) time covered.
    """

    first: IntArray
    shipment: IntArray
    rate_c_per_h: FloatArray
    drive_c: FloatArray
    drive_rate_c_per_h: FloatArray
    drug_c: FloatArray
    known: BoolArray
    half_s: FloatArray
    hours: FloatArray

    def __len__(self) -> int:
        return int(self.shipment.size)


def exchange_windows(case: Case, *, drug: str = "drug") -> ExchangeWindows:
    """Windows of one drug probe against the mean of each zone's probes.

    Left out: lid-open time with SETTLE_S after it, steps longer than the permitted interval,
    readings in conflict, and what lies outside the judged window.

    Columns (w,), (w, 3) [°C, °C/h]. The heat balance dT/dt = sum_j k_j (T_j - T) + c against a
    triangle f of half width H, by parts -∫ f' T dt, so that noise is not differenced: modulating
    functions (Preisig and Rippin, Comput. Chem. Eng. 17 (1993) 1); the triangle is our own choice.
    """
    tracks, terms, window, numbers = case.tracks, case.terms, case.window, case.numbers
    shipments = len(terms)
    owner = tracks.shipment
    good = window.rows & ~tracks.conflict & ~_disturbed(case, owner)
    good &= tracks.time_s > window.start_s[owner] + SETTLE_S
    row = np.flatnonzero(good & np.isfinite(tracks.temperature_c[drug]))
    row = _one_logger(tracks, owner, row, shipments)
    values = [tracks.temperature_c[drug][row]]
    known = np.zeros((shipments, len(ZONES)), dtype=np.bool_)
    counted = np.maximum(np.bincount(owner[row], minlength=shipments), 1)
    usable = np.ones(row.size, dtype=np.bool_)
    for place, zone in enumerate(ZONES):
        value = _zone(tracks, zone, good, owner, row, numbers.recording_interval_s)
        given = np.isfinite(value)
        known[:, place] = np.bincount(owner[row[given]], minlength=shipments) >= np.maximum(
            PRESENT_SHARE * counted, 1
        )
        needed = known[owner[row], place]
        usable &= given | ~needed
        values.append(np.where(needed, value, values[0]))
    row = row[usable]
    curves = np.vstack([value[usable] for value in values])
    return _windows(tracks.time_s[row], owner[row], curves, known, shipments, numbers)


def _disturbed(case: Case, owner: IntArray) -> BoolArray:
    """Readings with the lid open, between `opened` and `closed`, or soon after either."""
    tracks, terms = case.tracks, case.terms
    n = tracks.time_s.size
    opened: BoolArray = tracks.lid_open == 1
    events = terms.events
    whose = np.repeat(np.arange(len(terms)), np.diff(events.first))
    is_open = events.code == EVENT_NAMES.index("opened")
    is_closed = events.code == EVENT_NAMES.index("closed")
    told = np.flatnonzero(is_open | is_closed)
    if told.size:
        after = np.append(told[1:], -1)
        paired = is_open[told] & is_closed[after] & (whose[told] == whose[after]) & (after >= 0)
        span = np.flatnonzero(is_open[told])
        start_s = events.time_s[told[span]]
        end_s = np.where(paired[span], events.time_s[after[span]], start_s)
        low = _rows_at(tracks, whose[told[span]], start_s)
        high = _rows_at(tracks, whose[told[span]], end_s + SETTLE_S)
        change = np.zeros(n + 1, dtype=np.int64)
        np.add.at(change, low, 1)
        np.add.at(change, np.maximum(high, low), -1)
        opened = opened | (np.cumsum(change[:-1]) > 0)
    if not opened.any():
        return opened
    last = np.maximum.accumulate(np.where(opened, np.arange(n), -1))
    recent = (last >= 0) & (owner[np.maximum(last, 0)] == owner)
    since_s = tracks.time_s - tracks.time_s[np.maximum(last, 0)]
    return np.asarray(recent & (since_s <= SETTLE_S))


def _rows_at(tracks: Tracks, shipment: IntArray, at_s: FloatArray) -> IntArray:
    """First row of each shipment at or after an instant."""
    low, high = tracks.first[shipment], tracks.first[shipment + 1]
    while (searching := low < high).any():
        middle = np.minimum((low + high) // 2, tracks.time_s.size - 1)
        before = tracks.time_s[middle] < at_s
        low = np.where(searching & before, middle + 1, low)
        high = np.where(searching & ~before, middle, high)
    return np.asarray(low)


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


def _windows(
    time_s: FloatArray,
    owner: IntArray,
    curves: FloatArray,
    known: BoolArray,
    shipments: int,
    numbers: Numbers,
) -> ExchangeWindows:
    n = time_s.size
    step_s = np.diff(time_s, append=np.inf)
    joined = np.append(owner[1:] == owner[:-1], False)[:n]
    joined &= (step_s <= numbers.recording_interval_s) & (step_s >= 0)
    hours = np.bincount(owner[joined], weights=step_s[joined], minlength=shipments) / 3600.0
    trip_s = hours * 3600.0
    least_s = np.clip(trip_s / SHORT_HALVES_PER_TRIP, HALF_LEAST_S, HALF_MIN_S)
    half_s = np.clip(trip_s / HALVES_PER_TRIP, least_s, HALF_MAX_S)
    run = np.cumsum(np.append(True, ~joined[:-1])[:n]) - 1
    head = np.searchsorted(run, np.arange(run[-1] + 1 if n else 0))
    tail = np.append(head[1:], n)[: head.size] - 1
    half = half_s[owner[head]]
    hop = half / HOPS_PER_HALF
    spare = time_s[tail] - time_s[head] - 2.0 * half
    count = np.where(spare >= 0, np.floor(spare / hop + 1e-9) + 1, 0).astype(np.int64)
    which = np.repeat(np.arange(head.size), count)
    number = np.arange(which.size) - (np.cumsum(count) - count)[which]
    # Hours from the start of the run, so that sums of many shipments keep their digits.
    local_h = (time_s - time_s[head][run]) / 3600.0 if n else time_s
    moments = _Moments(local_h, curves, joined)
    half_h = half[which] / 3600.0
    start_h = number * hop[which] / 3600.0
    at = np.stack((start_h, start_h + half_h, start_h + 2.0 * half_h))
    zero, first = moments.up_to(np.tile(which, 3), at.ravel(), head, tail)
    zero, first = (np.swapaxes(part.reshape(len(curves), 3, -1), 0, 1) for part in (zero, first))
    rising = zero[1] - zero[0]
    falling = zero[2] - zero[1]
    weighted = (first[1] - first[0] - at[0] * rising) - (first[2] - first[1] - at[2] * falling)
    mean_c = weighted / half_h**2
    rate = (falling - rising) / half_h**2
    shipment = owner[head][which] if n else np.zeros(0, dtype=np.int64)
    return ExchangeWindows(
        first=np.searchsorted(shipment, np.arange(shipments + 1)).astype(np.int64),
        shipment=shipment,
        rate_c_per_h=rate[0],
        drive_rate_c_per_h=np.where(known[shipment], rate[1:].T, 0.0),
        drive_c=(mean_c[1:] - mean_c[0]).T,
        drug_c=mean_c[0],
        known=known,
        half_s=half_s,
        hours=hours,
    )


class _Moments:
    """Running integrals of T and of t·T along each run of straight lines, at any instant."""

    def __init__(self, local_h: FloatArray, curves: FloatArray, joined: BoolArray) -> None:
        self._local_h, self._curves = local_h, curves
        step_h = np.where(joined, np.diff(local_h, append=0.0), 0.0)
        rise = np.diff(curves, axis=1, append=curves[:, -1:])
        slope = np.divide(rise, step_h, out=np.zeros_like(rise), where=step_h > 0)
        self._slope = slope
        zero = curves * step_h + slope * step_h**2 / 2.0
        first = self._first(local_h, curves, slope, step_h)
        self._zero = np.cumsum(zero, axis=1) - zero
        self._one = np.cumsum(first, axis=1) - first

    @staticmethod
    def _first(
        local_h: FloatArray, value: FloatArray, slope: FloatArray, step_h: FloatArray
    ) -> FloatArray:
        return np.asarray(
            local_h * value * step_h
            + (value + local_h * slope) * step_h**2 / 2.0
            + slope * step_h**3 / 3.0
        )

    def up_to(
        self, run: IntArray, at_h: FloatArray, head: IntArray, tail: IntArray
    ) -> tuple[FloatArray, FloatArray]:
        low, high = head[run], tail[run]
        if head.size == 1:
            low = np.clip(self._local_h.searchsorted(at_h, "right") - 1, head[0], tail[0])
            high = low
        while (searching := low < high).any():  # last reading at or before at_h
            middle = (low + high + 1) // 2
            fits = self._local_h[middle] <= at_h
            low = np.where(searching & fits, middle, low)
            high = np.where(searching & ~fits, middle - 1, high)
        step_h = at_h - self._local_h[low]
        value, slope = self._curves[:, low], self._slope[:, low]
        zero = self._zero[:, low] + value * step_h + slope * step_h**2 / 2.0
        first = self._one[:, low] + self._first(self._local_h[low], value, slope, step_h)
        return zero, first


def halves_of(equations: ExchangeWindows) -> tuple[BoolArray, BoolArray]:
    """Windows of the first and of the second half of each shipment.

    Both (w,); of an odd number the middle window is in the first.
    """
    count = np.diff(equations.first)
    number = np.arange(len(equations)) - equations.first[:-1][equations.shipment]
    first = number < count[equations.shipment] / 2.0
    return first, ~first
