"""An index of temperature curves by their fine structure, to find copies without comparing all.

What a copy keeps, whatever was done to its times and its level, is the sequence of differences
from reading to reading. Runs of RUN differences are hashed; a share of the hashes, chosen by
their own value, goes into a sorted table. Honest sensors agree in such a run only by chance.

A drug that hardly moves has a second, joint curve: the changes of the drug and of the zones about
it, one byte each, side by side. All of them equal is as unlikely as one lively curve equal.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.columns import stack
from coldwitness.domain.tracks import FloatArray, IntArray

RUN = 24
"""Differences in a hashed run: at 5 % edited readings a quarter of the runs stay whole."""
QUANTUM_C = 0.004
_MOVES_MIN = 8
"""Runs with fewer changes say nothing: a plateau looks like every other plateau."""
QUIET_SHARE, QUIET_MOVES = 0.6, 60
"""A drug that moves at fewer of its steps, or less often, gets a joint curve. Both lie well above
what a curve needs to be found by the drug alone, so that no copy falls between the two."""
_CHANNELS = 4
_SHARE_BITS = 1
"""One hash in 2**_SHARE_BITS is kept."""


@dataclass(frozen=True)
class CurveIndex:
    """Curves of many shipments; curve j owns readings first[j]:first[j+1] of the flat columns.

    shipment : (c,) index into `shipments`. probe, logger : (c,) names, "" where none.
    joint : (c,) whether a curve is that of the drug and the zones about it.
    time_s : (n,). received_s : (n,) when each reading was received, NaN unknown.
    difference : (n,) change from the reading before in QUANTUM_C, 0 at a curve's first reading; of
    a joint curve four changes, a byte each, drug first.
    moves, turns : (n,) how many of these are changes, and changes back; drug_moves : (n,) whether
    the drug's is one. key : (p,) sorted hashes; curve, at : (p,) curve and first reading of the
    run.
    """

    shipments: tuple[str, ...]
    shipment: IntArray
    probe: NDArray[np.str_]
    logger: NDArray[np.str_]
    first: IntArray
    joint: NDArray[np.bool_]
    time_s: FloatArray
    received_s: FloatArray
    difference: NDArray[np.int32]
    moves: NDArray[np.int8]
    turns: NDArray[np.int8]
    drug_moves: NDArray[np.int8]
    key: NDArray[np.uint64]
    curve: IntArray
    at: IntArray


def curve_index(
    *,
    shipments: tuple[str, ...],
    shipment: IntArray,
    probe: NDArray[np.str_],
    logger: NDArray[np.str_],
    first: IntArray,
    time_s: FloatArray,
    value_c: FloatArray,
    zones_c: Sequence[FloatArray] = (),
    received_s: FloatArray | None = None,
) -> CurveIndex:
    """Index curves; columns as in CurveIndex, value_c (n,) finite. zones_c : temperatures of up
    to three zones about the drug, (n,) each, NaN where absent, always in the same order; with
    them quiet curves are there twice, the second time joint. received_s : (n,), None: unknown."""
    received_s = np.full(time_s.size, np.nan) if received_s is None else received_s
    difference = _changes(value_c, first)
    quiet = _quiet(difference, first, zones_c)
    rows = np.flatnonzero(np.repeat(quiet, np.diff(first)))
    bounds = np.concatenate([[0], np.cumsum(np.diff(first)[quiet])])
    channels = np.zeros((rows.size, _CHANNELS), dtype=np.int8)
    channels[:, 0] = np.clip(difference[rows], -127, 127)
    for number, zone_c in enumerate(zones_c if rows.size else (), start=1):
        change = _changes(_held(zone_c[rows], bounds), bounds)
        channels[:, number] = np.clip(change, -127, 127)
    return index_of_differences(
        shipments=shipments,
        shipment=np.concatenate([shipment, shipment[quiet]]),
        probe=np.concatenate([probe, probe[quiet]]),
        logger=np.concatenate([logger, logger[quiet]]),
        first=np.concatenate([first, first[-1] + bounds[1:]]),
        joint=np.repeat([False, True], [shipment.size, int(quiet.sum())]),
        time_s=np.concatenate([time_s, time_s[rows]]),
        received_s=np.concatenate([received_s, received_s[rows]]),
        difference=np.concatenate([difference, channels.view("<i4").ravel()]),
    )


def index_of_differences(
    *,
    shipments: tuple[str, ...],
    shipment: IntArray,
    probe: NDArray[np.str_],
    logger: NDArray[np.str_],
    first: IntArray,
    joint: NDArray[np.bool_],
    time_s: FloatArray,
    received_s: FloatArray,
    difference: NDArray[np.int32],
) -> CurveIndex:
    """Index curves whose differences are known, as those kept from an earlier run are.

    shipment, probe, logger, joint : (c,). first : (c + 1,). time_s, received_s : (n,) [s].
    difference : (n,) in QUANTUM_C.
    """
    moves, turns, drug_moves = _movement(difference, first, joint)
    hashed = _run_hashes(difference)
    at = np.flatnonzero((hashed >> np.uint64(64 - _SHARE_BITS)) == 0)
    curve = np.searchsorted(first, at, "right") - 1
    # A run begins after the curve's first reading, whose difference belongs to nothing.
    whole = (at + RUN <= first[curve + 1]) & (at > first[curve])
    total = np.concatenate([[0], np.cumsum(moves, dtype=np.int64)])
    whole &= total[np.minimum(at + RUN, difference.size)] - total[at] >= _MOVES_MIN
    at, curve = at[whole], curve[whole]
    order = np.argsort(hashed[at], kind="stable")
    return CurveIndex(
        shipments=shipments,
        shipment=shipment,
        probe=probe,
        logger=logger,
        first=first,
        joint=joint,
        time_s=time_s,
        received_s=received_s,
        difference=difference,
        moves=moves,
        turns=turns,
        drug_moves=drug_moves,
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

    return stack(
        CurveIndex,
        indexes,
        shipments=shipments,
        shipment=moved([index.shipment for index in indexes], ships),
        first=np.append(moved([index.first[:-1] for index in indexes], rows), rows[-1]),
        key=key[order],
        curve=moved([index.curve for index in indexes], curves)[order],
        at=moved([index.at for index in indexes], rows)[order],
    )


def _changes(value_c: FloatArray, first: IntArray) -> NDArray[np.int32]:
    """(n,) change from the reading before in QUANTUM_C, 0 at a curve's first reading."""
    # The boundary between two numbers lies off every grid a sensor may have (0.1, 0.0625, …),
    # so that rounding errors of a shifted level never change a number.
    scaled = np.floor(np.diff(value_c, prepend=value_c[:1]) / QUANTUM_C + 0.3)
    difference = np.clip(scaled, -(2**30), 2**30).astype(np.int32)
    difference[first[:-1][np.diff(first) > 0]] = 0
    return difference


