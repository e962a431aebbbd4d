"""One reading as the bytes the embedded store keeps, and many of them back as columns.

A record is a packed little-endian structure whose tail holds one float64 a probe; which
probes, in which order, is the record's layout. So a shipment's rows become numpy columns by
joining bytes, without a Python object per value, and two readings are the same exactly if
their records are.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.errors import BadMessage
from coldwitness.domain.reading import Reading
from coldwitness.storage.telemetry.columns import FLOATS, TIME_SOURCES

_HEAD = "<qiiibq6dbb"
_HEAD_FIELDS = [
    ("time_ms", "<i8"),
    ("box", "<i4"),
    ("shipment", "<i4"),
    ("courier", "<i4"),
    ("time_source", "i1"),
    ("seq", "<i8"),
    *((name, "<f8") for name in FLOATS),
    ("lid_open", "i1"),
    ("moving", "i1"),
]
ASSIGNMENT_BYTES = struct.calcsize("<qiiib")
"""Before this offset: the time and whom the reading was assigned to; after it: what was
measured. Records that differ only before it do not contradict each other."""

_SOURCE = {name: code for code, name in enumerate(TIME_SOURCES)}
_NAN = float("nan")


@dataclass(frozen=True)
class Layout:
    """The probes of a record, in order, and how its bytes are written and read."""

    id: int
    probes: tuple[str, ...]
    packer: struct.Struct
    dtype: np.dtype[np.void]

    def columns(self, records: bytes) -> NDArray[np.void]:
        """(n,) structured array over `records`, n whole records one after another."""
        return np.frombuffer(records, dtype=self.dtype)

    def probe(self, array: NDArray[np.void], name: str) -> NDArray[np.float64]:
        return array[f"p{self.probes.index(name)}"]


def layout(layout_id: int, probes: tuple[str, ...]) -> Layout:
    tail: list[Any] = [(f"p{index}", "<f8") for index in range(len(probes))]
    return Layout(
        id=layout_id,
        probes=probes,
        packer=struct.Struct(_HEAD + f"{len(probes)}d"),
        dtype=np.dtype(_HEAD_FIELDS + tail),
    )


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
        )
    except (struct.error, OverflowError) as error:
        raise BadMessage(
            "number_out_of_range",
            f"logger {reading.logger}, time {reading.time_ms}: "
            f"expected numbers of at most 64 bits: {error}",
        ) from error
