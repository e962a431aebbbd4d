"""Leases of the processes that judge: a share has one holder, and who lost it writes nothing."""

import threading
import time
from collections import Counter
from collections.abc import Iterable

import pytest

from coldwitness.domain.errors import Unavailable
from coldwitness.storage.register import SqlRegister, open_register
from coldwitness.storage.share_ports import SHARES, HeldShares, SharesLost, share_of
from tests.storage.results import CLUE_RULES, finding, result

LEASE_MS, OVER_MS = 60_000, -1


def alive(register: SqlRegister, *names: str) -> dict[str, HeldShares]:
    """What each holds after each had looked as often as there are processes."""
    found = {}
    for _ in names:
        for name in names:
            found[name] = register.judge_shares.keep(name, lease_ms=LEASE_MS)
    return found


def sizes(held: Iterable[HeldShares]) -> list[int]:
    return sorted(len(its.turns) for its in held)


def shipment_of(held: HeldShares) -> str:
    return next(name for n in range(10_000) if held.has(name := f"ZB-{n}"))


def test_who_judges_alone_has_everything(register: SqlRegister) -> None:
    held = register.judge_shares.keep("a", lease_ms=LEASE_MS)
    assert sorted(held.turns) == list(range(SHARES))
    assert held.has("ZB-1")
    assert register.judge_shares.judges() == {"a": SHARES}


def test_the_share_of_a_shipment_is_the_same_for_ever() -> None:
    assert [share_of(name) for name in ("ZB-20261121-0001", "S-1", "药")] == [60, 46, 53]
    spread = Counter(share_of(f"ZB-20261121-{n:04d}") for n in range(6400))
    assert len(spread) == SHARES
    assert max(spread.values()) < 150


