"""How far a drug's curve departs from what its box, coolant, goods and surroundings make of it.

Whatever masses lie between the drug's probe and the places whose temperature was recorded, heat
between them flows by rates: the drug follows each place by first-order lags, alone or one behind
the other (a wall, then the air, then the load), and forgets how it began by the same lags. A record
that was drawn, clipped or measured in another place does not. Two fits are made: the best of two
lags, as of a box in which a load lies, which a forgery fits badly, and all lags at once, which
follows whatever box there may be.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.integrity.nonnegative import nonnegative_fit
from coldwitness.domain.tracks import FloatArray, IntArray

LAGS_S = 60.0 * np.array([2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0])
"""Time constants, from an air probe's to a full box's; what lies between is a mixture of two."""
PAIRS = np.array(
    [(i, k) for i in range(LAGS_S.size) for k in range(i + 2, LAGS_S.size)], dtype=np.int64
)
"""A fast and a slow lag of the same box, the slow one at least four times the other."""
LID_LAGS_S = LAGS_S[:3]
LID_STEP_C = 20.0
SETTLE_S = 900.0
"""Readings that are left out after the lid was open: the air in the box is mixed anew."""
READINGS_MIN = 40
SMOOTHED = 9
"""Readings of the running mean in which noise fades and a departure does not."""
CHAINED = (0, 1, 2, 3, 4)
"""Which lags are taken as the first of a chain where all are fitted at once."""
RIDGE = 1e-6
NOISE_MIN_C = 0.05
"""No less than half a step of a 0.1 °C grid: closer than that the model does not follow a box."""
POINTS_MAX = 720
FEW = 8
"""Up to so many curves together it is the steps that cost, not the numbers."""
_BLOCK = 1_500_000


@dataclass(frozen=True)
class Departure:
    """(m,) root mean square of the smoothed residuals over what the sensor's noise leaves of them:
    1 for white noise, NaN where too few readings are left.

    by_two : of the best two lags of the same box; with goods beside the drug, all lags without
    chains. by_all : of all lags and chains at once, NaN where `by_two` is not above `worth`.
    share : of the readings that the lid left undisturbed.
    """

    by_two: FloatArray
    by_all: FloatArray
    share: FloatArray


def innovation_ratio(
    *,
    first: IntArray,
    time_s: FloatArray,
    drug_c: FloatArray,
    zones_c: tuple[FloatArray, ...],
    lid_open: NDArray[np.bool_],
    noise_c: FloatArray,
    several: NDArray[np.bool_],
    worth: float = 0.0,
) -> Departure:
    """How far each curve departs from both fits; the second is made only where the first is worth
    it.

    first : (m + 1,) curve j has rows first[j]:first[j+1]. time_s : (k,) [s]. drug_c, zones_c : (k,)
    [°C], finite. lid_open : (k,). noise_c : (m,) [°C], standard deviation with the rounding.
    several : (m,) whether goods lie beside the drug: more than two masses.

    Formula (our own): T = c + sum_z sum_i g_zi F_i(z) + sum_z sum_ik h_zik F_i(F_k(z)) +
    sum_i d_i exp(-t / l_i), all g_zi, h_zik >= 0, F_i the first-order lag by l_i; the lid as a
    further step with gains of either sign, its readings and those up to 15 minutes after left out.
    A chain is F_i(F_k(z)) = (l_k F_k - l_i F_i) / (l_k - l_i) of its links. The ratio is
    sqrt(SMOOTHED n / (n - p) mean(s²)) / noise, s the mean of SMOOTHED neighbouring residuals, p
    the coefficients in use.
    """
    counts = np.diff(first)
    found = Departure(*(np.full(counts.size, np.nan) for _ in range(3)))
    order = np.argsort(counts, kind="stable")
    order = order[counts[order] >= READINGS_MIN]
    width = len(zones_c) * LAGS_S.size + LAGS_S.size + LID_LAGS_S.size + 1
    start = 0
    while start < order.size:
        longest = np.minimum(counts[order[start:]], POINTS_MAX)
        room = np.flatnonzero(longest * width * np.arange(1, longest.size + 1) <= _BLOCK)
        stop = start + max(int(room[-1]) + 1 if room.size else 1, 1)
        block = order[start:stop]
        its = _departures(
            block,
            first=first,
            time_s=time_s,
            drug_c=drug_c,
            zones_c=zones_c,
            lid_open=lid_open,
            noise_c=noise_c[block],
            several=several[block],
            worth=worth,
        )
        found.by_two[block], found.by_all[block] = its.by_two, its.by_all
        found.share[block] = its.share
        start = stop
    return found


def _departures(
    block: IntArray,
    *,
    first: IntArray,
    time_s: FloatArray,
    drug_c: FloatArray,
    zones_c: tuple[FloatArray, ...],
    lid_open: NDArray[np.bool_],
    noise_c: FloatArray,
    several: NDArray[np.bool_],
    worth: float,
) -> Departure:
    counts = np.diff(first)[block]
    stride = -(-counts // POINTS_MAX)
    points = counts // stride
    at = np.minimum(np.arange(points.max()), points[:, None] - 1)
    there = np.arange(points.max()) < points[:, None]
    row = first[block][:, None] + at * stride[:, None]
    time = time_s[row]
    lid = lid_open[row]
    kept = there & ~_disturbed(time, lid)
    columns = np.where(kept[..., None], _columns(time, [zone[row] for zone in zones_c], lid), 0.0)
    drug = np.where(kept, drug_c[row], 0.0)
    used = kept.sum(axis=1)
    gram = np.einsum("blp,blq->bpq", columns, columns, optimize=True)
    moment = np.einsum("blp,bl->bp", columns, drug)
    zones = len(zones_c)

    def ratio(which: IntArray, x: FloatArray, in_use: IntArray) -> FloatArray:
        residual = drug[which] - np.einsum("blp,bp->bl", columns[which], x)
        degrees = used[which] - in_use
        enough = (used[which] >= READINGS_MIN) & (degrees >= READINGS_MIN // 2)
        square = SMOOTHED * _smoothed_square(residual, kept[which])
        inflated = np.sqrt(square * used[which] / np.maximum(degrees, 1))
        return np.where(enough, inflated / noise_c[which], np.nan)

    def fitted(which: IntArray, bases: _Bases) -> FloatArray:
        return ratio(which, *_best(gram[which], moment[which], bases=bases))

    by_two, by_all = np.full(block.size, np.nan), np.full(block.size, np.nan)
    for which, bases in (
        (np.flatnonzero(~several), _two_lags(zones)),
        (np.flatnonzero(several), _all_lags(zones, chained=False)),
    ):
        if which.size:
            by_two[which] = fitted(which, bases)
    which = np.flatnonzero(by_two > worth)
    if which.size:
        by_all[which] = fitted(which, _all_lags(zones, chained=True))
    return Departure(by_two, by_all, used / points)


@dataclass(frozen=True)
class _Bases:
    """Of what a fit may be made, of which the best is taken: (n, p, q) of which of the columns, and
    (q,) which of it may be negative."""

    of_columns: FloatArray
    free: NDArray[np.bool_]


@cache
def _two_lags(zones: int) -> _Bases:
    """All PAIRS: constant, how it began, lid; of each zone the fast lag and the chain of both. What
    follows the slow lag alone is a sum of these."""
    made = []
    for fast, slow in PAIRS.tolist():
        made.append(_basis([fast, slow], [(fast, fast), (fast, slow)], zones))
    return _Bases(np.stack([of for of, _ in made]), made[0][1])


@cache
def _all_lags(zones: int, *, chained: bool) -> _Bases:
    """One: all lags, each alone or, chained, behind one of CHAINED."""
    lags = range(LAGS_S.size)
    links = [(lag, lag) for lag in lags]
    if chained:
        links = [(0, 0), *((i, k) for i in CHAINED for k in lags if k > i)]
    of_columns, free = _basis(list(lags), links, zones)
    return _Bases(of_columns[None], free)


def _basis(
    begun: list[int], links: list[tuple[int, int]], zones: int
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """begun : lags by which the beginning is forgotten. links : of each zone, a lag alone as (i, i)
    or a chain of two as (i, k)."""
    lags, lid = LAGS_S.size, LID_LAGS_S.size
    behind = 1 + lags + lid
    columns = behind + zones * lags
    alone = [0, *(1 + lag for lag in begun), *range(1 + lags, behind)]
    made = [np.eye(columns)[place] for place in alone]
    for head in range(behind, columns, lags):
        for i, k in links:
            one = np.zeros(columns)
            one[head + k] = 1.0 if i == k else LAGS_S[k] / (LAGS_S[k] - LAGS_S[i])
            if i != k:
                one[head + i] = -LAGS_S[i] / (LAGS_S[k] - LAGS_S[i])
            made.append(one)
    return np.array(made).T, np.arange(len(made)) < len(alone)


def _best(gram: FloatArray, moment: FloatArray, *, bases: _Bases) -> tuple[FloatArray, IntArray]:
    """(b, p) the coefficients with the least squares over all bases, and (b,) how many of the
    basis are in use. gram : (b, p, p), moment : (b, p), by columns."""
    of_columns = bases.of_columns
    part = np.matmul(np.matmul(of_columns.transpose(0, 2, 1), gram[:, None]), of_columns)
    wanted = np.matmul(moment[:, None, None, :], of_columns)[:, :, 0, :]
    scale = np.sqrt(np.einsum("bkii->bki", part)) + 1e-9
    part = part / scale[..., :, None] / scale[..., None, :]
    width = part.shape[-1]
    part += RIDGE * np.eye(width)
    wanted = wanted / scale
    x = nonnegative_fit(
        gram=part.reshape(-1, width, width), moment=wanted.reshape(-1, width), free=bases.free
    ).reshape(wanted.shape)
    value = 0.5 * np.einsum("bki,bkij,bkj->bk", x, part, x) - np.einsum("bki,bki->bk", x, wanted)
    each, chosen = np.arange(value.shape[0]), np.argmin(value, axis=1)
    best = x[each, chosen]
    back = np.einsum("bpq,bq->bp", of_columns[chosen], best / scale[each, chosen])
    return back, np.count_nonzero(best, axis=1)


def _disturbed(time_s: FloatArray, lid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(b, l) readings while the lid was open, one before, and up to SETTLE_S after."""
    last_s = np.maximum.accumulate(np.where(lid, time_s, -np.inf), axis=1)
    disturbed: NDArray[np.bool_] = time_s - last_s <= SETTLE_S
    disturbed[:, :-1] |= lid[:, 1:]
    return disturbed


