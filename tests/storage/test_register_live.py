"""News of the live stream and what is on the road, as the register hands them from those who judge
to those who answer."""

import threading

import pytest

from coldwitness.storage.live_ports import LiveLine, RoadLine
from coldwitness.storage.register import SqlRegister

FAR = RoadLine(heard_ms=5_000, to_limit_s=None, newest=b"{}")


def test_news_are_read_in_the_order_in_which_they_were_told(register: SqlRegister) -> None:
    live = register.live_news
    assert live.last() == 0
    live.tell([])
    live.tell([("reading", b"1"), ("verdict", b"2")])
    live.tell([("clue", b"3")])
    told = live.after(0, limit=10)
    assert [(line.name, line.body) for line in told] == [
        ("reading", b"1"),
        ("verdict", b"2"),
        ("clue", b"3"),
    ]
    assert [line.number for line in told] == sorted({line.number for line in told})
    assert live.last() == told[-1].number
    assert live.after(told[0].number, limit=1) == [LiveLine(*told[1])]


def test_of_old_news_only_so_many_are_kept_and_numbers_go_on(
    register: SqlRegister, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("coldwitness.storage.register.live.KEPT_NEWS", 3)
    for number in range(5):
        register.live_news.tell([("reading", b"%d" % number)])
    told = register.live_news.after(0, limit=10)
    assert [line.body for line in told] == [b"2", b"3", b"4"]
    assert register.live_news.last() == 5


def test_a_reader_who_has_seen_a_number_has_seen_all_before_it(register: SqlRegister) -> None:
    """Several tell at once; one reads on from what it saw last."""
    done, seen = threading.Event(), list[bytes]()

    def tell(who: int) -> None:
        for turn in range(20):
            register.live_news.tell([("reading", b"%d.%d.%d" % (who, turn, n)) for n in range(3)])

    def read() -> None:
        last = 0
        while True:
            over = done.is_set()
            lines = register.live_news.after(last, limit=1000)
            seen.extend(line.body for line in lines)
            last = lines[-1].number if lines else last
            if over:
                return

    writers = [threading.Thread(target=tell, args=(who,)) for who in range(3)]
    reader = threading.Thread(target=read)
    for thread in (*writers, reader):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert len(seen) == len(set(seen)) == 3 * 20 * 3


def test_what_is_on_the_road_is_replaced_and_taken_off(register: SqlRegister) -> None:
    road = register.road
    road.keep({"S-1": FAR, "S-2": FAR}, left=["S-3"])
    road.keep({"S-1": FAR._replace(heard_ms=6_000)}, left=["S-2"])
    road.keep({}, left=[])
    assert road.of(["S-1", "S-2", "S-3"]) == {"S-1": FAR._replace(heard_ms=6_000)}


@pytest.mark.parametrize(
    ("line", "pressing"),
    [
        (FAR, False),
        (FAR._replace(heard_ms=1_000), True),
        (FAR._replace(heard_ms=1_001), False),
        (FAR._replace(to_limit_s=900.0), True),
        (FAR._replace(to_limit_s=900.5), False),
        (FAR._replace(to_limit_s=0.0), True),
    ],
)
def test_what_is_silent_or_near_a_limit_presses_and_what_is_asked_for_is_told_beside(
    register: SqlRegister, line: RoadLine, pressing: bool
) -> None:
    register.road.keep({"S-1": line, "S-2": FAR}, left=[])
    asked = {"silent_before_ms": 1_000, "to_limit_most_s": 900.0}
    found = register.road.pressing(**asked, beside=["S-2", "S-9"])  # type: ignore[arg-type]
    assert found == ({"S-1": line} if pressing else {}) | {"S-2": FAR}
