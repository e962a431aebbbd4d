"""Topic → format → decoder, and what is refused before any decoder sees it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldwitness.config.settings import FormatRule
from coldwitness.domain.errors import BadMessage, ConfigError
from coldwitness.ingest.clock_offsets import REMEMBERED, ClockOffsets
from coldwitness.ingest.decoded_rows import decode_rows
from coldwitness.ingest.mqtt.topics import is_topic_filter, matches
from coldwitness.ingest.routes import Routes
from coldwitness.storage.journal import Row
from tests.ingest.publishing import reading, topic

NOW_MS = 1_717_300_000_000


def row(name: str, payload: bytes, *, number: int = 1, note: bool = False) -> Row:
    return Row("w1", number, NOW_MS, name, payload, 1, False, False, note)


@pytest.mark.parametrize(
    ("topic_filter", "name", "expected"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/+", "a/b", True),
        ("a/+", "a/", True),
        ("a/+", "a", False),
        ("+/b", "a/b", True),
        ("a/#", "a/b/c", True),
        ("a/#", "a", True),
        ("#", "a/b", True),
        ("#", "$SYS/x", False),
        ("+/x", "$SYS/x", False),
        ("$SYS/#", "$SYS/x", True),
        ("a/#/c", "a/b/c", False),
    ],
)
def test_topic_filters_match_as_mqtt_says(topic_filter: str, name: str, expected: bool) -> None:
    assert matches(topic_filter, name) is expected


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


@pytest.mark.parametrize(("ahead_ms", "kept"), [(300_000, True), (300_001, False)])
def test_a_time_ahead_of_receipt_by_the_tolerance_is_stored_and_beyond_is_listed(
    ahead_ms: int, kept: bool
) -> None:
    payload = reading(1, time=NOW_MS + ahead_ms)
    result = decode_rows([row(topic(), payload)], Routes(), future_tolerance_s=300.0)
    assert bool(result.readings) is kept
    assert [q.reason for q in result.refused] == ([] if kept else ["future_time"])


def test_several_future_readings_of_one_message_keep_a_line_each() -> None:
    backlog = b"[" + b",".join(reading(n, time=NOW_MS + 10**9 + n) for n in range(3)) + b"]"
    result = decode_rows([row(topic(), backlog)], Routes(), future_tolerance_s=300.0)
    assert len({(q.row, q.part) for q in result.refused}) == 3


def test_notes_of_the_journal_are_no_messages() -> None:
    noted = row("$journal/clock", b"{}", note=True)
    result = decode_rows([noted], Routes(), future_tolerance_s=300.0)
    assert (result.readings, result.refused) == ([], [])


@given(st.integers(-(10**7), 10**7), st.lists(st.integers(0, 3000), min_size=1, max_size=40))
def test_the_clock_offset_interval_starts_at_what_is_certain(ahead: int, delays: list[int]) -> None:
    offsets = ClockOffsets()
    for number, delay in enumerate(delays):
        true_ms = NOW_MS + number * 60_000
        offsets.observe("LG-1", device_ms=true_ms + ahead, received_ms=true_ms + delay)
    estimate = offsets.estimate("LG-1")
    assert estimate is not None
    assert estimate.low_ms <= ahead
    assert estimate.low_ms == ahead - min(delays[-REMEMBERED:])
    if min(delays[-REMEMBERED:]) <= 1000:
        assert ahead <= estimate.high_ms
    assert estimate.messages == len(delays)
