"""Texts of forked processes come back whole, whoever writes at the same time."""

import multiprocessing

from coldwitness.judging.shared_texts import SharedTexts


def kept(texts: SharedTexts, places: "multiprocessing.Queue[tuple[int, int]]", number: int) -> None:
    for turn in range(20):
        places.put((number, texts.keep(bytes([number]) * (1000 + turn))))


def test_several_processes_write_beside_each_other() -> None:
    fork = multiprocessing.get_context("fork")
    places: multiprocessing.Queue[tuple[int, int]] = fork.Queue()
    with SharedTexts() as texts:
        writers = [fork.Process(target=kept, args=(texts, places, number)) for number in (1, 2)]
        for one in writers:
            one.start()
        found = [places.get(timeout=60) for _ in range(40)]
        for one in writers:
            one.join()
        assert {texts.read(at, 1000) == bytes([number]) * 1000 for number, at in found} == {True}
        assert texts.read(max(at for _, at in found), 10**6)[:1] in (b"\x01", b"\x02")
        assert len(texts.read(0, 10**6)) == sum(2 * (1000 + turn) for turn in range(20))
