"""Sparkplug B: births name aliases, DATA before BIRTH is refused, datatypes."""

import gzip
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.config.settings import FormatRule
from coldwitness.domain.errors import BadMessage
from coldwitness.ingest.formats import DecodeContext, Decoded, DecoderMemory, decoder
from coldwitness.ingest.formats.sparkplug_payload import parse_payload, signed
from tests.ingest.formats.context import RECEIVED_MS

# Made with the generated Eclipse Tahu protobuf: NBIRTH defines alias 7, DATA use it.
NBIRTH = (
    "08a0e2f5a8a02b12120a05626453657118a0e2f5a8a02b2008580012210a0f426f782f54656d706572617475"
    "7265100718a0e2f5a8a02b2009650000a8401800"
)
HISTORICAL = "08eaf2f5a8a02b121210071888eaf5a8a02b20092801650000d0401801"
NULL = "08d2faf5a8a02b120d100718d8f9f5a8a02b200938011802"
NAN = "08ba82f6a8a02b1210100718c081f6a8a02b2009650000c07f1803"


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def field(number: int, value: int | bytes) -> bytes:
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    return varint(number << 3) + varint(value)


def metric(
    value: bytes,
    *,
    name: str | None = None,
    alias: int | None = None,
    datatype: int = 0,
    unit: str | None = None,
) -> bytes:
    body = field(1, name.encode()) if name is not None else b""
    body += field(2, alias) if alias is not None else b""
    body += field(4, datatype) if datatype else b""
    if unit is not None:
        body += field(9, field(1, b"engUnit") + field(2, field(8, unit.encode())))
    return field(2, body + value)


def double(value: float) -> bytes:
    return varint(13 << 3 | 1) + struct.pack("<d", value)


def single(value: float) -> bytes:
    return varint(12 << 3 | 5) + struct.pack("<f", value)


def message(*metrics: bytes, time_ms: int = 1_795_230_245_000) -> bytes:
    return field(1, time_ms) + b"".join(metrics)


def send(memory: DecoderMemory, topic: str, body: bytes, rule: FormatRule | None = None) -> Decoded:
    context = DecodeContext(topic=topic, received_ms=RECEIVED_MS, rule=rule)
    return decoder("sparkplug_b", memory)(body, context)


def test_data_is_read_by_the_aliases_of_its_birth() -> None:
    memory = DecoderMemory()
    (born,) = send(memory, "spBv1.0/G/NBIRTH/E", bytes.fromhex(NBIRTH)).readings
    assert (born.temperature_c, born.time_ms) == ({"drug": 5.25}, 1_486_144_500_000)
    (late,) = send(memory, "spBv1.0/G/NDATA/E", bytes.fromhex(HISTORICAL)).readings
    assert (late.temperature_c, late.time_ms) == ({"drug": 6.5}, 1_486_144_501_000)
    assert late.logger == born.logger == "G-E"
    assert send(memory, "spBv1.0/G/NDATA/E", bytes.fromhex(NULL)) == Decoded()
    assert send(memory, "spBv1.0/G/NDATA/E", bytes.fromhex(NAN)) == Decoded()


def test_data_before_birth_is_refused_and_not_guessed() -> None:
    result = send(DecoderMemory(), "spBv1.0/G/NDATA/E", bytes.fromhex(HISTORICAL))
    assert result.readings == ()
    assert [refusal.reason for refusal in result.refused] == ["no_birth"]


def test_aliases_belong_to_their_edge_node() -> None:
    memory = DecoderMemory()
    send(memory, "spBv1.0/G/NBIRTH/E", bytes.fromhex(NBIRTH))
    result = send(memory, "spBv1.0/G/NDATA/OTHER", bytes.fromhex(HISTORICAL))
    assert [refusal.reason for refusal in result.refused] == ["no_birth"]


def test_a_new_birth_replaces_the_old_names() -> None:
    memory = DecoderMemory()
    send(memory, "spBv1.0/G/NBIRTH/E", bytes.fromhex(NBIRTH))
    send(memory, "spBv1.0/G/NBIRTH/E", message(metric(double(1), name="Pressure", alias=7)))
    assert send(memory, "spBv1.0/G/NDATA/E", bytes.fromhex(HISTORICAL)).readings == ()
    send(memory, "spBv1.0/G/NBIRTH/E", message(metric(double(1), name="Pressure", alias=8)))
    result = send(memory, "spBv1.0/G/NDATA/E", bytes.fromhex(HISTORICAL))
    assert [refusal.reason for refusal in result.refused] == ["no_birth"]


