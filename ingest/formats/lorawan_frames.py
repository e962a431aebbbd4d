"""Raw LoRaWAN frames of the loggers couriers use, where no decoder ran upstream.

A frame decoder takes (bytes, f_port) and gives samples; what it does not know it refuses,
because a misread byte is a made-up temperature. Layouts are facts of the makers' own
manuals and published codecs: Dragino, Milesight, ELSYS, Tektelic, Decentlab.
"""

import re
from collections.abc import Mapping

from coldwitness.ingest.formats import dragino_frames, milesight_frames
from coldwitness.ingest.formats.frame_sample import FrameDecoder, Sample, big, byte, put, require


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


def decides(decode: FrameDecoder | None) -> bool:
    """True where the frame is the better witness than an object made of it upstream: what
    LSN50's decoders write for a probe that is not there looks like a temperature."""
    return decode in (dragino_frames.lsn50, dragino_frames.lsn50_s31)


def elsys(frame: bytes, f_port: int | None) -> list[Sample]:
    """All ELSYS sensors: type, value; big-endian; tenths of a degree."""
    sample = Sample()
    second: list[int] = []
    lost: list[Sample] = []
    at = 0
    while at < len(frame):
        kind = frame[at]
        at += 1
        if at + _ELSYS_SIZES.get(kind, 0) > len(frame):
            lost.append(_cut_off(f"ELSYS: value of type 0x{kind:02X}", sample))
            break
        if kind == 0x01:
            put(sample, "temperature", big(frame, at), 10.0)
        elif kind == 0x02:
            sample.humidity_pct = float(byte(frame, at))
        elif kind == 0x04:
            sample.light_lux = float(big(frame, at) & 0xFFFF)
        elif kind == 0x07:
            sample.battery_v = (big(frame, at) & 0xFFFF) / 1000.0
        elif kind == 0x0C:
            put(sample, "externalTemperature", big(frame, at), 10.0)
        elif kind == 0x10:
            put(sample, "irExternalTemperature", big(frame, at + 2), 10.0)
        elif kind == 0x19:
            second.append(big(frame, at))
        size = _ELSYS_SIZES.get(kind)
        if size is None:
            lost.append(_unread(f"ELSYS: type {kind:02X}"))
            break
        at += size
    for index, raw in enumerate(second, start=1):
        # Several probes on one input: named as the maker's list of them is.
        dotted = f".{index}" if len(second) > 1 else ""
        put(sample, f"externalTemperature2{dotted}", raw, 10.0)
    return [*lost, sample] if sample.temperature_c or not lost else lost


def _unread(what: str) -> Sample:
    """What stands from an unknown part of a frame on cannot be read: its length is unknown."""
    return Sample(lost=f"{what} is not known: from it on nothing was read")


def _cut_off(what: str, before: Sample) -> Sample:
    """What is refused of a frame that ends too early; all of it where nothing stood before."""
    require(bool(before.temperature_c), f"{what} is cut off")
    return Sample(lost=f"{what} is cut off")


_ELSYS_SIZES: Mapping[int, int] = {
    0x01: 2, 0x02: 1, 0x03: 3, 0x04: 2, 0x05: 1, 0x06: 2, 0x07: 2, 0x08: 2, 0x09: 6, 0x0A: 2,
    0x0B: 4, 0x0C: 2, 0x0D: 1, 0x0E: 2, 0x0F: 1, 0x10: 4, 0x11: 1, 0x12: 1, 0x13: 65, 0x14: 4,
    0x15: 2, 0x16: 2, 0x17: 4, 0x18: 2, 0x19: 2, 0x1A: 1, 0x1B: 4, 0x1C: 2, 0x3D: 4,
}  # fmt: skip


