"""Columns of terms: what manifests say one by one, as arrays."""

import math
from collections.abc import Iterable, Sized

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.tracks import FloatArray, IntArray


def offsets(rows: Iterable[Sized]) -> IntArray:
    return np.concatenate(([0], np.cumsum([len(row) for row in rows], dtype=np.int64))).astype(
        np.int64
    )


def floats(values: Iterable[float | None]) -> FloatArray:
    """None becomes NaN."""
    return np.array([math.nan if value is None else value for value in values], dtype=np.float64)


def flags(values: Iterable[bool | None]) -> NDArray[np.int8]:
    """True 1, False 0, None -1."""
    return np.array([-1 if value is None else int(value) for value in values], dtype=np.int8)


def seconds(time_ms: int | None) -> float | None:
    return None if time_ms is None else time_ms / 1000.0