def test_a_device_birth_adds_to_its_node_and_is_named_with_it() -> None:
    memory = DecoderMemory()
    send(memory, "spBv1.0/G/NBIRTH/E", bytes.fromhex(NBIRTH))
    birth = message(metric(double(5), name="Temp Drug", alias=9, datatype=10))
    send(memory, "spBv1.0/G/DBIRTH/E/D1", birth)
    (reading,) = send(memory, "spBv1.0/G/DDATA/E/D1", message(metric(double(6), alias=9))).readings
    assert (reading.logger, reading.temperature_c) == ("G-E-D1", {"drug": 6.0})
    (node,) = send(memory, "spBv1.0/G/NDATA/E", bytes.fromhex(HISTORICAL)).readings
    assert node.temperature_c == {"drug": 6.5}


def test_a_named_metric_needs_no_birth() -> None:
    # Values of mqtt-spb-wrapper's test, encoded with the Eclipse Tahu protobuf (EPL-2.0).
    body = bytes.fromhex(
        "08eaf2f5a8a02b121f0a0b74656d706572617475726518eaf2f5a8a02b200a6900000000008039401800"
    )
    (reading,) = send(DecoderMemory(), "spBv1.0/GroupTest/DDATA/Edge001/Device01", body).readings
    assert reading.temperature_c == {"drug": 25.5}
    assert (reading.logger, reading.time_ms) == ("GroupTest-Edge001-Device01", 1_486_144_502_122)


def test_the_same_bytes_mean_the_same_to_a_parser_of_other_make() -> None:
    payload = parse_payload(bytes.fromhex(NBIRTH))
    assert [m.name for m in payload.metrics] == ["bdSeq", "Box/Temperature"]
    assert payload.metrics[1].alias == 7
    assert payload.metrics[1].value(9) == 5.25


@pytest.mark.parametrize(
    ("datatype", "raw", "expected"),
    [
        (2, 0xFFFFFFD8, -40),
        (2, 0xFFD8, -40),
        (1, 0xFB, -5),
        (3, 0xFFFFFFFB, -5),
        (4, 0xFFFFFFFFFFFFFFFB, -5),
        (6, 0xFFD8, 65496),
        (2, 0x7FFF, 32767),
        (2, 5, 5),
    ],
)
def test_integers_are_read_in_their_datatypes_width(datatype: int, raw: int, expected: int) -> None:
    assert signed(raw, datatype) == expected


def test_a_negative_int16_by_alias_takes_its_datatype_from_the_birth() -> None:
    memory = DecoderMemory()
    birth = message(metric(field(10, 4), name="Temperature", alias=1, datatype=2))
    send(memory, "spBv1.0/G/NBIRTH/E", birth)
    data = message(metric(field(10, 0xFFFB), alias=1))
    (reading,) = send(memory, "spBv1.0/G/NDATA/E", data).readings
    assert reading.temperature_c == {"drug": -5.0}


def test_a_32_bit_float_is_the_decimal_that_was_meant() -> None:
    body = message(metric(single(4.3), name="Temperature", datatype=9))
    (reading,) = send(DecoderMemory(), "spBv1.0/G/NDATA/E", body).readings
    assert reading.temperature_c == {"drug": 4.3}


def test_fahrenheit_by_engineering_unit_is_converted_also_by_alias() -> None:
    memory = DecoderMemory()
    birth = message(metric(double(41), name="Temperature", alias=1, datatype=10, unit="°F"))
    (born,) = send(memory, "spBv1.0/G/NBIRTH/E", birth).readings
    (reading,) = send(memory, "spBv1.0/G/NDATA/E", message(metric(double(50), alias=1))).readings
    assert (born.temperature_c, reading.temperature_c) == ({"drug": 5.0}, {"drug": 10.0})


@pytest.mark.parametrize(("quality", "expected"), [(192, {"drug": 5.0}), (0, None), (500, None)])
def test_a_value_marked_bad_or_stale_is_missing(
    quality: int, expected: dict[str, float] | None
) -> None:
    # Sparkplug 3.0.0: property Quality, 0 bad, 192 good, 500 stale.
    packed = field(1, b"Quality") + field(2, field(1, 3) + field(3, quality))
    body = field(1, b"Temperature") + double(5.0) + field(9, packed)
    result = send(DecoderMemory(), "spBv1.0/G/NDATA/E", message(field(2, body)))
    assert [r.temperature_c for r in result.readings] == ([expected] if expected else [])


def test_a_mapped_metric_whose_name_says_fahrenheit_is_converted() -> None:
    rule = FormatRule(topic="#", format="sparkplug_b", probes={"Box/Temp_F": "drug"})
    body = message(metric(double(41), name="Box/Temp_F"))
    (reading,) = send(DecoderMemory(), "spBv1.0/G/NDATA/E", body, rule).readings
    assert reading.temperature_c == {"drug": 5.0}


