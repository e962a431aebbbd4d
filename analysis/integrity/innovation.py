"""How far a drug's curve departs from what its box, coolant, goods and surroundings make of it.

Whatever masses lie between the drug's probe and the places whose temperature was recorded, heat
between them flows by rates: the drug follows each place by first-order lags, alone or one behind
the other (a wall, then the air, then the load), and forgets how it began by the same lags. A record
that was drawn, clipped or measured in another place does not. Two fits are made: the best of two
lags, as of a box in which a load lies, which a forgery fits badly, and all lags at once, which
follows whatever box there may be.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.integrity.nonnegative import nonnegative_fit
from coldwitness.analysis.integrity.openings import openings_of
from coldwitness.domain.tracks import FloatArray, IntArray

LAGS_S = 60.0 * np.array([2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0])
"""Time constants, from an air probe's to a full box's; what lies between is a mixture of two."""
PAIRS = np.array(
    [(i, k) for i in range(LAGS_S.size) for k in range(i + 2, LAGS_S.size)], dtype=np.int64
)
"""A fast and a slow lag of the same box, the slow one at least four times the other."""
OPENED_C = 20.0
"""How far the outside is off while the box is open, for columns of like size; the gain is free."""
READINGS_MIN = 40
SMOOTHED = 9
"""Readings of the running mean in which noise fades and a departure does not."""
CHAINED = (0, 1, 2, 3, 4)
"""Which lags are taken as the first of a chain where all are fitted at once."""
OPENED_LAGS, OPENED_CHAINS = ((0, 0), (2, 2), (4, 4), (6, 6)), ((0, 2), (0, 4), (2, 6))
"""By which lags, alone and in chains, an opening is followed where all are fitted at once."""
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
    recorded : how often the lid's sensor tells that the box was opened.
    """

    by_two: FloatArray
    by_all: FloatArray
    recorded: FloatArray


def innovation_ratio(
    *,
    first: IntArray,
    time_s: FloatArray,
    drug_c: FloatArray,
    zones_c: tuple[FloatArray, ...],
    outside: int,
    lid_open: NDArray[np.bool_],
    left_out: NDArray[np.bool_],
    noise_c: FloatArray,
    several: NDArray[np.bool_],
    worth: FloatArray | float = 0.0,
) -> Departure:
    """How far each curve departs from both fits; the second is made only where the first is above
    `worth`, (m,).

    first : (m + 1,) curve j has rows first[j]:first[j+1]. time_s : (k,) [s]. drug_c, zones_c : (k,)
    [°C], finite. outside : which of the zones lies around the box. lid_open : (k,). left_out : (k,)
    readings that are not fitted; what drug_c has there is of no account but to tell openings.
    noise_c : (m,) [°C], standard deviation with the rounding. several : (m,) whether goods lie
    beside the drug: more than two masses.

    Formula (our own): T = c + sum_z sum_i g_zi F_i(z) + sum_z sum_ik h_zik F_i(F_k(z)) +
    sum_i d_i exp(-t / l_i), all g_zi, h_zik >= 0, F_i the first-order lag by l_i; each opening
    (`openings`) as a further z, a step towards the outside for as long as it lasted.
    A chain is F_i(F_k(z)) = (l_k F_k - l_i F_i) / (l_k - l_i) of its links. The ratio is
    sqrt(SMOOTHED n / (n - p) mean(s²)) / noise, s the mean of SMOOTHED neighbouring residuals, p
    the coefficients in use.
    """
    counts = np.diff(first)
    found = Departure(*(np.full(counts.size, np.nan) for _ in range(3)))
    worth = np.broadcast_to(worth, counts.size)
    order = np.argsort(counts, kind="stable")
    order = order[counts[order] >= READINGS_MIN]
    width = (len(zones_c) + 1) * LAGS_S.size + 1
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
            outside=outside,
            lid_open=lid_open,
            left_out=left_out,
            noise_c=noise_c[block],
            several=several[block],
            worth=worth[block],
        )
        found.by_two[block], found.by_all[block] = its.by_two, its.by_all
        found.recorded[block] = its.recorded
        start = stop
    return found


