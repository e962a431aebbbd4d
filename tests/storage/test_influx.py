"""What only InfluxDB needs: points, cardinality, failures, and other writers."""

import gzip
import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coldwitness.config.settings import StoreSettings
from coldwitness.domain.box_stays import BoxStay
from coldwitness.domain.errors import Unavailable
from coldwitness.domain.reading import Reading
from coldwitness.storage.opening import stores
from coldwitness.storage.telemetry.influx import InfluxTelemetry
from coldwitness.storage.telemetry.influx_http import InfluxHttp
from coldwitness.storage.telemetry.influx_lines import lines
from coldwitness.storage.telemetry.influx_write import InfluxWriting
from coldwitness.storage.telemetry.memory import MemoryTelemetry
from tests import servers
from tests.storage.readings import FULL, MINUTE, READINGS, T0, reading, rows


@pytest.fixture
def store(influx_settings: StoreSettings) -> Iterator[InfluxTelemetry]:
    with stores(influx_settings) as (opened, _):
        assert isinstance(opened, InfluxTelemetry)
        yield opened


def test_a_reading_is_one_point_with_box_and_logger_as_tags() -> None:
    point = lines([FULL], [T0 + 456], [0], measurement="reading").decode()

    assert point == (
        "reading,box=BX-9,logger=LG-9 "
        "goods_c=40.25,drug_c=4.5,drug.2_c=4.625,VOC\\ index_c=-0.1,"
        f'received_ms={T0 + 456}i,seq=77i,shipment="S-9",courier="ql",time_source=1i,'
        "lat_deg=36.82,lon_deg=118.3,accuracy_m=12.5,humidity_pct=55.5,light_lux=880.0,"
        f"battery_v=3.61,lid_open=1i,moving=0i {T0 + 123}"
    )


def test_what_is_unknown_is_a_dash_or_left_out_and_a_variant_is_a_tag() -> None:
    bare = Reading(logger="LG-1", time_ms=5, temperature_c={"drug": 4.0})

    assert lines([bare], [9], [2], measurement="reading") == (
        b"reading,box=-,logger=LG-1,variant=2 "
        b'drug_c=4.0,received_ms=9i,seq=-1i,shipment="-",courier="-" 5'
    )


def test_numbers_told_before_keep_their_own_text() -> None:
    for drug in (0.0, -0.0, 5.0, -0.0, 0.0, 5.0):
        point = lines([reading(drug=drug)], [1], [0], measurement="m")
        assert f" drug_c={drug!r}," in point.decode()


def test_series_are_as_many_as_boxes_and_loggers_however_many_shipments(
    store: InfluxTelemetry, influx_settings: StoreSettings
) -> None:
    readings = [
        reading(
            number / 60, shipment=f"S-{number}", box=f"BX-{number % 5}", logger=f"LG-{number % 5}"
        )
        for number in range(1000)
    ]
    store.append(readings, [T0] * len(readings))

    http = InfluxHttp(influx_settings)
    (answer,) = http.ask("SHOW SERIES EXACT CARDINALITY FROM coldwitness_reading")
    http.close()
    assert answer["values"] == [[5]]
    assert len(store.readings(["S-7", "S-998"], [])) == 2


def test_numbers_come_back_to_the_last_digit(store: InfluxTelemetry) -> None:
    drug = np.random.default_rng(1).uniform(-80, 80, 500)
    odd = [0.1 + 0.2, 1e-7, 5e-324, 1.7976931348623157e308, -0.1, 123456789.123456789]
    values = [*drug.tolist(), *odd]
    sent = [
        reading(n, temperature_c={"drug": value}, seq=2**62 + n) for n, value in enumerate(values)
    ]
    store.append(sent, [T0] * len(sent))

    table = store.readings(["S-1"], [])
    order = np.argsort(table.time_ms)
    assert table.temperature_c["drug"][order].tolist() == values
    assert table.seq[order].tolist() == [2**62 + n for n in range(len(values))]


