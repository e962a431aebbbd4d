"""Which of a logger's temperatures is the drug's where no mapping says it."""

import json
import math
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldwitness.config.settings import FormatRule
from coldwitness.domain.errors import BadMessage
from coldwitness.ingest.decoded_rows import decode_rows
from coldwitness.ingest.formats import decoder
from coldwitness.ingest.formats.decoded import DecodeContext
from coldwitness.ingest.formats.drug_names import RememberedDrugNames, may_be_drug
from coldwitness.ingest.formats.naming import named
from coldwitness.ingest.progress import Progress, earlier_drug_names
from coldwitness.ingest.routes import Routes
from coldwitness.storage.journal import Row
from coldwitness.storage.register import open_register

RECEIVED_MS = 1_795_230_300_000
TASMOTA = FormatRule(topic="tele/+/SENSOR", format="tasmota")
NAMES = ("probe_a", "probe_b", "temp_3")
VALUES = st.one_of(st.just(math.nan), st.just(-127.0), st.floats(-30, 40))


@given(
    messages=st.lists(
        st.dictionaries(st.sampled_from(NAMES), VALUES, min_size=1), min_size=1, max_size=8
    )
)
def test_drug_is_one_name_of_a_logger_in_all_its_messages(
    messages: list[dict[str, float]],
) -> None:
    names = RememberedDrugNames()
    first = next(iter(messages[0]))
    for message in messages:
        found = named(message, {}, fixed=lambda name: names.fixed("L", name))
        value = message.get(first, math.nan)
        silent = math.isnan(value) or value == -127.0
        assert found.get("drug") == (None if silent else value)
        assert first not in found


def bus(*probes: float | None, retain: bool = False) -> Row:
    sensors = {
        f"DS18B20-{number}": {"Temperature": celsius}
        for number, celsius in enumerate(probes, start=1)
        if celsius is not None
    }
    body = json.dumps(sensors).encode()
    return Row("w", 1, RECEIVED_MS, "tele/box/SENSOR", body, 1, retain, False, False)


def test_a_probe_that_falls_off_the_bus_leaves_no_drug_reading() -> None:
    routes = Routes([TASMOTA])
    found = [
        routes.decode(row).readings[0].temperature_c
        for row in (bus(4.5, 25.0), bus(None, 25.0), bus(4.6, 25.0))
    ]
    assert found == [
        {"drug": 4.5, "DS18B20-2": 25.0},
        {"DS18B20-2": 25.0},
        {"drug": 4.6, "DS18B20-2": 25.0},
    ]


@pytest.fixture
def register_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'register.sqlite'}"


def said_by(url: str, row: Row, *, courier: str | None = None) -> dict[str, float]:
    """What a worker that has just begun reads, with the names the register keeps."""
    rule = TASMOTA.model_copy(update={"courier": courier})
    with closing(open_register(url)) as register:
        routes = Routes([rule], drug_names=register.drug_names)
        return dict(routes.decode(row).readings[0].temperature_c)


def test_the_name_outlives_the_process_and_holds_for_every_worker(register_url: str) -> None:
    assert said_by(register_url, bus(4.5, 25.0))["drug"] == 4.5
    assert said_by(register_url, bus(None, 25.0)) == {"DS18B20-2": 25.0}


def test_two_workers_that_begin_at_once_agree(register_url: str) -> None:
    with (
        closing(open_register(register_url)) as one,
        closing(open_register(register_url)) as other,
    ):
        names = [book.drug_names.fixed("L", name) for book, name in ((one, "a"), (other, "b"))]
    assert names == ["a", "a"]


def test_loggers_of_one_serial_at_two_couriers_are_two(register_url: str) -> None:
    assert said_by(register_url, bus(4.5, 25.0), courier="a")["drug"] == 4.5
    assert said_by(register_url, bus(None, 3.5), courier="b") == {"drug": 3.5}


