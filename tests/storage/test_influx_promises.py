"""What InfluxDB does that a store of evidence must not do: each was seen at a real server."""

import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr

from coldwitness.cli.doctor import _telemetry
from coldwitness.cli.rebuild import rebuild_views
from coldwitness.config.settings import StoreSettings
from coldwitness.domain.box_stays import BoxStay
from coldwitness.domain.errors import Unavailable
from coldwitness.ingest.progress import Progress
from coldwitness.storage.opening import stores
from coldwitness.storage.register import SqlRegister, open_register
from coldwitness.storage.telemetry.influx import InfluxTelemetry
from coldwitness.storage.telemetry.influx_http import InfluxHttp
from coldwitness.storage.telemetry.influx_probe import try_influx
from coldwitness.storage.telemetry.memory import MemoryTelemetry
from tests.storage import evidence
from tests.storage.influx_versions import TOKEN, Wire, speaking
from tests.storage.readings import MINUTE, T0, reading, rows

ONES_AND_TWOS = ("1.12.2", "2.7.12")


@dataclass
class Influx:
    settings: StoreSettings
    wire: Wire

    @contextmanager
    def store(self) -> Iterator[InfluxTelemetry]:
        """A store as a process that has just begun has it."""
        with stores(self.settings) as (opened, _):
            assert isinstance(opened, InfluxTelemetry)
            yield opened


@pytest.fixture(params=ONES_AND_TWOS)
def influx(request: pytest.FixtureRequest, influx_settings: StoreSettings) -> Iterator[Influx]:
    with speaking(request.param, influx_settings.influx_url) as (address, wire):
        more = {"influx_url": address, "influx_token": SecretStr(TOKEN)}
        yield Influx(influx_settings.model_copy(update=more), wire)


def measurements(settings: StoreSettings) -> list[str]:
    http = InfluxHttp(settings)
    names = [row[0] for one in http.ask("SHOW MEASUREMENTS") for row in one.get("values", [])]
    http.close()
    return names


def put(settings: StoreSettings, bucket: str, *lines: str) -> None:
    address = f"{settings.influx_url}/api/v2/write?bucket={bucket}&precision=ms"
    urllib.request.urlopen(address, data="\n".join(lines).encode()).close()  # noqa: S310 (loopback)


@pytest.mark.parametrize("restarted", [False, True], ids=["same process", "another process"])
def test_what_only_memory_has_is_sent_again_until_a_write_is_acknowledged(
    influx: Influx, *, restarted: bool
) -> None:
    batch = [reading(minute) for minute in range(30)]
    with influx.store() as store:
        influx.wire.disk_full = True
        with pytest.raises(Unavailable, match="no space left"):
            store.append(batch, [T0] * 30)
        assert len(store.readings(["S-1"], [])) == 30  # a query finds what no disk has
        influx.wire.disk_full = False
        if not restarted:
            assert store.append(batch, [T0] * 30).repeated == 30
    if restarted:
        with influx.store() as store:
            assert store.append(batch, [T0] * 30).repeated == 30
    assert len(set(influx.wire.acknowledged)) == 30


def test_what_was_acknowledged_is_not_sent_again(influx: Influx) -> None:
    with influx.store() as store:
        store.append([reading(0)], [T0])
        batch = [reading(minute) for minute in range(30)]
        store.append(batch, [T0] * 30)
        sent = influx.wire.writes
        assert store.append(batch, [T0] * 30).repeated == 30
        assert influx.wire.writes == sent


def test_a_reading_beyond_the_retention_is_put_aside_and_the_others_are_acknowledged(
    influx: Influx,
) -> None:
    influx.wire.oldest_ms = T0
    batch = [reading(minute if minute % 3 else minute - 1000) for minute in range(300)]
    with influx.store() as store:
        appended = store.append(batch, [T0] * 300)
        assert [one.index for one in appended.refused] == list(range(0, 300, 3))
        assert all("retention" in one.text for one in appended.refused)
        assert appended.new == 200
    assert len(set(influx.wire.acknowledged)) == 200
    assert influx.wire.writes < 20


