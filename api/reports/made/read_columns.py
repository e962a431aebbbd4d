"""A report's columns of readings, read back into arrays wherever these say what stood there.

As Python's numbers and texts two million readings take more than a gigabyte. One column is read at
a time, and is an array before the next one is. What no array says again exactly (a time that is
written otherwise, a count below zero) stays the values that were read.
"""

from collections.abc import Sequence
from typing import TypeVar

import msgspec
import numpy as np

from coldwitness.api.reports.made.columns import (
    counts_if_any,
    flags,
    in_turn,
    indexes,
    numbers,
    times,
    times_if_any,
)
from coldwitness.api.reports.made.instants import epochs_s, instants
from coldwitness.api.reports.made.model import Readings
from coldwitness.domain.channels import SEQ_MAX
from coldwitness.domain.columns import said_once
from coldwitness.domain.tracks import FloatArray

T = TypeVar("T")
_WHERE = "$.readings"


class _Unread(msgspec.Struct, frozen=True):
    """`Readings`, its columns as they are written."""

    loggers: tuple[str, ...]
    time: msgspec.Raw
    received: msgspec.Raw
    logger: msgspec.Raw
    seq: msgspec.Raw
    conflict: msgspec.Raw
    temperature_c: dict[str, msgspec.Raw]
    lat: msgspec.Raw
    lon: msgspec.Raw
    accuracy_m: msgspec.Raw
    lid_open: msgspec.Raw
    moving: msgspec.Raw
    light_lux: msgspec.Raw


def read_columns(data: msgspec.Raw) -> Readings:
    """data : the JSON of `Readings`. Raises msgspec.DecodeError for anything else."""
    unread = _decoded(data, _Unread, _WHERE)

    def column(name: str, kind: type[T]) -> T:
        raw: msgspec.Raw = getattr(unread, name)
        return _decoded(raw, kind, f"{_WHERE}.{name}")

    def numbers_in(name: str) -> Sequence[float | None]:
        return _numbers(column(name, list[float | None]))

    def flags_in(name: str) -> Sequence[bool | None]:
        told = column(name, list[bool | None])
        codes = np.array([-1 if one is None else one for one in told], dtype=np.int8)
        return flags(said_once(codes))

    return Readings(
        loggers=unread.loggers,
        time=_times(column("time", list[str])),
        received=_times_if_any(column("received", list[str | None])),
        logger=_indexes(column("logger", list[int])),
        seq=_counts(column("seq", list[int | None])),
        conflict=_indexes(column("conflict", list[int])),
        temperature_c={
            name: _numbers(_decoded(raw, list[float | None], f"{_WHERE}.temperature_c[...]"))
            for name, raw in unread.temperature_c.items()
        },
        lat=numbers_in("lat"),
        lon=numbers_in("lon"),
        accuracy_m=numbers_in("accuracy_m"),
        lid_open=flags_in("lid_open"),
        moving=flags_in("moving"),
        light_lux=numbers_in("light_lux"),
    )


def _decoded(raw: msgspec.Raw, kind: type[T], where: str) -> T:
    """where : stands in a message in place of the part's own beginning."""
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.ValidationError as error:
        text = str(error)
        told = text.replace("`$", f"`{where}", 1) if "`$" in text else f"{text} - at `{where}`"
        raise msgspec.ValidationError(told) from error


def _numbers(told: list[float | None]) -> Sequence[float | None]:
    return numbers(said_once(np.array(told, dtype=np.float64)))


def _times(told: list[str]) -> Sequence[str]:
    time_s = _seconds(told)
    return told if time_s is None else times(time_s)


def _times_if_any(told: list[str | None]) -> Sequence[str | None]:
    time_s = _seconds(told)
    return told if time_s is None else times_if_any(time_s)


def _seconds(told: Sequence[str | None]) -> FloatArray | None:
    """None where a time is not written as we write it."""
    time_s = np.empty(len(told))
    for rows in in_turn(len(told)):
        part = tuple(told[rows])
        try:
            time_s[rows] = epochs_s(part)
        except (ValueError, OverflowError):
            return None
        if instants(time_s[rows]) != part:
            return None
    return said_once(time_s)


def _indexes(told: list[int]) -> Sequence[int]:
    if told and (min(told) < -SEQ_MAX or max(told) > SEQ_MAX):
        return told
    return indexes(said_once(np.array(told, dtype=np.int64)))


def _counts(told: list[int | None]) -> Sequence[int | None]:
    if not all(one is None or 0 <= one <= SEQ_MAX for one in told):
        return told
    counts = np.array([-1 if one is None else one for one in told], dtype=np.int64)
    return counts_if_any(said_once(counts))
