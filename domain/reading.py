"""What a logger said (Reading) and what was done with the box (Event)."""

from operator import attrgetter
from typing import Any, Literal

import msgspec

from coldwitness.domain.channels import CHANNELS

TimeSource = Literal["device", "gateway", "received"]

ROLES = ("drug", "coolant", "ambient", "goods")

EVENT_NAMES = (
    "packed",
    "picked_up",
    "handed_over",
    "stored",
    "retrieved",
    "arrived",
    "delivered",
    "refused",
    "returned",
    "opened",
    "closed",
)
"""Event words of the contract; the position in this tuple is the event's code in arrays."""

COMPARTMENT_LETTERS = 64
"""Longest name of a compartment behind a probe's."""

ENDING_EVENTS = ("delivered", "refused", "returned")
"""Events that end the drug's stay in its box."""


class Reading(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message of one logger at one instant.

    time_ms : the logger's own clock, UTC epoch milliseconds; `time_source` says when it
        is not the logger's but the gateway's or ours.
    temperature_c : probe name -> °C. `drug`, `coolant`, `ambient`, `goods` and numbered
        further ones (`drug.2`), each perhaps with its compartment (`drug.2@B`), are judged; any
        other name is kept and never judged.
    lat_deg, lon_deg : WGS84, whatever datum was sent.
    """

    logger: str
    time_ms: int
    temperature_c: dict[str, float]
    time_source: TimeSource = "device"
    courier: str | None = None
    box: str | None = None
    shipment: str | None = None
    seq: int | None = None
    humidity_pct: float | None = None
    lat_deg: float | None = None
    lon_deg: float | None = None
    accuracy_m: float | None = None
    lid_open: bool | None = None
    light_lux: float | None = None
    pressure_hpa: float | None = None
    moving: bool | None = None
    battery_v: float | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A custody event; `event` is one of EVENT_NAMES. Position is WGS84."""

    event: str
    time_ms: int
    shipment: str | None = None
    logger: str | None = None
    courier: str | None = None
    box: str | None = None
    site: str | None = None
    lat_deg: float | None = None
    lon_deg: float | None = None
    accuracy_m: float | None = None
    actor: str | None = None
    note: str | None = None


PROBES_MAX = 64
"""Probes of one reading: each is a column of its shipment for ever, and a curve of its report."""
FILE_PROBES_MAX = 256
"""Probes of all readings of a file."""
SHIPMENT_READINGS_MAX = 5_000_000
"""Readings of one shipment among files: two months of one a second. It is judged in one piece."""


def event_without_words(event: Event) -> Event:
    """The same without what it says of persons."""
    return msgspec.structs.replace(event, actor=None, note=None)


def split_probe(name: str) -> tuple[str, int] | None:
    """`"drug.2@B"` -> `("drug", 2)`, `"drug"` -> `("drug", 1)`; None if it names no role."""
    role, at, compartment = name.partition("@")
    if at and not 1 <= len(compartment) <= COMPARTMENT_LETTERS:
        return None
    role, dot, number = role.partition(".")
    if role not in ROLES:
        return None
    if not dot:
        return role, 1
    if number.isascii() and number.isdigit() and 1 <= int(number) <= 999:
        return role, int(number)
    return None


def plain_probe(name: str) -> str | None:
    """A role's probe in its shortest form: `"drug.1@B"` -> `"drug@B"`; None if it names no role."""
    split = split_probe(name)
    if split is None:
        return None
    role, number = split
    _, at, compartment = name.partition("@")
    return f"{role if number == 1 else f'{role}.{number}'}{at}{compartment}"


def compartment_of(probe: str) -> str | None:
    """`"drug.2@B"` -> `"B"`; None where a probe's name says no compartment."""
    return probe.partition("@")[2] or None


def channels_sent(reading: Reading) -> dict[str, Any]:
    """What the reading says beside time and temperatures, in the native contract's fields and
    their order; what it does not say is left out."""
    found: dict[str, Any] = {}
    for channel, value in zip(CHANNELS, _channels_of(reading), strict=True):
        if channel.in_position:
            found["position"] = position_sent(reading)
        else:
            found[channel.sent] = value
    return {name: value for name, value in found.items() if value is not None}


def position_sent(said: Reading | Event) -> dict[str, float] | None:
    """The native contract's `position`; None without one."""
    if said.lat_deg is None or said.lon_deg is None:
        return None
    found = {"lat": said.lat_deg, "lon": said.lon_deg}
    if said.accuracy_m is not None:
        found["accuracy_m"] = said.accuracy_m
    return found


_channels_of = attrgetter(*(channel.name for channel in CHANNELS))
