"""Live judging and the stream that tells of it."""

import json
import math
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from coldwitness.api.live.hub import KEPT_EVENTS, LiveHub
from coldwitness.config.settings import JudgingSettings, Settings
from coldwitness.domain.errors import ConfigError, Unavailable
from coldwitness.judging.batch import Batch, judge_batch
from coldwitness.judging.live import CHUNK_SHIPMENTS, LiveJudge
from coldwitness.judging.rulebook import Rulebook
from coldwitness.storage.ports import Register, TelemetryStore
from tests.api.world import COLD, MINUTE, T0, WARM, World, manifest, running_world, wait_until


class Recorded:
    """Judges as live does and keeps which shipments each run had; fails where told to."""

    def __init__(self) -> None:
        self.runs: list[tuple[str, ...]] = []
        self.failing: dict[str, Exception] = {}

    def __call__(
        self,
        store: TelemetryStore,
        register: Register,
        rulebook: Rulebook,
        settings: JudgingSettings,
        shipments: Sequence[str],
        as_of_ms: int,
    ) -> Batch:
        self.runs.append(tuple(shipments))
        for shipment in shipments:
            if shipment in self.failing:
                raise self.failing[shipment]
        return judge_batch(store, register, rulebook, settings, shipments, as_of_ms)


def judge_of(world: World, recorded: Recorded, *, tick_ms: int = 20) -> LiveJudge:
    settings = Settings(judging=JudgingSettings(tick_ms=tick_ms))
    return LiveJudge(
        world.store,
        world.register,
        world.services.rulebook,
        settings,
        world.clock,
        judge=recorded,
    )


def test_what_another_process_left_in_the_register_is_judged_at_the_next_tick(
    world: World,
) -> None:
    recorded = Recorded()
    judge = judge_of(world, recorded)
    world.send("ZB-1", COLD, judge=False)
    world.register.waiting.leave(["ZB-1"])
    assert judge.tick() == 1
    assert world.register.results.of("ZB-1") is not None
    assert world.register.waiting.left() == {}
    assert judge.tick() == 0


def test_what_was_left_and_could_not_be_judged_stays_left(world: World) -> None:
    recorded = Recorded()
    recorded.failing["ZB-1"] = KeyError("a fault of this program")
    world.send("ZB-1", COLD, judge=False)
    world.register.waiting.leave(["ZB-1", "ZB-2"])
    judge_of(world, recorded).tick()
    assert set(world.register.waiting.left()) == {"ZB-1"}
    assert judge_of(world, Recorded()).tick() == 1
    assert world.register.waiting.left() == {}


def test_evidence_left_while_its_shipment_is_being_judged_is_judged_after_it(
    world: World,
) -> None:
    class Slow(Recorded):
        def __call__(self, *given: Any) -> Batch:
            found = super().__call__(*given)
            if len(self.runs) == 1:
                world.register.waiting.leave(["ZB-1"])
            return found

    recorded = Slow()
    judge = judge_of(world, recorded)
    world.send("ZB-1", COLD, judge=False)
    world.register.waiting.leave(["ZB-1"])
    assert [judge.tick(), judge.tick(), judge.tick()] == [1, 1, 0]


def test_all_that_was_touched_is_judged_in_one_run_and_once(world: World) -> None:
    recorded = Recorded()
    judge = judge_of(world, recorded)
    for shipment in ("ZB-1", "ZB-2", "ZB-3"):
        world.send(shipment, COLD, judge=False)
    judge.touch(["ZB-1", "ZB-2"])
    judge.touch(["ZB-2", "ZB-3"])
    assert not judge.idle
    assert judge.tick() == 3
    assert recorded.runs == [("ZB-1", "ZB-2", "ZB-3")]
    assert judge.tick() == 0
    assert judge.idle


def test_a_burst_is_cut_into_chunks(world: World) -> None:
    recorded = Recorded()
    judge = judge_of(world, recorded)
    judge.touch([f"S-{n}" for n in range(CHUNK_SHIPMENTS + 1)])
    assert judge.tick() == CHUNK_SHIPMENTS + 1
    assert [len(run) for run in recorded.runs] == [CHUNK_SHIPMENTS, 1]


