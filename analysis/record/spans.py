"""Ranges of rows of one flat table, written out row by row."""

import numpy as np

from coldwitness.domain.tracks import IntArray


def flat(*, begin: IntArray, end: IntArray) -> IntArray:
    """Every index of begin..end, the end included, of every range, one after the other; none of a
    range that ends before it begins by one.

    begin, end : (r,).
    """
    if begin.size == 1:  # as of one shipment
        return np.arange(begin[0], end[0] + 1)
    length = end - begin + 1
    offset = np.cumsum(length) - length
    return np.asarray(np.arange(int(length.sum())) + np.repeat(begin - offset, length))


def expanded(*, first: IntArray, end: IntArray) -> tuple[IntArray, IntArray]:
    """For ranges first:end, the number of the range and the index, one row an element; none of a
    range that ends before it begins.

    first, end : (r,). Both results (k,), k the sum of end - first.
    """
    end = np.maximum(end, first)
    if first.size == 1:
        row = np.arange(first[0], end[0])
        return np.zeros_like(row), row
    return np.repeat(np.arange(first.size), end - first), flat(begin=first, end=end - 1)
