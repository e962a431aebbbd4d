"""Topic → format → decoder, and what is refused before any decoder sees it."""

import pytest

from coldwitness.config.settings import FormatRule
from coldwitness.domain.errors import BadMessage, ConfigError
from coldwitness.ingest.mqtt.topics import is_topic_filter
from coldwitness.ingest.routes import Routes
from coldwitness.storage.journal import Row
from tests.ingest.publishing import reading, topic

NOW_MS = 1_717_300_000_000


def row(name: str, payload: bytes, *, number: int = 1, note: bool = False) -> Row:
    return Row("w1", number, NOW_MS, name, payload, 1, False, False, note)


@pytest.mark.parametrize("text", ["", "a/#/b", "a#", "a+/b", "\x00", "x" * 70_000])
def test_what_is_no_topic_filter_is_refused_in_the_settings(text: str) -> None:
    assert not is_topic_filter(text)
    with pytest.raises(ConfigError, match="no MQTT topic filter"):
        Routes([FormatRule(topic=text, format="native")])


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"format 'natve': unknown; known: chirpstack_v4"):
        Routes([FormatRule(topic="a/b", format="natve")])


def test_native_topics_need_no_rule_and_give_courier_and_box() -> None:
    decoded = Routes().decode(row(topic("BX-5"), reading(1)))
    assert [(r.courier, r.box) for r in decoded.readings] == [("ql-express", "BX-5")]


def test_the_first_rule_that_matches_decides_and_brings_courier_and_box() -> None:
    rules = [
        FormatRule(topic="depot/+/t", format="native", courier="c-1", box="BX-9"),
        FormatRule(topic="depot/#", format="native", courier="c-2", box="BX-0"),
    ]
    routes = Routes(rules)
    assert routes.decode(row("depot/7/t", reading(1))).readings[0].courier == "c-1"
    assert routes.decode(row("depot/7/u", reading(1))).readings[0].box == "BX-0"
    assert routes.filters() == ["coldchain/v1/#", "depot/+/t", "depot/#"]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("other/topic", "foreign_topic"),
        ("coldchain/v1/c/b/weather", "unknown_topic"),
        ("coldchain/v1/c/b/readings/x", "unknown_topic"),
        ("coldchain/v1/c", "unknown_topic"),
        ("coldchain/v2/c/b/readings", "foreign_topic"),
        ("coldchain/v1/-c/b/readings", "bad_id"),
        ("coldchain/v1/c//readings", "bad_id"),
        (f"coldchain/v1/c/{'b' * 65}/readings", "bad_id"),
    ],
)
def test_wrong_topics_are_refused_by_reason(name: str, reason: str) -> None:
    routes = Routes()
    for _ in range(2):
        with pytest.raises(BadMessage) as failure:
            routes.decode(row(name, reading(1)))
        assert failure.value.reason == reason


def test_a_payload_of_the_limit_is_read_and_one_byte_more_is_not() -> None:
    payload = reading(1)
    assert Routes(max_payload_bytes=len(payload)).decode(row(topic(), payload)).readings
    with pytest.raises(BadMessage, match="at most"):
        Routes(max_payload_bytes=len(payload) - 1).decode(row(topic(), payload))