def test_what_is_put_aside_is_read_beside_the_others_in_every_process_and_once(
    influx: Influx,
) -> None:
    influx.wire.oldest_ms = T0
    stay = BoxStay(box="BX-1", shipment="S-2", start_ms=0, end_ms=T0 + MINUTE)
    batch = [reading(minute) for minute in (-1000, -999, 0, 1)]
    batch += [reading(-998, shipment=None), reading(0.5, shipment=None)]
    oracle = MemoryTelemetry()
    oracle.append(batch, [T0] * 6)
    with influx.store() as store:
        assert len(store.append(batch, [T0] * 6).refused) == 3
        assert len(store.append(batch, [T0] * 6).refused) == 3
    with influx.store() as store:
        found = store.readings(["S-1", "S-2"], [stay])
        assert rows(found) == rows(oracle.readings(["S-1", "S-2"], [stay]))
        whole = store.between(0, T0 + 10**9)
        assert rows(whole.table) == rows(oracle.between(0, T0 + 10**9).table)
        assert len(whole.time_source) == 6
        assert len(store.days_ms()) == 2
        influx.wire.oldest_ms = 0  # the bucket keeps longer now
        assert not store.append(batch, [T0] * 6).refused
        assert rows(store.readings(["S-1", "S-2"], [stay])) == rows(found)
        assert len(store.between(0, T0 + 10**9).table) == 6


def test_a_wholly_refused_batch_costs_one_request(influx: Influx) -> None:
    influx.wire.oldest_ms = T0 + 10**9
    with influx.store() as store:
        assert len(store.append([reading(n) for n in range(200)], [T0] * 200).refused) == 200
    assert influx.wire.writes == 1


def test_the_words_of_a_refusal_are_one_line(influx: Influx) -> None:
    influx.wire.oldest_ms = T0 + 10**9
    with influx.store() as store:
        (refused,) = store.append([reading(0)], [T0]).refused
    assert refused.text.startswith(("400 partial write", "422 failure writing"))
    assert refused.text.isprintable()


def house(settings: StoreSettings, tmp_path: Path) -> tuple[SqlRegister, InfluxTelemetry]:
    register = open_register(settings.register_url)
    return register, InfluxTelemetry(settings, register.views)


def test_ingest_lists_what_the_real_server_refuses_and_stores_what_comes_after(
    influx_settings: StoreSettings, tmp_path: Path
) -> None:
    database = influx_settings.influx_bucket
    http = InfluxHttp(influx_settings)
    # 13 years: 2008 lies outside, T0 inside.
    http.command(f'CREATE RETENTION POLICY short ON "{database}" DURATION 5000d REPLICATION 1')
    http.close()
    short = influx_settings.model_copy(update={"influx_bucket": f"{database}/short"})
    settings = evidence.settings_of(tmp_path, short)
    old = {
        "logger": "GPS",
        "time": 1_200_000_000_000,
        "temperature": {"drug": 4.5},
    }  # its weeks rolled over
    good = [
        {"logger": "GOOD", "time": T0 + n * MINUTE, "temperature": {"drug": 4.5}} for n in range(5)
    ]
    evidence.journal(
        settings,
        [
            evidence.message([good[0], old], what="readings", received_ms=T0 + MINUTE),
            evidence.message(good[1:], what="readings", received_ms=T0 + 9 * MINUTE),
        ],
    )
    register, store = house(short, tmp_path)
    evidence.store_all(settings, store, register)
    with Progress(settings.journal.directory, "w1") as progress:
        (refused,) = progress.refusals()
        assert progress.cursor() == 2
    assert (refused.row, refused.reason) == (1, "store_refused")
    assert "logger GPS 2008-01-10T21:20:00Z" in refused.text
    assert "retention policy" in refused.text
    assert len(store.between(0, T0 + 10**9).table) == 6  # what is put aside is read as well
    store.close()
    register.close()


def test_a_statement_that_succeeds_with_an_empty_object_is_done(influx: Influx) -> None:
    http = InfluxHttp(influx.settings)
    http.command("DROP MEASUREMENT nothing_of_that_name")  # 2.x answers {}
    http.close()


def test_a_rebuild_leaves_others_measurements_as_they_are(
    influx_settings: StoreSettings, tmp_path: Path
) -> None:
    database = influx_settings.influx_bucket
    http = InfluxHttp(influx_settings)
    for policy in ("cw", "theirs"):
        http.command(f'CREATE RETENTION POLICY {policy} ON "{database}" DURATION INF REPLICATION 1')
    names = ("reading", "reading2", "coldwitness_reading", "coldwitness_reading2")
    for name in names:
        put(influx_settings, f"{database}/theirs", f"{name} power=1 {T0}")
    mine = influx_settings.model_copy(update={"influx_bucket": f"{database}/cw"})
    settings = evidence.settings_of(tmp_path, mine)
    register, store = house(mine, tmp_path)
    evidence.journal(settings, evidence.messages(shipments=1))
    evidence.store_all(settings, store, register)
    before = evidence.digest(store, register)
    said: list[str] = []
    for _ in range(2):
        rebuild_views(
            settings, store, register, future_tolerance_s=evidence.FUTURE_S, say=said.append
        )
    assert evidence.digest(store, register) == before
    for name in names:
        found = http.ask(f'SELECT power FROM "{database}"."theirs"."{name}"')  # noqa: S608
        assert found, name
    assert any("policy theirs of the same database" in text for text in said)
    http.close()
    store.close()
    register.close()