def test_long_answers_come_in_pieces_and_none_is_lost(store: InfluxTelemetry) -> None:
    sent = [reading(number / 60, drug=number / 1000) for number in range(45_000)]
    store.append(sent, [T0] * len(sent))

    table = store.readings(["S-1"], [])
    assert np.sort(table.time_ms).tolist() == [one.time_ms for one in sent]
    assert np.sort(table.temperature_c["drug"]).tolist() == [n / 1000 for n in range(45_000)]


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    messages=st.lists(READINGS, max_size=10),
    data=st.data(),
)
def test_any_order_and_repetition_ends_in_the_same_store(
    messages: list[Reading], data: st.DataObject, influx_settings: StoreSettings
) -> None:
    again = data.draw(st.permutations(messages))
    cut = data.draw(st.integers(0, len(messages)))
    clean(influx_settings)
    oracle = MemoryTelemetry()
    with stores(influx_settings) as (store, _):
        oracle.append(messages, [T0] * len(messages))
        for batch in (again[:cut], again, messages):
            store.append(batch, [T0] * len(batch))
        stays = [
            BoxStay("BX-1", "S-1", T0, T0 + 60 * MINUTE),
            BoxStay("BX-2", "S-2", T0 - MINUTE, None),
        ]
        expected = rows(oracle.readings(["S-2", "S-1"], stays))
        assert rows(store.readings(["S-2", "S-1"], stays)) == expected
        whole = (T0 - 10**9, T0 + 10**9)
        assert isinstance(store, InfluxTelemetry)
        assert rows(store.between(*whole).table) == rows(oracle.between(*whole).table)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(batches=st.lists(st.lists(READINGS, min_size=1, max_size=5), max_size=5))
def test_counts_are_those_of_the_oracle_batch_by_batch_and_process_by_process(
    batches: list[list[Reading]], influx_settings: StoreSettings
) -> None:
    clean(influx_settings)
    oracle = MemoryTelemetry()
    with (
        stores(influx_settings, sole_writer=False) as (first, _),
        stores(influx_settings, sole_writer=False) as (second, _),
    ):
        for number, batch in enumerate(batches):
            times = [T0] * len(batch)
            assert (first, second)[number % 2].append(batch, times) == oracle.append(batch, times)


def clean(influx_settings: StoreSettings) -> None:
    http = InfluxHttp(influx_settings)
    http.command("DROP MEASUREMENT coldwitness_reading")
    http.close()


