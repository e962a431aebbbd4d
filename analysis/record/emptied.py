"""Whether the drug had left the box at the destination before the readings went out of range."""

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.geodesy import haversine_m
from coldwitness.analysis.record.series import Series
from coldwitness.analysis.record.spans import expanded
from coldwitness.analysis.terms import Terms
from coldwitness.config.numbers import Numbers
from coldwitness.domain.reading import EVENT_NAMES
from coldwitness.domain.tracks import FloatArray, IntArray, Tracks

NEAR_S = 300.0
"""A sign counts from this long before the first reading out of range to as long after it: a box
may stand open for minutes before its air warms beyond the limit."""
FIX_ACCURACY_MAX_M = 200.0
"""A fix is taken to be within its accuracy of what it says, up to this."""
PLACE_RADIUS_MAX_M = 500.0
LIGHT_MIN_LX = 10.0
LIGHT_TIMES = 10.0
"""A box is dark inside; open, even at night under a lamp, it is lighter by far than this."""
STEEP_SLEWS = 3.0
"""Faster than three times the box's slew limit is no load of it: the probe met the surroundings."""
_LOOKED_AT_ONCE = 262_144
"""Fixes whose way to the destination is measured together: it takes a dozen arrays as long."""
_ARRIVED = EVENT_NAMES.index("arrived")

Flags = NDArray[np.bool_]


def left_the_box(
    series: Series,
    tracks: Tracks,
    terms: Terms,
    *,
    series_number: IntArray,
    row: IntArray,
    end_s: FloatArray,
    numbers: Numbers,
) -> Flags:
    """(k,) whether lid, light or the probe's step to the surroundings show, at the destination,
    that the box was opened when the readings went out of range for good.

    series_number, row : (k,) series and its first row of those out of range to the end. end_s :
    (k,) end of custody [s]: where the logger is taken afterwards is not asked.
    """
    if row.size == 0:
        return np.zeros(0, dtype=np.bool_)
    shipment, since_s = series.shipment[series_number], series.time_s[row]
    owner, of = expanded(first=tracks.first[shipment], end=tracks.first[shipment + 1])
    since = tracks.time_s[of] - since_s[owner]

    def any_(flags: Flags) -> Flags:
        return np.bincount(owner[flags], minlength=row.size) > 0

    there_s = np.minimum(
        _at_destination(tracks, terms, shipment, owner=owner, of=of, since_s=since, end_s=end_s),
        _arrived(terms, shipment) - since_s,
    )
    near = (np.abs(since) <= NEAR_S) & (since > there_s[owner])
    before = since < -NEAR_S
    lid, lux = tracks.lid_open[of], tracks.light_lux[of]
    opened = any_(near & (lid == 1)) & any_((since < NEAR_S) & (lid == 0))
    dark_lx = np.zeros(row.size)
    shone = before & ~np.isnan(lux)
    np.maximum.at(dark_lx, owner[shone], lux[shone])
    bright = near & (lux >= np.maximum(LIGHT_TIMES * dark_lx, LIGHT_MIN_LX)[owner])
    lit = any_(bright) & any_(shone)
    signs = opened | lit | _steep(series, series_number, row, terms, numbers)
    return np.asarray((there_s <= 0.0) & signs)


def _at_destination(
    tracks: Tracks,
    terms: Terms,
    shipment: IntArray,
    *,
    owner: IntArray,
    of: IntArray,
    since_s: FloatArray,
    end_s: FloatArray,
) -> FloatArray:
    """(k,) since when the box is at the destination [s, by the clock of `since_s`]: the last fix of
    custody elsewhere; inf where there is no fix at the destination after it from NEAR_S before on.

    A courier who hands over two minutes after coming was elsewhere shortly before: what is asked is
    where the box was when it was opened.
    """
    near, far = np.zeros(of.size, dtype=np.bool_), np.zeros(of.size, dtype=np.bool_)
    for at in range(0, of.size, _LOOKED_AT_ONCE):
        some = slice(at, at + _LOOKED_AT_ONCE)
        its, place = of[some], shipment[owner[some]]
        placed = ~np.isnan(tracks.lat_deg[its]) & (tracks.time_s[its] <= end_s[owner[some]])
        away_m = haversine_m(
            lat_deg=tracks.lat_deg[its],
            lon_deg=tracks.lon_deg[its],
            to_lat_deg=terms.destination_lat_deg[place],
            to_lon_deg=terms.destination_lon_deg[place],
        )
        away_m -= np.minimum(np.nan_to_num(tracks.accuracy_m[its]), FIX_ACCURACY_MAX_M)
        radius_m = np.minimum(terms.destination_radius_m[place], PLACE_RADIUS_MAX_M)
        near[some] = placed & (away_m <= radius_m)
        far[some] = placed & ~near[some]
    elsewhere_s = np.full(shipment.size, -np.inf)
    np.maximum.at(elsewhere_s, owner[far], since_s[far])
    seen = near & (since_s >= -NEAR_S) & (since_s > elsewhere_s[owner])
    there = np.bincount(owner[seen], minlength=shipment.size) > 0
    return np.where(there, elsewhere_s, np.inf)


def _arrived(terms: Terms, shipment: IntArray) -> FloatArray:
    """(k,) when the last `arrived` before the end of custody was said, inf without one [s]."""
    arrived_s = np.full(shipment.size, np.inf)
    events = terms.events
    owner, event = expanded(first=events.first[shipment], end=events.first[shipment + 1])
    said = events.code[event] == _ARRIVED
    np.minimum.at(arrived_s, owner[said], events.time_s[event][said])
    return arrived_s


def _steep(
    series: Series, series_number: IntArray, row: IntArray, terms: Terms, numbers: Numbers
) -> Flags:
    """(k,) whether a step near the first reading out of range is steeper than any load's."""
    last = series.first[series_number + 1] - 1
    owner, at = expanded(
        first=np.maximum(row, series.first[series_number] + 1), end=np.maximum(last + 1, row)
    )
    near = series.time_s[at] - series.time_s[row][owner] <= NEAR_S
    owner, at = owner[near], at[near]
    minutes = (series.time_s[at] - series.time_s[at - 1]) / 60
    slew = np.maximum(terms.slew_max_c_per_min, numbers.slew_max_c_per_min)
    limit = STEEP_SLEWS * slew[series.shipment[series_number]][owner]
    steep = np.abs(series.high_c[at] - series.high_c[at - 1]) > limit * minutes
    return np.bincount(owner[steep], minlength=row.size) > 0
