"""One pure decoder a wire format: bytes and context in, readings, events and refusals out."""

from coldwitness.ingest.formats.decoded import DecodeContext, Decoded, Decoder, Refusal
from coldwitness.ingest.formats.registry import FORMAT_NAMES, decoder
from coldwitness.ingest.formats.session import DecoderSession

__all__ = [
    "FORMAT_NAMES",
    "DecodeContext",
    "Decoded",
    "Decoder",
    "DecoderSession",
    "Refusal",
    "decoder",
]
