"""The live stream and the board where several processes judge and several answer."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from coldwitness.api.live.board import Board, SharedBoard
from coldwitness.api.live.hub import KEPT_EVENTS, LiveHub
from coldwitness.api.live.told_by_others import TellingOthers, ToldByOthers
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.result import CheckResult
from coldwitness.judging.observer import NewestReading
from coldwitness.storage.register import SqlRegister
from tests.registers import new_register
from tests.storage.readings import MINUTE, T0
from tests.storage.results import finding, record, result


@pytest.fixture
def register(tmp_path: Path) -> Iterator[SqlRegister]:
    with closing(new_register(tmp_path / "register.sqlite")) as opened:
        yield opened


def under_way(name: str, state: str = "in_transit") -> CheckResult:
    return msgspec.structs.replace(result(finding(), shipment=name, end=None), state=state)


def newest(readings: int, *, to_limit_s: float | None = None) -> NewestReading:
    time = rfc3339(T0 + readings * MINUTE)
    return NewestReading(
        time=time, temperature={"drug": 4.5}, readings=readings, to_limit_s=to_limit_s
    )


def numbers(hub: LiveHub, *, after: int | None = None) -> list[int]:
    """Of the events that somebody who begins to listen now hears at once."""

    async def listened() -> list[int]:
        listener = hub.listen(after=after)
        hub.leave(listener)
        return [event.number for event in listener._waiting]

    return asyncio.run(listened())


def test_what_one_process_judged_each_that_answers_tells_under_the_same_numbers(
    register: SqlRegister,
) -> None:
    hubs = [LiveHub(numbered_for_all=True) for _ in range(2)]
    readers = [ToldByOthers(register.live_news, hub) for hub in hubs]
    for name in ("S-1", "S-2"):  # by a process each
        entries = record(register, result(finding(name), shipment=name))
        TellingOthers(register.live_news).on_judged([under_way(name)], entries, {name: newest(3)})
    for reader in readers * 2:
        reader.look()
    first, second = ([*hub._kept] for hub in hubs)
    assert [event.name for event in first] == ["reading", "finding", "verdict", "clue"] * 2
    assert {event.shipment for event in first} == {"S-1", "S-2"}
    assert first == second


def test_who_comes_back_to_another_server_hears_what_it_missed_and_nothing_twice(
    register: SqlRegister,
) -> None:
    telling = TellingOthers(register.live_news)
    for readings in range(1, 6):
        telling.on_judged([under_way("S-1")], [], {"S-1": newest(readings)})
    hub = LiveHub(numbered_for_all=True)
    ToldByOthers(register.live_news, hub).look()
    last = register.live_news.last()
    assert numbers(hub, after=last - 2) == [last - 1, last]
    assert numbers(hub) == []
    assert numbers(hub, after=last + 5) == [], "it was told more elsewhere: that comes here soon"
    assert numbers(LiveHub(numbered_for_all=False), after=5) == []


def test_a_process_that_starts_knows_the_newest_of_what_was_told_and_skips_what_it_does_not_know(
    register: SqlRegister,
) -> None:
    told = [("of a newer program", b"{}")] * 3 + [("reading", _reading(n)) for n in range(2500)]
    register.live_news.tell(told)
    hub = LiveHub(numbered_for_all=True)
    ToldByOthers(register.live_news, hub).look()
    assert len(hub._kept) == KEPT_EVENTS
    assert hub._kept[-1].number == len(told)


def _reading(number: int) -> bytes:
    said = {"shipment": "S-1", "time": rfc3339(T0), "temperature": {}, "readings": number}
    return msgspec.json.encode(said)


def test_the_board_in_the_register_is_the_board_of_one_process(register: SqlRegister) -> None:
    now = [T0 + 60 * MINUTE]
    alone, shared = Board(lambda: now[0]), SharedBoard(register.road, lambda: now[0])
    another = SharedBoard(register.road, lambda: now[0])
    names = ["S-1", "S-2", "S-3"]
    runs = [
        ([under_way("S-1"), under_way("S-2")], {"S-1": newest(1), "S-2": newest(2)}),
        ([under_way("S-1")], {"S-1": newest(1, to_limit_s=30.0)}),  # judged again, nothing new
        ([under_way("S-2"), under_way("S-3")], {"S-2": newest(3), "S-3": newest(1)}),
        ([under_way("S-1", "ended"), under_way("S-3")], {"S-1": newest(2)}),
    ]
    for number, (results, told) in enumerate(runs):
        now[0] += MINUTE
        alone.on_judged(results, (), told)
        (shared if number % 2 else another).on_judged(results, (), told)
        assert shared.of(names) == alone.of(names), number
    assert [*shared.of(names)] == ["S-2"]
    asked = {"silent_before_ms": 0, "to_limit_most_s": 900.0, "beside": ["S-2"]}
    assert [*shared.pressing(**asked)] == ["S-2"]  # type: ignore[arg-type]
