"""No decoder lets anything but BadMessage out, whatever bytes arrive, and none is slow."""

import math
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.domain.errors import BadMessage
from coldwitness.domain.identifiers import is_id
from coldwitness.ingest.formats import (
    DecodeContext,
    Decoded,
    DecoderMemory,
    Refusal,
    decoder,
    every_format,
)
from coldwitness.ingest.formats.plausible import NO_VALUE_C, TEMPERATURE_RANGE_C
from tests.ingest.formats.context import RECEIVED_MS
from tests.ingest.formats.hostile import SEEDS, payloads


def judged(name: str, topic: str, body: bytes, memory: DecoderMemory) -> Decoded:
    """Decode; what comes out must be such that any store and any verdict can take it."""
    context = DecodeContext(topic=topic, received_ms=RECEIVED_MS)
    try:
        result = decoder(name, memory)(body, context)
    except BadMessage as error:
        result = Decoded(refused=(Refusal(error.reason, str(error)),))
    for reading in result.readings:
        assert is_id(reading.logger)
        assert 0 <= reading.time_ms <= 4_102_444_800_000
        assert reading.temperature_c
        for probe, value in reading.temperature_c.items():
            assert probe.encode()
            assert TEMPERATURE_RANGE_C[0] <= value <= TEMPERATURE_RANGE_C[1]
            assert value not in NO_VALUE_C
        for number in (reading.humidity_pct, reading.lat_deg, reading.lon_deg, reading.battery_v):
            assert number is None or math.isfinite(number)
    for refusal in result.refused:
        assert refusal.reason
        assert refusal.text.encode()
        assert len(refusal.text) < 500
    return result


def test_every_format_has_seeds_that_it_reads() -> None:
    assert set(SEEDS) == set(every_format())
    for name, seeds in SEEDS.items():
        memory = DecoderMemory()
        results = [judged(name, topic, body, memory) for topic, body in seeds]
        assert any(result.readings for result in results), name


@pytest.mark.parametrize("name", every_format())
def test_hurt_messages_are_read_or_refused(name: str) -> None:
    memory = DecoderMemory()
    slowest_s = 0.0
    for topic, body in payloads(name, 400, seed=1):
        begun = time.process_time()
        judged(name, topic, body, memory)
        slowest_s = max(slowest_s, time.process_time() - begun)
    assert slowest_s < 1.0


@pytest.mark.parametrize("name", every_format())
@settings(max_examples=50, deadline=None)
@given(body=st.binary(max_size=120), topic=st.text(max_size=12))
def test_any_bytes_on_any_topic_are_read_or_refused(name: str, body: bytes, topic: str) -> None:
    judged(name, topic.encode("utf-8", "ignore").decode(), body, DecoderMemory())


@pytest.mark.parametrize("name", every_format())
@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"9" * 100_000,
        b'{"temperature":' + b"9" * 100_000 + b"}",
        b"\x12\x00" * 100_000,
        b"\xff" * 200_000,
        b"a" * 200_000,
        b",=\\ " * 50_000,
        b"\x81" * 100_000,
        b"\x5f" * 100_000,
        bytes(4) + b"\x00\x03\x0d\x40\x8e" + bytes(200_000),
        b"\n" * 200_000,
    ],
    ids=range(12),
)
def test_long_hostile_messages_take_bounded_time(name: str, body: bytes) -> None:
    begun = time.process_time()
    judged(name, "v3/a/b/c", body, DecoderMemory())
    assert time.process_time() - begun < 5.0
