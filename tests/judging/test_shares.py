"""Several processes judge on one register: each its shares, and none what it lost."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from coldwitness.config.settings import Settings
from coldwitness.domain.errors import Unavailable
from coldwitness.domain.instants import rfc3339
from coldwitness.judging.batch import Batch
from coldwitness.judging.elsewhere import JudgedElsewhere
from coldwitness.judging.live import COPY_FOUND, REOPEN_WITHIN_MS, RESTART, LiveJudge
from coldwitness.judging.rulebook import load_rulebook
from coldwitness.judging.shares import LEASE_MS, ShareKeeper
from coldwitness.judging.waited_for import wait_until_judged
from coldwitness.storage.process_names import has_ended, own_name
from coldwitness.storage.register import SqlRegister
from coldwitness.storage.share_ports import SHARES
from coldwitness.storage.telemetry.memory import MemoryTelemetry
from tests.forked import Forked
from tests.judging.test_live import NOW_MS
from tests.registers import new_register
from tests.storage.results import finding, record, result

NAMES = [f"ZB-{n}" for n in range(200)]


class Judges:
    """Processes as far as the register sees them; what each judged, with the reason on record."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.register = stack.enter_context(closing(new_register(folder / "register.sqlite")))
        self.judged: dict[str, list[str]] = {}
        self.keepers: dict[str, ShareKeeper] = {}
        self.meanwhile = lambda _name: None
        self.now_ms = NOW_MS
        self._rulebook = load_rulebook(Settings().judging)

    def new(self, name: str) -> LiveJudge:
        self.judged[name] = []

        def judging(
            _: object, __: object, ___: object, ____: object, names: Sequence[str], _____: int
        ) -> Batch:
            self.meanwhile(name)
            self.judged[name] += names
            return Batch([result(finding(), shipment=one) for one in names], {})

        self.keepers[name] = ShareKeeper(self.register.judge_shares, name=name)
        return LiveJudge(
            MemoryTelemetry(),
            self.register,
            self._rulebook,
            Settings(),
            lambda: self.now_ms,
            judge=judging,
            shares=self.keepers[name],
        )

    def look(self) -> None:
        for _ in self.keepers:
            for keeper in self.keepers.values():
                keeper.look()

    def lose(self, name: str) -> None:
        """Its lease is over, and the others take what it had; it knows nothing of it."""
        self.register.judge_shares.keep(name, lease_ms=-1)
        for other, keeper in self.keepers.items():
            if other != name:
                keeper.look()


@pytest.fixture
def judges(tmp_path: Path) -> Iterator[Judges]:
    with ExitStack() as stack:
        yield Judges(tmp_path, stack)


def versions(register: SqlRegister) -> set[int]:
    return {mark.version for mark in register.results.marks(NAMES).values()}


def test_each_judges_its_shares_and_together_they_judge_everything_once(judges: Judges) -> None:
    one, two = judges.new("a"), judges.new("b")
    judges.look()
    one.touch(NAMES)
    assert one.tick() + two.tick() == len(NAMES)
    assert sorted(judges.judged["a"] + judges.judged["b"]) == sorted(NAMES)
    assert min(map(len, judges.judged.values())) > 60
    assert judges.register.waiting.left() == {}


def test_what_one_was_left_to_judge_another_judges_when_it_is_gone(judges: Judges) -> None:
    one, two = judges.new("a"), judges.new("b")
    judges.look()
    one.touch(NAMES)
    assert 0 < two.tick() < len(NAMES)
    judges.lose("a")
    assert two.tick() > 0
    assert sorted(judges.judged["b"]) == sorted(NAMES)
    assert judges.register.waiting.left() == {}


def test_who_judges_first_judges_what_is_under_way_and_what_ended_within_a_day(
    judges: Judges,
) -> None:
    one = judges.new("a")
    ended = rfc3339(NOW_MS - REOPEN_WITHIN_MS + 1)
    ends = [None if n % 2 else ended for n in range(len(NAMES))]
    for name, end in zip(NAMES, ends, strict=True):
        record(judges.register, result(shipment=name, end=end))
    judges.look()
    assert one.tick() == len(NAMES)
    reasons = {judges.register.results.versions(name)[-1].reason for name in NAMES}
    assert reasons == {RESTART}
    assert one.tick() == 0


