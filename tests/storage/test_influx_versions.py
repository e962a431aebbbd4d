"""The InfluxDB store on each version's own wire, as published; see influx_versions."""

import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from coldwitness.cli.rebuild import rebuild_views
from coldwitness.config.settings import StoreSettings
from coldwitness.domain.box_stays import BoxStay
from coldwitness.domain.errors import Unavailable
from coldwitness.storage.archive.canonical import DAY_MS
from coldwitness.storage.opening import stores
from coldwitness.storage.register import open_register
from coldwitness.storage.telemetry.influx import InfluxTelemetry
from coldwitness.storage.telemetry.influx_http import InfluxHttp
from coldwitness.storage.telemetry.memory import MemoryTelemetry
from tests.storage import evidence
from tests.storage.influx_versions import TOKEN, VERSIONS, Wire, speaking
from tests.storage.readings import FULL, MINUTE, T0, reading, rows


@dataclass
class Influx:
    store: InfluxTelemetry
    wire: Wire
    settings: StoreSettings


@pytest.fixture(params=VERSIONS)
def influx(request: pytest.FixtureRequest, influx_settings: StoreSettings) -> Iterator[Influx]:
    with speaking(request.param, influx_settings.influx_url) as (address, wire):
        settings = influx_settings.model_copy(
            update={"influx_url": address, "influx_token": SecretStr(TOKEN)}
        )
        with stores(settings) as (store, _):
            assert isinstance(store, InfluxTelemetry)
            yield Influx(store, wire, settings)


def test_each_version_says_which_it_is(influx: Influx) -> None:
    http = InfluxHttp(influx.settings)
    assert http.version() == influx.wire.version
    http.close()


def test_what_is_written_is_read_the_same_from_every_version(influx: Influx) -> None:
    oracle = MemoryTelemetry()
    sent = [
        FULL,
        reading(0, drug=0.1 + 0.2, seq=2**62),
        reading(0, drug=9.0),
        *(reading(minute, shipment=None, drug=minute / 8) for minute in range(20)),
        reading(3, shipment="null", box="null", courier="null"),
    ]
    for store in (oracle, influx.store):
        for start in range(0, len(sent), 9):
            store.append(sent[start : start + 9], [T0 + start] * len(sent[start : start + 9]))
    stays = [BoxStay("BX-1", "S-7", T0 + 2 * MINUTE, T0 + 12 * MINUTE)]
    asked = ["S-9", "S-1", "S-none", "S-7", "null"]
    assert rows(influx.store.readings(asked, stays)) == rows(oracle.readings(asked, stays))
    whole = (T0 - 10**9, T0 + 10**9)
    assert rows(influx.store.between(*whole).table) == rows(oracle.between(*whole).table)
    days = {one.time_ms // DAY_MS * DAY_MS for one in sent}
    assert influx.store.days_ms() == sorted(days)


def test_no_row_is_an_empty_answer_of_every_version(influx: Influx) -> None:
    assert len(influx.store.readings(["S-1"], [BoxStay("BX-1", "S-1", T0, None)])) == 0
    assert influx.store.days_ms() == []
    influx.store.append([reading(0)], [T0])
    http = InfluxHttp(influx.settings)
    found = http.table(
        "SELECT seq AS q FROM coldwitness_reading WHERE box = 'BX-none'",
        text=(),
        whole=("q",),
        real=(),
    )
    assert found["time"].size == 0
    http.close()


@pytest.mark.parametrize("after", [0, 16])
def test_an_answer_that_breaks_off_is_never_taken_for_all_there_is(
    influx: Influx, after: int
) -> None:
    influx.store.append([reading(minute) for minute in range(17)], [T0] * 17)
    influx.wire.break_after = after
    with pytest.raises(Unavailable, match=r"broke off"):
        influx.store.readings(["S-1"], [])
    influx.wire.break_after = None
    assert len(influx.store.readings(["S-1"], [])) == 17


def test_a_reading_that_is_refused_for_good_is_put_aside_with_the_server_s_words(
    influx: Influx,
) -> None:
    address = f"{influx.wire.behind}/api/v2/write?bucket={influx.settings.influx_bucket}"
    line = b'coldwitness_reading,box=BX-1,logger=LG-0 drug_c="warm" 1795000000000000000'
    urllib.request.urlopen(address, data=line).close()  # noqa: S310 (loopback)
    appended = influx.store.append(
        [reading(0), reading(1, temperature_c={"ambient": 20.0})], [T0] * 2
    )
    assert (appended.new, [one.index for one in appended.refused]) == (1, [0])
    assert "conflict" in appended.refused[0].text
    assert "\n" not in appended.refused[0].text


def test_without_its_token_a_version_that_wants_one_is_unavailable(influx: Influx) -> None:
    with stores(influx.settings.model_copy(update={"influx_token": None})) as (stranger, _):
        if influx.wire.major == 1:
            assert stranger.append([reading(0)], [T0]).new == 1
            return
        with pytest.raises(Unavailable, match="401"):
            stranger.append([reading(0)], [T0])


def test_user_and_password_of_a_1_x_stand_in_the_place_of_a_token(
    influx_settings: StoreSettings,
) -> None:
    with speaking("1.12.2", influx_settings.influx_url) as (address, wire):
        settings = influx_settings.model_copy(
            update={"influx_url": address, "influx_token": SecretStr("me:pass")}
        )
        with stores(settings) as (store, _):
            store.append([reading(0)], [T0])
    assert set(wire.authorizations) == {"Token me:pass", "Basic bWU6cGFzcw=="}


def test_a_rebuild_drops_the_old_measurement_as_the_version_wants_it(
    influx: Influx, tmp_path: Path
) -> None:
    settings = evidence.settings_of(tmp_path, influx.settings)
    register = open_register(influx.settings.register_url)
    evidence.journal(settings, evidence.messages(shipments=1))
    evidence.store_all(settings, influx.store, register)
    before = evidence.digest(influx.store, register)
    rebuild_views(settings, influx.store, register, future_tolerance_s=evidence.FUTURE_S)
    assert evidence.digest(influx.store, register) == before
    dropped = "DELETE /api/v3/configure/table"
    assert (dropped in influx.wire.asked) == (influx.wire.major == 3)
    http = InfluxHttp(influx.settings)
    names = [row[0] for one in http.ask("SHOW MEASUREMENTS") for row in one["values"]]
    http.close()
    assert names == ["coldwitness_reading2"]
    register.close()