def tektelic_room(frame: bytes, f_port: int | None) -> list[Sample]:
    """T00061xx smart room sensors: two-byte channel, big-endian value, port 10."""
    require(f_port in (10, None), f"Tektelic: expected port 10, got {f_port}")
    sample = Sample()
    lost: list[Sample] = []
    at = 0
    while at + 2 <= len(frame):
        channel = (frame[at], frame[at + 1])
        at += 2
        size = _TEKTELIC_SIZES.get(channel)
        if size is None:
            lost.append(_unread(f"Tektelic: channel {channel[0]:02X} {channel[1]:02X}"))
            break
        if at + size > len(frame):
            lost.append(_cut_off("Tektelic: the last value", sample))
            break
        if channel == (0x03, 0x67):
            put(sample, "ambient_temperature", big(frame, at), 10.0)
        elif channel == (0x04, 0x68):
            sample.humidity_pct = None if frame[at] == 0xFF else frame[at] / 2.0
        elif channel == (0x00, 0xBA):
            sample.battery_v = (big(frame, at) & 0xFFFF) / 1000.0
        elif channel == (0x00, 0xFF):
            sample.battery_v = big(frame, at) / 100.0
        at += size
    return [*lost, sample] if sample.temperature_c or not lost else lost


_TEKTELIC_SIZES: Mapping[tuple[int, int], int] = {
    (0x00, 0xBA): 2, (0x00, 0xD3): 1, (0x00, 0xFF): 2, (0x01, 0x00): 1, (0x02, 0x00): 1,
    (0x03, 0x67): 2, (0x04, 0x68): 1, (0x05, 0x02): 2, (0x06, 0x00): 1, (0x07, 0x71): 6,
    (0x08, 0x04): 2, (0x09, 0x00): 1, (0x0A, 0x00): 1, (0x0B, 0x67): 2, (0x0C, 0x00): 1,
    (0x0D, 0x04): 2, (0x0E, 0x00): 1, (0x0F, 0x04): 2, (0x10, 0x02): 1, (0x11, 0x02): 2,
}  # fmt: skip


def decentlab_ds18(frame: bytes, f_port: int | None) -> list[Sample]:
    """DL-DS18: version 2, device, flags, then sixteenths of a degree offset by 32768."""
    require(len(frame) >= 5, f"Decentlab: expected 5 bytes or more, got {len(frame)}")
    require(frame[0] == 2, f"Decentlab: expected protocol version 2, got {frame[0]}")
    flags = int.from_bytes(frame[3:5], "big")
    sample = Sample()
    at = 5
    if flags & 1:
        sample.temperature_c["temperature"] = ((big(frame, at) & 0xFFFF) - 32768) / 16.0
        at += 2
    if flags & 2:
        sample.battery_v = (big(frame, at) & 0xFFFF) / 1000.0
    return [sample]


_BY_MODEL: Mapping[str, FrameDecoder] = {
    "lht65ne31f": dragino_frames.lht65_e31f,
    "lht65": dragino_frames.lht65,
    "lht52": dragino_frames.lht52,
    "lsn50v2s31": dragino_frames.lsn50_s31,
    "lsn50s31": dragino_frames.lsn50_s31,
    "lsn50": dragino_frames.lsn50,
    "em300mld": milesight_frames.without_probe,
    "em300di": milesight_frames.milesight,
    "em300": milesight_frames.em300,
    "em320th": milesight_frames.em300,
    "em500pt100": milesight_frames.em500_pt100,
    "em500": milesight_frames.milesight,
    "t00061": tektelic_room,
    "t000489": tektelic_room,
    "dlds18": decentlab_ds18,
    "elsys": elsys,
}
"""Part of a device's description, letters and digits only -> its frame."""
_BY_WORD: Mapping[str, FrameDecoder] = {
    "ers": elsys, "ers2": elsys, "ersco2": elsys, "elt": elsys, "elt1": elsys, "elt2": elsys,
    "ems": elsys, "esm5k": elsys,
    "d20": dragino_frames.lsn50, "d22": dragino_frames.lsn50, "d23": dragino_frames.lsn50,
    "tektelic": tektelic_room, "milesight": milesight_frames.milesight,
}  # fmt: skip
"""Whole words that tell the frame on their own, looked at last."""