def _quiet(
    difference: NDArray[np.int32], first: IntArray, zones_c: Sequence[FloatArray]
) -> NDArray[np.bool_]:
    """(c,) True for a curve that moves little and has a zone beside it."""
    readings = np.diff(first)
    owner = np.repeat(np.arange(readings.size), readings)
    moves = np.bincount(owner[difference != 0], minlength=readings.size)
    beside = np.zeros(readings.size, dtype=np.bool_)
    for zone_c in zones_c:
        beside[owner[~np.isnan(zone_c)]] = True
    return np.asarray(beside & ((moves < QUIET_SHARE * readings) | (moves < QUIET_MOVES)))


def _movement(
    difference: NDArray[np.int32], first: IntArray, joint: NDArray[np.bool_]
) -> tuple[NDArray[np.int8], NDArray[np.int8], NDArray[np.int8]]:
    """(n,) changes at each reading, how many of them turn back, and whether the drug changes."""
    moves = (difference != 0).astype(np.int8)
    turns = _turns(difference, first)
    drug_moves = moves.copy()
    rows = np.flatnonzero(np.repeat(joint, np.diff(first)))
    if rows.size:
        channels = np.ascontiguousarray(difference[rows], dtype="<i4").view(np.int8)
        channels = channels.reshape(-1, _CHANNELS)
        bounds = np.concatenate([[0], np.cumsum(np.diff(first)[joint])])
        moves[rows] = np.count_nonzero(channels, axis=1)
        drug_moves[rows] = channels[:, 0] != 0
        # The channels one after the other, each with its curves.
        ends = (np.arange(_CHANNELS)[:, None] * rows.size + bounds[1:]).ravel()
        each = _turns(channels.T.ravel(), np.concatenate([[0], ends]))
        turns[rows] = each.reshape(_CHANNELS, rows.size).sum(axis=0)
    return moves, turns, drug_moves


def _turns(difference: NDArray[Any], first: IntArray) -> NDArray[np.int8]:
    """(n,) 1 where a change goes the other way than the curve's change before it."""
    stirs = np.flatnonzero(difference)
    owner = np.searchsorted(first, stirs, "right")
    back = (difference[stirs[1:]] > 0) != (difference[stirs[:-1]] > 0)
    turns = np.zeros(difference.size, dtype=np.int8)
    turns[stirs[1:][back & (owner[1:] == owner[:-1])]] = 1
    return turns


def _held(value_c: FloatArray, first: IntArray) -> FloatArray:
    """Values with the one before, of the same curve, where there is none; 0 before the first."""
    start = np.repeat(first[:-1], np.diff(first))
    last = np.maximum.accumulate(np.where(np.isnan(value_c), -1, np.arange(value_c.size)))
    return np.where(last >= start, value_c[np.maximum(last, 0)], 0.0)


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
