"""Raw LoRaWAN frames of the loggers couriers use, where no decoder ran upstream.

A frame decoder takes (bytes, f_port) and gives samples; what it does not know it refuses,
because a misread byte is a made-up temperature. Layouts are facts of the makers' own
manuals and published codecs: Dragino, Milesight, ELSYS, Tektelic, Decentlab.
"""

import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from domain.errors import BadMessage

_NO_PROBE = (0x7FFF, -0x8000)
"""Signed 16-bit words that mean "no probe" or "no value" with these makers."""
_CLOCK_SET_S = 1_577_836_800
"""2020-01-01: a device clock before it was never set; the gateway's time is taken then."""


@dataclass
class Sample:
    """One measurement of a frame: temperatures by the maker's names, in the frame's order.

    time_ms : the device's own clock where the frame carries it and it was set.
    """

    temperature_c: dict[str, float] = field(default_factory=dict)
    humidity_pct: float | None = None
    battery_v: float | None = None
    light_lux: float | None = None
    time_ms: int | None = None


FrameDecoder = Callable[[bytes, int | None], list[Sample]]


def frame_decoder(*descriptions: str | None) -> FrameDecoder | None:
    """The decoder for a device described by brand, model or profile names; None if unknown.

    Names are compared without case and punctuation: `Dragino LHT65N`, `lht65n-temp` and
    `LHT-65N` all find the same.
    """
    text = " ".join(part for part in descriptions if part).lower()
    bare = re.sub(r"[^a-z0-9]", "", text)
    words = set(re.split(r"[^a-z0-9]+", text))
    for mark, decode in _BY_MODEL.items():
        if mark in bare:
            return decode
    return next((decode for word, decode in _BY_WORD.items() if word in words), None)


def dragino_lht65(frame: bytes, f_port: int | None) -> list[Sample]:
    """LHT65 and LHT65N: 11 bytes on port 2, or several such from the logger's memory."""
    _require(f_port in (2, None), f"Dragino LHT65: expected port 2, got {f_port}")
    _require(
        len(frame) >= 11 and len(frame) % 11 == 0,
        f"Dragino LHT65: expected 11 bytes a measurement, got {len(frame)}",
    )
    return [_lht65(frame[at : at + 11]) for at in range(0, len(frame), 11)]


def _lht65(frame: bytes) -> Sample:
    kind = frame[6] & 0x0F
    stored = bool(frame[6] & 0x40)
    sample = Sample()
    first, sht, humidity, ext = struct.unpack(">hhHxh", frame[:9])
    has_clock = stored or kind == 9
    if kind != 0x0F:
        _put(sample, "TempC_SHT", sht, 100.0)
        sample.humidity_pct = (humidity & 0x0FFF) / 10.0
    if has_clock:
        _put(sample, "TempC_DS", first, 100.0)
        sample.time_ms = _clock(int.from_bytes(frame[7:11], "big"))
    else:
        sample.battery_v = (first & 0x3FFF) / 1000.0
        if kind in (1, 2):
            _put(sample, "TempC_DS" if kind == 1 else "TempC_TMP117", ext, 100.0)
    return sample


def dragino_lht52(frame: bytes, f_port: int | None) -> list[Sample]:
    """LHT52: 11 bytes on port 2 (live) or several on port 3 (from memory), with its clock."""
    _require(f_port in (2, 3, None), f"Dragino LHT52: expected port 2 or 3, got {f_port}")
    _require(
        len(frame) >= 11 and len(frame) % 11 == 0,
        f"Dragino LHT52: expected 11 bytes a measurement, got {len(frame)}",
    )
    samples = []
    for at in range(0, len(frame), 11):
        sht, humidity, probe, _, clock = struct.unpack(">hHhBI", frame[at : at + 11])
        sample = Sample(time_ms=_clock(clock))
        _put(sample, "TempC_SHT", sht, 100.0)
        if humidity != 0xFFFF:
            sample.humidity_pct = humidity / 10.0
        _put(sample, "TempC_DS", probe, 100.0)
        samples.append(sample)
    return samples


def dragino_lsn50(frame: bytes, f_port: int | None) -> list[Sample]:
    """LSN50 and LSN50v2 in all working modes; tenths of a degree."""
    _require(f_port in (2, None), f"Dragino LSN50: expected port 2, got {f_port}")
    _require(len(frame) in (11, 12), f"Dragino LSN50: expected 11 bytes, got {len(frame)}")
    mode = (frame[6] & 0x7C) >> 2
    sample = Sample()
    battery_mv, first, _, _, second, third = struct.unpack(">HhHBhh", frame[:11])
    if mode == 2:
        sample.battery_v = frame[11] / 10.0 if len(frame) == 12 else None
    else:
        sample.battery_v = battery_mv / 1000.0
        _put(sample, "TempC1", first, 10.0)
    if mode in (0, 2):
        if third == 0:
            sample.light_lux = float(second & 0xFFFF)
        else:
            _put(sample, "TempC_SHT", second, 10.0)
            sample.humidity_pct = (third & 0xFFFF) / 10.0
    elif mode == 3:
        _put(sample, "TempC2", second, 10.0)
        _put(sample, "TempC3", third, 10.0)
    return [sample]


