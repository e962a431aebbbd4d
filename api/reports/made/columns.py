"""A report's columns of readings as the arrays they were judged as, and as the values of its JSON.

Two million readings are a hundred megabytes of arrays, but more than a gigabyte as Python's
numbers and texts. What a report was made from therefore stays arrays; values are made of it when
they are asked for, some thousand rows at a time. A report read back has arrays again, and lists of
values where these say what no array does (`read_columns`).
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar, overload

import numpy as np
from numpy.typing import NDArray

from coldwitness.api.reports.made.instants import epochs_s, instants
from coldwitness.domain.channels import SEQ_MAX
from coldwitness.domain.tracks import CodeArray, FloatArray, IntArray

T = TypeVar("T")
Array = NDArray[Any]
ROWS_AT_ONCE = 16_384
_FLAGS = (False, True, None)
_PLAIN_FROM, _PLAIN_BELOW = 1e-5, 1e15
"""Between these every encoder writes a number without an exponent, as RFC 8785 has it."""


class Column(Sequence[T], Generic[T]):
    """The values of a report's column (n,), made from `array` (n,) whenever they are asked for."""

    __hash__ = None  # type: ignore[assignment]  # equal to any sequence of the same values

    def __init__(self, array: Array, values: Callable[[Array], Sequence[T]]) -> None:
        self.array = array
        self._values = values

    def __len__(self) -> int:
        return int(self.array.size)

    @overload
    def __getitem__(self, at: int) -> T: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[T]: ...
    def __getitem__(self, at: int | slice) -> T | Sequence[T]:
        if isinstance(at, slice):
            return self._values(self.array[at])
        return self._values(self.array[[at]])[0]

    def __iter__(self) -> Iterator[T]:
        for rows in in_turn(len(self)):
            yield from self._values(self.array[rows])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or len(other) != len(self):
            return False
        if isinstance(other, Column) and other.array is self.array:
            return True
        return all(ours == theirs for ours, theirs in zip(self, other, strict=True))

    def is_plain(self, rows: slice) -> bool:
        """Whether every encoder writes these rows alike: JSON holds no larger integer exactly."""
        part = self.array[rows]
        return part.dtype.kind != "i" or not part.size or int(part.max()) <= SEQ_MAX

    def __repr__(self) -> str:
        return f"Column({list(self[:3])!r}, … {len(self)})"


def in_turn(count: int) -> Iterator[slice]:
    """Slices that lead through `count` rows, some thousand at a time."""
    for first in range(0, count, ROWS_AT_ONCE):
        yield slice(first, min(first + ROWS_AT_ONCE, count))


def times(time_s: FloatArray) -> Column[str]:
    """Of times that are all known [UTC epoch s]."""
    return Column(time_s, lambda part: [time or "" for time in instants(part)])


def times_if_any(time_s: FloatArray) -> Column[str | None]:
    """None where a time is NaN."""
    return Column(time_s, instants)


def numbers(column: FloatArray) -> Column[float | None]:
    """None where a number is NaN."""
    return Column(column, _numbers)


def indexes(column: IntArray) -> Column[int]:
    return Column(column, lambda part: part.tolist())


def counts_if_any(column: IntArray) -> Column[int | None]:
    """None where a count is negative."""
    return Column(column, lambda part: [None if one < 0 else one for one in part.tolist()])


def flags(column: CodeArray) -> Column[bool | None]:
    """Of 1, 0, and -1 for None."""
    return Column(column, lambda part: [_FLAGS[code] for code in part.tolist()])


def floats_of(column: Sequence[float | None]) -> FloatArray:
    """(n,) NaN for None: inverse of `numbers`."""
    if isinstance(column, Column):
        return np.asarray(column.array, dtype=np.float64)
    return np.array(column, dtype=np.float64)


def epochs_of(column: Sequence[str | None]) -> FloatArray:
    """(n,) UTC epoch seconds to the millisecond, NaN for None: inverse of `times` and
    `times_if_any`. Raises ValueError for what they never make."""
    if isinstance(column, Column):
        rounded: FloatArray = np.round(column.array * 1000.0) / 1000.0
        return rounded
    return epochs_s(column)


def whole_of(column: Sequence[int | None]) -> IntArray:
    """(n,) -1 for None: inverse of `indexes` and `counts_if_any`."""
    if isinstance(column, Column):
        return np.asarray(column.array, dtype=np.int64)
    return np.array([-1 if one is None else one for one in column], dtype=np.int64)


def codes_of(column: Sequence[bool | None]) -> CodeArray:
    """(n,) 1, 0, or -1 for None: inverse of `flags`."""
    if isinstance(column, Column):
        return np.asarray(column.array, dtype=np.int8)
    return np.array([-1 if flag is None else int(flag) for flag in column], dtype=np.int8)


def canonical_numbers(part: Sequence[float | None]) -> list[int | float | None] | None:
    """The values such that a JSON encoder writes them as RFC 8785 does: whole ones as integers.
    None where one is so large or small that encoders differ."""
    values = floats_of(part)
    size = np.abs(values)
    known = ~np.isnan(values)
    usual = ~known | (values == 0) | ((size >= _PLAIN_FROM) & (size < _PLAIN_BELOW))
    if not usual.all():
        return None
    whole = known & (np.floor(values) == values)
    made = values.astype(object)
    made[whole] = values[whole].astype(np.int64).astype(object)
    made[~known] = None
    told: list[int | float | None] = made.tolist()
    return told


def _numbers(column: FloatArray) -> list[float | None]:
    values = column.astype(object)
    values[np.isnan(column)] = None
    told: list[float | None] = values.tolist()
    return told
