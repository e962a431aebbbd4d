"""One pure decoder a wire format: bytes and context in, readings, events and refusals out.

A module that declares a `FORMAT` is a format; there is no list beside it.
"""

from coldwitness.ingest.formats.decoded import DecodeContext, Decoded, Decoder, Refusal
from coldwitness.ingest.formats.memory import DecoderMemory
from coldwitness.ingest.formats.registry import decoder, every_format, wire_format
from coldwitness.ingest.formats.wire_format import WireFormat

__all__ = [
    "DecodeContext",
    "Decoded",
    "Decoder",
    "DecoderMemory",
    "Refusal",
    "WireFormat",
    "decoder",
    "every_format",
    "wire_format",
]
