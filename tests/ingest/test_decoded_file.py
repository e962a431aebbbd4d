"""`coldwitness decode`: what a message or export means, found out or told."""

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from coldwitness.config.settings import FormatRule
from coldwitness.domain.errors import BadInput, ConfigError
from coldwitness.ingest.decoded_file import DecodedFile, decode_file
from tests.ingest.formats.test_lorawan import FRAMES
from tests.ingest.formats.test_sparkplug_b import HISTORICAL, NAN, NBIRTH, NULL

TIME = "2026-11-21T03:04:05Z"
NATIVE = {"logger": "LG-1", "time": TIME, "temperature": {"drug": 4.5}}


def meant(folder: Path, content: bytes | str, name: str = "message", **how: Any) -> DecodedFile:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return decode_file(path, now_ms=lambda: 1_795_230_300_000, **how)


def temperatures(meaning: DecodedFile) -> list[dict[str, float]]:
    return [reading.temperature_c for reading in meaning.readings]


TASMOTA = {"Time": "2026-11-21T11:04:05", "DS18B20": {"Temperature": 4.5}, "TempUnit": "C"}
SHELLY = {"src": "s-1", "method": "NotifyStatus", "params": {"temperature:0": {"tC": 4.5}}}
TTS = {
    "end_device_ids": {"device_id": "a"},
    "uplink_message": {"decoded_payload": {"temperature": 4.5}},
}
CHIRPSTACK = {"deviceInfo": {"devEui": "0102"}, "object": {"temperature": 4.5}}
RUUVI = {
    "gw_mac": "C8:25:2D:8E:9C:2C",
    "data": "0201061BFF99040503845394C37C0004FFFC040CAC364200CDCBB8334C884F",
}


@pytest.mark.parametrize(
    ("content", "topic"),
    [
        (json.dumps(NATIVE), "coldchain/v1/ql/BX-1/readings"),
        (json.dumps(TTS), "v3/app@ttn/devices/a/up"),
        (json.dumps(CHIRPSTACK), "application/1/device/0102/event/up"),
        (json.dumps(RUUVI), "ruuvi/C8:25:2D:8E:9C:2C/CB:B8:33:4C:88:4F"),
        (json.dumps(TASMOTA), "tele/box/SENSOR"),
        (json.dumps(SHELLY), "s-1/events/rpc"),
        (json.dumps({"temperature": 4.5}), "zigbee2mqtt/box"),
        (json.dumps([{"n": "a/temp", "u": "Cel", "v": 4.5}]), "senml/a"),
        ("m,logger=a temperature=4.5", "telegraf/a"),
    ],
)
def test_a_message_is_understood_by_its_topic_and_by_its_look_alone(
    tmp_path: Path, content: str, topic: str
) -> None:
    by_topic = meant(tmp_path, content, topic=topic)
    by_look = meant(tmp_path, content)
    for meaning in (by_topic, by_look):
        assert temperatures(meaning) == [{"drug": 4.5}]
        assert meaning.refused == []


SPARKPLUG = bytes.fromhex(
    "08eaf2f5a8a02b121f0a0b74656d706572617475726518eaf2f5a8a02b200a6900000000008039401800"
)


@pytest.mark.parametrize(
    "content",
    [
        SPARKPLUG,
        SPARKPLUG.hex(),
        SPARKPLUG.hex(" ").upper() + "\n",
        base64.b64encode(SPARKPLUG).decode(),
    ],
)
def test_bytes_may_be_handed_over_as_hex_or_base64(tmp_path: Path, content: bytes | str) -> None:
    topic = "spBv1.0/GroupTest/DDATA/Edge001/Device01"
    meaning = meant(tmp_path, content, topic=topic)
    assert temperatures(meaning) == [{"drug": 25.5}]
    assert meaning.readings[0].logger == "GroupTest-Edge001-Device01"
    assert temperatures(meant(tmp_path, content, format_name="sparkplug_b")) == [{"drug": 25.5}]


