"""Which of several loggers says where the box is: its own, where another contradicts it."""

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.case import Case
from coldwitness.analysis.record.geodesy import short_way_m
from coldwitness.analysis.record.probes import probes_of
from coldwitness.analysis.record.rows_in_time import bisect_time
from coldwitness.analysis.record.spans import expanded
from coldwitness.domain.tracks import FloatArray, IntArray

BoolArray = NDArray[np.bool_]

CLOCKS_S = 300.0
"""The clocks of two loggers may differ by as much."""

APART_M = 300.0
"""Two loggers of one box, at whatever time within CLOCKS_S, are no further from each other."""

LEAST_APART = 3
"""So many fixes of one logger that are contradict the other."""


def contradicted(case: Case, placed: BoolArray) -> tuple[BoolArray, BoolArray]:
    """(n,) placed readings of loggers that contradict the box's own, which counts instead, and (s,)
    shipments that have such.

    The box's own is the logger that the manifest names, if it has positions, else the one with most
    drug readings among those with positions. Another contradicts it if LEAST_APART of its fixes are
    further than APART_M and both accuracies from every fix of the own within CLOCKS_S.
    placed : (n,) readings with a position in the judged time.
    """
    tracks = case.tracks
    gone = np.zeros(placed.size, dtype=np.bool_)
    count = len(case.terms)
    row = np.flatnonzero(placed)
    owner, logger = tracks.shipment[row], tracks.logger[row]
    change = (logger[1:] != logger[:-1]) & (owner[1:] == owner[:-1])
    several = np.zeros(count, dtype=np.bool_)
    several[owner[1:][change]] = True
    if not several.any():
        return gone, several
    row = row[several[owner]]
    owner, logger = tracks.shipment[row], tracks.logger[row]
    own = logger == _own_logger(case, row, owner, logger)[owner]
    first = np.searchsorted(owner[own], np.arange(count + 1))
    far = _far(case, row[~own], owner[~own], row[own], first)
    loggers = int(tracks.logger.max(initial=0)) + 2
    source = owner * loggers + logger + 1
    against = np.bincount(source[~own][far], minlength=count * loggers) >= LEAST_APART
    gone[row[~own & against[source]]] = True
    disagree = np.zeros(count, dtype=np.bool_)
    disagree[tracks.shipment[gone]] = True
    return gone, disagree


def _own_logger(case: Case, row: IntArray, owner: IntArray, logger: IntArray) -> IntArray:
    """(s,) number of the logger that counts as the box's own."""
    tracks, terms = case.tracks, case.terms
    loggers = len(tracks.loggers) + 1
    drug = np.zeros(row.size, dtype=np.bool_)
    for name in probes_of(tracks, "drug"):
        drug |= np.isfinite(tracks.temperature_c[name][row])
    heard = np.bincount(owner * loggers + logger, minlength=len(terms) * loggers)
    weight = heard + row.size * np.bincount(
        (owner * loggers + logger)[drug], minlength=len(terms) * loggers
    )
    weight = weight.reshape(len(terms), loggers)
    number = {name: at for at, name in enumerate(tracks.loggers)}
    named = np.array([number.get(name, -1) for name in terms.logger_id], dtype=np.int64)
    own = np.argmax(weight, axis=1)
    known = (named >= 0) & (weight[np.arange(len(terms)), named] > 0)
    return np.where(known, named, own)


def _far(case: Case, row: IntArray, owner: IntArray, own: IntArray, first: IntArray) -> BoolArray:
    """(k,) whether each fix `row` (k,) of another logger lies apart from all own fixes near it in
    time; False without any. own : (m,) rows, shipment i owns first[i]:first[i+1] of them."""
    tracks = case.tracks
    time_s, own_s = tracks.time_s[row], tracks.time_s[own]
    begin, end = first[owner], first[owner + 1]
    low = bisect_time(own_s, first=begin, last=end, at_s=time_s - CLOCKS_S)
    high = bisect_time(own_s, first=begin, last=end, at_s=time_s + CLOCKS_S, after_equal=True)
    at, near = expanded(first=low, end=high)
    away_m: FloatArray = short_way_m(
        lat_deg=tracks.lat_deg[row[at]],
        lon_deg=tracks.lon_deg[row[at]],
        to_lat_deg=tracks.lat_deg[own[near]],
        to_lon_deg=tracks.lon_deg[own[near]],
    )
    away_m = away_m - np.nan_to_num(tracks.accuracy_m[row[at]])
    away_m = away_m - np.nan_to_num(tracks.accuracy_m[own[near]])
    nearest_m = np.full(row.size, np.inf)
    np.minimum.at(nearest_m, at, away_m)
    return np.asarray(np.isfinite(nearest_m) & (nearest_m > APART_M))
