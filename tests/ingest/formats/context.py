"""A plain context for decoding in tests."""

from coldwitness.config.settings import FormatRule
from coldwitness.ingest.formats import DecodeContext

RECEIVED_MS = 1_795_230_300_000


def context(
    topic: str = "coldchain/v1/ql/BX-1/readings", *, rule: FormatRule | None = None
) -> DecodeContext:
    return DecodeContext(topic=topic, received_ms=RECEIVED_MS, rule=rule, courier="ql", box="BX-1")