def milesight(frame: bytes, f_port: int | None) -> list[Sample]:
    """EM300-TH, EM500-PT100 and kin: channel, type, value; little-endian; stored history."""
    live = Sample()
    history: list[Sample] = []
    at = 0
    while at + 2 <= len(frame):
        channel, kind = frame[at], frame[at + 1]
        at += 2
        if (channel, kind) in ((0x03, 0x67), (0x83, 0x67)):
            _put(live, "temperature", _little(frame, at), 10.0)
            at += 2 if channel == 0x03 else 3
        elif (channel, kind) == (0x04, 0x68):
            live.humidity_pct = _byte(frame, at) / 2.0
            at += 1
        elif (channel, kind) == (0x20, 0xCE):
            size = _milesight_record(frame, at)
            sample = Sample(time_ms=_clock(int.from_bytes(frame[at : at + 4], "little")))
            _put(sample, "temperature", _little(frame, at + 4), 10.0)
            if size == 7:
                sample.humidity_pct = frame[at + 6] / 2.0
            history.append(sample)
            at += size
        else:
            known = _MILESIGHT_SKIP.get((channel, kind))
            if known is None:
                break
            at += known
    return [*history, live] if live.temperature_c or not history else history


def _milesight_record(frame: bytes, at: int) -> int:
    """Size of a stored record: EM500-PT100 keeps clock and temperature, EM300-TH humidity too.

    The one that ends at the frame's end or at the next record's mark is the right one.
    """
    for size in (7, 6):
        if at + size <= len(frame) and frame[at + size : at + size + 2] in (b"", b"\x20\xce"):
            return size
    raise BadMessage("bad_frame", "Milesight: stored records of an unknown size")


_MILESIGHT_SKIP: Mapping[tuple[int, int], int] = {
    (0x01, 0x75): 1,  # battery percent
    (0x05, 0x00): 1,  # leak
    (0x06, 0x00): 1,  # door
    (0xFF, 0x01): 1,  # protocol version
    (0xFF, 0x09): 2,  # hardware version
    (0xFF, 0x0A): 2,  # firmware version
    (0xFF, 0x0B): 1,  # power on
    (0xFF, 0x0F): 1,  # device class
    (0xFF, 0x16): 8,  # serial number
    (0xFF, 0xFE): 1,  # reset
    (0xFF, 0xFF): 2,  # TSL version
}
"""Value lengths of channels that hold no temperature; an unknown one ends the reading."""


def elsys(frame: bytes, f_port: int | None) -> list[Sample]:
    """All ELSYS sensors: type, value; big-endian; tenths of a degree."""
    sample = Sample()
    externals = 0
    at = 0
    while at < len(frame):
        kind = frame[at]
        at += 1
        if kind == 0x01:
            _put(sample, "temperature", _big(frame, at), 10.0)
        elif kind == 0x02:
            sample.humidity_pct = float(_byte(frame, at))
        elif kind == 0x04:
            sample.light_lux = float(_big(frame, at) & 0xFFFF)
        elif kind == 0x07:
            sample.battery_v = (_big(frame, at) & 0xFFFF) / 1000.0
        elif kind == 0x0C:
            _put(sample, "externalTemperature", _big(frame, at), 10.0)
        elif kind == 0x10:
            _put(sample, "irExternalTemperature", _big(frame, at + 2), 10.0)
        elif kind == 0x19:
            externals += 1
            name = "externalTemperature2" + (f".{externals}" if externals > 1 else "")
            _put(sample, name, _big(frame, at), 10.0)
        size = _ELSYS_SIZES.get(kind)
        if size is None:
            break
        _require(at + size <= len(frame), f"ELSYS: value of type 0x{kind:02X} is cut off")
        at += size
    return [sample]


_ELSYS_SIZES: Mapping[int, int] = {
    0x01: 2, 0x02: 1, 0x03: 3, 0x04: 2, 0x05: 1, 0x06: 2, 0x07: 2, 0x08: 2, 0x09: 6, 0x0A: 2,
    0x0B: 4, 0x0C: 2, 0x0D: 1, 0x0E: 2, 0x0F: 1, 0x10: 4, 0x11: 1, 0x12: 1, 0x13: 65, 0x14: 4,
    0x15: 2, 0x16: 2, 0x17: 4, 0x18: 2, 0x19: 2, 0x1A: 1, 0x1B: 4, 0x1C: 2, 0x3D: 4,
}  # fmt: skip