def test_a_measurement_of_the_old_name_is_read_and_dropped_only_if_it_is_ours_alone(
    influx_settings: StoreSettings, tmp_path: Path
) -> None:
    database = influx_settings.influx_bucket
    ours = 'reading,box=BX-1,logger=LG-1 drug_c=4,received_ms=1i,seq=1i,shipment="S-1",courier="ql"'
    put(influx_settings, database, f"{ours} {T0}")
    settings = evidence.settings_of(tmp_path, influx_settings)
    register, store = house(influx_settings, tmp_path)
    assert store.measurements() == ("reading",)
    put(influx_settings, database, f"reading,room=3 power=4 {T0}")
    rebuild_views(settings, store, register, future_tolerance_s=evidence.FUTURE_S)
    assert "reading" in measurements(influx_settings)
    assert store.measurements() == ("coldwitness_reading",)
    store.close()
    register.close()


def test_a_rebuild_without_an_administrator_s_rights_empties_the_old_measurement(
    influx_settings: StoreSettings, tmp_path: Path
) -> None:
    with speaking("1.12.2", influx_settings.influx_url) as (address, wire):
        wire.no_admin = True
        mine = influx_settings.model_copy(update={"influx_url": address})
        settings = evidence.settings_of(tmp_path, mine)
        register, store = house(mine, tmp_path)
        evidence.journal(settings, evidence.messages(shipments=1))
        evidence.store_all(settings, store, register)
        before = evidence.digest(store, register)
        rebuild_views(settings, store, register, future_tolerance_s=evidence.FUTURE_S)
        assert evidence.digest(store, register) == before
        assert store.http.ask("SELECT seq FROM coldwitness_reading LIMIT 1") == []
        store.close()
        register.close()


READ_ONLY = (403, {"code": "forbidden", "message": "insufficient permissions for write"})
NO_ORGANISATION = (404, {"code": "not found", "message": 'organization name "nosuch" not found'})
DISK = (500, {"code": "internal error", "message": "engine: no space left on device"})


def test_a_store_that_keeps_readings_passes_the_trial_and_nothing_of_it_is_a_reading(
    influx: Influx,
) -> None:
    assert try_influx(influx.settings) == []
    with influx.store() as store:
        store.append([reading(0)], [T0])
        assert len(store.between(0, 10**14).table) == 1


@pytest.mark.parametrize("refuses", [READ_ONLY, NO_ORGANISATION, DISK])
def test_a_store_that_takes_no_reading_fails_the_trial_in_the_server_s_words(
    influx: Influx, refuses: tuple[int, dict[str, str]]
) -> None:
    influx.wire.refuses = refuses
    with pytest.raises(Unavailable, match=refuses[1]["message"]):
        try_influx(influx.settings)


def test_a_bucket_that_is_read_elsewhere_fails_the_trial(influx: Influx) -> None:
    influx.wire.reads_elsewhere = True
    with pytest.raises(Unavailable, match="cannot be read back"):
        try_influx(influx.settings, read_within_s=0.0)


def test_a_bucket_with_an_end_is_told(influx: Influx) -> None:
    influx.wire.oldest_ms = T0
    (remark,) = try_influx(influx.settings)
    assert "deletes evidence" in remark
    assert "retention" in remark


def test_points_of_others_in_our_measurement_are_told(
    influx: Influx, influx_settings: StoreSettings
) -> None:
    put(influx_settings, influx_settings.influx_bucket, f"coldwitness_reading power=1 {T0}")
    (remark,) = try_influx(influx.settings)
    assert "none of ours" in remark


def test_doctor_fails_where_no_reading_can_be_written(influx: Influx, tmp_path: Path) -> None:
    settings = evidence.settings_of(tmp_path, influx.settings)
    register = open_register(influx.settings.register_url)
    assert [one.state for one in _telemetry(settings, register.views)] == ["ok"]
    influx.wire.refuses = READ_ONLY
    (finding,) = _telemetry(settings, register.views)
    assert (finding.state, "insufficient permissions" in finding.text) == ("failure", True)
    register.close()
