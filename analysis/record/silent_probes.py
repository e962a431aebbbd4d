"""Probes that a box's logger carries and that say nothing where the logger itself goes on.

A probe is carried if the logger sent it before in this box, or anywhere in this shipment's own
record. Taking one out of a record is no way to be rid of what it saw.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.probes import is_drug, probe_order
from coldwitness.analysis.record.window import Window
from coldwitness.domain.reading import split_probe
from coldwitness.domain.tracks import FloatArray, IntArray, Tracks

SPOKEN_SHARE = 0.8
"""A probe is silent if less than this share of its logger's readings has a value of it within the
permitted interval; the exchange of heat asks for the same share."""


@dataclass(frozen=True)
class SilentProbes:
    """(k,) by shipment. probe : its name. start_s, end_s : first and last of the readings without
    it, UTC epoch s. length_s : how long it was silent. before : sent before this shipment and
    never in it."""

    shipment: IntArray
    probe: NDArray[np.str_]
    start_s: FloatArray
    end_s: FloatArray
    length_s: FloatArray
    before: NDArray[np.bool_]

    def of(self, probe: str, shipments: int) -> NDArray[np.bool_]:
        """(s,) True where this probe is silent."""
        found = np.zeros(shipments, dtype=np.bool_)
        found[self.shipment[self.probe == probe]] = True
        return found

    def where(self, role: str, shipments: int) -> NDArray[np.bool_]:
        """(s,) True where a probe of the role is silent."""
        found = np.zeros(shipments, dtype=np.bool_)
        of_role = [(split_probe(name) or ("",))[0] == role for name in self.probe.tolist()]
        found[self.shipment[np.array(of_role, dtype=np.bool_)]] = True
        return found


def silent_probes(
    tracks: Tracks,
    window: Window,
    *,
    carried: Mapping[str, NDArray[np.bool_]],
    interval_s: float,
) -> SilentProbes:
    """carried : by probe name, (s,) whether the shipment's loggers sent it before in its box.
    interval_s : the permitted recording interval.

    A drug probe is silent only where it gives nothing at all and another drug probe does: its
    holes, and a drug that nobody measured, are gaps of the record itself.
    """
    count = len(tracks.shipments)
    names = {name for name in (*tracks.temperature_c, *carried) if split_probe(name) is not None}
    alive = np.bincount(tracks.shipment[window.rows], minlength=count)
    drug = np.zeros(count, dtype=np.bool_)
    for name in tracks.temperature_c:
        if is_drug(name):
            drug[tracks.shipment[np.isfinite(tracks.temperature_c[name]) & window.rows]] = True
    none = np.zeros(count, dtype=np.bool_)
    found: list[tuple[IntArray, str, FloatArray, FloatArray, FloatArray, NDArray[np.bool_]]] = []
    for name in sorted(names, key=probe_order):
        before = carried.get(name, none)
        column = tracks.temperature_c.get(name)
        sent = none.copy()
        if column is not None:
            sent[tracks.shipment[np.isfinite(column)]] = True
        asked = (before | sent) & (alive > 0)
        if is_drug(name):
            asked &= drug & ~sent
        if not asked.any():
            continue
        lone = window.rows & asked[tracks.shipment]
        if column is not None and sent.any():
            lone &= ~np.isfinite(column)
            if not lone.any():  # as of most probes: each reading has a value of it
                continue
            lone &= ~_spoken(tracks, column, interval_s)
        row = np.flatnonzero(lone)
        owner = tracks.shipment[row]
        share = np.bincount(owner, minlength=count) / np.maximum(alive, 1)
        silent = np.flatnonzero(asked & (share > 1.0 - SPOKEN_SHARE))
        if silent.size == 0:
            continue
        start_s, end_s = np.full(count, np.inf), np.full(count, -np.inf)
        np.minimum.at(start_s, owner, tracks.time_s[row])
        np.maximum.at(end_s, owner, tracks.time_s[row])
        length_s = share * window.length_s
        found.append(
            (silent, name, start_s[silent], end_s[silent], length_s[silent], ~sent[silent])
        )
    shipment = np.concatenate([one[0] for one in found] or [np.zeros(0, dtype=np.int64)])
    return SilentProbes(
        shipment=shipment,
        probe=np.array([one[1] for one in found for _ in one[0]], dtype=np.str_),
        start_s=np.concatenate([one[2] for one in found] or [np.zeros(0)]),
        end_s=np.concatenate([one[3] for one in found] or [np.zeros(0)]),
        length_s=np.concatenate([one[4] for one in found] or [np.zeros(0)]),
        before=np.concatenate([one[5] for one in found] or [np.zeros(0, dtype=np.bool_)]),
    )


def _spoken(tracks: Tracks, column: FloatArray, interval_s: float) -> NDArray[np.bool_]:
    """(n,) whether a value of the same shipment lies within the interval of each reading."""
    given = np.flatnonzero(np.isfinite(column))
    place = np.searchsorted(given, np.arange(column.size))
    before = given[np.maximum(place - 1, 0)]
    after = given[np.minimum(place, given.size - 1)]
    near = np.zeros(column.size, dtype=np.bool_)
    for other in (before, after):
        same = tracks.shipment[other] == tracks.shipment
        near |= same & (np.abs(tracks.time_s[other] - tracks.time_s) <= interval_s)
    return near
