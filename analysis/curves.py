"""An index of temperature curves by their fine structure, to find copies without comparing all.

What a copy keeps, whatever was done to its times and its level, is the sequence of differences
from reading to reading. Runs of RUN differences are hashed; a share of the hashes, chosen by
their own value, goes into a sorted table. Honest sensors agree in such a run only by chance.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from domain.tracks import FloatArray, IntArray

RUN = 24
"""Differences in a hashed run: at 5 % edited readings a quarter of the runs stay whole."""
QUANTUM_C = 0.004
_MOVES_MIN = 8
"""Runs with fewer changes say nothing: a plateau looks like every other plateau."""
_SHARE_BITS = 1
"""One hash in 2**_SHARE_BITS is kept."""


@dataclass(frozen=True)
class CurveIndex:
    """Curves of many shipments; curve j owns readings first[j]:first[j+1] of the flat columns.

    shipment : (c,) index into `shipments`. probe, logger : (c,) names, "" where none.
    time_s : (n,). difference : (n,) change from the reading before in QUANTUM_C, 0 at a curve's
    first reading. key : (p,) sorted hashes; curve, at : (p,) curve and first reading of the run.
    """

    shipments: tuple[str, ...]
    shipment: IntArray
    probe: NDArray[np.str_]
    logger: NDArray[np.str_]
    first: IntArray
    time_s: FloatArray
    difference: NDArray[np.int32]
    key: NDArray[np.uint64]
    curve: IntArray
    at: IntArray


CurveArchive = Callable[[CurveIndex], CurveIndex | None]
"""Gives the curves of other shipments that may be copies of some of an index's; None: none."""


def curve_index(
    *,
    shipments: tuple[str, ...],
    shipment: IntArray,
    probe: NDArray[np.str_],
    logger: NDArray[np.str_],
    first: IntArray,
    time_s: FloatArray,
    value_c: FloatArray,
) -> CurveIndex:
    """Index curves; columns as in CurveIndex, value_c (n,) finite."""
    # The boundary between two numbers lies off every grid a sensor may have (0.1, 0.0625, …),
    # so that rounding errors of a shifted level never change a number.
    scaled = np.floor(np.diff(value_c, prepend=value_c[:1]) / QUANTUM_C + 0.3)
    difference = np.clip(scaled, -(2**30), 2**30).astype(np.int32)
    difference[first[:-1][np.diff(first) > 0]] = 0
    return index_of_differences(
        shipments=shipments,
        shipment=shipment,
        probe=probe,
        logger=logger,
        first=first,
        time_s=time_s,
        difference=difference,
    )


def index_of_differences(
    *,
    shipments: tuple[str, ...],
    shipment: IntArray,
    probe: NDArray[np.str_],
    logger: NDArray[np.str_],
    first: IntArray,
    time_s: FloatArray,
    difference: NDArray[np.int32],
) -> CurveIndex:
    """Index curves whose differences are known, as those kept from an earlier run are."""
    hashed = _run_hashes(difference)
    at = np.flatnonzero((hashed >> np.uint64(64 - _SHARE_BITS)) == 0)
    curve = np.searchsorted(first, at, "right") - 1
    # A run begins after the curve's first reading, whose difference belongs to nothing.
    whole = (at + RUN <= first[curve + 1]) & (at > first[curve])
    moves = np.concatenate([[0], np.cumsum(difference != 0)])
    whole &= moves[np.minimum(at + RUN, difference.size)] - moves[at] >= _MOVES_MIN
    at, curve = at[whole], curve[whole]
    order = np.argsort(hashed[at], kind="stable")
    return CurveIndex(
        shipments=shipments,
        shipment=shipment,
        probe=probe,
        logger=logger,
        first=first,
        time_s=time_s,
        difference=difference,
        key=hashed[at[order]],
        curve=curve[order],
        at=at[order],
    )


def landmarks(index: CurveIndex) -> tuple[IntArray, NDArray[np.int64]]:
    """(k,) shipment and (k,) key, by shipment and once each: the one in eight of all runs by which
    an archive finds the curves that are worth comparing in full."""
    kept = np.flatnonzero((index.key & np.uint64(3)) == 0)
    owner = index.shipment[index.curve[kept]].astype(np.int64)
    key = index.key[kept].view(np.int64)
    order = np.lexsort((key, owner))
    owner, key = owner[order], key[order]
    once = np.ones(key.size, dtype=np.bool_)
    once[1:] = (np.diff(owner) != 0) | (key[1:] != key[:-1])
    return owner[once], key[once]


def joined(indexes: Sequence[CurveIndex]) -> CurveIndex:
    """One index of all curves: the archive, day by day."""
    shipments = tuple(name for index in indexes for name in index.shipments)
    ships = np.cumsum([0, *(len(index.shipments) for index in indexes)])
    rows = np.cumsum([0, *(index.time_s.size for index in indexes)])
    curves = np.cumsum([0, *(index.shipment.size for index in indexes)])
    key = np.concatenate([index.key for index in indexes])
    order = np.argsort(key, kind="stable")

    def moved(columns: Sequence[IntArray], by: NDArray[np.int64]) -> IntArray:
        return np.concatenate([column + by[i] for i, column in enumerate(columns)])

    return CurveIndex(
        shipments=shipments,
        shipment=moved([index.shipment for index in indexes], ships),
        probe=np.concatenate([index.probe for index in indexes]),
        logger=np.concatenate([index.logger for index in indexes]),
        first=np.append(moved([index.first[:-1] for index in indexes], rows), rows[-1]),
        time_s=np.concatenate([index.time_s for index in indexes]),
        difference=np.concatenate([index.difference for index in indexes]),
        key=key[order],
        curve=moved([index.curve for index in indexes], curves)[order],
        at=moved([index.at for index in indexes], rows)[order],
    )


def _run_hashes(difference: NDArray[np.int32]) -> NDArray[np.uint64]:
    """(n,) hash of the RUN differences that begin at each reading (whatever follows the end)."""
    n = difference.size
    padded = np.concatenate([difference, np.zeros(RUN, dtype=np.int32)]).astype(np.int64)
    level = padded.view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    level ^= level >> np.uint64(29)
    length, eight = 1, level
    while length < 16:
        level = level[:-length] * np.uint64(0xBF58476D1CE4E5B9) + level[length:]
        level ^= level >> np.uint64(31)
        length *= 2
        if length == 8:
            eight = level
    hashed: NDArray[np.uint64] = level[:n] * np.uint64(0x94D049BB133111EB) + eight[16 : 16 + n]
    hashed ^= hashed >> np.uint64(30)
    hashed *= np.uint64(0x9E3779B97F4A7C15)
    return hashed
