"""The channels of a native message as fields of the structs that JSON is read into.

`PlainChannels` takes what every channel can mean, and the bounds of domain/channels.py are checked
while the JSON is read; `AnyChannels` takes any number, so that `native` can say what is wrong.
"""

import math
from typing import Annotated, Literal

import msgspec

from coldwitness.domain.channels import CHANNEL


def _bounds(name: str) -> msgspec.Meta:
    low, high = CHANNEL[name].low, CHANNEL[name].high
    return msgspec.Meta(
        ge=low if math.isfinite(low) else None, le=high if math.isfinite(high) else None
    )


class PlainPosition(msgspec.Struct, gc=False):
    lat: Annotated[float, _bounds("lat_deg")]
    lon: Annotated[float, _bounds("lon_deg")]
    accuracy_m: Annotated[float, _bounds("accuracy_m")] | None = None
    datum: Literal["WGS84"] | None = None


class PlainChannels(msgspec.Struct, kw_only=True, gc=False):
    seq: Annotated[int, _bounds("seq")] | None = None
    humidity: Annotated[float, _bounds("humidity_pct")] | None = None
    position: PlainPosition | None = None
    lid_open: bool | None = None
    light_lux: Annotated[float, _bounds("light_lux")] | None = None
    pressure_hpa: Annotated[float, _bounds("pressure_hpa")] | None = None
    moving: bool | None = None
    battery_v: Annotated[float, _bounds("battery_v")] | None = None


class AnyPosition(msgspec.Struct, gc=False):
    lat: float
    lon: float
    accuracy_m: float | None = None
    datum: str | None = None


class AnyChannels(msgspec.Struct, kw_only=True, gc=False):
    seq: int | None = None
    humidity: float | None = None
    position: AnyPosition | None = None
    lid_open: bool | None = None
    light_lux: float | None = None
    pressure_hpa: float | None = None
    moving: bool | None = None
    battery_v: float | None = None
