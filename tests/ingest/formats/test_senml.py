"""SenML with the examples of RFC 8428: resolution, time, CBOR, refusals."""

import json
from typing import Any

import cbor2
import pytest

from coldwitness.domain.errors import BadMessage
from coldwitness.ingest.formats import DecodeContext, Decoded, Refusal, decoder
from coldwitness.ingest.formats.senml_pack import Record, parse_pack, resolved
from tests.ingest.formats.context import RECEIVED_MS

decode = decoder("senml")


def said(pack: Any, topic: str = "sensors/box-1") -> Decoded:
    return decode(json.dumps(pack).encode(), DecodeContext(topic=topic, received_ms=RECEIVED_MS))


def test_a_single_temperature_without_time_means_now() -> None:
    # RFC 8428, 5.1.1
    (reading,) = said([{"n": "urn:dev:ow:10e2073a01080063", "u": "Cel", "v": 23.1}]).readings
    assert reading.logger == "urn-dev-ow-10e2073a01080063"
    assert reading.temperature_c == {"drug": 23.1}
    assert (reading.time_ms, reading.time_source) == (RECEIVED_MS, "received")


def test_base_values_and_relative_times_are_resolved() -> None:
    # RFC 8428, 5.1.2 second example, shortened
    pack = [
        {"bn": "urn:dev:ow:10e2073a0108006:", "bt": 1.276020076001e9, "bu": "A", "bver": 5,
         "n": "voltage", "u": "V", "v": 120.1},
        {"n": "current", "t": -5, "v": 1.2},
        {"n": "current", "v": 1.7},
    ]  # fmt: skip
    records = list(resolved(pack, received_ms=RECEIVED_MS))
    assert [(r.name, r.unit, r.value, r.time_ms) for r in records if isinstance(r, Record)] == [
        ("urn:dev:ow:10e2073a0108006:voltage", "V", 120.1, 1_276_020_076_001),
        ("urn:dev:ow:10e2073a0108006:current", "A", 1.2, 1_276_020_071_001),
        ("urn:dev:ow:10e2073a0108006:current", "A", 1.7, 1_276_020_076_001),
    ]


def test_records_of_one_device_and_time_are_one_reading() -> None:
    base = {"bn": "urn:dev:ow:10e2073a01080063:", "bt": 1320067464}
    pack = [
        {**base, "n": "temp", "u": "Cel", "v": 5.5},
        {"n": "hum", "u": "%RH", "v": 20},
        {"u": "lon", "v": 24.30621},
        {"u": "lat", "v": 60.07965},
        {"n": "ice", "u": "Cel", "v": -3},
        {"n": "lid", "vb": True},
        {"n": "temp", "u": "Cel", "t": 60, "v": 5.75},
    ]
    first, second = said(pack).readings
    assert first.temperature_c == {"drug": 5.5, "ice": -3.0}
    assert (first.humidity_pct, first.lat_deg, first.lon_deg) == (20.0, 60.07965, 24.30621)
    assert (first.time_ms, first.lid_open) == (1_320_067_464_000, True)
    assert (second.temperature_c, second.time_ms) == ({"drug": 5.75}, 1_320_067_524_000)


def test_base_value_is_added_and_kelvin_converted() -> None:
    (reading,) = said([{"bn": "a:", "bv": 270, "bu": "K", "n": "t", "v": 8.15}]).readings
    assert reading.temperature_c == {"drug": 5.0}


def test_times_below_2_to_28_are_relative_to_the_receive_time() -> None:
    pack = [{"bn": "dev:", "n": "t", "u": "Cel", "v": 5, "t": -90.5}]
    (reading,) = said(pack).readings
    assert reading.time_ms == RECEIVED_MS - 90_500


def test_the_same_name_twice_at_one_time_is_kept_as_two_readings() -> None:
    record = {"n": "dev/temp", "u": "Cel", "t": 1320067464}
    first, second = said([{**record, "v": 5}, {**record, "v": 9}]).readings
    assert (first.temperature_c, second.temperature_c) == ({"drug": 5.0}, {"drug": 9.0})
    assert first.time_ms == second.time_ms