def tektelic_room(frame: bytes, f_port: int | None) -> list[Sample]:
    """T00061xx smart room sensors: two-byte channel, big-endian value, port 10."""
    _require(f_port in (10, None), f"Tektelic: expected port 10, got {f_port}")
    sample = Sample()
    at = 0
    while at + 2 <= len(frame):
        channel = (frame[at], frame[at + 1])
        at += 2
        size = _TEKTELIC_SIZES.get(channel)
        if size is None:
            break
        _require(at + size <= len(frame), "Tektelic: the last value is cut off")
        if channel == (0x03, 0x67):
            _put(sample, "ambient_temperature", _big(frame, at), 10.0)
        elif channel == (0x04, 0x68):
            sample.humidity_pct = frame[at] / 2.0
        elif channel == (0x00, 0xBA):
            sample.battery_v = (_big(frame, at) & 0xFFFF) / 1000.0
        elif channel == (0x00, 0xFF):
            sample.battery_v = _big(frame, at) / 100.0
        at += size
    return [sample]


_TEKTELIC_SIZES: Mapping[tuple[int, int], int] = {
    (0x00, 0xBA): 2, (0x00, 0xD3): 1, (0x00, 0xFF): 2, (0x01, 0x00): 1, (0x02, 0x00): 1,
    (0x03, 0x67): 2, (0x04, 0x68): 1, (0x05, 0x02): 2, (0x06, 0x00): 1, (0x07, 0x71): 6,
    (0x08, 0x04): 2, (0x09, 0x00): 1, (0x0A, 0x00): 1, (0x0B, 0x67): 2, (0x0C, 0x00): 1,
    (0x0D, 0x04): 2, (0x0E, 0x00): 1, (0x0F, 0x04): 2, (0x10, 0x02): 1, (0x11, 0x02): 2,
}  # fmt: skip


def decentlab_ds18(frame: bytes, f_port: int | None) -> list[Sample]:
    """DL-DS18: version 2, device, flags, then sixteenths of a degree offset by 32768."""
    _require(len(frame) >= 5, f"Decentlab: expected 5 bytes or more, got {len(frame)}")
    _require(frame[0] == 2, f"Decentlab: expected protocol version 2, got {frame[0]}")
    flags = int.from_bytes(frame[3:5], "big")
    sample = Sample()
    at = 5
    if flags & 1:
        sample.temperature_c["temperature"] = ((_big(frame, at) & 0xFFFF) - 32768) / 16.0
        at += 2
    if flags & 2:
        sample.battery_v = (_big(frame, at) & 0xFFFF) / 1000.0
    return [sample]


_BY_MODEL: Mapping[str, FrameDecoder] = {
    "lht65": dragino_lht65,
    "lht52": dragino_lht52,
    "lsn50": dragino_lsn50,
    "em300": milesight,
    "em500pt100": milesight,
    "em500": milesight,
    "t00061": tektelic_room,
    "t000489": tektelic_room,
    "dlds18": decentlab_ds18,
    "elsys": elsys,
}
"""Part of a device's description, letters and digits only -> its frame."""
_BY_WORD: Mapping[str, FrameDecoder] = {
    "ers": elsys, "elt": elsys, "elt1": elsys, "elt2": elsys, "ems": elsys, "esm5k": elsys,
    "tektelic": tektelic_room, "milesight": milesight,
}  # fmt: skip
"""Whole words that tell the frame on their own, looked at last."""


def _put(sample: Sample, name: str, raw: int, per_degree: float) -> None:
    if raw not in _NO_PROBE:
        sample.temperature_c[name] = raw / per_degree


def _clock(seconds: int) -> int | None:
    return seconds * 1000 if seconds >= _CLOCK_SET_S and seconds != 0xFFFFFFFF else None


def _big(frame: bytes, at: int) -> int:
    _require(at + 2 <= len(frame), "frame is cut off")
    return int.from_bytes(frame[at : at + 2], "big", signed=True)


def _little(frame: bytes, at: int) -> int:
    _require(at + 2 <= len(frame), "frame is cut off")
    return int.from_bytes(frame[at : at + 2], "little", signed=True)


def _byte(frame: bytes, at: int) -> int:
    _require(at < len(frame), "frame is cut off")
    return frame[at]


def _require(holds: bool, text: str) -> None:
    if not holds:
        raise BadMessage("bad_frame", text)
