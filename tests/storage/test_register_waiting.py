"""What one process stores and another judges is not forgotten between them."""

from concurrent.futures import ThreadPoolExecutor

from coldwitness.storage.register import SqlRegister


def test_what_is_left_to_judge_waits_until_it_is_judged(register: SqlRegister) -> None:
    assert register.waiting.left() == {}
    register.waiting.leave(["S-2", "S-1", "S-2"])
    left = register.waiting.left()
    assert sorted(left) == ["S-1", "S-2"]
    assert register.waiting.count() == 2
    register.waiting.judged({"S-1": left["S-1"]})
    assert register.waiting.left() == {"S-2": left["S-2"]}
    register.waiting.judged(left)
    assert register.waiting.left() == {}


def test_evidence_that_came_while_a_shipment_was_judged_stays_waiting(
    register: SqlRegister,
) -> None:
    register.waiting.leave(["S-1"])
    left = register.waiting.left()
    register.waiting.leave(["S-1"])
    register.waiting.judged(left)
    again = register.waiting.left()
    assert set(again) == {"S-1"}
    assert again != left


def test_a_mark_of_long_ago_takes_nothing_away_from_a_new_one(register: SqlRegister) -> None:
    register.waiting.leave(["S-1"])
    old = register.waiting.left()
    register.waiting.judged(old)
    register.waiting.leave(["S-1"])
    register.waiting.judged(old)
    assert set(register.waiting.left()) == {"S-1"}


def test_nothing_left_and_nothing_judged_change_nothing(register: SqlRegister) -> None:
    register.waiting.leave([])
    register.waiting.judged({})
    assert register.waiting.left() == {}


def test_many_processes_leave_the_same_shipments_without_waiting_crosswise(
    register: SqlRegister,
) -> None:
    names = [f"S-{number}" for number in range(50)]
    with ThreadPoolExecutor(4) as threads:
        for turn in range(8):
            threads.submit(register.waiting.leave, names if turn % 2 else names[::-1])
    assert set(register.waiting.left()) == set(names)


def test_the_newest_message_that_concerned_a_shipment_stays_named(register: SqlRegister) -> None:
    register.waiting.leave({"S-1": "w1/7", "S-2": None})
    register.waiting.leave(["S-1", "S-2"])
    assert {n: its.message for n, its in register.waiting.left().items()} == {
        "S-1": "w1/7",
        "S-2": None,
    }
    register.waiting.leave({"S-1": "w2/3"})
    assert register.waiting.left()["S-1"].message == "w2/3"
