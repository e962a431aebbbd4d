"""Judged time cut into states: the stretches fill the window, the graver state is told."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coldwitness.analysis.record.time_states import TimeState, TimeStates, time_states


def cut(
    *painted: tuple[int, float, float, TimeState],
    windows: tuple[tuple[float, float], ...] = ((0.0, 100.0),),
) -> TimeStates:
    start, end = np.array(windows).T
    columns = [np.array(column) for column in zip(*painted, strict=True)] if painted else []
    series, from_s, to_s, state = columns or [np.zeros(0, dtype=np.int64)] * 4
    return time_states(
        start_s=start,
        end_s=end,
        base=np.full(len(windows), TimeState.IN, dtype=np.int8),
        series=series,
        from_s=from_s.astype(np.float64),
        to_s=to_s.astype(np.float64),
        state=state.astype(np.int8),
    )


def told(states: TimeStates) -> list[tuple[int, float, float, str]]:
    return [
        (j, a, b, TimeState(state).name.lower())
        for j, a, b, state in zip(
            states.series.tolist(),
            states.start_s.tolist(),
            states.end_s.tolist(),
            states.state.tolist(),
            strict=True,
        )
    ]


def test_a_window_on_which_nothing_is_painted_is_one_stretch() -> None:
    assert told(cut()) == [(0, 0.0, 100.0, "in")]


def test_unseen_lies_over_out_and_out_over_doubtful() -> None:
    states = cut(
        (0, 10, 60, TimeState.DOUBTFUL), (0, 20, 50, TimeState.OUT), (0, 30, 40, TimeState.UNSEEN)
    )
    assert [(a, b, word) for _, a, b, word in told(states)] == [
        (0.0, 10.0, "in"),
        (10.0, 20.0, "doubtful"),
        (20.0, 30.0, "out"),
        (30.0, 40.0, "unseen"),
        (40.0, 50.0, "out"),
        (50.0, 60.0, "doubtful"),
        (60.0, 100.0, "in"),
    ]


def test_neighbours_in_one_state_are_one_stretch() -> None:
    states = cut((0, 10, 20, TimeState.OUT), (0, 20, 30, TimeState.OUT))
    assert told(states)[1] == (0, 10.0, 30.0, "out")


@pytest.mark.parametrize(("end", "stretches"), [(99.999, 2), (100.0, 1), (150.0, 1)])
def test_what_lies_beyond_the_window_is_cut_off(end: float, stretches: int) -> None:
    states = cut((0, -50, end, TimeState.UNSEEN))
    assert len(states.series) == stretches
    assert told(states)[0] == (0, 0.0, min(end, 100.0), "unseen")


def test_less_than_half_a_millisecond_is_no_stretch() -> None:
    assert len(cut((0, 10, 10.0004, TimeState.OUT)).series) == 1
    assert len(cut((0, 10, 10.0006, TimeState.OUT)).series) == 3


def test_a_window_without_length_or_ends_has_no_stretch() -> None:
    states = cut(
        (0, 1, 2, TimeState.OUT),
        (2, 1, 2, TimeState.UNSEEN),
        windows=((np.nan, np.nan), (5.0, 5.0), (0.0, 10.0)),
    )
    assert [j for j, *_ in told(states)] == [2, 2, 2]


painted = st.tuples(
    st.integers(0, 2),
    st.integers(-20, 120),
    st.integers(0, 60),
    st.sampled_from([TimeState.DOUBTFUL, TimeState.OUT, TimeState.UNSEEN]),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(painted, max_size=12))
def test_stretches_say_of_every_second_what_was_painted_on_it_last_in_gravity(
    intervals: list[tuple[int, int, int, TimeState]],
) -> None:
    windows = ((0.0, 100.0), (10.0, 50.0), (0.0, 1.0))
    states = cut(*((j, a, a + d, state) for j, a, d, state in intervals), windows=windows)
    for j, (start, end) in enumerate(windows):
        mine = [row for row in told(states) if row[0] == j]
        assert mine[0][1] == start
        assert mine[-1][2] == end
        assert all(one[2] == other[1] for one, other in pairwise(mine))
        assert all(one[3] != other[3] for one, other in pairwise(mine))
        for second in np.arange(start + 0.5, end):
            over = [s for i, a, d, s in intervals if i == j and a < second < a + d]
            here = next(word for _, a, b, word in mine if a < second < b)
            assert here == max(over, default=TimeState.IN).name.lower()
