"""How much it says that two curves move alike: bits of a move under the record's own habits."""

import numpy as np

from coldwitness.analysis.record.curves import CurveIndex
from coldwitness.analysis.record.spans import expanded
from coldwitness.domain.tracks import FloatArray, IntArray

_CHANNELS = 4


def move_bits(index: CurveIndex, curves: IntArray) -> FloatArray:
    """(n,) information [bit] of each reading's move in these curves (c,), rising, 0 in others and
    at a curve's first reading; of a joint curve the sum of its channels.

    Our own: -log2 p, p the chance of the move after the two before it in the same curve, an order-2
    chain by its own counts (n3 + 1) / (n2 + K) with K different moves (Laplace). A plateau, a ramp
    or a cycle foretells itself and says little; noise says its entropy.
    """
    bits = np.zeros(index.difference.size)
    for joint in (False, True):
        its = curves[index.joint[curves] == joint]
        owner, row = expanded(first=index.first[its] + 1, end=index.first[its + 1])
        if row.size == 0:
            continue
        moves = index.difference[row]
        channels = [moves]
        if joint:
            parts = np.ascontiguousarray(moves, dtype="<i4").view(np.int8).reshape(-1, _CHANNELS)
            channels = list(parts.T.astype(np.int32))
        for channel in channels:
            bits[row] += _bits(owner, channel)
    return bits


def _bits(owner: IntArray, move: "np.ndarray[tuple[int], np.dtype[np.int32]]") -> FloatArray:
    """(k,) of one channel; owner (k,) not decreasing, move (k,)."""
    _, symbol = np.unique(move, return_inverse=True)
    size = int(symbol.max()) + 1
    before = _shifted(symbol, owner, 1)
    context = (owner * (size + 1) + _shifted(symbol, owner, 2)) * (size + 1) + before
    of_context = _count(context)
    of_move = _count(context * (size + 1) + symbol)
    kinds = np.unique(owner * size + symbol) // size
    different = np.bincount(kinds, minlength=int(owner.max()) + 1)[owner]
    chance = (of_move + 1.0) / (of_context + different)
    bits: FloatArray = -np.log2(chance)
    bits[different < 2] = 0.0
    return bits


def _shifted(symbol: IntArray, owner: IntArray, by: int) -> IntArray:
    """The symbol `by` rows before in the same curve, one more than all where there is none."""
    moved = np.full(symbol.size, int(symbol.max()) + 1, dtype=np.int64)
    moved[by:] = np.where(owner[by:] == owner[:-by], symbol[:-by], moved[by:])
    return moved


def _count(key: IntArray) -> IntArray:
    """(k,) how often each key comes."""
    _, place, count = np.unique(key, return_inverse=True, return_counts=True)
    return np.asarray(count[place], dtype=np.int64)
