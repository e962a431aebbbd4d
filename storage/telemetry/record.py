"""One reading as the bytes the embedded store keeps, and many of them back as columns.

A record is a packed little-endian structure: a head that every record has, and a tail that its
layout names: one float64 a probe, then the channels beyond the head that this reading says. So a
shipment's rows become numpy columns by joining bytes, without a Python object per value, and two
readings are the same exactly if their records are.
"""

import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.channels import CHANNEL, CHANNELS
from coldwitness.domain.errors import BadMessage
from coldwitness.domain.reading import Reading
from coldwitness.storage.telemetry.columns import TIME_SOURCES

_HEAD = "<qiiibq6dbb"
_HEAD_FIELDS = [
    ("time_ms", "<i8"),
    ("box", "<i4"),
    ("shipment", "<i4"),
    ("courier", "<i4"),
    ("time_source", "i1"),
    ("seq", "<i8"),
    ("lat_deg", "<f8"),
    ("lon_deg", "<f8"),
    ("accuracy_m", "<f8"),
    ("light_lux", "<f8"),
    ("humidity_pct", "<f8"),
    ("battery_v", "<f8"),
    ("lid_open", "i1"),
    ("moving", "i1"),
]
"""As files have it: nothing is ever added. A channel that is not among them stands in the tail."""
_PACKED = {"real": "d", "count": "q", "flag": "b"}
FURTHER = tuple(channel for channel in CHANNELS if channel.name not in dict(_HEAD_FIELDS))
"""Channels that came after the first layout; both stores take them by this list."""

ASSIGNMENT_BYTES = struct.calcsize("<qiiib")
"""Before this offset: the time and whom the reading was assigned to; after it: what was
measured. Records that differ only before it do not contradict each other."""

_SOURCE = {name: code for code, name in enumerate(TIME_SOURCES)}
_NAN = float("nan")


@dataclass(frozen=True)
class Layout:
    """The tail of a record and how its bytes are written and read.

    probes : in order. further : names of the channels of FURTHER behind them, in its order.
    """

    id: int
    probes: tuple[str, ...]
    further: tuple[str, ...]
    packer: struct.Struct
    dtype: np.dtype[np.void]

    def columns(self, records: bytes) -> NDArray[np.void]:
        """(n,) structured array over `records`, n whole records one after another."""
        return np.frombuffer(records, dtype=self.dtype)

    def probe(self, array: NDArray[np.void], name: str) -> NDArray[np.float64]:
        return array[f"p{self.probes.index(name)}"]


def layout(layout_id: int, probes: tuple[str, ...], further: tuple[str, ...] = ()) -> Layout:
    packed = [_PACKED[CHANNEL[name].kind] for name in further]
    tail: list[Any] = [(f"p{index}", "<f8") for index in range(len(probes))]
    tail += [(name, f"<{code}") for name, code in zip(further, packed, strict=True)]
    return Layout(
        id=layout_id,
        probes=probes,
        further=further,
        packer=struct.Struct(_HEAD + f"{len(probes)}d" + "".join(packed)),
        dtype=np.dtype(_HEAD_FIELDS + tail),
    )


def layout_text(probes: tuple[str, ...], further: tuple[str, ...]) -> str:
    """The layout as the file names it: a list of probes, or an object where there is more."""
    said = {"probes": probes, "channels": further} if further else probes
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))


def layout_named(layout_id: int, text: str) -> Layout:
    """The inverse of `layout_text`."""
    said = json.loads(text)
    if isinstance(said, list):
        return layout(layout_id, tuple(said))
    return layout(layout_id, tuple(said["probes"]), tuple(said["channels"]))


def further_said(readings: Sequence[Reading]) -> list[tuple[str, ...]]:
    """Which channels of FURTHER each reading says; column by column, because hardly any does."""
    columns = {
        channel.name: column
        for channel in FURTHER
        if (column := list(map(attrgetter(channel.name), readings))).count(None) < len(column)
    }
    if not columns:
        return [()] * len(readings)
    return [
        tuple(name for name, value in zip(columns, row, strict=True) if value is not None)
        for row in zip(*columns.values(), strict=True)
    ]


def pack(reading: Reading, shape: Layout, *, box: int, shipment: int, courier: int) -> bytes:
    """The record of `reading`; box, shipment, courier are ids of names, 0 for none.

    Raises BadMessage where a number does not fit 64 bits.
    """
    temperature_c: Mapping[str, float] = reading.temperature_c
    try:
        return shape.packer.pack(
            reading.time_ms,
            box,
            shipment,
            courier,
            _SOURCE[reading.time_source],
            -1 if reading.seq is None else reading.seq,
            _NAN if reading.lat_deg is None else reading.lat_deg,
            _NAN if reading.lon_deg is None else reading.lon_deg,
            _NAN if reading.accuracy_m is None else reading.accuracy_m,
            _NAN if reading.light_lux is None else reading.light_lux,
            _NAN if reading.humidity_pct is None else reading.humidity_pct,
            _NAN if reading.battery_v is None else reading.battery_v,
            -1 if reading.lid_open is None else reading.lid_open,
            -1 if reading.moving is None else reading.moving,
            *[temperature_c[probe] for probe in shape.probes],
            *[getattr(reading, name) for name in shape.further],
        )
    except (struct.error, OverflowError) as error:
        raise BadMessage(
            "number_out_of_range",
            f"logger {reading.logger}, time {reading.time_ms}: "
            f"expected numbers of at most 64 bits: {error}",
        ) from error