def test_who_takes_over_judges_what_waits_at_once_and_looks_at_the_rest_within_an_interval(
    judges: Judges,
) -> None:
    one, two = judges.new("a"), judges.new("b")
    judges.look()
    one.tick()
    two.tick()
    under_way = [name for name in NAMES if one.has(name)]
    record(judges.register, *(result(shipment=name, end=None) for name in under_way))
    one.touch(under_way[:5])
    judges.lose("a")
    assert two.tick() == 5
    assert judges.judged["b"] == under_way[:5], "they are not behind all that is under way"
    judges.now_ms += two._interval_ms // 2
    soon = two.tick()
    judges.now_ms += two._interval_ms // 2 + 1
    assert 0 < soon < len(under_way)
    assert soon + two.tick() == len(under_way) - 5
    assert set(judges.judged["b"]) == set(under_way)


def test_one_that_was_stopped_while_it_judged_writes_nothing_after_another_took_over(
    judges: Judges,
) -> None:
    """It has read its evidence, is stopped, and wakes when its shares are another's."""
    one, two = judges.new("a"), judges.new("b")
    judges.look()
    one.touch(NAMES)

    def stopped(name: str) -> None:
        if name == "a":
            judges.meanwhile = lambda _: None
            judges.lose("a")
            assert two.tick() == len(NAMES)

    judges.meanwhile = stopped
    assert one.tick() == 0
    assert len(judges.judged["a"]) > 60, "it had judged them"
    assert versions(judges.register) == {1}
    assert {kept.reason for name in NAMES for kept in judges.register.results.versions(name)} == {
        "new readings"
    }
    assert len(judges.register.clues.after(0, limit=500)) == len(NAMES), "each clue opened once"
    assert one.failing == 0, "it was no failure"


def test_of_a_run_that_lost_some_shares_the_others_are_recorded(judges: Judges) -> None:
    one = judges.new("a")
    judges.look()
    one.touch(NAMES)
    judges.new("b")

    def joined(_: str) -> None:
        judges.meanwhile = lambda _: None
        judges.look()

    judges.meanwhile = joined
    kept = one.tick()
    assert 60 < kept < 140
    assert len(judges.register.results.marks(NAMES)) == kept
    assert len(judges.register.waiting.left()) == len(NAMES) - kept


def test_a_copy_in_anothers_share_is_left_to_it_for_that_reason(
    judges: Judges, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = judges.new("a"), judges.new("b")
    judges.look()
    mine = next(name for name in NAMES if one.has(name))
    theirs = next(name for name in NAMES if two.has(name))
    monkeypatch.setattr(judges.register.copies, "keep_named", lambda _: frozenset({theirs}))
    one.touch([mine])
    assert one.tick() == 1
    assert judges.register.waiting.left()[theirs].reason == COPY_FOUND
    assert two.tick() == 1
    assert judges.register.waiting.left() == {}, "it wakes nobody in turn"


def test_what_another_process_judges_is_waited_for(judges: Judges) -> None:
    one, two = judges.new("a"), judges.new("b")
    judges.look()
    theirs = next(name for name in NAMES if two.has(name))
    done = threading.Event()

    def judging_for_ever() -> None:
        while not done.wait(0.01):
            two.tick()

    thread = threading.Thread(target=judging_for_ever)
    thread.start()
    try:
        one.judge_now([theirs], reason="report")
        JudgedElsewhere(judges.register).judge_now([theirs], reason="report")
    finally:
        done.set()
        thread.join()
    assert judges.judged == {"a": [], "b": [theirs, theirs]}
    with pytest.raises(Unavailable, match="coldwitness judge"):
        wait_until_judged(judges.register.waiting, [theirs], reason="report", within_s=0.0)


def test_a_server_that_does_not_judge_says_when_nobody_does(judges: Judges) -> None:
    elsewhere = JudgedElsewhere(judges.register)
    assert "coldwitness judge" in (elsewhere.problem or "")
    judges.new("a")
    judges.look()
    assert elsewhere.problem is None


def test_a_process_that_ends_gives_its_shares_back(judges: Judges) -> None:
    one = judges.new("a")
    one.start()
    one.stop()
    assert judges.register.judge_shares.judges() == {}
    assert len(judges.register.judge_shares.keep("b", lease_ms=LEASE_MS).turns) == SHARES


def test_a_process_is_known_by_its_name_as_long_as_it_lives(tmp_path: Path) -> None:
    assert own_name() == own_name()
    assert not has_ended(own_name())
    where, number, born = own_name().split("/")
    assert has_ended(f"{where}/{number}/{int(born) + 1}"), "its number is another's now"
    assert not has_ended(f"elsewhere/{number}/{int(born) + 1}"), "nobody here can say"
    with (tmp_path / "log").open("w") as log:
        other = Forked(["--version"], stderr=log)
        assert other.wait(30) == 0
    assert has_ended(f"{where}/{other.pid}/{born}")