def test_who_joins_has_its_even_part_and_no_share_has_two_holders(register: SqlRegister) -> None:
    for names in (("a", "b"), ("a", "b", "c"), ("a", "b", "c", "d", "e")):
        held = alive(register, *names)
        every = [number for its in held.values() for number in its.turns]
        assert sorted(every) == list(range(SHARES)), names
        most, least = -(-SHARES // len(names)), SHARES - (len(names) - 1) * -(-SHARES // len(names))
        assert max(sizes(held.values())) <= most
        assert min(sizes(held.values())) >= least


def test_what_a_process_gives_back_another_has_at_its_next_look(register: SqlRegister) -> None:
    alive(register, "a", "b")
    register.judge_shares.give_back("a")
    assert register.judge_shares.judges() == {"b": SHARES // 2}
    assert len(register.judge_shares.keep("b", lease_ms=LEASE_MS).turns) == SHARES


def test_a_process_whose_lease_is_over_is_missed_and_one_that_only_waits_is_not(
    register: SqlRegister,
) -> None:
    alive(register, "a", "b")
    assert len(register.judge_shares.keep("b", lease_ms=LEASE_MS).turns) == SHARES // 2
    register.judge_shares.keep("a", lease_ms=OVER_MS)
    assert len(register.judge_shares.keep("b", lease_ms=LEASE_MS).turns) == SHARES
    assert register.judge_shares.judges() == {"b": SHARES}


def test_a_process_that_is_known_to_have_ended_is_not_waited_for(register: SqlRegister) -> None:
    alive(register, "a", "b")
    held = register.judge_shares.keep("b", lease_ms=LEASE_MS, ended=lambda name: name == "a")
    assert len(held.turns) == SHARES


def test_who_was_away_and_lost_nothing_still_holds_what_it_had(register: SqlRegister) -> None:
    before = register.judge_shares.keep("a", lease_ms=OVER_MS)
    assert register.judge_shares.judges() == {}
    after = register.judge_shares.keep("a", lease_ms=LEASE_MS)
    assert after.turns == before.turns
    with register.judge_shares.holding(before, ["ZB-1"]):
        pass


def test_who_lost_a_share_writes_nothing_of_it_even_when_it_has_it_again(
    register: SqlRegister,
) -> None:
    old = register.judge_shares.keep("a", lease_ms=OVER_MS)
    alive(register, "b")
    shipment = shipment_of(old)
    with pytest.raises(SharesLost) as lost, register.judge_shares.holding(old, [shipment]):
        raise AssertionError("must not be entered")
    assert lost.value.shipments == {shipment}
    register.judge_shares.give_back("b")
    new = register.judge_shares.keep("a", lease_ms=LEASE_MS)
    with pytest.raises(SharesLost), register.judge_shares.holding(old, [shipment]):
        raise AssertionError("what it had read is of before")
    with register.judge_shares.holding(new, [shipment]):
        pass


def test_a_result_of_a_share_that_was_lost_is_not_recorded_and_no_clue_opened(
    register: SqlRegister,
) -> None:
    held = alive(register, "a", "b")
    mine, theirs = shipment_of(held["a"]), shipment_of(held["b"])
    both = [result(finding(), shipment=name) for name in (mine, theirs)]
    with pytest.raises(SharesLost) as lost:
        register.results.record(
            both, judged_ms=1, reason="x", clue_policy=CLUE_RULES, held=held["a"]
        )
    assert lost.value.shipments == {theirs}
    assert register.results.marks([mine, theirs]) == {}
    register.results.record(
        both[:1], judged_ms=1, reason="x", clue_policy=CLUE_RULES, held=held["a"]
    )
    assert [*register.results.marks([mine, theirs])] == [mine]


def test_nobody_takes_a_share_while_its_holder_writes(register: SqlRegister) -> None:
    old = register.judge_shares.keep("a", lease_ms=OVER_MS)
    shipment, order = shipment_of(old), []

    def take() -> None:
        assert len(register.judge_shares.keep("b", lease_ms=LEASE_MS).turns) == SHARES
        order.append("taken")

    taker = threading.Thread(target=take)
    with register.judge_shares.holding(old, [shipment]):
        taker.start()
        taker.join(0.2)
        register.waiting.leave([shipment])
        order.append("written")
    taker.join(10)
    assert order == ["written", "taken"]


def test_who_is_stopped_in_the_middle_of_a_write_holds_nobody_up(postgres_url: str) -> None:
    """Whoever takes over ends what it had begun. A SQLite register is one machine's and waits."""
    stopped = open_register(f"{postgres_url}?application_name=a")
    other = open_register(postgres_url)
    held = stopped.judge_shares.keep("a", lease_ms=OVER_MS)
    shipments = [f"ZB-{n}" for n in range(50)]
    with pytest.raises(Unavailable), stopped.judge_shares.holding(held, shipments):  # noqa: PT012
        stopped.waiting.leave(shipments)
        taken = other.judge_shares.keep("b", lease_ms=LEASE_MS)
    assert len(taken.turns) == SHARES
    assert other.waiting.left() == {}
    stopped.close()
    other.close()


@pytest.mark.parametrize("many", [1, 50])
def test_what_nobody_takes_over_postgresql_rolls_back_after_a_while(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    """Also after many statements at once, behind which it would not look by itself."""
    monkeypatch.setattr("coldwitness.storage.register.database.IDLE_MS", 200)
    stopped, other = open_register(postgres_url), open_register(postgres_url)
    shipments = [f"ZB-{n}" for n in range(many)]
    with pytest.raises(Unavailable, match="idle"), stopped.database.write():  # noqa: PT012
        stopped.waiting.leave(shipments)
        other.waiting.leave(shipments)  # waits until it is rolled back
        time.sleep(0.01)
    assert sorted(other.waiting.left()) == sorted(shipments)
    stopped.close()
    other.close()


def test_what_waits_is_handed_out_by_shares_with_its_reason(register: SqlRegister) -> None:
    held = alive(register, "a", "b")
    mine, theirs = shipment_of(held["a"]), shipment_of(held["b"])
    register.waiting.leave([mine, theirs])
    register.waiting.leave([mine], reason="manifest")
    register.waiting.leave([mine], reason="copy of its curve", again=False)
    left = {name: register.waiting.left(shares=its.turns.keys()) for name, its in held.items()}
    assert {name: its.reason for name, its in left["a"].items()} == {mine: "manifest"}
    assert {name: its.reason for name, its in left["b"].items()} == {theirs: "new readings"}
    register.waiting.judged(left["a"])
    assert register.waiting.still_left([mine, theirs]) == {theirs}