def _columns(time_s: FloatArray, zones: list[FloatArray], lid: NDArray[np.bool_]) -> FloatArray:
    """(b, l, p) what the drug may be made of: constant, decays, the lid's lags, each zone's."""
    inputs = np.stack([*(zone - zone[:, :1] for zone in zones), LID_STEP_C * lid], axis=-1)
    count, length, _ = inputs.shape
    keep = np.exp(-np.diff(time_s, prepend=time_s[:, :1])[..., None] / LAGS_S)[:, :, None, :]
    middle = np.zeros_like(inputs)
    middle[:, 1:] = (inputs[:, 1:] + inputs[:, :-1]) / 2
    lagged = _followed(keep, (1 - keep) * middle[..., None])
    since = time_s - time_s[:, :1]
    begun = np.exp(-since[..., None] / LAGS_S)
    followed = lagged[:, :, :-1].reshape(count, length, -1)
    stirred = lagged[:, :, -1, : LID_LAGS_S.size]
    return np.concatenate([np.ones((count, length, 1)), begun, stirred, followed], axis=-1)


def _followed(keep: FloatArray, came: FloatArray) -> FloatArray:
    """(b, l, z, i) y of y[:, n] = keep[:, n] y[:, n - 1] + came[:, n], from y[:, 0] = 0.

    keep : (b, l, 1, i). came : (b, l, z, i), 0 at the first. Few curves are worked through by
    doubling the reach of every step, many by one step after the other, which touches less memory.
    """
    if came.shape[0] > FEW:
        for n in range(1, came.shape[1]):
            came[:, n] += keep[:, n] * came[:, n - 1]
        return came
    reach = 1
    while reach < came.shape[1]:
        came[:, reach:] = came[:, reach:] + keep[:, reach:] * came[:, :-reach]
        keep[:, reach:] = keep[:, reach:] * keep[:, :-reach]
        reach *= 2
    return came


def _smoothed_square(residual: FloatArray, kept: NDArray[np.bool_]) -> FloatArray:
    """(b,) mean square of the means of SMOOTHED neighbours that are all kept."""
    total = np.cumsum(np.pad(np.where(kept, residual, 0.0), ((0, 0), (1, 0))), axis=1)
    whole = np.cumsum(np.pad(kept, ((0, 0), (1, 0))), axis=1)
    mean = (total[:, SMOOTHED:] - total[:, :-SMOOTHED]) / SMOOTHED
    full: NDArray[np.bool_] = whole[:, SMOOTHED:] - whole[:, :-SMOOTHED] == SMOOTHED
    squares = np.where(full, mean**2, 0.0).sum(axis=1)
    return np.asarray(squares / np.maximum(full.sum(axis=1), 1), dtype=np.float64)