def _departures(
    block: IntArray,
    *,
    first: IntArray,
    time_s: FloatArray,
    drug_c: FloatArray,
    zones_c: tuple[FloatArray, ...],
    outside: int,
    lid_open: NDArray[np.bool_],
    left_out: NDArray[np.bool_],
    noise_c: FloatArray,
    several: NDArray[np.bool_],
    worth: FloatArray,
) -> Departure:
    counts = np.diff(first)[block]
    stride = -(-counts // POINTS_MAX)
    points = counts // stride
    at = np.minimum(np.arange(points.max()), points[:, None] - 1)
    there = np.arange(points.max()) < points[:, None]
    row = first[block][:, None] + at * stride[:, None]
    opened = np.concatenate([[0], np.cumsum(lid_open)])
    until = np.minimum(row + stride[:, None], first[block + 1][:, None])
    openings = openings_of(
        time_s=time_s[row],
        drug_c=drug_c[row],
        outside_c=zones_c[outside][row],
        lid_open=opened[until] > opened[row],
        there=there,
        noise_c=noise_c,
    )
    found = Departure(
        by_two=np.full(block.size, np.nan),
        by_all=np.full(block.size, np.nan),
        recorded=openings.recorded.astype(np.float64),
    )
    for count in np.unique(openings.count[openings.count >= 0]).tolist():
        mine = np.flatnonzero(openings.count == count)
        found.by_two[mine], found.by_all[mine] = _fitted(
            time_s=time_s[row[mine]],
            drug_c=drug_c[row[mine]],
            zones_c=[zone[row[mine]] for zone in zones_c],
            pulse=openings.pulse[mine, :, :count],
            kept=(there & ~openings.disturbed & ~left_out[row])[mine],
            noise_c=noise_c[mine],
            several=several[mine],
            worth=worth[mine],
        )
    return found


def _fitted(
    *,
    time_s: FloatArray,
    drug_c: FloatArray,
    zones_c: list[FloatArray],
    pulse: FloatArray,
    kept: NDArray[np.bool_],
    noise_c: FloatArray,
    several: NDArray[np.bool_],
    worth: FloatArray,
) -> tuple[FloatArray, FloatArray]:
    """`by_two` and `by_all` of curves (b, l) with as many openings each, pulse : (b, l, k)."""
    columns = np.where(kept[..., None], _columns(time_s, zones_c, pulse), 0.0)
    drug = np.where(kept, drug_c, 0.0)
    used = kept.sum(axis=1)
    gram = np.einsum("blp,blq->bpq", columns, columns, optimize=True)
    moment = np.einsum("blp,bl->bp", columns, drug)
    zones, openings = len(zones_c), pulse.shape[-1]

    def ratio(which: IntArray, bases: _Bases) -> FloatArray:
        x, in_use = _best(gram[which], moment[which], bases=bases)
        residual = drug[which] - np.einsum("blp,bp->bl", columns[which], x)
        degrees = used[which] - in_use
        enough = (used[which] >= READINGS_MIN) & (degrees >= READINGS_MIN // 2)
        square = SMOOTHED * _smoothed_square(residual, kept[which])
        inflated = np.sqrt(square * used[which] / np.maximum(degrees, 1))
        return np.where(enough, inflated / noise_c[which], np.nan)

    by_two, by_all = np.full(used.size, np.nan), np.full(used.size, np.nan)
    for which, bases in (
        (np.flatnonzero(~several), _two_lags(zones, openings)),
        (np.flatnonzero(several), _all_lags(zones, openings, chained=False)),
    ):
        if which.size:
            by_two[which] = ratio(which, bases)
    which = np.flatnonzero(by_two > worth)
    if which.size:
        by_all[which] = ratio(which, _all_lags(zones, openings, chained=True))
    return by_two, by_all


@dataclass(frozen=True)
class _Bases:
    """Of what a fit may be made, of which the best is taken: (n, p, q) of which of the columns, and
    (q,) which of it may be negative."""

    of_columns: FloatArray
    free: NDArray[np.bool_]


@cache
def _two_lags(zones: int, openings: int) -> _Bases:
    """All PAIRS: constant, how it began; of each zone and opening the fast lag and the chain of
    both. What follows the slow lag alone is a sum of these."""
    made = []
    for fast, slow in PAIRS.tolist():
        links = ((fast, fast), (fast, slow))
        made.append(_basis([fast, slow], [links] * (zones + openings)))
    return _Bases(np.stack([of for of, _ in made]), made[0][1])


@cache
def _all_lags(zones: int, openings: int, *, chained: bool) -> _Bases:
    """One: all lags, each alone or, chained, behind one of CHAINED; of an opening fewer."""
    lags = range(LAGS_S.size)
    links = tuple((lag, lag) for lag in lags)
    opened: tuple[tuple[int, int], ...] = OPENED_LAGS
    if chained:
        links = ((0, 0), *((i, k) for i in CHAINED for k in lags if k > i))
        opened = (*OPENED_LAGS, *OPENED_CHAINS)
    of_columns, free = _basis(list(lags), [*[links] * zones, *[opened] * openings])
    return _Bases(of_columns[None], free)


def _basis(
    begun: list[int], links: Sequence[tuple[tuple[int, int], ...]]
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """begun : lags by which the beginning is forgotten. links : of each zone and opening, lags
    alone as (i, i) and chains of two as (i, k)."""
    lags = LAGS_S.size
    behind = 1 + lags
    columns = behind + len(links) * lags
    alone = [0, *(1 + lag for lag in begun)]
    made = [np.eye(columns)[place] for place in alone]
    for number, its in enumerate(links):
        head = behind + number * lags
        for i, k in its:
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


def _columns(time_s: FloatArray, zones_c: list[FloatArray], pulse: FloatArray) -> FloatArray:
    """(b, l, p) what the drug may be made of: constant, decays, each zone's lags and each
    opening's; pulse : (b, l, k)."""
    inputs = np.stack([zone - zone[:, :1] for zone in zones_c], axis=-1)
    count, length, _ = inputs.shape
    keep = np.exp(-np.diff(time_s, prepend=time_s[:, :1])[..., None] / LAGS_S)[:, :, None, :]
    middle = np.zeros_like(inputs)
    middle[:, 1:] = (inputs[:, 1:] + inputs[:, :-1]) / 2
    driven = np.concatenate([middle, OPENED_C * pulse], axis=-1)
    lagged = _followed(keep, (1 - keep) * driven[..., None])
    since = time_s - time_s[:, :1]
    begun = np.exp(-since[..., None] / LAGS_S)
    return np.concatenate(
        [np.ones((count, length, 1)), begun, lagged.reshape(count, length, -1)], axis=-1
    )


def _followed(keep: FloatArray, came: FloatArray) -> FloatArray:
    """(b, l, z, i) y of y[:, n] = keep[:, n] y[:, n - 1] + came[:, n], from y[:, 0] = 0.

    keep : (b, l, 1, i). came : (b, l, z, i), taken as 0 at the first. Few curves are worked
    through by doubling the reach of every step, many by one step after the other, which touches
    less memory.
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