def test_our_own_probe_names_are_roles() -> None:
    pack = [{"bn": "LG-1/", "n": "ambient", "u": "Cel", "v": 30}, {"n": "drug", "u": "Cel", "v": 5}]
    (reading,) = said(pack).readings
    assert reading.temperature_c == {"ambient": 30.0, "drug": 5.0}
    assert reading.logger == "LG-1"


def test_cbor_labels_mean_the_same_as_json_names() -> None:
    # RFC 8428, section 6: bn -2, bt -3, bu -4, n 0, u 1, v 2, t 6.
    pack = [
        {-2: "urn:dev:ow:10e2073a0108006:", -3: 1276020076.001, -4: "Cel", 0: "t1", 2: 5.5},
        {0: "t2", 6: -5, 2: 4.25},
    ]
    readings = decode(
        cbor2.dumps(pack), DecodeContext(topic="x/y", received_ms=RECEIVED_MS)
    ).readings
    assert [(r.temperature_c, r.time_ms) for r in readings] == [
        ({"drug": 5.5}, 1_276_020_076_001),
        ({"drug": 4.25}, 1_276_020_071_001),
    ]


# RFC 8428, section 6: the pack of 5.1.2 in CBOR.
RFC_CBOR = (
    "87a721781b75726e3a6465763a6f773a3130653230373361303130383030363a22fb41d303a15b001062236141"
    "20050067766f6c7461676501615602fb405e066666666666a3006763757272656e74062402fb3ff33333333333"
    "33a3006763757272656e74062302fb3ff4cccccccccccda3006763757272656e74062202fb3ff6666666666666"
    "a3006763757272656e74062102f93e00a3006763757272656e74062002fb3ff999999999999aa3006763757272"
    "656e74060002fb3ffb333333333333"
)


def test_the_cbor_of_the_rfc_resolves_to_its_records() -> None:
    records = list(resolved(parse_pack(bytes.fromhex(RFC_CBOR)), received_ms=RECEIVED_MS))
    assert [(r.name, r.unit, r.value, r.time_ms) for r in records if isinstance(r, Record)] == [
        ("urn:dev:ow:10e2073a0108006:voltage", "V", 120.1, 1_276_020_076_001),
        *(
            ("urn:dev:ow:10e2073a0108006:current", "A", value, 1_276_020_076_001 + 1000 * t)
            for t, value in ((-5, 1.2), (-4, 1.3), (-3, 1.4), (-2, 1.5), (-1, 1.6), (0, 1.7))
        ),
    ]


def test_the_other_examples_of_the_rfc_are_read() -> None:
    # 5.1.1 with a time; 5.1.3 is humidity without a temperature; 5.1.5, several data types;
    # 5.1.6, a collection of two devices.
    (reading,) = said(
        [{"n": "urn:dev:ow:10e2073a01080063", "u": "Cel", "t": 1.276020076e9, "v": 23.1}]
    ).readings
    assert (reading.temperature_c, reading.time_ms) == ({"drug": 23.1}, 1_276_020_076_000)
    base = {"bn": "urn:dev:ow:10e2073a01080063", "bt": 1.320067464e9, "bu": "%RH", "v": 20}
    with pytest.raises(BadMessage) as caught:
        said([base, {"u": "lon", "v": 24.30621}, {"t": 60, "v": 20.3}])
    assert caught.value.reason == "no_temperature"
    (typed,) = said(
        [
            {"bn": "urn:dev:ow:10e2073a01080063:", "n": "temp", "u": "Cel", "v": 23.1},
            {"n": "label", "vs": "Machine Room"},
            {"n": "open", "vb": False},
            {"n": "nfc-reader", "vd": "aGkgCg"},
        ]
    ).readings
    assert (typed.temperature_c, typed.lid_open) == ({"drug": 23.1}, False)
    two = said(
        [
            {"bn": "2001:db8::2/", "bt": 1.320078429e9, "n": "temperature", "u": "Cel", "v": 25.2},
            {"n": "humidity", "u": "%RH", "v": 30},
            {"bn": "2001:db8::1/", "n": "temperature", "u": "Cel", "v": 12.3},
            {"n": "humidity", "u": "%RH", "v": 67},
        ]
    ).readings
    assert [(r.logger, r.temperature_c, r.humidity_pct, r.time_ms) for r in two] == [
        ("2001-db8-2", {"drug": 25.2}, 30.0, 1_320_078_429_000),
        ("2001-db8-1", {"drug": 12.3}, 67.0, 1_320_078_429_000),
    ]


