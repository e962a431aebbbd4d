"""Each channel of the list through the native contract: fast way, thorough way, file."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from coldwitness.domain.channels import CHANNELS, Channel
from coldwitness.domain.reading import Reading
from coldwitness.domain.reading_table import readings_of
from coldwitness.ingest.files.ndjson import read_ndjson
from coldwitness.ingest.formats.decoded import DecodeContext
from coldwitness.ingest.formats.native import decode
from coldwitness.ingest.formats.native_channels import (
    AnyChannels,
    AnyPosition,
    PlainChannels,
    PlainPosition,
)
from coldwitness.ingest.formats.native_plain import plain_reading
from tests.channels import VALUES

CONTEXT = DecodeContext(topic="t", received_ms=1_800_000_000_000)
BOUNDED = [
    (channel, limit, beyond)
    for channel in CHANNELS
    for limit, beyond in (
        (channel.low, channel.low - 1),
        (channel.high, channel.high + 1),
    )
    if math.isfinite(limit)
]


def message(channel: Channel, value: object, **more: object) -> bytes:
    said: dict[str, Any] = {channel.sent: value}
    if channel.in_position:
        said = {"position": {"lat": 36.5, "lon": 118.0} | said}
    whole = (
        {"logger": "LG-1", "time": 1_790_000_000_000, "temperature": {"drug": 4.5}} | said | more
    )
    return json.dumps(whole).encode()


def in_file(folder: Path, line: bytes) -> list[Reading]:
    path = folder / "one.ndjson"
    path.write_bytes(line + b"\n")
    return readings_of(read_ndjson(path, zone=None).table)


def test_the_structs_that_json_is_read_into_have_the_channels() -> None:
    place = [channel.sent for channel in CHANNELS if channel.in_position]
    others = {channel.sent for channel in CHANNELS if not channel.in_position} | {"position"}
    for channels, position in ((PlainChannels, PlainPosition), (AnyChannels, AnyPosition)):
        assert set(channels.__struct_fields__) == others
        assert set(position.__struct_fields__) == {*place, "datum"}


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_what_is_sent_comes_back_the_fast_way_the_thorough_way_and_from_a_file(
    channel: Channel, tmp_path: Path
) -> None:
    value = VALUES[channel.name]
    fast = plain_reading(message(channel, value), CONTEXT)
    assert fast is not None
    assert getattr(fast, channel.name) == value
    (thorough,) = decode(message(channel, value, unknown="x"), CONTEXT).readings
    assert thorough == fast
    assert in_file(tmp_path, message(channel, value)) == [fast]


@pytest.mark.parametrize(
    ("channel", "limit", "beyond"),
    BOUNDED,
    ids=lambda part: part.name if isinstance(part, Channel) else str(part),
)
def test_a_value_at_its_limit_is_kept_and_one_beyond_refuses_the_message(
    channel: Channel, limit: float, beyond: float, tmp_path: Path
) -> None:
    fast = plain_reading(message(channel, limit), CONTEXT)
    assert fast is not None
    assert getattr(fast, channel.name) == limit
    assert in_file(tmp_path, message(channel, limit)) == [fast]
    assert plain_reading(message(channel, beyond), CONTEXT) is None
    found = decode(message(channel, beyond), CONTEXT)
    assert found.readings == ()
    assert channel.sent in found.refused[0].text
    assert in_file(tmp_path, message(channel, beyond)) == []


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_no_line_of_a_file_is_searched_for_doubled_keys_because_of_a_channel(
    channel: Channel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[bytes] = []
    monkeypatch.setattr("coldwitness.ingest.files.plain_lines.looks_doubled", searched.append)
    assert len(in_file(tmp_path, message(channel, VALUES[channel.name]))) == 1
    assert searched == []