def test_days_that_hold_readings_are_listed(store: InfluxTelemetry) -> None:
    day = 86_400_000
    start = T0 // day * day
    for offset in (0, day - 1, 3 * day):
        store.append([reading(0, box=None), reading((start + offset - T0) / MINUTE)], [T0] * 2)
    assert store.days_ms() == sorted({start, T0 // day * day, start + 3 * day})


def test_a_type_conflict_puts_that_reading_aside_and_says_what_influxdb_said(
    store: InfluxTelemetry, influx_settings: StoreSettings
) -> None:
    http = InfluxHttp(influx_settings)
    address = f"{influx_settings.influx_url}/api/v2/write?bucket={influx_settings.influx_bucket}"
    line = b'coldwitness_reading,box=BX-1,logger=LG-0 drug_c="warm" 1795000000000000000'
    with urllib.request.urlopen(address, data=line):  # noqa: S310 (loopback)
        pass
    http.close()
    appended = store.append([reading(0)], [T0])
    assert appended.new == 0
    assert "field type conflict" in appended.refused[0].text


def test_a_server_that_is_down_is_unavailable(tmp_path: Path) -> None:
    gone = StoreSettings(
        telemetry="influx",
        influx_url=f"http://127.0.0.1:{servers.free_port()}",
        register_url=f"sqlite:///{tmp_path / 'r.sqlite'}",
    )
    with stores(gone) as (store, _):
        with pytest.raises(Unavailable, match="InfluxDB"):
            store.append([reading(0)], [T0])
        with pytest.raises(Unavailable, match="InfluxDB"):
            store.readings(["S-1"], [BoxStay("BX-1", "S-1", T0, None)])


def test_a_database_that_is_missing_is_unavailable_and_named(
    influx_settings: StoreSettings, tmp_path: Path
) -> None:
    elsewhere = influx_settings.model_copy(
        update={"influx_bucket": "nowhere", "register_url": f"sqlite:///{tmp_path / 'n.sqlite'}"}
    )
    with stores(elsewhere) as (store, _):
        with pytest.raises(Unavailable, match="nowhere"):
            store.append([reading(0)], [T0])
        with pytest.raises(Unavailable, match="database"):
            store.readings(["S-1"], [BoxStay("BX-1", "S-1", T0, None)])


class _Flaky(BaseHTTPRequestHandler):
    """Takes writes after having refused some; keeps every line it acknowledged."""

    refusals: list[int]
    taken: list[bytes]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if self.refusals:
            self.send_response(self.refusals.pop(0))
            self.send_header("Retry-After", "0")
        else:
            self.taken.extend(body.splitlines())
            self.send_response(204)
        self.end_headers()

    def do_GET(self) -> None:
        wants_json = self.headers["Accept"] == "application/json"
        said = json.dumps({"results": [{"statement_id": 0}]}).encode() if wants_json else b""
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@contextmanager
def flaky(refusals: list[int]) -> Iterator[tuple[str, list[bytes]]]:
    taken: list[bytes] = []
    handler = type("Flaky", (_Flaky,), {"refusals": refusals, "taken": taken})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def answering(content: bytes) -> Iterator[InfluxHttp]:
    """Questions to a server that answers each with the same bytes."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    http = InfluxHttp(StoreSettings(influx_url=f"http://127.0.0.1:{server.server_port}"))
    try:
        yield http
    finally:
        http.close()
        server.shutdown()
        server.server_close()
        thread.join()


def test_times_are_read_as_nanoseconds_and_as_rfc_3339() -> None:
    said = (
        b"name,tags,time,q\nreading,,1795000000123000000,1\n"
        b"\nname,tags,time,q\nreading,,2026-11-18T11:06:40.124Z,2\n"
    )
    with answering(said) as http:
        found = http.table("SELECT", text=(), whole=("q",), real=())
    assert found["time"].tolist() == [T0 + 123, T0 + 124]
    assert found["q"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"error\ntimeout\n", "timeout"),
        (b"name,tags,time,q\nreading,,5000000,1\nerror\ntimeout\n", "timeout"),
        (b"name,tags,time,q\nreading,,5000000,many\n", "CSV not understood"),
        (b"<html>a proxy's page</html>\n", "expected CSV"),
    ],
)
def test_an_answer_that_is_no_answer_is_unavailable(said: bytes, words: str) -> None:
    with answering(said) as http, pytest.raises(Unavailable, match=words):
        http.table("SELECT", text=(), whole=("q",), real=())


def test_a_busy_server_is_asked_again_and_every_reading_arrives(tmp_path: Path) -> None:
    with flaky([503, 429]) as (address, taken):
        settings = StoreSettings(
            telemetry="influx",
            influx_url=address,
            influx_batch_rows=10,
            register_url=f"sqlite:///{tmp_path / 'r.sqlite'}",
        )
        with stores(settings) as (store, _):
            store.append([reading(minute) for minute in range(25)], [T0] * 25)
    assert len(set(taken)) == 25


def test_a_batch_of_which_a_part_failed_is_wholly_sent_again(tmp_path: Path) -> None:
    with flaky([401]) as (address, taken):
        settings = StoreSettings(
            telemetry="influx",
            influx_url=address,
            influx_batch_rows=10,
            register_url=f"sqlite:///{tmp_path / 'r.sqlite'}",
        )
        with stores(settings) as (store, _):
            batch = [reading(minute) for minute in range(25)]
            with pytest.raises(Unavailable, match="401"):
                store.append(batch, [T0] * 25)
            store.append(batch, [T0] * 25)
    assert len(set(taken)) == 25


def test_victoria_metrics_takes_what_we_write(tmp_path: Path) -> None:
    with servers.victoria_metrics(tmp_path / "vm") as address:
        settings = StoreSettings(telemetry="influx", influx_url=address, influx_batch_rows=7)
        writing = InfluxWriting(settings)
        rows = [(reading(n / 10, drug=4 + n / 10), T0, 0, n) for n in range(20)]
        assert writing.send("reading", rows) == []
        writing.close()
        with urllib.request.urlopen(f"{address}/internal/force_flush"):  # noqa: S310 (loopback)
            pass
        asked = f"{address}/api/v1/export?match[]=reading_drug_c&start={T0 // 1000 - 60}"
        with urllib.request.urlopen(f"{asked}&end={T0 // 1000 + 600}") as answer:  # noqa: S310
            (line,) = answer.read().splitlines()
    series = json.loads(line)
    assert series["metric"]["box"] == "BX-1"
    assert series["values"] == pytest.approx([4 + minute / 10 for minute in range(20)])
    assert series["timestamps"] == [T0 + minute * 6000 for minute in range(20)]
