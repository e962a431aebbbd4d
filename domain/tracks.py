"""Readings of many shipments as flat arrays: the one shape every judgement works on."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
CodeArray = NDArray[np.int8]


@dataclass(frozen=True)
class ReadingTable:
    """Readings in any order, as they come out of files and stores; all columns (n,).

    shipment : index into `shipments`; -1 where the reading names none and none was assigned.
    courier, box, logger : index into `couriers` / `boxes` / `loggers`; -1 unknown. The courier is
        whose topic it came from.
    time_ms : device clock, UTC epoch ms.  received_ms : -1 where unknown (files).
    seq : -1 where the logger sends none.
    temperature_c : probe name -> °C, NaN where the probe gave nothing.
    lat_deg, lon_deg (WGS84), accuracy_m, light_lux, pressure_hpa, humidity_pct, battery_v : NaN
        where absent.
    lid_open, moving : 1 yes, 0 no, -1 not said.
    """

    shipments: tuple[str, ...]
    couriers: tuple[str, ...]
    boxes: tuple[str, ...]
    loggers: tuple[str, ...]
    shipment: IntArray
    courier: IntArray
    box: IntArray
    logger: IntArray
    time_ms: IntArray
    received_ms: IntArray
    seq: IntArray
    temperature_c: Mapping[str, FloatArray]
    lat_deg: FloatArray
    lon_deg: FloatArray
    accuracy_m: FloatArray
    lid_open: CodeArray
    moving: CodeArray
    light_lux: FloatArray
    pressure_hpa: FloatArray
    humidity_pct: FloatArray
    battery_v: FloatArray

    def __len__(self) -> int:
        return int(self.time_ms.size)


@dataclass(frozen=True)
class Tracks:
    """Readings sorted by shipment, then time; shipment i owns rows first[i]:first[i+1].

    first : (s+1,) int. time_s : (n,) UTC epoch seconds of the device clock, not decreasing
    within a shipment. Exact repetitions are gone; rows of one logger with the same time and
    different values are all kept and marked in `conflict`. Other columns as in ReadingTable;
    received_s is NaN where unknown.
    """

    shipments: tuple[str, ...]
    loggers: tuple[str, ...]
    first: IntArray
    time_s: FloatArray
    received_s: FloatArray
    logger: IntArray
    seq: IntArray
    conflict: NDArray[np.bool_]
    temperature_c: Mapping[str, FloatArray]
    lat_deg: FloatArray
    lon_deg: FloatArray
    accuracy_m: FloatArray
    lid_open: CodeArray
    moving: CodeArray
    light_lux: FloatArray

    @cached_property
    def shipment(self) -> IntArray:
        """(n,) index of the shipment that owns each row; of one shipment the same value, kept
        once."""
        if len(self.shipments) == 1:
            return np.broadcast_to(np.zeros(1, dtype=np.int64), self.time_s.shape)
        return np.repeat(np.arange(len(self.shipments)), np.diff(self.first))
