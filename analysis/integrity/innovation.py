"""How far a drug's curve departs from what its box, coolant, goods and surroundings make of it.

Whatever masses lie between the drug's probe and the places whose temperature was recorded, heat
between them flows by rates: the drug follows each place with a sum of first-order lags, none of
which can be negative, and forgets how it began by the same lags. A record that was drawn, clipped
or measured in another place does not.
"""

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
SMOOTHED = 5
"""Readings of the running mean in which noise fades and a departure does not."""
RIDGE = 1e-6
NOISE_MIN_C = 0.05
"""No less than half a step of a 0.1 °C grid: closer than that the model does not follow a box."""
POINTS_MAX = 720
_BLOCK = 1_500_000


def innovation_ratio(
    *,
    first: IntArray,
    time_s: FloatArray,
    drug_c: FloatArray,
    zones_c: tuple[FloatArray, ...],
    lid_open: NDArray[np.bool_],
    noise_c: FloatArray,
    several: NDArray[np.bool_],
) -> FloatArray:
    """(m,) root mean square of the smoothed residuals of the fit, over the sensor's noise; NaN
    where too few readings are left. About 0.45 for a true record: white noise in a mean of five.

    first : (m + 1,) curve j has rows first[j]:first[j+1]. time_s : (k,) [s]. drug_c, zones_c : (k,)
    [°C], finite. lid_open : (k,). noise_c : (m,) [°C], standard deviation with the rounding.
    several : (m,) whether goods lie beside the drug: more than two masses, so all lags at once.

    Formula (our own): T = c + sum_z sum_i g_zi F_i(z) + sum_i d_i exp(-t / l_i), all g_zi >= 0, F_i
    the first-order lag by l_i; the lid as a further step with gains of either sign, its readings
    and those up to 15 minutes after left out. The ratio is sqrt(n / (n - p) mean(s²)) / noise, s
    the mean of SMOOTHED neighbouring residuals, p the coefficients in use.
    """
    counts = np.diff(first)
    ratio = np.full(counts.size, np.nan)
    order = np.argsort(counts, kind="stable")
    order = order[counts[order] >= READINGS_MIN]
    width = len(zones_c) * LAGS_S.size + LAGS_S.size + LID_LAGS_S.size + 1
    start = 0
    while start < order.size:
        longest = np.minimum(counts[order[start:]], POINTS_MAX)
        room = np.flatnonzero(longest * width * np.arange(1, longest.size + 1) <= _BLOCK)
        stop = start + max(int(room[-1]) + 1 if room.size else 1, 1)
        block = order[start:stop]
        ratio[block] = _ratios(
            block,
            first=first,
            time_s=time_s,
            drug_c=drug_c,
            zones_c=zones_c,
            lid_open=lid_open,
            noise_c=noise_c[block],
            several=several[block],
        )
        start = stop
    return ratio


