"""What the digits of positions say of them: how far a rounded one may be off."""

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.record.geodesy import METRES_PER_DEGREE
from coldwitness.domain.tracks import FloatArray, IntArray

FEW_DECIMALS = 4
"""Positions with fewer decimals than this are no better than their digits."""


def repeated(*, first: IntArray, lat_deg: FloatArray, lon_deg: FloatArray) -> NDArray[np.bool_]:
    """(n,) fixes that equal the one before of their shipment in every digit; first : (s + 1,)."""
    same = np.zeros(lat_deg.size, dtype=np.bool_)
    same[1:] = (lat_deg[1:] == lat_deg[:-1]) & (lon_deg[1:] == lon_deg[:-1])
    same[first[:-1][first[:-1] < lat_deg.size]] = False
    return same


def digits_m(
    *, first: IntArray, same: NDArray[np.bool_], lat_deg: FloatArray, lon_deg: FloatArray
) -> FloatArray:
    """(n,) half the diagonal of what a position of few decimals may mean [m]; 0 where a position
    has four or more, or where half the places of its shipment do: then a round one is chance.

    same : (n,) as `repeated`. Our own: a position rounded to d decimals is off by up to 10^-d / 2
    degrees either way.
    """
    off_m = np.zeros(lat_deg.size)
    some = np.arange(lat_deg.size)
    for decimals in range(FEW_DECIMALS - 1, -1, -1):
        scale = 10.0**decimals
        for at_deg in (lat_deg, lon_deg):  # the second only where the first is round
            scaled = at_deg[some] * scale
            some = some[np.abs(scaled - np.rint(scaled)) < 1e-6]
        if some.size == 0:
            break
        off_m[some] = METRES_PER_DEGREE / scale / np.sqrt(2.0)
    if off_m.any():
        shipments = first.size - 1
        owner = np.repeat(np.arange(shipments), np.diff(first))
        places = np.bincount(owner[~same], minlength=shipments)
        round_ = np.bincount(owner[~same & (off_m > 0.0)], minlength=shipments)
        off_m[(2 * round_ <= places)[owner]] = 0.0
    return off_m
