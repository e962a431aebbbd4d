"""The evidence over HTTP: three formats, one content."""

import csv
import io
from pathlib import Path

import duckdb

from coldwitness.domain.reading import Reading
from tests.api.world import MINUTE, T0, World, manifest

READINGS = [
    Reading(
        logger="LG-1",
        time_ms=T0,
        seq=1,
        shipment="ZB-1",
        box="BX-1",
        courier="ql",
        temperature_c={"drug": 5.25, "coolant": -1.5},
        humidity_pct=40.5,
        lat_deg=36.82,
        lon_deg=118.3,
        accuracy_m=8.0,
        lid_open=False,
        moving=True,
        light_lux=12.0,
        battery_v=3.1,
    ),
    Reading(
        logger="LG-1",
        time_ms=T0 + MINUTE,
        seq=2,
        shipment="ZB-1",
        box="BX-1",
        courier="ql",
        temperature_c={"drug": 5.5},
    ),
]


def store(world: World) -> None:
    world.store.append(READINGS, [T0 + 100, T0 + MINUTE + 100])
    world.register.custody.note_seen({"ZB-1": "ql"})


def test_json_readings_are_objects_as_loggers_send_them(world: World) -> None:
    store(world)
    page = world.get("/v1/shipments/ZB-1/readings").json()
    assert (page["shipment"], page["next_cursor"]) == ("ZB-1", None)
    assert page["items"] == [
        {
            "time": "2026-11-20T01:00:00Z",
            "received": "2026-11-20T01:00:00.100Z",
            "shipment": "ZB-1",
            "box": "BX-1",
            "logger": "LG-1",
            "seq": 1,
            "temperature": {"drug": 5.25, "coolant": -1.5},
            "humidity": 40.5,
            "position": {"lat": 36.82, "lon": 118.3, "accuracy_m": 8.0, "datum": "WGS84"},
            "lid_open": False,
            "light_lux": 12.0,
            "moving": True,
            "battery_v": 3.1,
        },
        {
            "time": "2026-11-20T01:01:00Z",
            "received": "2026-11-20T01:01:00.100Z",
            "shipment": "ZB-1",
            "box": "BX-1",
            "logger": "LG-1",
            "seq": 2,
            "temperature": {"drug": 5.5},
        },
    ]


def test_csv_has_the_columns_that_check_reads_and_empty_cells_where_nothing_is(
    world: World,
) -> None:
    store(world)
    answer = world.get("/v1/shipments/ZB-1/readings", params={"format": "csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="ZB-1.csv"'
    first, second = csv.DictReader(io.StringIO(answer.text))
    assert (first["drug"], first["coolant"], first["lid_open"]) == ("5.25", "-1.5", "false")
    assert (second["drug"], second["coolant"], second["lid_open"]) == ("5.5", "", "")


def test_parquet_has_the_same_columns_with_types(world: World, tmp_path: Path) -> None:
    store(world)
    answer = world.get("/v1/shipments/ZB-1/readings", params={"format": "parquet"})
    assert answer.headers["content-type"] == "application/vnd.apache.parquet"
    file = tmp_path / "got.parquet"
    file.write_bytes(answer.content)
    query = f"SELECT time, logger, seq, drug, coolant, lid_open, lat FROM '{file}'"  # noqa: S608
    with duckdb.connect() as database:
        rows = database.execute(query).fetchall()
    assert rows == [
        ("2026-11-20T01:00:00Z", "LG-1", 1, 5.25, -1.5, False, 36.82),
        ("2026-11-20T01:01:00Z", "LG-1", 2, 5.5, None, None, None),
    ]


def test_json_readings_come_in_pages(world: World) -> None:
    world.send("ZB-1", [5.0] * 25)
    seen: list[int] = []
    query: dict[str, str | int] = {"limit": 10}
    for _ in range(5):
        page = world.get("/v1/shipments/ZB-1/readings", params=query).json()
        seen += [item["seq"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert seen == list(range(25))


def test_a_known_shipment_without_readings_has_an_empty_list_and_a_header_alone(
    world: World,
) -> None:
    world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1"))
    assert world.get("/v1/shipments/ZB-1/readings").json()["items"] == []
    text = world.get("/v1/shipments/ZB-1/readings", params={"format": "csv"}).text
    assert text.startswith("time,received,shipment,box,logger,seq")
    assert text.count("\n") == 1
    parquet = world.get("/v1/shipments/ZB-1/readings", params={"format": "parquet"})
    assert parquet.content[:4] == b"PAR1"
