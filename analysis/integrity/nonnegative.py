"""Least squares of many small problems at once, some coefficients not below zero."""

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.tracks import FloatArray

ROUNDS = 200
PATIENCE = 3
"""Rounds in which all that is wrong is exchanged although no less was wrong than before; then one
variable at a time is, the last one, which cannot cycle."""
_TINY = 1e-9


def nonnegative_fit(*, gram: FloatArray, moment: FloatArray, free: NDArray[np.bool_]) -> FloatArray:
    """(b, p) coefficients x that minimise x'Gx/2 - m'x with x >= 0 where not `free`.

    gram : (b, p, p), positive definite. moment : (b, p). free : (p,) may be negative. In the units
    of the columns that made them.

    Block principal pivoting (Portugal, Judice, Vicente, Math. Comp. 63 (1994) 625): those below
    zero leave, those that would help come in, until none does; of the rounds' solutions with the
    negative ones cut off the best is given where it does not end.
    """
    count, size = moment.shape
    inside = np.repeat(free[None, :], count, axis=0)
    best = np.zeros((count, size))
    best_value = np.full(count, np.inf)
    fewest = np.full(count, size + 1)
    patience = np.full(count, PATIENCE)
    pending = np.arange(count)
    identity = np.eye(size)
    for _ in range(ROUNDS):
        its, square, due = inside[pending], gram[pending], moment[pending]
        system = np.where(its[:, :, None] & its[:, None, :], square, identity)
        solved = np.linalg.solve(system, (due * its)[..., None])[..., 0]
        cut = np.where(free, solved, np.maximum(solved, 0.0))
        slope = np.einsum("bij,bj->bi", square, cut) - due
        value = 0.5 * np.einsum("bi,bi->b", cut, slope - due)
        better = value < best_value[pending]
        best[pending[better]], best_value[pending[better]] = cut[better], value[better]
        raw_slope = np.einsum("bij,bj->bi", square, solved) - due
        wrong = its & ~free & (solved < 0)
        wrong |= ~its & (raw_slope < -_TINY * (1 + np.abs(due)))
        many = wrong.sum(axis=1)
        fewer = many < fewest[pending]
        fewest[pending] = np.minimum(many, fewest[pending])
        patience[pending] = np.where(fewer, PATIENCE, patience[pending] - 1)
        last = size - 1 - np.argmax(wrong[:, ::-1], axis=1)
        alone = patience[pending] < 0
        if alone.any():
            wrong[alone] &= (np.arange(size) == last[:, None])[alone]
        inside[pending] = its ^ wrong
        pending = pending[many > 0]
        if pending.size == 0:
            break
    return best
