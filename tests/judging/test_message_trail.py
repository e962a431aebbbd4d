"""Lines of the log that say what became of a message, whoever stored it and whoever judged."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from coldwitness.domain.log_ids import trail
from coldwitness.judging.message_trail import MessageTrail
from tests.api.world import WARM, World, manifest, running_world


@pytest.fixture
def world(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> Iterator[World]:
    level = trail.level
    with running_world(tmp_path) as world:
        for name in ("ZB-1", "ZB-2"):
            world.client.put(f"/v1/shipments/{name}", json=manifest(name))
            world.send(name, WARM, judge=False)
        world.judge.tick()  # what the manifests touched
        caplog.clear()
        caplog.set_level(logging.INFO)
        trail.setLevel(logging.INFO)
        yield world
    trail.setLevel(level)


def told(caplog: pytest.LogCaptureFixture, event: str) -> list[tuple[str | None, str | None]]:
    """Message and shipment of each such line."""
    lines = [record for record in caplog.records if record.getMessage() == event]
    return [(getattr(one, "message_id", None), getattr(one, "shipment", None)) for one in lines]


def test_what_another_process_left_is_judged_under_the_id_it_was_stored_under(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.register.waiting.leave({"ZB-1": "w2/7", "ZB-2": None})
    world.register.waiting.leave(["ZB-1"], reason="register")
    world.judge.tick()
    assert told(caplog, "judged") == [("w2/7", "ZB-1")]


def test_a_change_of_a_clue_names_the_message_that_led_to_it(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.send("ZB-3", WARM, judge=False)
    world.client.put("/v1/shipments/ZB-3", json=manifest("ZB-3"))
    world.judge.touch({"ZB-3": "w1/9"})
    world.judge.tick()
    ((message, shipment),) = told(caplog, "clue")
    assert (message, shipment) == ("w1/9", "ZB-3")
    caplog.clear()
    world.judge.judge_now(["ZB-3"])
    assert told(caplog, "judged") == [], "nobody's message led to that"


def test_a_message_that_came_while_was_judged_still_waits() -> None:
    one = MessageTrail()
    one.heard({"ZB-1": "w1/1", "ZB-2": "w1/2", "ZB-3": None})
    read = one.of(["ZB-1", "ZB-2", "ZB-3"])
    one.heard({"ZB-1": "w1/5"})
    one.heard(["ZB-2"])
    one.judged(read)
    assert one.of(["ZB-1", "ZB-2"]) == {"ZB-1": "w1/5"}
    one.keep(["ZB-2"])
    assert [*one] == []
