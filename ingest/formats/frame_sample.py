"""What a raw LoRaWAN frame gives, and the small steps all frame decoders share."""

from collections.abc import Callable
from dataclasses import dataclass, field

from coldwitness.domain.errors import BadMessage

NO_PROBE = (0x7FFF, -0x8000)
"""Signed 16-bit words that mean "no probe" or "no value" with every maker read here."""
CLOCK_SET_S = 1_577_836_800
"""2020-01-01: a device clock before it was never set; the gateway's time is taken then."""
_CLOCK_NEVER_S = 0x7FFFFFFF
"""A clock from 2038 on is a word of ones or a fault: no such device runs yet."""


@dataclass
class Sample:
    """One measurement of a frame: temperatures by the maker's names, in the frame's order.

    time_ms : the device's own clock where the frame carries it and it was set.
    places : the names of all probes the frame has a place for, silent ones too, in its order.
    lost : why a stored record cannot be used; nothing else of it counts then.
    """

    temperature_c: dict[str, float] = field(default_factory=dict)
    humidity_pct: float | None = None
    battery_v: float | None = None
    light_lux: float | None = None
    time_ms: int | None = None
    lost: str | None = None
    places: list[str] = field(default_factory=list, compare=False)


FrameDecoder = Callable[[bytes, int | None], list[Sample]]
"""(frame, f_port; None: not told) -> samples; raises BadMessage for a frame that does not fit."""


def put(sample: Sample, name: str, raw: int, per_degree: float) -> None:
    """A signed 16-bit temperature, unless it is a code for none; its name is there all the same."""
    sample.places.append(name)
    if raw not in NO_PROBE:
        sample.temperature_c[name] = raw / per_degree


def clock_ms(seconds: int) -> int | None:
    """A device's epoch seconds as ms; None where its clock was never set."""
    return seconds * 1000 if CLOCK_SET_S <= seconds < _CLOCK_NEVER_S else None


def stored(sample: Sample) -> Sample:
    """A record of the logger's memory: without a time of its own it is not now either."""
    if sample.time_ms is None:
        return Sample(lost="a stored record whose clock was never set: its time is unknown")
    return sample


def big(frame: bytes, at: int) -> int:
    """Signed 16 bits, big-endian."""
    require(at + 2 <= len(frame), "frame is cut off")
    return int.from_bytes(frame[at : at + 2], "big", signed=True)


def little(frame: bytes, at: int) -> int:
    """Signed 16 bits, little-endian."""
    require(at + 2 <= len(frame), "frame is cut off")
    return int.from_bytes(frame[at : at + 2], "little", signed=True)


def byte(frame: bytes, at: int) -> int:
    require(at < len(frame), "frame is cut off")
    return frame[at]


def require(holds: bool, text: str) -> None:
    if not holds:
        raise BadMessage("bad_frame", text)