def test_a_person_changes_the_name_and_running_workers_follow(
    register_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coldwitness.storage.register.drug_names._LOOK_EVERY_S", 0.0)
    with (
        closing(open_register(register_url)) as worker,
        closing(open_register(register_url)) as office,
    ):
        routes = Routes([TASMOTA], drug_names=worker.drug_names)
        routes.decode(bus(25.0, 4.5))
        office.drug_names.change("box", "DS18B20-2", by="wang", now_ms=5)
        assert routes.decode(bus(25.0, 4.5)).readings[0].temperature_c["drug"] == 4.5
        (told,) = office.drug_names.told()
    assert (told.logger, told.name, told.by, told.changed_ms) == ("box", "DS18B20-2", "wang", 5)


def test_names_from_before_the_register_kept_them_are_adopted(
    register_url: str, tmp_path: Path
) -> None:
    with Progress(tmp_path, "w1") as progress:
        progress._query("INSERT INTO drug_name VALUES ('box', 'DS18B20-1')")
    names = earlier_drug_names(tmp_path)
    assert names == {"box": "DS18B20-1"}
    with closing(open_register(register_url)) as register:
        register.drug_names.adopt(names)
    assert said_by(register_url, bus(None, 25.0), courier="a") == {"DS18B20-2": 25.0}


def test_a_probe_without_a_role_is_listed_once_and_its_reading_stands(tmp_path: Path) -> None:
    routes = Routes([TASMOTA])
    rows = [msgspec.structs.replace(bus(4.5, 25.0), row=number) for number in (1, 2, 3)]
    first = decode_rows(rows[:2], routes, future_tolerance_s=300)
    assert len(first.readings) == 2
    assert [(one.row, one.reason) for one in first.refused] == [(1, "unmapped_probe")]
    assert "'DS18B20-2'" in first.refused[0].text
    with Progress(tmp_path, "w1") as progress:
        progress.advance(2, refused=first.refused, unmapped=first.unmapped)
    with Progress(tmp_path, "w1") as progress:
        again = decode_rows(rows[2:], routes, future_tolerance_s=300, listed=progress.unmapped())
    assert again.refused == []


def test_a_retained_message_fixes_no_name() -> None:
    routes = Routes([TASMOTA])
    assert not routes.decode(bus(None, 25.0, retain=True)).readings
    assert routes.decode(bus(4.5, 25.0)).readings[0].temperature_c["drug"] == 4.5


@pytest.mark.parametrize(
    "name",
    ["ambient_temperature", "tempAmbient", "MLX90614.AMBTMP", "coolant_temp", "ice_temp",
     "outside_temperature", "board_temp", "chip_temp", "engine_temperature_25", "setpoint_temp",
     "temp_min", "max_temp", "goods_temperature", "dew_point", "环境温度", "室外温度", "冰排温度"],
)  # fmt: skip
def test_a_name_that_says_something_else_is_never_drug(name: str) -> None:
    assert not may_be_drug(name)
    assert named({name: 25.0}, {}) == {name: 25.0}
    assert named({name: 25.0, "probe": 4.5}, {}) == {name: 25.0, "drug": 4.5}


@pytest.mark.parametrize(
    "name", ["temperature", "device.temp", "minew_temp", "chamber", "药品温度"]
)
def test_words_within_words_say_nothing(name: str) -> None:
    assert named({name: 4.5}, {}) == {"drug": 4.5}


def said(name: str, message: Any, topic: str) -> dict[str, float]:
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    (reading,) = decoder(name)(body, DecodeContext(topic=topic, received_ms=RECEIVED_MS)).readings
    return dict(reading.temperature_c)


def uplink(decoded: dict[str, Any]) -> dict[str, Any]:
    return {"deviceInfo": {"devEui": "685b00ff4c1f9511"}, "object": decoded}


def frame(model: str, frame_base64: str, port: int) -> dict[str, Any]:
    about = {"brand_id": "x", "model_id": model}
    sent = {"f_port": port, "frm_payload": frame_base64, "version_ids": about}
    return {"end_device_ids": {"device_id": "l1"}, "uplink_message": sent}


@pytest.mark.parametrize(
    ("name", "topic", "message"),
    [
        ("chirpstack_v4", "a", uplink({"first_temp": None, "second_temp": -18.0})),
        ("chirpstack_v4", "a", uplink({"first_temp": "n/a", "second_temp": -18.0})),
        ("chirpstack_v4", "a", uplink({"first_temp": 327.67, "second_temp": -18.0})),
        ("tts_v3", "a", frame("lsn50v2-d23", "DkF//wAADAA0/0w=", 2)),
        ("tts_v3", "a", frame("lht65n", "zLV//wOfAfj4f/8=", 2)),
        ("tts_v3", "a", frame("elsys ers", "AX//DP9M", 5)),
        ("senml", "a", [{"bn": "urn:dev:ow:1:", "n": "a", "u": "Cel"},
                        {"n": "b", "u": "Cel", "v": -18.0}]),
        ("shelly", "s/events/rpc", {"src": "s", "method": "NotifyStatus", "params": {
            "temperature:100": {"tC": None, "errors": ["read"]}, "temperature:101": {"tC": 22.0}}}),
    ],
)  # fmt: skip
def test_a_silent_first_probe_hands_its_place_to_nobody(
    name: str, topic: str, message: Any
) -> None:
    assert "drug" not in said(name, message, topic)


def test_teltonika_id_25_is_read_only_where_the_model_is_stated() -> None:
    record = bytes.fromhex(
        "00000000000000240801000001a1fc0fa08800468325c015ef3c00000000"
        "0009000000010001190352000001000072af"
    )
    serial = "352093081452251"
    context = DecodeContext(topic=f"teltonika/{serial}", received_ms=RECEIVED_MS)
    decoded = decoder("teltonika_codec8")(record, context)
    assert not decoded.readings
    assert [refusal.reason for refusal in decoded.refused] == ["model_unknown"]
    for model, expected in (("FMB120", [{"drug": 8.5}]), ("FMB640", [])):
        loggers = {serial: {"model": model}}
        rule = FormatRule(topic="#", format="teltonika_codec8", loggers=loggers)
        routes = Routes([rule])
        row = Row("w", 1, RECEIVED_MS, f"teltonika/{serial}", record, 1, False, False, False)
        # 85.0 °C of an engine is a code of no value as well; no other number of it is a drug's.
        try:
            readings = routes.decode(row).readings
        except BadMessage:
            readings = ()
        assert [dict(reading.temperature_c) for reading in readings] == expected


def test_two_values_mapped_to_one_probe_are_refused_and_a_silent_one_is_none() -> None:
    mapping = {"a": "drug", "b": "drug"}
    with pytest.raises(BadMessage, match="two measurements"):
        named({"a": 4.5, "b": 5.0}, mapping)
    assert named({"a": math.nan, "b": 5.0}, mapping) == {"drug": 5.0}
