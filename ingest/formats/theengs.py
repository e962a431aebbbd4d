"""Theengs Gateway and OpenMQTTGateway: Bluetooth sensors they hear, decoded, on
`home/{gateway}/BTtoMQTT/{address}`."""

import re
from collections.abc import Mapping
from typing import Any

from coldwitness.domain.errors import BadMessage
from coldwitness.ingest.formats.decoded import DecodeContext, Decoded
from coldwitness.ingest.formats.instants import set_clock_ms
from coldwitness.ingest.formats.json_text import json_object, shown
from coldwitness.ingest.formats.measurements import as_number
from coldwitness.ingest.formats.naming import entry_of, logger_id, mapping_for, reading
from coldwitness.ingest.formats.wire_format import ByJson, ByTopic, WireFormat

_TEMPERATURE = re.compile(r"tempc\d{0,2}")
"""`tempc` and, of thermometers with several probes, `tempc2`, `tempc3`, …; the same in °F stands
beside each as `tempf`."""


def decode(payload: bytes, context: DecodeContext) -> Decoded:
    """One sensor's message. The logger is the sensor, by its address, `id` or `mac`.

    The sensors have no clock. A gateway set to it adds `unixtime`, its own; else the time of
    receipt stands in. A message without an address is the gateway's own (`SYStoMQTT`), whose
    `tempc` is its processor's: refused.
    """
    message = json_object(payload)
    serial = message.get("id", message.get("mac"))
    if not isinstance(serial, str) or not serial:
        raise BadMessage("no_logger", f"id: expected a sensor's address, got {shown(serial)}")
    model = next((m for m in map(message.get, ("model_id", "model")) if isinstance(m, str)), None)
    entry = entry_of(context.rule, serial, logger_id(serial))
    mapping = mapping_for(context.rule, entry=entry, model=model)
    return Decoded(
        readings=(
            reading(
                context,
                serial=serial,
                model=model,
                temperatures=_temperatures(message, mapping),
                time_ms=set_clock_ms(message.get("unixtime"), message.get("UTCtime")),
                time_source="gateway",
                humidity_pct=as_number(message.get("hum")),
                light_lux=as_number(message.get("lux")),
                battery_v=as_number(message.get("volt")),
                pressure_hpa=as_number(message.get("pres")),
            ),
        )
    )


def _temperatures(message: Mapping[str, Any], mapping: Mapping[str, str]) -> dict[str, float]:
    """Name -> °C, in the message's order; what the settings map to a probe counts as well."""
    numbers = {name: as_number(value) for name, value in message.items()}
    return {
        name: number
        for name, number in numbers.items()
        if number is not None and (name in mapping or _TEMPERATURE.fullmatch(name))
    }


FORMAT = WireFormat(
    "theengs",
    decode=decode,
    usual_topics=ByTopic(120, r"(.*/)?BTtoMQTT/[^/]+"),
    looks=(ByJson(100, lambda first, _: {"id", "tempc"} <= first.keys()),),
    samples=(
        (
            "home/TheengsGateway/BTtoMQTT/A4C138165B5D",
            b'{"name":"ATC_165B5D","id":"A4:C1:38:16:5B:5D","rssi":-71,"brand":"Xiaomi","model":'
            b'"TH Sensor","model_id":"LYWSD03MMC/MJWSD05MMC_ATC","type":"THB","tempc":20.5,"tempf"'
            b':68.9,"hum":57,"batt":88,"volt":2.909,"mac":"A4:C1:38:16:5B:5D"}',
        ),
        (
            "home/OMG_ESP32_BLE/BTtoMQTT/3403DE123456",
            b'{"id":"34:03:DE:12:34:56","rssi":-60,"brand":"Inkbird","model":"iBBQ","model_id":'
            b'"IBT-4X(S/C)","tempc":4.5,"tempf":40.1,"tempc2":5.1,"tempf2":41.18,"unixtime":'
            b"1795230245}",
        ),
    ),
)
