"""The wire formats by their names in the settings."""

from functools import partial
from importlib import import_module
from typing import Any

from coldwitness.domain.errors import ConfigError
from coldwitness.ingest.formats.decoded import Decoder
from coldwitness.ingest.formats.session import DecoderSession

_STATEFUL = frozenset({"sparkplug_b"})
FORMAT_NAMES = (
    "native",
    "tts_v3",
    "chirpstack_v4",
    "sparkplug_b",
    "ruuvi_gateway",
    "senml",
    "influx_line",
    "tasmota",
    "shelly",
    "zigbee2mqtt",
    "teltonika_codec8",
)


def decoder(name: str, session: DecoderSession | None = None) -> Decoder:
    """The decoder of a format; stateful ones remember in `session` (a new one by default).

    Each is a module of its own, imported when first asked for.
    """
    if name not in FORMAT_NAMES:
        raise ConfigError(f"format {name!r}: unknown; known: {', '.join(FORMAT_NAMES)}")
    module: Any = import_module(f"coldwitness.ingest.formats.{name}")
    if name in _STATEFUL:
        return partial(module.decode, session=session if session is not None else DecoderSession())
    decode: Decoder = module.decode
    return decode
