"""Readings as InfluxDB line protocol, built several times faster than by Point objects.

One point a reading. Tags are what there are few of: box, logger, and `variant`, which counts
the contradicting readings of one logger and time (InfluxDB would overwrite them). The shipment
is a field: as a tag, each one would be a series for ever. Names that cannot be absent from
the answer of a query are always written, `-` for none, which is no id. Ids need no escapes:
they are checked where they enter (domain.identifiers).
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from operator import attrgetter
from urllib.parse import unquote

from coldwitness.domain.reading import Reading
from coldwitness.storage.telemetry.record import FURTHER

NONE = "-"
PROBE_SUFFIX = "_c"
"""A field is a probe's temperature exactly if its key ends so."""

_UNSAFE = re.compile(r'[\x00-\x1f\x7f%\\,="]')
_SOURCE = {"device": "", "gateway": ",time_source=1i", "received": ",time_source=2i"}


def lines(
    readings: Sequence[Reading],
    received_ms: Sequence[int],
    variants: Sequence[int],
    *,
    measurement: str,
) -> bytes:
    """Points for /write with millisecond precision, one a line.

    variants : 0 for the first reading known of its logger and time, 1, 2, … for others that
        say something else.
    """
    built = []
    text = _texts
    rows = zip(readings, received_ms, variants, _further(readings), strict=True)
    for reading, received, variant, further in rows:
        head = _head(measurement, reading.box, reading.logger, variant)
        probes = reading.temperature_c
        fields = _probes(tuple(probes)) % tuple([text[value] for value in probes.values()])
        tail = (
            f",received_ms={received}i,seq={-1 if reading.seq is None else reading.seq}i"
            f',shipment="{reading.shipment or NONE}",courier="{reading.courier or NONE}"'
            f"{_SOURCE[reading.time_source]}"
        )
        # Positions hardly come twice: these are not worth remembering.
        if (value := reading.lat_deg) is not None:
            tail += f",lat_deg={value!r}"
        if (value := reading.lon_deg) is not None:
            tail += f",lon_deg={value!r}"
        if (value := reading.accuracy_m) is not None:
            tail += f",accuracy_m={text[value]}"
        if (value := reading.humidity_pct) is not None:
            tail += f",humidity_pct={text[value]}"
        if (value := reading.light_lux) is not None:
            tail += f",light_lux={text[value]}"
        if (value := reading.battery_v) is not None:
            tail += f",battery_v={text[value]}"
        if (flag := reading.lid_open) is not None:
            tail += ",lid_open=1i" if flag else ",lid_open=0i"
        if (flag := reading.moving) is not None:
            tail += ",moving=1i" if flag else ",moving=0i"
        built.append(f"{head}{fields}{tail}{further} {reading.time_ms}")
    return "\n".join(built).encode()


def _further(readings: Sequence[Reading]) -> list[str]:
    """The fields of the channels of FURTHER, column by column, because hardly any reading says
    them; the others stand in `lines` by hand."""
    fields = [""] * len(readings)
    for channel in FURTHER:
        mark = "" if channel.kind == "real" else "i"
        for row, value in enumerate(map(attrgetter(channel.name), readings)):
            if value is not None:
                fields[row] += f",{channel.name}={value + 0}{mark}"
    return fields


class _Texts(dict[float, str]):
    """Number -> its shortest exact form, which line protocol reads back unchanged. Sensors say
    few different numbers: looking one up takes a fifth of forming it."""

    def __missing__(self, value: float) -> str:
        text = repr(value)
        if value:  # 0.0 and -0.0 are one key, and two texts.
            if len(self) >= _TEXTS_KEPT:
                self.clear()
            self[value] = text
        return text


_TEXTS_KEPT = 100_000
_texts = _Texts()


def field_of(probe: str) -> str:
    """The field key that carries a probe. Signs that line protocol or InfluxQL cannot carry
    in every place stand as `%` and their hexadecimal number."""
    return _UNSAFE.sub(lambda sign: f"%{ord(sign[0]):02X}", probe) + PROBE_SUFFIX


def probe_of(field: str) -> str | None:
    """The probe that a field key carries; None if it carries none."""
    return unquote(field[: -len(PROBE_SUFFIX)]) if field.endswith(PROBE_SUFFIX) else None


@lru_cache(maxsize=200_000)
def _head(measurement: str, box: str | None, logger: str, variant: int) -> str:
    tags = f"box={box or NONE},logger={logger}"
    if variant:
        tags += f",variant={variant}"
    return f"{measurement},{tags} "


@lru_cache(maxsize=50_000)
def _probes(names: tuple[str, ...]) -> str:
    """`drug_c=%s,coolant_c=%s` for these probes."""
    keys = (field_of(name).replace(" ", "\\ ").replace("%", "%%") for name in names)
    return ",".join(f"{key}=%s" for key in keys)
