"""What a logger may say beside time and temperatures: the channels of a reading, once.

Everything that treats them alike reads this list: tables, stores, files, exports, data frames and
the API. What stands beside it is typed attributes (`Reading`, `ReadingTable`, the native structs),
which a test holds equal to the list.
"""

import math
from dataclasses import dataclass
from typing import Literal, TypedDict


@dataclass(frozen=True)
class Channel:
    """One of them.

    name : attribute of Reading and column of ReadingTable; ends with its unit.
    kind : a real (NaN where absent), a flag (1 yes, 0 no, -1 not said), a count (-1 not said).
    sent : its name in the native contract, and of its column in CSV, Parquet and the API.
    unit : as it is written; "" where there is none.
    low, high : what can be meant at all, both included; outside it nothing was measured.
    in_position : stands in the native message's `position`.
    """

    name: str
    kind: Literal["real", "flag", "count"]
    sent: str
    unit: str = ""
    low: float = -math.inf
    high: float = math.inf
    in_position: bool = False


SEQ_MAX = 2**53 - 1
"""The largest whole number that JSON holds exactly (RFC 7493, 2.2): a report is JSON."""

CHANNELS = (
    Channel("seq", "count", "seq", low=0, high=SEQ_MAX),
    # Wet capacitive sensors read beyond 100, and Ruuvi's encoding goes to 163.8; kept as sent.
    Channel("humidity_pct", "real", "humidity", "%RH", low=0.0, high=164.0),
    Channel("lat_deg", "real", "lat", "°", low=-90.0, high=90.0, in_position=True),
    Channel("lon_deg", "real", "lon", "°", low=-180.0, high=180.0, in_position=True),
    Channel("accuracy_m", "real", "accuracy_m", "m", low=0.0, in_position=True),
    Channel("lid_open", "flag", "lid_open"),
    Channel("light_lux", "real", "light_lux", "lx", low=0.0),
    # From less than on the highest mountain (about 330) to more than was ever measured (1085).
    Channel("pressure_hpa", "real", "pressure_hpa", "hPa", low=300.0, high=1100.0),
    Channel("moving", "flag", "moving"),
    Channel("battery_v", "real", "battery_v", "V", low=0.0),
)
"""In the order in which the contract and the canonical export have them."""

SENSED = tuple(channel for channel in CHANNELS if channel.kind != "count")
REALS = tuple(channel for channel in CHANNELS if channel.kind == "real")
FLAGS = tuple(channel for channel in CHANNELS if channel.kind == "flag")
CHANNEL = {channel.name: channel for channel in CHANNELS}
"""All but the count of readings; the numbers among them; the flags; and all by name."""


class Said(TypedDict, total=False):
    """Channels as keywords, for whoever makes a reading of some of them."""

    seq: int | None
    humidity_pct: float | None
    lat_deg: float | None
    lon_deg: float | None
    accuracy_m: float | None
    lid_open: bool | None
    light_lux: float | None
    pressure_hpa: float | None
    moving: bool | None
    battery_v: float | None