def _ratios(
    block: IntArray,
    *,
    first: IntArray,
    time_s: FloatArray,
    drug_c: FloatArray,
    zones_c: tuple[FloatArray, ...],
    lid_open: NDArray[np.bool_],
    noise_c: FloatArray,
    several: NDArray[np.bool_],
) -> FloatArray:
    counts = np.diff(first)[block]
    stride = -(-counts // POINTS_MAX)
    points = counts // stride
    at = np.minimum(np.arange(points.max()), points[:, None] - 1)
    there = np.arange(points.max()) < points[:, None]
    row = first[block][:, None] + at * stride[:, None]
    time = time_s[row]
    lid = lid_open[row]
    kept = there & ~_disturbed(time, lid)
    columns, free = _columns(time, [zone[row] for zone in zones_c], lid)
    weight = kept[..., None]
    masked = np.where(weight, columns, 0.0)
    scale = np.sqrt(np.einsum("blp,blp->bp", masked, masked) / counts[:, None]) + 1e-9
    masked /= scale[:, None, :]
    drug = np.where(kept, drug_c[row], 0.0)
    used = kept.sum(axis=1)
    gram = np.einsum("blp,blq->bpq", masked, masked, optimize=True)
    gram += (RIDGE * np.maximum(used, 1))[:, None, None] * np.eye(free.size)
    moment = np.einsum("blp,bl->bp", masked, drug)
    x = np.zeros_like(moment)
    x[several] = nonnegative_fit(gram=gram[several], moment=moment[several], free=free)
    x[~several] = _best(gram[~several], moment[~several], free=free, zones=len(zones_c))
    residual = drug - np.einsum("blp,bp->bl", masked, x)
    degrees = used - np.count_nonzero(x, axis=1)
    mean_square = _smoothed_square(residual, kept)
    enough = (used >= READINGS_MIN) & (degrees >= READINGS_MIN // 2)
    inflated = np.sqrt(mean_square * used / np.maximum(degrees, 1))
    return np.where(enough, inflated / noise_c, np.nan)


def _best(
    gram: FloatArray, moment: FloatArray, *, free: NDArray[np.bool_], zones: int
) -> FloatArray:
    """(b, p) the coefficients with the least squares over all PAIRS of lags; others are 0."""
    members = np.array([_members(pair, zones) for pair in PAIRS])
    count, size = moment.shape
    part = gram[:, members[:, :, None], members[:, None, :]]
    wanted = moment[:, members]
    width = members.shape[1]
    x = nonnegative_fit(
        gram=part.reshape(-1, width, width),
        moment=wanted.reshape(-1, width),
        free=free[members[0]],
    ).reshape(count, len(PAIRS), width)
    value = 0.5 * np.einsum("bki,bkij,bkj->bk", x, part, x) - np.einsum("bki,bki->bk", x, wanted)
    chosen = np.argmin(value, axis=1)
    whole = np.zeros((count, size))
    np.put_along_axis(whole, members[chosen], x[np.arange(count), chosen], axis=1)
    return whole


def _members(pair: IntArray, zones: int) -> list[int]:
    """Columns of a fit with these two lags: constant, how it began, lid, each zone."""
    lags, lid = LAGS_S.size, LID_LAGS_S.size
    behind = 1 + lags + lid
    return [
        0,
        *(1 + int(i) for i in pair),
        *range(1 + lags, behind),
        *(behind + zone * lags + int(i) for zone in range(zones) for i in pair),
    ]


def _disturbed(time_s: FloatArray, lid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(b, l) readings while the lid was open, one before, and up to SETTLE_S after."""
    last_s = np.maximum.accumulate(np.where(lid, time_s, -np.inf), axis=1)
    disturbed: NDArray[np.bool_] = time_s - last_s <= SETTLE_S
    disturbed[:, :-1] |= lid[:, 1:]
    return disturbed


def _columns(
    time_s: FloatArray, zones: list[FloatArray], lid: NDArray[np.bool_]
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """(b, l, p) what the drug is made of, and (p,) which of it may be negative."""
    inputs = np.stack([*(zone - zone[:, :1] for zone in zones), LID_STEP_C * lid], axis=-1)
    count, length, places = inputs.shape
    lagged = np.zeros((count, length, places, LAGS_S.size))
    for i in range(1, length):  # over readings, all curves of the block at once
        keep = np.exp(-(time_s[:, i] - time_s[:, i - 1])[:, None] / LAGS_S)[:, None, :]
        middle = (inputs[:, i] + inputs[:, i - 1])[..., None] / 2
        lagged[:, i] = keep * lagged[:, i - 1] + (1 - keep) * middle
    since = time_s - time_s[:, :1]
    begun = np.exp(-since[..., None] / LAGS_S)
    followed = lagged[:, :, :-1].reshape(count, length, -1)
    stirred = lagged[:, :, -1, : LID_LAGS_S.size]
    columns = np.concatenate([np.ones((count, length, 1)), begun, stirred, followed], axis=-1)
    free = np.zeros(columns.shape[-1], dtype=np.bool_)
    free[: 1 + LAGS_S.size + LID_LAGS_S.size] = True
    return columns, free


def _smoothed_square(residual: FloatArray, kept: NDArray[np.bool_]) -> FloatArray:
    """(b,) mean square of the means of SMOOTHED neighbours that are all kept."""
    total = np.cumsum(np.pad(np.where(kept, residual, 0.0), ((0, 0), (1, 0))), axis=1)
    whole = np.cumsum(np.pad(kept, ((0, 0), (1, 0))), axis=1)
    mean = (total[:, SMOOTHED:] - total[:, :-SMOOTHED]) / SMOOTHED
    full: NDArray[np.bool_] = whole[:, SMOOTHED:] - whole[:, :-SMOOTHED] == SMOOTHED
    squares = np.where(full, mean**2, 0.0).sum(axis=1)
    return np.asarray(squares / np.maximum(full.sum(axis=1), 1), dtype=np.float64)