def test_one_shipment_that_cannot_be_judged_does_not_hold_up_the_others(world: World) -> None:
    recorded = Recorded()
    recorded.failing["ZB-3"] = ZeroDivisionError("poison")
    judge = judge_of(world, recorded)
    names = [f"ZB-{n}" for n in range(1, 6)]
    for shipment in names:
        world.send(shipment, COLD, judge=False)
    judge.touch(names)
    assert judge.tick() == 4
    assert judge.failing == 1
    assert [world.register.results.of(name) is None for name in names] == [
        False,
        False,
        True,
        False,
        False,
    ]
    recorded.runs.clear()
    assert judge.tick() == 0
    assert recorded.runs == [], "it waits its pause"
    recorded.failing.clear()
    wait_until(lambda: judge.tick() == 1)
    assert judge.failing == 0
    assert world.register.results.of("ZB-3") is not None


def test_a_store_that_is_away_keeps_the_whole_chunk_for_later(world: World) -> None:
    recorded = Recorded()
    recorded.failing["ZB-1"] = Unavailable("telemetry: away")
    judge = judge_of(world, recorded)
    for shipment in ("ZB-1", "ZB-2"):
        world.send(shipment, COLD, judge=False)
    judge.touch(["ZB-1", "ZB-2"])
    assert judge.tick() == 0
    assert recorded.runs == [("ZB-1", "ZB-2")], "no use in trying the halves"
    recorded.failing.clear()
    wait_until(lambda: judge.tick() == 2)


