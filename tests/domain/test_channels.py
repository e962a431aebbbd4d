"""The list of channels and the typed attributes beside it say the same."""

from dataclasses import fields
from typing import get_type_hints

import pytest

from coldwitness.domain.channels import CHANNELS, Channel, Said
from coldwitness.domain.reading import Reading, channels_sent
from coldwitness.domain.reading_table import column_of, said_in
from coldwitness.domain.tracks import ReadingTable
from tests.channels import VALUES

NAMES = {channel.name for channel in CHANNELS}
_TYPES = {"real": float | None, "flag": bool | None, "count": int | None}
_DTYPES = {"real": "float64", "flag": "int8", "count": "int64"}


def test_a_reading_has_the_channels_and_whose_and_when_it_is() -> None:
    whose = {"logger", "time_ms", "temperature_c", "time_source", "courier", "box", "shipment"}
    assert set(Reading.__struct_fields__) - whose == NAMES
    hints = get_type_hints(Reading)
    for channel in CHANNELS:
        assert hints[channel.name] == _TYPES[channel.kind]


def test_the_flat_table_has_a_column_a_channel() -> None:
    whose = {"shipments", "couriers", "boxes", "loggers", "shipment", "courier", "box", "logger"}
    others = {"time_ms", "received_ms", "temperature_c"}
    assert {field.name for field in fields(ReadingTable)} - whose - others == NAMES


def test_the_keywords_of_decoders_are_the_channels() -> None:
    hints = get_type_hints(Said)
    assert hints == {channel.name: _TYPES[channel.kind] for channel in CHANNELS}


def test_no_two_channels_share_a_name_or_a_name_in_which_they_are_sent() -> None:
    assert len(NAMES) == len({channel.sent for channel in CHANNELS}) == len(CHANNELS)


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)
def test_a_column_gives_back_what_was_said_and_none_where_nothing_was(channel: Channel) -> None:
    value = VALUES[channel.name]
    nothing = type(value)(0)
    for said in ([None, value, None], [value, nothing], [nothing, None], [None, None], []):
        column = column_of(channel, said)
        assert column.dtype == _DTYPES[channel.kind]
        back = said_in(channel, column)
        assert back == said
        assert [type(one) for one in back] == [type(one) for one in said]


def test_a_reading_is_sent_in_the_contracts_order_without_what_it_does_not_say() -> None:
    some = Reading(
        logger="L",
        time_ms=1,
        temperature_c={"drug": 4.0},
        battery_v=3.5,
        seq=0,
        lid_open=False,
        lat_deg=36.5,
        lon_deg=118.0,
    )
    assert list(channels_sent(some).items()) == [
        ("seq", 0),
        ("position", {"lat": 36.5, "lon": 118.0}),
        ("lid_open", False),
        ("battery_v", 3.5),
    ]


@pytest.mark.parametrize(("lat", "lon"), [(36.5, None), (None, 118.0), (None, None)])
def test_half_a_position_is_not_sent(lat: float | None, lon: float | None) -> None:
    half = Reading(
        logger="L", time_ms=1, temperature_c={}, lat_deg=lat, lon_deg=lon, accuracy_m=3.0
    )
    assert channels_sent(half) == {}
