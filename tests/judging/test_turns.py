"""Whose shipments are judged next."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from coldwitness.judging.turns import Turns


def waiting(*shipments: str) -> Turns:
    """Of the courier that each one's first letter names; none for those that begin with `-`."""
    turns = Turns()
    for shipment in shipments:
        turns.add(shipment, "readings")
    turns.belong(
        turns.of_nobody_yet,
        {name: None if name.startswith("-") else name[0] for name in shipments},
    )
    return turns


def test_every_courier_has_its_turn_whatever_another_has_sent() -> None:
    turns = waiting(*(f"a{n}" for n in range(1000)), "b1", "-1", "b2")
    assert list(turns.take(5)) == ["a0", "b1", "-1", "a1", "b2"]
    assert list(turns.take(2)) == ["a2", "a3"]
    assert len(turns) == 996


def test_one_that_is_touched_again_keeps_its_place_and_has_the_last_reason() -> None:
    turns = waiting("a1", "a2")
    turns.add("a1", "manifest")
    turns.add_unless_waiting("a2", "silence")
    assert turns.of_nobody_yet == ()
    assert turns.take(9) == {"a1": "manifest", "a2": "readings"}
    assert len(turns) == 0


@given(names=st.lists(st.from_regex(r"[abc-][0-9]", fullmatch=True)), most=st.integers(1, 9))
def test_all_are_taken_once_and_no_courier_is_two_turns_behind(names: list[str], most: int) -> None:
    turns = waiting(*names)
    taken: list[str] = []
    while some := turns.take(most):
        taken += some
    assert sorted(taken) == sorted(set(names))
    for courier in "abc-":
        places = [n for n, name in enumerate(taken) if name.startswith(courier)]
        assert all(late - early <= 4 for early, late in pairwise(places))