def test_a_pack_of_a_later_version_is_not_used() -> None:
    good = {"bver": 10, "n": "dev/temp", "u": "Cel", "v": 5}
    assert len(said([good]).readings) == 1
    with pytest.raises(BadMessage, match="bver"):
        said([{**good, "bver": 11}])


@pytest.mark.parametrize(
    ("unit", "value", "expected"),
    [("degC", 5.0, 5.0), ("degF", 41.0, 5.0), ("°F", 41.0, 5.0), ("K", 278.15, 5.0)],
)
def test_units_of_temperature_beyond_the_registry(unit: str, value: float, expected: float) -> None:
    (reading,) = said([{"n": "dev/t", "u": unit, "v": value}]).readings
    assert reading.temperature_c == {"drug": expected}


@pytest.mark.parametrize("unit", ["C", "F", "Cel/s", "V"])
def test_units_that_only_look_like_temperature_are_none(unit: str) -> None:
    with pytest.raises(BadMessage):
        said([{"n": "dev/t", "u": unit, "v": 5}])


def test_cbor_with_text_labels_and_a_float_base_value_is_read_without_dust() -> None:
    pack = [{"bn": "dev:", "bt": 1320067464, "bu": "Cel", "bv": 20.1, "n": "t", "v": 0.2}]
    body = cbor2.dumps(pack)
    (reading,) = decode(body, DecodeContext(topic="x", received_ms=RECEIVED_MS)).readings
    assert reading.temperature_c == {"drug": 20.3}


def test_a_decimal_fraction_of_cbor_is_a_number() -> None:
    # Tag 4: 55 * 10^-1.
    body = bytes.fromhex("81a300" + "6364696d" + "01" + "6343656c" + "02" + "c482201837")
    (reading,) = decode(body, DecodeContext(topic="x", received_ms=RECEIVED_MS)).readings
    assert reading.temperature_c == {"drug": 5.5}


def test_a_broken_record_does_not_take_the_others_with_it() -> None:
    good = {"n": "dev/temp", "u": "Cel", "v": 5, "t": 1320067464}
    result = said([good, {**good, "v": "5"}, {**good, "n": ""}, 7, {**good, "t": 1e300},
                   {**good, "must_": 1}])  # fmt: skip
    assert len(result.readings) == 1
    assert [refusal.index for refusal in result.refused] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[", b"42", b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff", b"\xa1\x00\x01", b"[]",
     b'[{"n":"a","u":"%RH","v":3}]', b"[" * 100_000],
)  # fmt: skip
def test_what_is_no_pack_with_a_temperature_is_refused(body: bytes) -> None:
    with pytest.raises(BadMessage):
        decode(body, DecodeContext(topic="x", received_ms=RECEIVED_MS))


@pytest.mark.parametrize(
    "body",
    ["d81c81d81d00", "8181" + "81" * 900 + "00", "81a1" + "00" + "c2" + "591000" + "ff" * 4096],
)
def test_hostile_cbor_is_refused_record_by_record(body: str) -> None:
    try:
        result = decode(bytes.fromhex(body), DecodeContext(topic="x", received_ms=RECEIVED_MS))
    except BadMessage as error:
        result = Decoded(refused=(Refusal(error.reason, str(error)),))
    assert result.readings == ()
    assert len(result.refused) == 1


def test_a_no_value_code_is_no_temperature() -> None:
    result = said([{"n": "dev/temp", "u": "Cel", "v": -127}])
    assert result.readings == ()
    assert [refusal.reason for refusal in result.refused] == ["no_temperature"]