def test_metric_names_map_to_roles_by_device() -> None:
    rule = FormatRule(
        topic="spBv1.0/#",
        format="sparkplug_b",
        loggers={"D1": {"Box/T1": "drug", "Box/T2": "coolant", "box": "BX-1"}},
    )
    body = message(metric(double(-2), name="Box/T2"), metric(double(5), name="Box/T1"))
    (reading,) = send(DecoderMemory(), "spBv1.0/G/DDATA/E/D1", body, rule).readings
    assert reading.temperature_c == {"coolant": -2.0, "drug": 5.0}
    assert reading.box == "BX-1"


def test_metrics_of_different_times_are_different_readings() -> None:
    def at(time_ms: int, value: float) -> bytes:
        return field(2, field(1, b"Temperature") + field(3, time_ms) + double(value))

    body = message(at(1_795_230_240_000, 5), at(1_795_230_241_000, 6))
    first, second = send(DecoderMemory(), "spBv1.0/G/NDATA/E", body).readings
    assert (first.time_ms, second.time_ms) == (1_795_230_240_000, 1_795_230_241_000)


@pytest.mark.parametrize(
    "topic",
    ["spBv1.0/G/NDEATH/E", "spBv1.0/G/DDEATH/E/D", "spBv1.0/STATE/host", "spBv1.0/G/NCMD/E"],
)
def test_messages_that_carry_no_measurement_say_nothing(topic: str) -> None:
    assert send(DecoderMemory(), topic, b"\xff\xff") == Decoded()


@pytest.mark.parametrize("algorithm", ["DEFLATE", "GZIP"])
def test_a_compressed_payload_is_read_as_the_one_inside(algorithm: str) -> None:
    # Tahu's PayloadUtil: uuid, the algorithm as a metric, the packed payload as the body.
    plain = bytes.fromhex(NBIRTH)
    packed = zlib.compress(plain) if algorithm == "DEFLATE" else gzip.compress(plain)
    about = metric(field(15, algorithm.encode()), name="algorithm", datatype=12)
    wrapped = message(about) + field(4, b"SPBV1.0_COMPRESSED") + field(5, packed)
    memory = DecoderMemory()
    (born,) = send(memory, "spBv1.0/G/NBIRTH/E", wrapped).readings
    assert (born.temperature_c, born.time_ms) == ({"drug": 5.25}, 1_486_144_500_000)
    (late,) = send(memory, "spBv1.0/G/NDATA/E", bytes.fromhex(HISTORICAL)).readings
    assert late.temperature_c == {"drug": 6.5}


@pytest.mark.parametrize(
    "packed", [b"", b"x", zlib.compress(b"\x08\x01")[:-5], zlib.compress(bytes(2_000_000))]
)
def test_a_damaged_or_huge_compressed_body_is_refused(packed: bytes) -> None:
    wrapped = field(4, b"SPBV1.0_COMPRESSED") + field(5, packed)
    with pytest.raises(BadMessage) as caught:
        send(DecoderMemory(), "spBv1.0/G/NDATA/E", wrapped)
    assert caught.value.reason == "bad_protobuf"


def test_a_node_whose_clock_was_never_set_measured_now_unless_it_says_historical() -> None:
    live = metric(double(4.5), name="temp")
    stored = field(2, field(1, b"temp") + field(5, 1) + double(6.5))
    for unset_ms in (1, 86_400_000, 1_795_230_245):
        result = send(DecoderMemory(), "spBv1.0/G/NDATA/E", message(live, stored, time_ms=unset_ms))
        (reading,) = result.readings
        assert (reading.time_ms, reading.time_source) == (RECEIVED_MS, "received")
        assert reading.temperature_c == {"drug": 4.5}
        assert [(refusal.index, refusal.reason) for refusal in result.refused] == [(1, "bad_time")]


@pytest.mark.parametrize("body", ["ff", "0a", "12ff", "120108", "00", "0b", "08" + "ff" * 11])
def test_broken_protobuf_is_refused(body: str) -> None:
    with pytest.raises(BadMessage) as caught:
        send(DecoderMemory(), "spBv1.0/G/NDATA/E", bytes.fromhex(body))
    assert caught.value.reason == "bad_protobuf"


@settings(max_examples=100, deadline=None)
@given(st.floats(-100, 80).map(lambda value: round(value, 2)), st.integers(0, 2**32))
def test_what_is_encoded_is_what_is_read(value: float, alias: int) -> None:
    memory = DecoderMemory()
    send(memory, "spBv1.0/G/NBIRTH/E", message(metric(double(1), name="temp", alias=alias)))
    body = message(metric(double(value), alias=alias))
    (reading,) = send(memory, "spBv1.0/G/NDATA/E", body).readings
    assert reading.temperature_c == {"drug": value}
