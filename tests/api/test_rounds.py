"""Turns side by side: nothing is done twice, whenever a turn ends."""

import threading
from collections.abc import Iterator, Sequence

import pytest

from coldwitness.api.clues.rounds import Rounds


@pytest.fixture
def rounds() -> Iterator[Rounds]:
    made = Rounds(lambda: None, name="test", turns=2)
    yield made
    made.stop()


def test_what_a_turn_did_while_it_was_asked_what_waits_is_not_done_again(rounds: Rounds) -> None:
    """The list was read before the turn ended, so that it still tells what the turn has done."""
    done: list[str] = []
    go_on = threading.Event()

    def turn(items: Sequence[str]) -> None:
        assert go_on.wait(10)
        done.extend(items)

    def waiting() -> dict[str, list[str]]:
        found = {"a": ["one"]}
        go_on.set()
        rounds.wait_for_turns()
        return found

    rounds.take_turns(lambda: {"a": ["one"]}, turn)
    rounds.take_turns(waiting, turn)
    rounds.wait_for_turns()
    assert done == ["one"]
    rounds.take_turns(lambda: {"a": ["two"]}, turn)
    rounds.wait_for_turns()
    assert done == ["one", "two"]
