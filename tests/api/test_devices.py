"""Loggers and boxes show as soon as they are heard, with and without a shipment."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from coldwitness.config.settings import FormatRule, JournalSettings, Settings
from coldwitness.ingest.following import JournalFollower
from coldwitness.ingest.progress import Progress
from coldwitness.ingest.routes import Routes
from coldwitness.storage.journal import Journal, JournalReader, Message
from tests.api.world import T0, World, running_world

LORA = FormatRule(
    topic="v3/+/devices/+/up",
    format="tts_v3",
    courier="ql",
    loggers={"lht-1": {"TempC_DS": "drug", "box": "BX-1"}},
)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    settings = Settings(journal=JournalSettings(directory=tmp_path / "journal"), formats=(LORA,))
    with running_world(tmp_path, settings=settings) as running:
        yield running


def hear(world: World, *messages: tuple[str, bytes], received_ms: int = T0) -> None:
    """Journal messages and bring them into the stores, as a worker does."""
    settings = world.services.settings
    with Journal.open(settings.journal) as journal:
        journal.append([Message(topic, body, received_ms) for topic, body in messages])
    with Progress(settings.journal.directory, "w1") as progress:
        follower = JournalFollower(
            JournalReader(settings.journal.directory),
            progress,
            Routes(settings.formats),
            store=world.store,
            custody=world.register.custody,
            future_tolerance_s=300,
        )
        while follower.step():
            pass


UPLINK = (
    "v3/app/devices/lht-1/up",
    b'{"end_device_ids":{"device_id":"lht-1"},"uplink_message":{"decoded_payload":'
    b'{"TempC_DS":4.5,"BatV":3.05},"received_at":"2026-11-20T01:00:00Z"}}',
)


def packed(time: str) -> tuple[str, bytes]:
    return (
        "coldchain/v1/ql/BX-1/events",
        b'{"event":"packed","shipment":"ZB-1","time":"%s"}' % time.encode(),
    )


def test_a_logger_that_is_connected_rightly_shows_before_any_box_is_packed(world: World) -> None:
    hear(world, UPLINK)
    (one,) = world.get("/v1/devices").json()["items"]
    assert (one["id"], one["courier"], one["box"]) == ("lht-1", "ql", "BX-1")
    assert (one["shipment"], one["entry"]) == (None, None)
    assert one["seen"]["temperature"] == {"drug": 4.5}
    assert one["seen"]["battery_v"] == 3.05
    page = world.get("/devices?lang=zh").text
    assert "无运单" in page
    assert "药品 4.5 °C" in page
    (box,) = world.get("/v1/boxes").json()["items"]
    assert (box["id"], box["loggers"], box["shipment"]) == ("BX-1", ["lht-1"], None)


def test_after_packed_the_same_logger_has_its_shipment(world: World) -> None:
    hear(world, packed("2026-11-20T00:50:00Z"), UPLINK)
    (one,) = world.get("/v1/devices").json()["items"]
    assert one["shipment"] == "ZB-1"
    assert '<a href="/shipments/ZB-1?lang=en">' in world.get("/devices?lang=en").text


def test_what_is_registered_and_what_was_heard_stand_in_one_list_over_pages(world: World) -> None:
    hear(world, UPLINK)
    assert world.client.put("/v1/devices/a-1", json={"model": "X"}).status_code == 201
    assert world.client.put("/v1/devices/lht-1", json={"model": "LHT65N"}).status_code == 201
    first = world.get("/v1/devices?limit=1").json()
    second = world.get(f"/v1/devices?limit=1&cursor={first['next_cursor']}").json()
    assert [one["id"] for one in (*first["items"], *second["items"])] == ["a-1", "lht-1"]
    assert first["items"][0]["seen"] is None
    assert second["items"][0]["entry"]["model"] == "LHT65N"
    assert second["next_cursor"] is None


def test_an_older_backlog_does_not_take_the_place_of_the_newest(world: World) -> None:
    def native(time: str, drug: float) -> tuple[str, bytes]:
        body = b'{"logger":"L","time":"%s","temperature":{"drug":%.1f}}' % (time.encode(), drug)
        return "coldchain/v1/ql/BX-2/readings", body

    hear(world, native("2026-11-20T00:59:00Z", 5.0))
    hear(world, native("2026-11-20T00:10:00Z", 9.0))
    (one,) = world.get("/v1/devices?courier=ql").json()["items"]
    assert one["seen"]["temperature"] == {"drug": 5.0}
    assert one["clock"]["ahead_s"][0] <= one["clock"]["ahead_s"][1]
    assert world.get("/v1/devices?courier=other").json()["items"] == []
