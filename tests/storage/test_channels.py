"""What a reading says comes back from every store and export, channel by channel."""

import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from coldwitness.config.settings import StoreSettings
from coldwitness.domain.channels import CHANNELS, FLAGS, REALS, Channel
from coldwitness.domain.reading import Reading
from coldwitness.domain.reading_table import said_in
from coldwitness.frames import readings_frame
from coldwitness.ingest.files import read_files
from coldwitness.storage.archive.exports import Wanted, export_lines, export_table
from coldwitness.storage.ports import TelemetryStore
from coldwitness.storage.register import SqlRegister, open_register
from coldwitness.storage.telemetry import WholeStore, open_telemetry
from coldwitness.storage.telemetry.embedded import EmbeddedTelemetry
from coldwitness.storage.telemetry.influx_lines import lines
from tests.channels import EVERYTHING, T0, VALUES

ONLY = pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: channel.name)


@pytest.fixture
def whole(tmp_path: Path) -> Iterator[WholeStore]:
    opened = open_telemetry(StoreSettings(embedded_file=tmp_path / "telemetry.sqlite"), None)
    opened.append([EVERYTHING], [T0 + 456])
    yield opened
    opened.close()


@pytest.fixture
def register(tmp_path: Path) -> Iterator[SqlRegister]:
    opened = open_register(f"sqlite:///{tmp_path / 'register.sqlite'}")
    yield opened
    opened.close()


def only(channel: Channel, minute: int = 0) -> Reading:
    return Reading(
        logger="LG-9",
        time_ms=T0 + minute * 60_000,
        temperature_c={"drug": 4.5},
        shipment="S-9",
        box="BX-9",
        **{channel.name: VALUES[channel.name]},
    )


def said(store: TelemetryStore, channel: Channel) -> list[object]:
    return said_in(channel, getattr(store.readings(["S-9"], []), channel.name))


@ONLY
def test_a_channel_comes_back_beside_a_reading_that_says_all_and_one_that_says_nothing(
    store: TelemetryStore, channel: Channel
) -> None:
    silent = Reading(
        logger="LG-8", time_ms=T0, temperature_c={"drug": 4.5}, shipment="S-9", box="BX-8"
    )
    store.append([silent, only(channel), EVERYTHING], [T0] * 3)
    value = VALUES[channel.name]
    assert sorted(said(store, channel), key=str) == sorted([None, value, value], key=str)
    for other in CHANNELS:
        if other != channel:
            assert sorted(said(store, other), key=str) == sorted(
                [None, None, VALUES[other.name]], key=str
            )


@ONLY
def test_a_repetition_is_known_and_another_value_contradicts(
    store: TelemetryStore, channel: Channel
) -> None:
    assert store.append([only(channel)], [T0]).new == 1
    assert store.append([only(channel)], [T0]).repeated == 1
    silent = Reading(
        logger="LG-9", time_ms=T0, temperature_c={"drug": 4.5}, shipment="S-9", box="BX-9"
    )
    assert store.append([silent], [T0]).conflicting == 1


def test_a_point_has_a_field_a_channel() -> None:
    point = lines([EVERYTHING], [T0], [0], measurement="m").decode()
    for channel in CHANNELS:
        assert f",{channel.name}=" in point


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_an_exported_table_has_a_column_a_channel_and_is_read_back(
    whole: WholeStore, register: SqlRegister, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / f"out.{kind}"
    export_table(whole, register, Wanted(("S-9",)), path, kind=kind)
    table = read_files([path]).table
    for channel in CHANNELS:
        assert said_in(channel, getattr(table, channel.name)) == [VALUES[channel.name]]


def test_an_exported_line_says_all_and_is_read_back(
    whole: WholeStore, register: SqlRegister, tmp_path: Path
) -> None:
    path = tmp_path / "out.ndjson"
    path.write_bytes(b"".join(export_lines(whole, register, Wanted(("S-9",)), kind="ndjson")))
    table = read_files([path]).table
    for channel in CHANNELS:
        assert said_in(channel, getattr(table, channel.name)) == [VALUES[channel.name]]


def test_a_data_frame_has_a_column_a_channel(whole: WholeStore) -> None:
    (row,) = readings_frame(whole.readings(["S-9"], [])).to_dict("records")
    for channel in (*REALS, *FLAGS):
        assert row[channel.name] == VALUES[channel.name]


def test_a_file_of_the_first_layout_is_read_and_repetitions_are_known_in_it(
    tmp_path: Path,
) -> None:
    """Records as they were packed when the head was all there was."""
    path = tmp_path / "telemetry.sqlite"
    first = Reading(
        logger="LG-9",
        time_ms=T0,
        temperature_c={"drug": 4.5},
        shipment="S-9",
        box="BX-9",
        courier="ql",
        seq=7,
        lat_deg=36.5,
        lon_deg=118.0,
        accuracy_m=8.0,
        light_lux=880.0,
        humidity_pct=55.5,
        battery_v=3.5,
        lid_open=True,
        moving=False,
    )
    EmbeddedTelemetry(path).close()
    numbers = (36.5, 118.0, 8.0, 880.0, 55.5, 3.5)
    record = struct.pack("<qiiibq6dbb1d", T0, 2, 3, 4, 0, 7, *numbers, 1, 0, 4.5)
    with closing(sqlite3.connect(path)) as connection, connection:
        names = ((1, "LG-9"), (2, "BX-9"), (3, "S-9"), (4, "ql"))
        connection.executemany("INSERT INTO name VALUES (?,?)", names)
        connection.execute("""INSERT INTO layout VALUES (1, '["drug"]')""")
        connection.execute("INSERT INTO reading_1 VALUES (1,?,1,?,?)", (T0, record, T0))
        connection.execute("INSERT INTO presence_1 VALUES (3,2,1,1,?)", (T0 // 3_600_000,))
    store = EmbeddedTelemetry(path)
    for channel in CHANNELS:
        assert said(store, channel) == [getattr(first, channel.name)]
    assert store.append([first], [T0]).repeated == 1
    store.close()
