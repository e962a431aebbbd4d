"""A native reading with nothing unusual about it, which nearly every message is: read at once.

The limits stand in the types, so that they are checked while the JSON is read. Whatever is not
such a reading is left to `native`, which reads it thoroughly and says what is wrong.
"""

from functools import lru_cache
from typing import Annotated

import msgspec
from msgspec import Meta

from coldwitness.domain.identifiers import is_id
from coldwitness.domain.instants import LATEST_MS
from coldwitness.domain.reading import PROBES_MAX, Reading, plain_probe
from coldwitness.ingest.formats.decoded import DecodeContext
from coldwitness.ingest.formats.instants import UNSET_BEFORE_MS, time_ms
from coldwitness.ingest.formats.native_channels import PlainChannels
from coldwitness.ingest.formats.plausible import NO_VALUE_C, TEMPERATURE_RANGE_C

known_id = lru_cache(maxsize=65536)(is_id)
known_probe = lru_cache(maxsize=4096)(plain_probe)

_Celsius = Annotated[float, Meta(ge=TEMPERATURE_RANGE_C[0], le=TEMPERATURE_RANGE_C[1])]


class _PlainReading(PlainChannels, gc=False):
    logger: str
    time: Annotated[int, Meta(ge=UNSET_BEFORE_MS, le=LATEST_MS)] | str
    temperature: dict[str, _Celsius]
    shipment: str | None = None
    event: None = None
    site: str | None = None
    actor: str | None = None
    note: str | None = None
    courier: str | None = None
    box: str | None = None


_decoder = msgspec.json.Decoder(_PlainReading)


def plain_reading(body: bytes, context: DecodeContext) -> Reading | None:
    """The reading of one JSON object's bytes, None where it wants to be read thoroughly. Raises
    BadMessage for a time that is none."""
    try:
        return _as_it_stands(_decoder.decode(body), body, context)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _as_it_stands(sent: _PlainReading, body: bytes, context: DecodeContext) -> Reading | None:
    """The reading, if its ids are ids, its probes ours, none of its values a code, and its text
    holds exactly the keys that were read: none twice, none unknown, none null."""
    temperature_c, time, position = sent.temperature, sent.time, sent.position
    logger, shipment, courier, box = sent.logger, sent.shipment, sent.courier, sent.box
    texts = (shipment, courier, box, sent.site, sent.actor, sent.note)
    # By hand, as the reading below: every message of every logger comes through here.
    said = (
        sent.seq,
        sent.humidity,
        sent.lid_open,
        sent.light_lux,
        sent.pressure_hpa,
        sent.moving,
        sent.battery_v,
    )
    # Texts in quotes, keys and values: logger (2), time, temperature; 6 texts (12); channels.
    quoted = 16 + len(said) + len(temperature_c) - 2 * texts.count(None) - said.count(None)
    lat_deg = lon_deg = accuracy_m = None
    if position is not None:
        lat_deg, lon_deg, accuracy_m = position.lat, position.lon, position.accuracy_m
        quoted += 3 + (accuracy_m is not None) + 2 * (position.datum is not None)
    if type(time) is int:
        measured_ms = time
    else:
        measured_ms = time_ms(time, zone=context.zone)
        quoted += 1
    if not (
        body.count(b'"') == 2 * quoted
        and measured_ms >= UNSET_BEFORE_MS
        and len(temperature_c) <= PROBES_MAX
        and _plain_probes(tuple(temperature_c))
        and NO_VALUE_C.isdisjoint(temperature_c.values())
        and known_id(logger)
        and (shipment is None or known_id(shipment))
        and (courier is None or known_id(courier))
        and (box is None or known_id(box))
    ):
        return None
    found = Reading(
        logger=logger,
        time_ms=measured_ms,
        temperature_c=temperature_c,
        courier=context.courier or courier,
        box=context.box or box,
        shipment=shipment,
        seq=sent.seq,
        humidity_pct=sent.humidity,
        lat_deg=lat_deg,
        lon_deg=lon_deg,
        accuracy_m=accuracy_m,
        lid_open=sent.lid_open,
        light_lux=sent.light_lux,
        moving=sent.moving,
        battery_v=sent.battery_v,
    )
    # Python hands over sixteen keywords by way of a dict, which takes as long as the whole reading.
    if sent.pressure_hpa is not None:
        found = msgspec.structs.replace(found, pressure_hpa=sent.pressure_hpa)
    return found


@lru_cache(maxsize=4096)
def _plain_probes(names: tuple[str, ...]) -> bool:
    """True for probe names that are kept as they are: each a role of ours, in its shortest form."""
    return bool(names) and all(known_probe(name) == name for name in names)
