"""A format is told by its usual topics and, where it has a look of its own, by its bytes."""

import pytest

from coldwitness.ingest.formats.guess import format_by_content, format_by_topic
from tests.ingest.formats.hostile import SEEDS

MESSAGES = [(name, body) for name, seeds in SEEDS.items() for _, body in seeds]
USUAL_TOPICS = [
    ("native", "coldchain/v1/ql-express/BX-0042/readings"),
    ("tts_v3", "v3/courier@ttn/devices/eui-1/up"),
    ("chirpstack_v4", "application/17c82e96/device/24e1240000000001/event/up"),
    ("sparkplug_b", "spBv1.0/G/DDATA/E/D"),
    ("ruuvi_gateway", "ruuvi/C8:25:2D:8E:9C:2C/F4:1F:0C:28:CB:D6"),
    ("senml", "sensors/senml/box42"),
    ("influx_line", "telegraf/box42"),
    ("tasmota", "tele/box42/SENSOR"),
    ("shelly", "shellyhtg3-84fce63ad204/status/temperature:0"),
    ("zigbee2mqtt", "zigbee2mqtt/冷藏箱17"),
    ("teltonika_codec8", "teltonika/352093081452251"),
    ("shelly", "shelly-blu/events/e8:e0:7e:d0:f9:89"),
]


@pytest.mark.parametrize(("name", "topic"), USUAL_TOPICS)
def test_a_usual_topic_tells_the_format(name: str, topic: str) -> None:
    assert format_by_topic(topic) == name


def test_a_topic_of_no_format_is_nobodys() -> None:
    assert format_by_topic("home/kitchen") is None


@pytest.mark.parametrize(
    ("name", "body"), MESSAGES, ids=[f"{name}-{len(body)}" for name, body in MESSAGES]
)
def test_a_message_is_told_by_its_look(name: str, body: bytes) -> None:
    assert format_by_content(body) == name


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ("E1" + "00" * 39, "ruuvi_gateway"),
        ("C5" + "00" * 17, "ruuvi_gateway"),
        ("E1" + "00" * 38, None),
    ],
)
def test_bare_broadcasts_are_told_by_format_and_length(body: str, name: str | None) -> None:
    assert format_by_content(bytes.fromhex(body)) == name


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"null", b"hello", b"\x00" * 4])
def test_what_looks_like_nothing_is_nobodys(body: bytes) -> None:
    assert format_by_content(body) is None
