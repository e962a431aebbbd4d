"""One pure decoder a wire format: bytes and context in, readings, events and refusals out."""

from ingest.formats.decoded import DecodeContext, Decoded, Decoder, Refusal
from ingest.formats.registry import FORMAT_NAMES, decoder
from ingest.formats.session import DecoderSession

__all__ = [
    "FORMAT_NAMES",
    "DecodeContext",
    "Decoded",
    "Decoder",
    "DecoderSession",
    "Refusal",
    "decoder",
]
