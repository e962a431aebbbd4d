"""Tables of columns: a frozen dataclass whose fields are arrays of one length, cut, joined, empty.

A field is a column if its type says so: `NDArray[…]`, one value a row, or `Mapping[str, NDArray]`,
such columns by name. What else a table holds (names that columns point into, offsets) is not the
same everywhere and is given by the caller, who knows what becomes of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Table = TypeVar("Table", bound="DataclassInstance")
Column = NDArray[Any]
Rows = NDArray[np.integer] | NDArray[np.bool_] | slice


def take(table: Table, rows: Rows, **given: object) -> Table:
    """The chosen rows of every column, in the given order; all else stays.

    rows : (k,) row numbers, (n,) True where a row is wanted, or a slice (columns are then shared).
    given : fields with another value; they are not cut.
    """
    kept = {
        name: _cut(getattr(table, name), rows)
        for name in _columns(type(table))
        if name not in given
    }
    return replace(table, **(kept | given))


def stack(kind: type[Table], tables: Sequence[Table], **given: object) -> Table:
    """All rows of several tables, one table after the other; a column by name that a table lacks
    is NaN in its rows. No table: no row; a single one keeps its columns.

    given : every field that is no column, and columns with other values.
    """
    if not tables:
        return empty(kind, 0, **given)
    if len(tables) == 1:
        return replace(tables[0], **given)
    columns = {name: dtype for name, dtype in _columns(kind).items() if name not in given}
    plain = [name for name, dtype in columns.items() if dtype is not None]
    counts = [len(getattr(table, plain[0])) for table in tables]
    found: dict[str, object] = {
        name: concatenated([getattr(table, name) for table in tables]) for name in plain
    }
    for name in columns.keys() - found.keys():
        found[name] = _stacked([getattr(table, name) for table in tables], counts)
    return kind(**(found | given))


def alike(table: Table, other: Table) -> bool:
    """Whether both say the same in every row and every other field; no value is as no value."""
    if table is other:
        return True
    columns = _columns(type(table))
    for field in fields(table):
        one, its = getattr(table, field.name), getattr(other, field.name)
        if field.name not in columns:
            same = bool(one == its)
        elif isinstance(one, Mapping):
            same = one.keys() == its.keys() and all(
                _same_column(one[name], its[name]) for name in one
            )
        else:
            same = _same_column(one, its)
        if not same:
            return False
    return True


def _same_column(one: Column, other: Column) -> bool:
    return np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def thinned(table: Table) -> Table:
    """The same table; a column that says one thing in all its rows is kept as one value."""
    found: dict[str, object] = {}
    for name in _columns(type(table)):
        column = getattr(table, name)
        found[name] = (
            {one: said_once(values) for one, values in column.items()}
            if isinstance(column, Mapping)
            else said_once(column)
        )
    return replace(table, **found)


def said_once(column: Column) -> Column:
    """A column of one value as a view of it, which cannot be written; others as they are."""
    if column.size < 2 or is_said_once(column):
        return column
    first = column[0]
    if not _same(column[-1], first):  # most that vary are told by their ends
        return column
    alike = np.isnan(column) if column.dtype.kind == "f" and np.isnan(first) else column == first
    return repeated(column[:1].copy(), column.size) if alike.all() else column


def is_said_once(column: Column) -> bool:
    """Whether all rows are one value in memory."""
    return column.size > 0 and column.strides == (0,)


def repeated(value: Column, rows: int) -> Column:
    """(rows,) the one value of a (1,) array, kept once."""
    return np.broadcast_to(value, rows)


def concatenated(columns: Sequence[Column]) -> Column:
    """The columns after each other; one value kept once where all of them are it."""
    said = [column for column in columns if column.size]
    if said and all(map(is_said_once, said)) and all(_same(said[0][0], one[0]) for one in said):
        return repeated(said[0][:1], sum(column.size for column in said))
    return np.concatenate(columns)


def _same(one: object, other: object) -> bool:
    return bool(one == other or (one != one and other != other))  # noqa: PLR0124


def empty(kind: type[Table], n: int, **given: object) -> Table:
    """n rows that say nothing: NaN, -1 in whole numbers, False, "" and no column by name.

    given : every field that is no column, and columns that do say something.
    """
    found: dict[str, object] = {
        name: {} if dtype is None else _nothing(n, dtype)
        for name, dtype in _columns(kind).items()
        if name not in given
    }
    return kind(**(found | given))


@lru_cache
def _columns(kind: type[DataclassInstance]) -> Mapping[str, np.dtype[Any] | None]:
    """Column -> its type; None where it is a mapping of columns, of reals."""
    hints = get_type_hints(kind)
    found: dict[str, np.dtype[Any] | None] = {}
    for field in fields(kind):
        hint = _written_out(hints[field.name])
        if get_origin(hint) is np.ndarray:
            found[field.name] = _dtype(hint)
        elif _is_of_columns(hint):
            found[field.name] = None
    return found


def _is_of_columns(hint: object) -> bool:
    """Whether it is `Mapping[str, NDArray]`."""
    if get_origin(hint) is not Mapping:
        return False
    return get_origin(_written_out(get_args(hint)[1])) is np.ndarray


def _written_out(hint: object) -> Any:
    """What a named type stands for: `NDArray` is a name of its own from numpy 2.5 on, which needs
    Python 3.12."""
    named = getattr(get_origin(hint), "__value__", None)
    return hint if named is None else named[get_args(hint)]


def _dtype(hint: object) -> np.dtype[Any]:
    """Of `ndarray[shape, dtype[float64]]`, which is what `NDArray[float64]` stands for."""
    dtype: np.dtype[Any] = np.dtype(get_args(get_args(hint)[1])[0])
    return dtype


def _cut(column: Any, rows: Rows) -> Any:
    if isinstance(column, np.ndarray):
        return column[rows]
    return {name: values[rows] for name, values in column.items()}


def _stacked(parts: Sequence[Mapping[str, Column]], counts: Sequence[int]) -> dict[str, Column]:
    return {
        name: concatenated(
            [
                part[name] if name in part else repeated(np.full(1, np.nan), count)
                for part, count in zip(parts, counts, strict=True)
            ]
        )
        for name in dict.fromkeys(name for part in parts for name in part)
    }


def _nothing(n: int, dtype: np.dtype[Any]) -> Column:
    if dtype.kind == "i":
        return np.full(n, -1, dtype)
    if dtype.kind == "f":
        return np.full(n, np.nan, dtype)
    return np.zeros(n, dtype)
