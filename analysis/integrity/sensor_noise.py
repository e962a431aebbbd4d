"""How much a sensor's readings scatter of themselves, whatever the temperature does beneath.

The noise is taken from second differences (bends), which know no drift. It serves to say how
unlikely readings without noise are: a stretch that stands still, or one drawn along a curve.
"""

from math import erf, inf, log, sqrt
from typing import NamedTuple

import numpy as np

from coldwitness.domain.tracks import FloatArray

SIDE = 60
"""Readings of each side from which the noise is taken: near enough that it is the noise of that
part of the trip."""
SIDE_MIN = 16
MOVES_MIN = 8
"""Fewest readings, and changes among them, from which noise is estimated; a side with fewer
readings says nothing, one with fewer changes that there is none."""
PIECE = 8
"""Readings of a piece of a side that is looked at as one: noise, or a temperature that moves."""
PIECE_MOVES_MIN = 3
TURNS_MIN = 0.4
"""Least share of changes that turn back: two in three of pure noise do, none of a curve
that only rises. What moves without turning back is the temperature, and it may come to rest."""
BENDS_MIN = 0.5
"""Least share of bends that turn back where a drift hides the turns of the changes: 0.73 of pure
noise whatever the drift, next to none of a curve."""
FLICKER_CODES = 1.5
"""Most grid steps that the flicker between two of them spans; the least noise makes it on the edge
of the two, and none beside it."""
UNMIXED_CODES = 4
"""A side that spans fewer grid steps than this may sit on the edge between two of them, where
the least noise flickers by half a step; that much is then taken off its variance."""
_SAME_C = 1e-6


class SideNoise(NamedTuple):
    """variance_c2 : of the noise together with the rounding, 0 where there is none.
    grid_c : least change. span_c : from the lowest to the highest piece that shows noise.
    shown : False where it may all be the temperature's own bends: no more than this."""

    variance_c2: float
    grid_c: float
    span_c: float
    shown: bool


NO_NOISE = SideNoise(0.0, inf, 0.0, shown=False)


def log_chance_within(sides: list[FloatArray], steps: int = 1) -> float:
    """Logarithm of the greatest chance that noise as in the readings of both sides, whatever the
    true temperature does, leaves the next reading among `steps` given neighbouring grid steps; 0
    without noise.

    The middle of those steps is where it is greatest: erf(steps q / (2√2 σ)). The noise is the
    mean of the sides', but no more than twice the quieter one's variance, less its own error and
    that of the rounding. One side has to show it; the other may drift too much to say, if only it
    does not bend less.

    sides : (n,) readings each [°C], in time order. Returns a natural logarithm, never above 0.
    Our own, from the normal law of the noise.
    """
    seen = [side_noise(side) for side in sides]
    if not any(side.shown for side in seen) or any(side.variance_c2 <= 0 for side in seen):
        return 0.0
    grid_c = min(side.grid_c for side in seen)
    variances = [side.variance_c2 for side in seen]
    variance = min(float(np.mean(variances)), 2 * min(variances))
    variance *= 1 - 1 / sqrt(sum(len(side) for side in sides))
    mixed = max(side.span_c for side in seen) >= (UNMIXED_CODES - 0.5) * grid_c
    noise = variance - grid_c**2 / (12 if mixed else 4)
    return log(erf(steps * grid_c / (2 * sqrt(2 * noise)))) if noise > 0 else 0.0


def side_noise(value_c: FloatArray) -> SideNoise:
    """Noise of these readings, outliers of their bends drawn in; none where they only follow the
    temperature.

    value_c : (n,) [°C], in time order, evenly spaced. Our own: σ² = mean(min(|bend|, c)²) / 6 over
    second differences, whose variance is 1 + 4 + 1 = 6 times the noise's; c = 3 · 1.4826 · median
    |bend| is the usual MAD limit (Hampel, J. Am. Stat. Assoc. 69 (1974) 383).
    """
    change, bend = np.diff(value_c), np.diff(value_c, 2)
    moves = change[np.abs(change) > _SAME_C]
    if moves.size < MOVES_MIN:
        return NO_NOISE
    grid_c, variance = float(np.abs(moves).min()), _variance(np.abs(bend))
    if turning(moves) < TURNS_MIN:  # a drift: noise can show in the bends alone
        noisy = turning(bend[np.abs(bend) > _SAME_C]) >= BENDS_MIN and variance >= grid_c**2
        return SideNoise(variance, grid_c, 0.0, shown=noisy)
    pieces = np.array_split(value_c, max(value_c.size // PIECE, 1))
    pieces = [piece for piece in pieces if not _only_drifts(np.diff(piece))]
    spans_c = [float(np.ptp(piece)) for piece in pieces]
    if not pieces:
        return SideNoise(variance, grid_c, 0.0, shown=False)
    if np.median(spans_c) < FLICKER_CODES * grid_c:
        return NO_NOISE
    span_c = float(np.ptp([np.median(piece) for piece in pieces]))
    return SideNoise(variance, grid_c, span_c, shown=True)


def _only_drifts(change_c: FloatArray) -> bool:
    moves = change_c[np.abs(change_c) > _SAME_C]
    return moves.size >= PIECE_MOVES_MIN and turning(moves) < TURNS_MIN


def _variance(bend_c: FloatArray) -> float:
    ceiling = 3 * 1.4826 * float(np.median(bend_c))
    return float(np.mean(np.minimum(bend_c, ceiling) ** 2)) / 6


def turning(moves: FloatArray) -> float:
    """Share of neighbours among these moves that have opposite signs.

    moves : (n,) changes, none of them 0, in any unit. Pure noise gives 2/3, its bends 0.73, a
    curve 0: the turning points of Bienaymé (Bull. Soc. Math. France 2 (1874) 153).
    """
    return float(np.mean((moves[1:] > 0) != (moves[:-1] > 0))) if moves.size > 1 else 0.0
