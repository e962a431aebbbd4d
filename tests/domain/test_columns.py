"""Rows taken, tables stacked and empty tables, for any dataclass of columns."""

from collections.abc import Mapping
from dataclasses import dataclass, make_dataclass, replace
from types import GenericAlias
from typing import Any, TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray

from coldwitness.domain.columns import alike, empty, stack, take


@dataclass(frozen=True)
class Kept:
    names: tuple[str, ...]
    first: NDArray[np.int64]
    whole: NDArray[np.int64]
    code: NDArray[np.int8]
    real: NDArray[np.float64]
    sure: NDArray[np.bool_]
    word: NDArray[np.str_]
    by_name: Mapping[str, NDArray[np.float64]]
    told: Mapping[int, str]


def kept(n: int, *names: str) -> Kept:
    count = np.arange(n)
    return Kept(
        names=("a",),
        first=np.array([0, n, n]),
        whole=count,
        code=count.astype(np.int8),
        real=count / 2,
        sure=count % 2 == 0,
        word=np.array([f"w{i}" for i in range(n)], dtype=np.str_),
        by_name={name: np.arange(n, dtype=np.float64) + 0.25 for name in names},
        told={0: "x"},
    )


@pytest.mark.parametrize(
    "chosen",
    [np.array([2, 0]), np.array([True, False, True]), slice(1, 3), np.zeros(0, dtype=np.int64)],
    ids=["row numbers", "a mask", "a slice", "none"],
)
def test_taken_rows_are_those_of_every_column_and_nothing_else_changes(
    chosen: NDArray[np.int64],
) -> None:
    whole = kept(3, "drug")
    some = take(whole, chosen, first=whole.first)
    for name in ("whole", "code", "real", "sure", "word"):
        assert getattr(some, name).tolist() == getattr(whole, name)[chosen].tolist()
    assert some.by_name["drug"].tolist() == whole.by_name["drug"][chosen].tolist()
    assert (some.names, some.told) == (whole.names, whole.told)
    assert some.first is whole.first


def test_stacked_tables_stand_one_after_the_other_and_lacking_columns_are_nan() -> None:
    both = stack(
        Kept, [kept(2, "drug"), kept(1, "goods")], names=("b",), first=np.array([3]), told={}
    )
    assert both.whole.tolist() == [0, 1, 0]
    assert both.word.tolist() == ["w0", "w1", "w0"]
    np.testing.assert_array_equal(both.by_name["drug"], [0.25, 1.25, np.nan])
    np.testing.assert_array_equal(both.by_name["goods"], [np.nan, np.nan, 0.25])
    assert (both.names, both.first.tolist(), both.told) == (("b",), [3], {})


def test_no_table_stacked_keeps_the_types_of_its_columns() -> None:
    none = stack(Kept, [], names=(), told={})
    assert none.whole.size == 0
    assert {none.whole.dtype, none.code.dtype, none.sure.dtype} == {
        np.dtype(kind) for kind in (np.int64, np.int8, np.bool_)
    }
    assert none.by_name == {}


def test_empty_rows_say_nothing_but_what_is_given() -> None:
    made = empty(Kept, 2, names=(), told={}, real=np.array([1.0, 2.0]))
    assert made.whole.tolist() == [-1, -1]
    assert made.code.tolist() == [-1, -1]
    assert made.sure.tolist() == [False, False]
    assert made.word.tolist() == ["", ""]
    assert made.real.tolist() == [1.0, 2.0]
    assert made.by_name == {}
    assert np.isnan(empty(Kept, 2, names=(), told={}).real).all()


def test_a_field_that_is_no_column_and_not_given_is_refused() -> None:
    with pytest.raises(TypeError, match="names"):
        empty(Kept, 1, told={})


@pytest.mark.parametrize(
    "changed",
    [
        {"names": ("b",)},
        {"told": {0: "y"}},
        {"whole": np.array([0, 1, 3])},
        {"whole": np.array([0, 1])},
        {"real": np.array([0.0, np.nan, 1.0])},
        {"sure": np.array([True, True, True])},
        {"word": np.array(["w0", "w1", "w3"])},
        {"by_name": {"goods": np.array([0.25, 1.25, 2.25])}},
        {"by_name": {"drug": np.array([0.25, 1.25, np.nan])}},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_tables_are_alike_only_if_every_row_and_field_says_the_same(changed: Any) -> None:
    assert alike(kept(3, "drug"), kept(3, "drug"))
    assert not alike(kept(3, "drug"), replace(kept(3, "drug"), **changed))
    assert not alike(replace(kept(3, "drug"), **changed), kept(3, "drug"))


def test_no_value_is_as_no_value() -> None:
    silent = {"real": np.full(3, np.nan), "by_name": {"drug": np.full(3, np.nan)}}
    assert alike(replace(kept(3), **silent), replace(kept(3), **silent))


Scalar = TypeVar("Scalar", bound=np.generic)


class NamedType:
    """As `NDArray` is from numpy 2.5 on, whose first Python is 3.12: a name for a type."""

    __value__ = np.ndarray[tuple[Any, ...], np.dtype[Scalar]]
    __class_getitem__ = classmethod(GenericAlias)


def test_a_column_may_be_told_by_a_named_type() -> None:
    real, whole = GenericAlias(NamedType, (np.float64,)), GenericAlias(NamedType, (np.int64,))
    kind = make_dataclass("Told", [("real", real), ("whole", whole), ("by", Mapping[str, real])])  # type: ignore[valid-type]
    nothing = empty(kind, 2)
    assert np.isnan(nothing.real).all()
    assert nothing.whole.tolist() == [-1, -1]
    assert nothing.by == {}
