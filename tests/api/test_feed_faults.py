"""Each change of a clue has its effect exactly once and in order, whatever the receiver does and
whenever the sender stops: a few runs of what `benchmarks/feed_faults.py` proves by the thousand."""

from pathlib import Path

import pytest

from benchmarks.feed_faults import one_run
from coldwitness.storage.register import open_register


@pytest.mark.parametrize("seed", [1])
def test_a_faulty_receiver_has_each_change_once_and_in_order(tmp_path: Path, seed: int) -> None:
    register = open_register(f"sqlite:///{tmp_path / 'register.sqlite'}")
    run = one_run(seed, register)
    register.close()
    assert run.had == run.told
    assert sum(map(len, run.told.values())) > 15
    assert run.refused > 3