def test_hex_without_topic_or_format_is_told_by_its_look(tmp_path: Path) -> None:
    content = "0512FC5394C37C0004FFFC040CAC364200CDCBB8334C884F"
    assert temperatures(meant(tmp_path, content)) == [{"drug": 24.3}]


def test_a_capture_of_several_messages_keeps_their_session(tmp_path: Path) -> None:
    messages = [
        {"topic": "spBv1.0/G/NBIRTH/E", "hex": NBIRTH},
        *({"topic": "spBv1.0/G/NDATA/E", "hex": body} for body in (HISTORICAL, NULL, NAN)),
    ]
    lines = "\n".join(json.dumps(message) for message in messages)
    for content in (json.dumps(messages), lines):
        meaning = meant(tmp_path, content)
        assert [reading.temperature_c["drug"] for reading in meaning.readings] == [5.25, 6.5]
        assert meaning.refused == []
    alone = meant(tmp_path, json.dumps(messages[1:]))
    assert alone.readings == []
    assert "message 1: [0] no_birth" in alone.refused[0]


def test_the_settings_rule_of_the_topic_comes_before_its_usual_format(tmp_path: Path) -> None:
    rule = FormatRule(topic="v3/#", format="zigbee2mqtt", probes={"temperature": "coolant"})
    meaning = meant(tmp_path, '{"temperature":4.5}', topic="v3/a/devices/b/up", rules=[rule])
    assert temperatures(meaning) == [{"coolant": 4.5}]


def test_without_a_topic_the_only_rule_of_the_format_maps_names(tmp_path: Path) -> None:
    rule = FormatRule(topic="v3/#", format="tts_v3", probes={"temperature": "coolant"})
    assert temperatures(meant(tmp_path, json.dumps(TTS), rules=[rule])) == [{"coolant": 4.5}]


def test_a_sender_without_a_name_is_named_by_the_file(tmp_path: Path) -> None:
    meaning = meant(tmp_path, '{"temperature":4.5}', name="box-17.json")
    assert meaning.readings[0].logger == "box-17"
    frame = "03291A1ECE1EFC18F94202CA0B53"
    meaning = meant(tmp_path, frame, name="tag-9.txt", format_name="ruuvi_gateway")
    assert (meaning.readings[0].logger, temperatures(meaning)) == ("tag-9", [{"drug": 26.3}])


def test_exports_are_decoded_row_by_row_with_every_refusal(tmp_path: Path) -> None:
    content = "time,value\n2026-11-21T03:04:05Z,4.5\nbad,4\n2026-11-21T03:05:05Z,nan\n"
    meaning = meant(tmp_path, content, name="a.csv")
    assert temperatures(meaning) == [{"drug": 4.5}]
    assert meaning.readings[0].logger == "a"
    assert [line.split(": ")[0].rpartition(", ")[2] for line in meaning.refused] == [
        "line 3",
        "line 4",
    ]


def test_lines_of_native_objects_are_a_recorded_file(tmp_path: Path) -> None:
    content = f"{json.dumps(NATIVE)}\n{json.dumps(NATIVE)}\n"
    assert len(meant(tmp_path, content).readings) == 2
    assert len(meant(tmp_path, content, format_name="native").readings) == 2


def test_elitech_pages_without_their_dates_are_shown_with_the_time_of_reading(
    tmp_path: Path,
) -> None:
    # civic/elitech-datareader, tests/test_msg.py; its checksum byte should read 88.
    page = "55 00 01 FF FF 00 03 00 04 00 05 00 06 00 07 00 08 00 09 00 0A 8C"
    meaning = meant(tmp_path, page, format_name="elitech_rc4")
    assert [t["drug"] for t in temperatures(meaning)] == [
        0.1, -0.1, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0,
    ]  # fmt: skip
    assert {reading.time_source for reading in meaning.readings} == {"received"}
    assert "bad_checksum" in meaning.refused[0]