def test_a_failing_tick_never_ends_the_thread(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded = Recorded()
    judge = judge_of(world, recorded)
    real = judge.tick
    calls: list[int] = []

    def tick(*, within_s: float = math.inf) -> int:
        calls.append(1)
        if len(calls) == 1:
            raise MemoryError("once")
        return real(within_s=within_s)

    monkeypatch.setattr(judge, "tick", tick)
    judge.start()
    try:
        world.send("ZB-1", COLD, judge=False)
        judge.touch(["ZB-1"])
        wait_until(lambda: world.register.results.of("ZB-1") is not None)
        assert judge.alive
    finally:
        judge.stop()
    assert not judge.alive


def test_what_still_waits_is_judged_before_it_stops(world: World) -> None:
    judge = judge_of(world, Recorded(), tick_ms=60_000)
    judge.start()
    world.send("ZB-1", COLD, judge=False)
    judge.touch(["ZB-1"])
    judge.stop()
    assert world.register.results.of("ZB-1") is not None


def test_a_restart_judges_what_an_earlier_process_left(world: World) -> None:
    world.send("ZB-1", COLD, judge=False)
    recorded = Recorded()
    judge = judge_of(world, recorded)
    judge.start()
    judge.stop()
    assert ("ZB-1",) in recorded.runs


def test_a_reading_is_seen_in_the_check_within_two_seconds(live_world: World) -> None:
    live_world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1"))
    live_world.send("ZB-1", [5.0], judge=False)
    began = time.monotonic()
    live_world.judge.touch(["ZB-1"])
    wait_until(
        lambda: live_world.get("/v1/shipments/ZB-1/check").json()["metrics"]["readings"] == 1
    )
    assert time.monotonic() - began < 2.0


def test_live_results_are_those_of_judging_the_whole_record_at_once(
    world: World, tmp_path: Path
) -> None:
    parts = [WARM[:9], WARM[9:16], WARM[16:]]
    starts_ms = [T0, T0 + 9 * MINUTE, T0 + 16 * MINUTE]
    for part, start_ms in zip(parts, starts_ms, strict=True):
        world.send("ZB-1", part, start_ms=start_ms)
    (tmp_path / "once").mkdir()
    with running_world(tmp_path / "once") as other:
        for part, start_ms in zip(parts, starts_ms, strict=True):
            other.send("ZB-1", part, start_ms=start_ms, judge=False)
        other.judge.judge_now(["ZB-1"])
        assert other.register.results.of("ZB-1") == world.register.results.of("ZB-1")


def events(lines: Iterator[str]) -> Iterator[tuple[str, Any, int]]:
    """Name, data and number of each event of a stream."""
    name, number = "", -1
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("id: "):
            number = int(line.removeprefix("id: "))
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: ")), number


def listen_to(
    world: World, into: list[tuple[str, Any, int]], headers: dict[str, str] | None = None
) -> threading.Thread:
    """Read the stream in a thread until the server ends it."""

    def read() -> None:
        with httpx.stream(
            "GET", f"{world.server.url}/v1/live", headers=headers, timeout=20, trust_env=False
        ) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            into.extend(events(answer.iter_lines()))  # grows as the events come

    thread = threading.Thread(target=read, daemon=True)
    before = len(world.hub)
    thread.start()
    wait_until(lambda: len(world.hub) == before + 1)
    return thread


def test_the_stream_tells_readings_findings_verdicts_and_clues(world: World) -> None:
    heard: list[tuple[str, Any, int]] = []
    world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1"))
    listen_to(world, heard)
    world.send("ZB-1", WARM)
    wait_until(lambda: any(name == "clue" for name, _, _ in heard))
    reading = next(data for name, data, _ in heard if name == "reading")
    assert reading == {
        "shipment": "ZB-1",
        "time": "2026-11-20T01:29:00Z",
        "temperature": {"drug": 5.0},
        "pace_c_per_h": 0.0,
        "to_limit_s": None,
        "readings": 30,
    }
    kinds = {data["finding"]["kind"] for name, data, _ in heard if name == "finding"}
    assert "cold_chain_break" in kinds
    verdict = next(data for name, data, _ in heard if name == "verdict")
    assert (verdict["shipment"], verdict["verdict"]) == ("ZB-1", "breach")
    assert [number for _, _, number in heard] == list(range(1, len(heard) + 1))


def test_what_did_not_change_is_not_told_again(world: World) -> None:
    world.send("ZB-1", WARM)
    heard: list[tuple[str, Any, int]] = []
    listen_to(world, heard)
    world.judge.judge_now(["ZB-1"])
    world.send("ZB-2", COLD)
    wait_until(lambda: any(data["shipment"] == "ZB-2" for _, data, _ in heard))
    assert {name for name, data, _ in heard if data["shipment"] == "ZB-1"} == {"reading"}


def test_a_listener_that_was_away_gets_what_it_missed(world: World) -> None:
    heard: list[tuple[str, Any, int]] = []
    listen_to(world, heard)
    world.send("ZB-1", WARM)
    wait_until(lambda: len(heard) >= 2)
    after = heard[0][2]
    caught_up: list[tuple[str, Any, int]] = []
    listen_to(world, caught_up, {"Last-Event-ID": str(after)})
    wait_until(lambda: len(caught_up) >= len(heard) - 1)
    assert caught_up == heard[1:]


def test_a_listener_of_an_earlier_process_gets_all_that_this_one_kept(world: World) -> None:
    world.send("ZB-1", WARM)
    heard: list[tuple[str, Any, int]] = []
    listen_to(world, heard, {"Last-Event-ID": "999999"})
    wait_until(lambda: any(name == "verdict" for name, _, _ in heard))
    assert heard[0][2] == 1


def test_a_storage_class_that_does_not_exist_stops_the_start(world: World) -> None:
    settings = Settings(judging=JudgingSettings(default_storage="lukewarm"))
    with pytest.raises(
        ConfigError, match=r"judging\.default_storage: expected one of .*'lukewarm'"
    ):
        LiveJudge(world.store, world.register, world.services.rulebook, settings)


def test_the_server_stops_at_once_although_browsers_listen(tmp_path: Path) -> None:
    heard: list[tuple[str, Any, int]] = []
    with running_world(tmp_path) as world:
        thread = listen_to(world, heard)
        began = time.monotonic()
    assert time.monotonic() - began < 4.0
    thread.join(5)
    assert not thread.is_alive()


class _Numbered(msgspec.Struct):
    n: int


def test_publishing_without_listeners_keeps_only_the_newest() -> None:
    hub = LiveHub()
    for n in range(KEPT_EVENTS + 10):
        hub.publish("reading", _Numbered(n))
    assert len(hub) == 0
