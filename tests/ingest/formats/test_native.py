"""The native contract: what is accepted, what is refused, and that refusals stay alone."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.domain.errors import BadMessage
from coldwitness.domain.reading import EVENT_NAMES
from coldwitness.ingest.formats import DecodeContext, Decoded, Refusal, decoder, native
from coldwitness.ingest.formats.json_text import loads
from tests.ingest.formats.context import context

decode = decoder("native")
TIME = "2026-11-21T03:04:05.123Z"
TIME_MS = 1_795_230_245_123
MINIMAL: dict[str, Any] = {"logger": "LG-1", "time": TIME, "temperature": {"drug": 4.5}}


def said(value: Any) -> Decoded:
    return decode(json.dumps(value).encode(), context())


def changed(**fields: Any) -> Decoded:
    return said({**MINIMAL, **fields})


def reason(result: Decoded) -> str:
    assert not result.readings
    assert not result.events
    (refusal,) = result.refused
    assert refusal.text
    return refusal.reason


def whole_reason(body: bytes) -> str:
    try:
        return reason(decode(body, context()))
    except BadMessage as error:
        return error.reason


def test_every_field_of_the_contract_arrives_with_its_unit() -> None:
    result = changed(
        shipment="ZB-1",
        seq=12,
        temperature={"drug": 4.5, "drug.2": 4, "coolant": -1.5, "ambient": 31, "goods": 20.25},
        humidity=55.5,
        position={"lat": 36.82, "lon": 118.30, "accuracy_m": 12},
        lid_open=False,
        light_lux=0,
        moving=True,
        battery_v=3.61,
    )
    (reading,) = result.readings
    assert reading.logger == "LG-1"
    assert reading.time_ms == TIME_MS
    assert reading.time_source == "device"
    assert (reading.courier, reading.box, reading.shipment) == ("ql", "BX-1", "ZB-1")
    assert reading.seq == 12
    assert reading.temperature_c == {
        "drug": 4.5,
        "drug.2": 4.0,
        "coolant": -1.5,
        "ambient": 31.0,
        "goods": 20.25,
    }
    assert reading.humidity_pct == 55.5
    assert (reading.lat_deg, reading.lon_deg, reading.accuracy_m) == (36.82, 118.30, 12.0)
    assert (reading.lid_open, reading.moving) == (False, True)
    assert (reading.light_lux, reading.battery_v) == (0.0, 3.61)


def test_the_topic_says_whose_box_it_is_whatever_the_payload_claims() -> None:
    (reading,) = changed(courier="other", box="BX-9").readings
    assert (reading.courier, reading.box) == ("ql", "BX-1")
    nowhere = DecodeContext(topic="", received_ms=0)
    body = json.dumps({**MINIMAL, "courier": "other", "box": "BX-9"}).encode()
    (reading,) = decode(body, nowhere).readings
    assert (reading.courier, reading.box) == ("other", "BX-9")


def test_what_is_not_sent_is_none_and_never_zero() -> None:
    (reading,) = said(MINIMAL).readings
    assert reading.seq is None
    assert reading.humidity_pct is None
    assert (reading.lat_deg, reading.lon_deg, reading.accuracy_m) == (None, None, None)
    assert (reading.lid_open, reading.moving) == (None, None)
    assert (reading.light_lux, reading.battery_v) == (None, None)


@pytest.mark.parametrize(
    ("time", "expected_ms"),
    [
        ("2026-11-21T03:04:05.123Z", TIME_MS),
        ("2026-11-21T03:04:05.123z", TIME_MS),
        ("2026-11-21t03:04:05.123Z", TIME_MS),
        ("2026-11-21T11:04:05.123+08:00", TIME_MS),
        ("2026-11-20T21:34:05.123-05:30", TIME_MS),
        ("2026-11-21T03:04:05.123456789Z", TIME_MS),
        ("2026-11-21T03:04:05Z", TIME_MS - 123),
        ("2016-12-31T23:59:60Z", 1_483_228_800_000),
        (TIME_MS, TIME_MS),
        (float(TIME_MS), TIME_MS),
        ("2001-09-09T01:46:40Z", 1_000_000_000_000),
    ],
)
def test_time_is_rfc3339_with_any_offset_or_integer_milliseconds(
    time: str | float, expected_ms: int
) -> None:
    (reading,) = changed(time=time).readings
    assert reading.time_ms == expected_ms


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-11-21T03:04:05", "time_without_zone"),
        ("2026-11-21 03:04:05", "time_without_zone"),
        ("2026-11-21", "bad_time"),
        ("yesterday", "bad_time"),
        ("2026-02-30T00:00:00Z", "bad_time"),
        ("2026-11-21T25:00:00Z", "bad_time"),
        ("1795230245123", "bad_time"),
        ("", "bad_time"),
        (1795230245, "bad_time"),
        (-1, "bad_time"),
        (10**18, "bad_time"),
        (1795230245123.5, "wrong_type"),
        (True, "wrong_type"),
        (None, "wrong_type"),
        ([], "wrong_type"),
    ],
)
def test_other_times_are_refused(time: Any, expected: str) -> None:
    assert reason(changed(time=time)) == expected


@pytest.mark.parametrize("value", ["4.5", "NaN", True, [], {}, "nan"])
def test_a_temperature_that_is_not_a_number_is_refused(value: Any) -> None:
    assert reason(changed(temperature={"drug": value})) == "wrong_type"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_a_temperature_that_is_not_finite_is_refused(number: str) -> None:
    body = f'{{"logger":"LG-1","time":"{TIME}","temperature":{{"drug":{number}}}}}'
    assert reason(decode(body.encode(), context())) == "not_finite"


@pytest.mark.parametrize("value", [-200.0, -199.9, 199.9, 200.0])
def test_temperature_at_and_inside_the_physical_range_is_kept(value: float) -> None:
    (reading,) = changed(temperature={"drug": value}).readings
    assert reading.temperature_c == {"drug": value}


@pytest.mark.parametrize("value", [-200.1, 200.1, 9999, -9999])
def test_temperature_outside_the_physical_range_is_refused(value: float) -> None:
    assert reason(changed(temperature={"drug": value})) == "out_of_range"


@pytest.mark.parametrize("code", [85.0, -127.0, 327.67, -327.68, 3276.7, -3276.8, 6553.5])
def test_a_sensors_no_value_code_is_missing_and_not_a_temperature(code: float) -> None:
    (reading,) = changed(temperature={"drug": 4.5, "ambient": code}).readings
    assert reading.temperature_c == {"drug": 4.5}
    assert reason(changed(temperature={"drug": code})) == "no_temperature"


def test_null_for_a_probe_is_absent_there() -> None:
    (reading,) = changed(temperature={"drug": 4.5, "coolant": None}).readings
    assert reading.temperature_c == {"drug": 4.5}
    assert reason(changed(temperature={"drug": None})) == "no_temperature"


@pytest.mark.parametrize("temperature", [None, {}, {"fridge": 4.0}])
def test_a_reading_without_any_probe_of_ours_is_refused(temperature: Any) -> None:
    assert reason(changed(temperature=temperature)) == "no_temperature"


def test_unknown_fields_and_probes_are_ignored_whatever_they_hold() -> None:
    (reading,) = changed(firmware={"a": [1]}, temperature={"drug": 4.5, "x": "warm"}).readings
    assert reading.temperature_c == {"drug": 4.5}


def test_first_probe_of_a_role_is_the_same_with_and_without_its_number() -> None:
    (reading,) = changed(temperature={"drug.1": 4.5, "drug.02": 5.0}).readings
    assert reading.temperature_c == {"drug": 4.5, "drug.2": 5.0}
    assert reason(changed(temperature={"drug.1": 4.5, "drug": 5.0})) == "duplicate_key"


@pytest.mark.parametrize("field", ["logger", "shipment", "box", "courier"])
@pytest.mark.parametrize("bad", ["", "-a", "a b", "a/b", "a\n", "冷", "x" * 65])
def test_ids_that_do_not_match_the_pattern_are_refused(field: str, bad: str) -> None:
    assert reason(changed(**{field: bad})) == "bad_id"


def test_logger_is_required() -> None:
    assert reason(said({"time": TIME, "temperature": {"drug": 4}})) == "no_logger"


def test_time_is_required() -> None:
    assert reason(said({"logger": "L", "temperature": {"drug": 4}})) == "no_time"


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("lid_open", 1, "wrong_type"),
        ("lid_open", "false", "wrong_type"),
        ("moving", 0, "wrong_type"),
        ("seq", True, "wrong_type"),
        ("seq", "3", "wrong_type"),
        ("seq", 1.5, "wrong_type"),
        ("seq", -1, "bad_seq"),
        ("seq", 2**53, "bad_seq"),
        ("seq", 2**63, "bad_seq"),
        ("humidity", "50", "wrong_type"),
        ("humidity", -0.1, "out_of_range"),
        ("humidity", 164.1, "out_of_range"),
        ("light_lux", -1, "out_of_range"),
        ("battery_v", -1, "out_of_range"),
        ("position", [36.8, 118.3], "bad_position"),
        ("position", {"lat": 36.8}, "bad_position"),
        ("position", {"lat": 90.1, "lon": 0}, "bad_position"),
        ("position", {"lat": 0, "lon": -180.1}, "bad_position"),
        ("position", {"lat": "36", "lon": 118}, "bad_position"),
        ("position", {"lat": 36, "lon": 118, "datum": "WGS72"}, "bad_position"),
        ("position", {"lat": 36, "lon": 118, "accuracy_m": -1}, "out_of_range"),
    ],
)
def test_wrong_types_and_ranges_are_refused(field: str, value: Any, expected: str) -> None:
    assert reason(changed(**{field: value})) == expected


def test_null_in_an_optional_field_is_absent() -> None:
    (reading,) = changed(shipment=None, seq=None, humidity=None, position=None).readings
    assert reading.lat_deg is None


def test_a_gcj02_position_is_stored_as_wgs84() -> None:
    position = {"lat": 31.2285067, "lon": 121.4758784, "datum": "GCJ02"}
    (reading,) = changed(position=position).readings
    assert reading.lat_deg == pytest.approx(31.2304, abs=2e-4)
    assert reading.lon_deg == pytest.approx(121.4713, abs=5e-4)


@pytest.mark.parametrize("event", EVENT_NAMES)
def test_every_event_of_the_contract_is_read(event: str) -> None:
    result = said(
        {
            "shipment": "ZB-1",
            "logger": "LG-1",
            "event": event,
            "time": TIME,
            "site": "东站",
            "position": {"lat": 36.8, "lon": 118.3},
            "actor": "rider-7",
            "note": "n",
        }
    )
    (read,) = result.events
    assert (read.event, read.time_ms, read.shipment, read.box) == (event, TIME_MS, "ZB-1", "BX-1")
    assert (read.site, read.actor, read.note, read.logger) == ("东站", "rider-7", "n", "LG-1")
    assert (read.lat_deg, read.lon_deg) == (36.8, 118.3)


def test_an_unknown_event_and_an_event_without_shipment_are_refused() -> None:
    assert reason(said({"shipment": "Z", "event": "lost", "time": TIME})) == "unknown_event"
    assert reason(said({"event": "packed", "time": TIME})) == "no_shipment"


@pytest.mark.parametrize("note", ["\\ud800", "\\u0000"])
def test_text_that_no_store_can_hold_is_refused(note: str) -> None:
    body = f'{{"shipment":"Z","event":"packed","time":"{TIME}","note":"{note}"}}'
    assert reason(decode(body.encode(), context())) == "wrong_type"


def test_one_bad_element_of_a_backlog_does_not_take_the_others_with_it() -> None:
    backlog = [MINIMAL, {**MINIMAL, "time": "2026-11-21T03:04:05"}, 7, {**MINIMAL, "seq": 2}]
    result = said(backlog)
    assert [reading.seq for reading in result.readings] == [None, 2]
    assert [(refusal.index, refusal.reason) for refusal in result.refused] == [
        (1, "time_without_zone"),
        (2, "not_an_object"),
    ]


def test_a_bare_nan_in_a_backlog_refuses_its_element_alone() -> None:
    body = json.dumps([MINIMAL, {**MINIMAL, "temperature": {"drug": float("nan")}}, MINIMAL])
    assert "NaN" in body
    result = decode(body.encode(), context())
    assert len(result.readings) == 2
    assert [(refusal.index, refusal.reason) for refusal in result.refused] == [(1, "not_finite")]


@pytest.mark.parametrize(
    "body",
    [
        '{"logger":"L","time":"T","time":"T","temperature":{"drug":4}}',
        '{"logger":"L","time":"T","temperature":{"drug":4,"drug":9}}',
        '{"logger":"L","time":"T","temperature":{"drug":4},"temperature":{"drug":5}}',
        '{"logger":"L","time":"T","temperature":{"drug":4,"\\u0064rug":5}}',
        '[{"logger":"L","time":"T","temperature":{"drug":4,"drug":9}}]',
    ],
)
def test_a_key_that_stands_twice_is_refused(body: str) -> None:
    assert reason(decode(body.replace('"T"', f'"{TIME}"').encode(), context())) == "duplicate_key"


def test_a_value_that_reads_like_a_key_is_no_repetition() -> None:
    (reading,) = changed(logger="time", shipment="drug").readings
    assert reading.logger == "time"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "not_json"),
        (b"hello", "not_json"),
        (b'{"logger":', "not_json"),
        (b"\xff\xfe\x00", "not_utf8"),
        ('{"logger":"L"}'.encode("utf-16"), "not_utf8"),
        (b'{"logger":"\xff","time":1,"temperature":{"drug":1}}', "not_utf8"),
        (b"42", "not_an_object"),
        (b"null", "not_an_object"),
    ],
)
def test_what_is_not_a_json_object_is_refused_whole(body: bytes, expected: str) -> None:
    assert whole_reason(body) == expected


def test_ten_thousand_elements_are_read_and_one_more_is_refused() -> None:
    element = json.dumps(MINIMAL)
    full = f"[{','.join([element] * 10_000)}]".encode()
    assert len(decode(full, context()).readings) == 10_000
    with pytest.raises(BadMessage, match="at most 10000") as caught:
        decode(f"[{','.join([element] * 10_001)}]".encode(), context())
    assert caught.value.reason == "too_many"


def test_deep_nesting_is_refused_and_does_not_exhaust_the_stack() -> None:
    for body in (b"[" * 200_000, b'{"a":' * 200_000, b"[" + b"[" * 5000 + b"]" * 5001):
        assert whole_reason(body) in {"not_json", "not_an_object"}


numbers = st.floats(min_value=-200, max_value=200).map(lambda value: round(value, 3))


@settings(max_examples=60, deadline=None)
@given(
    temperatures=st.dictionaries(
        st.sampled_from(["drug", "coolant", "ambient", "goods", "drug.2", "goods.17"]),
        numbers.filter(lambda value: value not in (85.0, -127.0)),
        min_size=1,
    ),
    time_ms=st.integers(min_value=1_000_000_000_000, max_value=4_000_000_000_000),
    seq=st.none() | st.integers(min_value=0, max_value=2**53 - 1),
)
def test_what_is_sent_is_what_is_read(
    temperatures: dict[str, float], time_ms: int, seq: int | None
) -> None:
    (reading,) = changed(temperature=temperatures, time=time_ms, seq=seq).readings
    assert reading.temperature_c == temperatures
    assert (reading.time_ms, reading.seq) == (time_ms, seq)


FIELDS = (
    '"logger":"LG-1"', '"logger":"LG 1"', '"logger":null', '"time":1795230245123',
    f'"time" : "{TIME}"', '"time":1795230245', '"time":1795230245123.0', '"time":-1',
    '"temperature":{"drug":4.5}', '"temperature":{"drug":4,"coolant.2":-40,"goods":null}',
    '"temperature":{"drug.1":4.5,"drug" : 5}', '"temperature":{"drug":85,"ambient":21}',
    '"temperature":{"drug":200.5}', '"temperature":{"probe":4.5,"drug":3}', '"temperature":{}',
    '"seq":0', '"seq":-1', '"seq":9223372036854775808', '"humidity":164.5', '"humidity":55',
    '"position":{"lat":36.8,"lon":118}', '"position":{"lat":36.8,"lon":118,"datum":"GCJ02"}',
    '"position":{"lat":36.8,"lon":118,"datum":"WGS84","accuracy_m":-1}', '"lid_open":1',
    '"lid_open":true', '"battery_v":-0.0', '"light_lux":1e300', '"event":null', '"event":"packed"',
    '"shipment":"ZB-1"', '"shipment":"-"', '"courier":"other"', '"box":"BX 1"', '"note":7',
    '"note":"a\\"b"', '"site":"\\u0000"', '"unknown":["x"]', '"\\u0074ime":3', '"moving":false',
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(FIELDS), max_size=9, unique_by=lambda said: said.split('"')[1]))
def test_reading_the_plain_at_once_gives_what_reading_thoroughly_gives(fields: list[str]) -> None:
    body = "{" + ",".join([*fields, *(f for f in FIELDS[::4][:3] if f not in fields)]) + "}"
    try:
        thorough: Any = native.convert_object(loads(body.encode()), context())
    except BadMessage as error:
        thorough = error.reason
    try:
        quick: Any = native.decode_object(body.encode(), context())
    except BadMessage as error:
        quick = error.reason
    assert quick == thorough


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["logger", "time", "temperature", "event", "position", "drug"]),
                inner,
                max_size=5,
            )
        ),
        max_leaves=12,
    )
)
def test_any_json_is_read_or_refused_but_never_an_error(value: Any) -> None:
    try:
        result = said(value)
    except BadMessage as error:
        result = Decoded(refused=(Refusal(error.reason, str(error)),))
    assert all(refusal.reason and refusal.text for refusal in result.refused)


def test_a_probe_that_is_no_role_is_kept_beside_one_that_is_and_alone_says_what_is_expected() -> (
    None
):
    sent = {"drug": 4.6, "VOC": 3.0, "x": "warm", "y": None, "z": 5000}
    (reading,) = changed(temperature=sent).readings
    assert reading.temperature_c == {"drug": 4.6, "VOC": 3.0}
    (refused,) = changed(temperature={"temp": 4.6}).refused
    assert "expected at least one of drug" in refused.text


@pytest.mark.parametrize(
    "time", [12, 12_345_678_901, "1970-01-01T00:00:12Z", "1980-01-06T00:00:00Z"]
)
def test_a_clock_that_was_never_set_gives_way_to_the_time_of_receipt(time: str | int) -> None:
    (reading,) = changed(time=time).readings
    assert (reading.time_ms, reading.time_source) == (context().received_ms, "received")
    event = {"event": "packed", "shipment": "ZB-1", "time": time}
    assert reason(said(event)) == "bad_time"
    in_a_file = decode(json.dumps({**MINIMAL, "time": time}).encode(),
                       DecodeContext(topic="", received_ms=0))  # fmt: skip
    assert reason(in_a_file) == "bad_time"


def test_in_a_backlog_a_clock_that_was_never_set_refuses_its_reading() -> None:
    found = said([{**MINIMAL, "time": 12}, MINIMAL])
    assert [reading.time_ms for reading in found.readings] == [TIME_MS]
    assert [(one.index, one.reason) for one in found.refused] == [(0, "bad_time")]