def test_what_is_nothing_we_know_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="format cannot be told"):
        meant(tmp_path, "hello world")
    with pytest.raises(ConfigError, match="format 'excel': unknown"):
        meant(tmp_path, "hello", format_name="excel")
    with pytest.raises(BadInput, match="cannot be read"):
        decode_file(tmp_path / "none")


def run(*arguments: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    environment = {k: v for k, v in os.environ.items() if not k.startswith("COLDWITNESS_")}
    return subprocess.run(
        [sys.executable, "-m", "coldwitness.cli", *arguments],
        input=stdin,
        capture_output=True,
        check=False,
        env=environment,
        cwd=Path(__file__).parents[2],
        timeout=60,
    )


def test_the_command_prints_ndjson_and_tells_refusals_by_exit_and_stderr(tmp_path: Path) -> None:
    reading = {
        **NATIVE,
        "seq": 3,
        "time": "2026-11-21T11:04:05.250+08:00",
        "position": {"lat": 36.5, "lon": 118.25},
        "lid_open": False,
    }
    event = {"shipment": "Z", "event": "packed", "time": TIME}
    payload = json.dumps([reading, {**NATIVE, "time": "2026-11-21T03:04:05"}, event]).encode()
    done = run("decode", "--topic", "coldchain/v1/ql/BX-1/readings", "-", stdin=payload)
    assert done.returncode == 1
    assert [json.loads(line) for line in done.stdout.splitlines()] == [
        {
            "logger": "LG-1",
            "time": "2026-11-21T03:04:05.250Z",
            "temperature": {"drug": 4.5},
            "box": "BX-1",
            "courier": "ql",
            "seq": 3,
            "position": {"lat": 36.5, "lon": 118.25},
            "lid_open": False,
        },
        {"event": "packed", "time": TIME, "shipment": "Z", "box": "BX-1", "courier": "ql"},
    ]
    assert b"refused: [1] time_without_zone" in done.stderr


def test_the_command_names_the_time_source_where_it_is_not_the_loggers(tmp_path: Path) -> None:
    model, frame, port, expected, _, _ = FRAMES[0]
    message = {
        "time": "2026-11-21T03:04:05Z",
        "deviceInfo": {"devEui": "0102", "deviceProfileName": model},
        "fPort": port,
        "data": base64.b64encode(bytes.fromhex(frame)).decode(),
    }
    path = tmp_path / "m.json"
    path.write_text(json.dumps(message))
    done = run("decode", "--format", "chirpstack_v4", str(path))
    assert done.returncode == 0
    assert done.stderr == b""
    said = json.loads(done.stdout)
    assert (said["temperature"], said["time_source"]) == (expected, "gateway")
    assert run("decode", str(tmp_path / "none")).returncode == 2


def test_a_topic_that_nobody_names_is_said(tmp_path: Path) -> None:
    body = json.dumps({"temperature": 4.5})
    rule = FormatRule(topic="lab/+", format="zigbee2mqtt")
    (note,) = meant(tmp_path, body, topic="nobody/knows").notes
    assert "'nobody/knows'" in note
    assert "foreign_topic" in note
    for topic, rules in (("lab/x", (rule,)), ("zigbee2mqtt/x", ()), ("tele/x/SENSOR", ())):
        assert not meant(tmp_path, json.dumps(TASMOTA), topic=topic, rules=rules).notes


def test_a_model_whose_frames_are_not_known_is_named(tmp_path: Path) -> None:
    uplink = {"f_port": 2, "frm_payload": "y/YLDQN2AQHCf/8="}
    body = json.dumps({"end_device_ids": {"device_id": "l1"}, "uplink_message": uplink})
    rule = FormatRule(topic="v3/#", format="tts_v3", loggers={"l1": {"model": "lht95"}})
    (refused,) = meant(tmp_path, body, topic="v3/a/devices/l1/up", rules=(rule,)).refused
    assert "'lht95'" in refused
