"""What a Ruuvi tag broadcasts: data formats 3 (RAWv1), 5 (RAWv2), C5 (RAWv2 cut short), 6 and E1
(Ruuvi Air), as Ruuvi documents them; in each the code for "not available" is missing, never a
number.
"""

import math
import struct
from dataclasses import dataclass

from coldwitness.domain.errors import BadMessage

_LUX_STEP = math.log(65536.0) / 254.0
_NO_MAC = "FFFFFFFFFFFF"


@dataclass(frozen=True)
class Broadcast:
    """What one advertisement says; None where the tag says "not available"."""

    temperature_c: float | None
    humidity_pct: float | None
    battery_v: float | None = None
    light_lux: float | None = None
    pressure_hpa: float | None = None
    mac: str | None = None
    """Upper-case hex; six digits where the format carries only half of it."""

    @property
    def whole_mac(self) -> str | None:
        """The address, if the broadcast carries all of it."""
        return self.mac if len(self.mac or "") == len(_NO_MAC) else None


def parse_broadcast(body: bytes) -> Broadcast:
    """Manufacturer data from the format byte on; raises BadMessage for an unknown format."""
    if not body:
        raise BadMessage("not_ruuvi", "empty advertisement")
    known = _FORMATS.get(body[0])
    if known is None:
        raise BadMessage("not_ruuvi", f"Ruuvi data format {body[0]}: expected 3, 5, C5, 6 or E1")
    size, parse = known
    if len(body) < size:
        raise BadMessage(
            "bad_frame", f"Ruuvi data format {body[0]}: expected {size} bytes, got {len(body)}"
        )
    return parse(body[:size])


def broadcast_size(body: bytes) -> int | None:
    """Bytes of the broadcast whose first ones `body` holds; None if it is no format we know."""
    return _FORMATS[body[0]][0] if body and body[0] in _FORMATS else None


def _format_3(body: bytes) -> Broadcast:
    humidity, whole, hundredths, pressure, _, _, _, battery_mv = struct.unpack(">xBBBHhhhH", body)
    # The whole degrees have a sign bit, not two's complement.
    degrees = (whole & 0x7F) + hundredths / 100.0
    if hundredths > 99:
        raise BadMessage("bad_frame", f"Ruuvi data format 3: {hundredths} hundredths of a degree")
    return Broadcast(
        temperature_c=-degrees if whole & 0x80 else degrees,
        humidity_pct=humidity / 2.0,
        battery_v=battery_mv / 1000.0,
        pressure_hpa=(pressure + 50_000) / 100.0,
    )


def _format_5(body: bytes) -> Broadcast:
    temperature, humidity, pressure, _, _, _, power, _, _ = struct.unpack(">xhHHhhhHBH", body[:18])
    mac = body[18:24].hex().upper()
    battery = power >> 5
    return Broadcast(
        temperature_c=None if temperature == -0x8000 else round(temperature * 0.005, 3),
        humidity_pct=None if humidity == 0xFFFF else round(humidity * 0.0025, 4),
        battery_v=None if battery == 0x7FF else (battery + 1600) / 1000.0,
        pressure_hpa=_pressure_hpa(pressure),
        mac=None if mac == _NO_MAC else mac,
    )


def _format_c5(body: bytes) -> Broadcast:
    # As format 5 without its six bytes of acceleration.
    return _format_5(body[:7] + bytes(6) + body[7:])


def _format_e1(body: bytes) -> Broadcast:
    temperature, humidity, pressure = struct.unpack(">hHH", body[1:7])
    light, mac = int.from_bytes(body[19:22], "big"), body[34:40].hex().upper()
    return Broadcast(
        temperature_c=None if temperature == -0x8000 else round(temperature * 0.005, 3),
        humidity_pct=None if humidity == 0xFFFF else round(humidity * 0.0025, 4),
        pressure_hpa=_pressure_hpa(pressure),
        light_lux=None if light == 0xFFFFFF else light / 100.0,
        mac=None if mac == _NO_MAC else mac,
    )


def _format_6(body: bytes) -> Broadcast:
    temperature, humidity, pressure = struct.unpack(">hHH", body[1:7])
    light, mac = body[13], body[17:20].hex().upper()
    return Broadcast(
        temperature_c=None if temperature == -0x8000 else round(temperature * 0.005, 3),
        humidity_pct=None if humidity == 0xFFFF else round(humidity * 0.0025, 4),
        pressure_hpa=_pressure_hpa(pressure),
        light_lux=None if light == 0xFF else round(math.exp(light * _LUX_STEP) - 1.0, 2),
        mac=None if mac == _NO_MAC[:6] else mac,
    )


def _pressure_hpa(code: int) -> float | None:
    return None if code == 0xFFFF else (code + 50_000) / 100.0


_FORMATS = {
    3: (14, _format_3),
    5: (24, _format_5),
    6: (20, _format_6),
    0xC5: (18, _format_c5),
    0xE1: (40, _format_e1),
}
