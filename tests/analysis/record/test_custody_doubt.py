"""Time out of range at an end of custody: two clocks, and a drug that had left the box."""

from typing import Any

import numpy as np
import pytest

from coldwitness.analysis.record import emptied
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.words import Status
from tests.analysis.building import Drug, Given, Series
from tests.analysis.judging import BREAKS, Seen, minutes, seen

TWO_HOURS = Given(start=0, end=7200)
T = minutes(121)


def warm(start_s: float, end_s: float, *, value_c: float = 15.0, t: np.ndarray = T) -> np.ndarray:
    """5 °C, and `value_c` from start to end, both included."""
    return np.where((t >= start_s) & (t <= end_s), value_c, 5.0)


def certainties(found: Seen) -> list[str]:
    return [one["certainty"] for one in found.found(*BREAKS)]


@pytest.mark.parametrize(
    ("until_s", "certainty"),
    [(60, "possible"), (240, "possible"), (300, "certain"), (600, "certain")],
)
@pytest.mark.parametrize("at_end", [False, True])
def test_a_break_within_the_clocks_tolerance_of_an_end_of_custody_is_possible(
    until_s: float, certainty: str, at_end: bool
) -> None:
    """The crossing lies 18 s before the reading that is in range again."""
    value = warm(0, until_s)
    found = seen(Series(T, value[::-1] if at_end else value), given=TWO_HOURS)
    assert certainties(found) == [certainty]
    expected = Status.BREACH if certainty == "certain" else Status.INSUFFICIENT_EVIDENCE
    assert found.status("range") == expected
    least_s, most_s = found.metric("seconds_above_bounds")
    assert (least_s > 0) == (certainty == "certain")
    assert most_s >= until_s
    assert found.metric("seconds_above") > 0


def test_the_tolerance_includes_its_limit() -> None:
    for level_c, certainty in ((8.0, "possible"), (7.9, "certain")):
        value = np.full(121, 5.0)
        value[:5], value[5] = 15.0, level_c
        found = seen(Series(T, value), given=Given(start=0, end=7200))
        crossing_s = 240 + 60 * (15 - 8) / (15 - level_c)
        assert (crossing_s >= 300) == (level_c == 8.0)
        assert certainties(found) == ["possible"], certainty
    value[5], value[6] = 8.3, 7.9
    assert certainties(seen(Series(T, value), given=TWO_HOURS)) == ["certain"]


def test_a_break_that_does_not_reach_the_end_of_custody_is_certain() -> None:
    found = seen(Series(T, warm(120, 240)), given=TWO_HOURS)
    assert certainties(found) == ["certain"]


def test_a_break_at_an_end_that_only_the_readings_give_is_certain() -> None:
    assert certainties(seen(Series(T, warm(0, 180)), given=Given(end=7200))) == ["certain"]


def test_a_second_break_in_the_middle_stays_certain() -> None:
    value = np.maximum(warm(0, 180), warm(3600, 4200))
    assert certainties(seen(Series(T, value), given=TWO_HOURS)) == ["possible", "certain"]


def test_frozen_readings_at_the_end_are_no_certain_freezing() -> None:
    items = (Drug(freeze_sensitive=True),)
    given = Given(start=0, end=7200, items=items)
    found = seen(Series(T, warm(7020, 7200, value_c=-5.0)), given=given)
    assert certainties(found) == ["possible", "possible"]
    told = found.found(*BREAKS)[0]
    assert told["measures"]["custody_doubt"] is True
    assert "交接" in told["explanation"]["zh"]


@pytest.mark.parametrize("offset_s", [-240, -60, 0, 60, 240])
@pytest.mark.parametrize("interval_s", [30, 60, 120])
def test_a_logger_clock_minutes_off_never_accuses(offset_s: float, interval_s: float) -> None:
    """Probe warm before packing at 0 and after delivery at 7200, by true time."""
    true = np.arange(-1800, 9000, interval_s).astype(float)
    value = np.where((true >= 0) & (true <= 7200), 5.0, 20.0)
    found = seen(Series(true - offset_s, value), given=TWO_HOURS)
    assert found.status("range") != Status.BREACH
    assert "certain" not in certainties(found)


def followed(t: np.ndarray, *, since_s: float, lag_s: float) -> np.ndarray:
    """A probe in a room of 22 °C that is laid to a load of 5 °C."""
    return np.asarray(np.round(5.0 + 17.0 * np.exp(-np.clip(t - since_s, 0.0, None) / lag_s), 1))


@pytest.mark.parametrize(
    ("outside_c", "since_s", "certainty"),
    [(21.0, 230.0, "possible"), (21.0, 420.0, "certain"), (12.0, 230.0, "certain")],
)
def test_a_probe_that_lay_in_the_room_is_given_the_time_to_follow(
    outside_c: float, since_s: float, certainty: str
) -> None:
    """By a clock that is ahead it is laid to the drug so long after `packed`."""
    found = seen(
        Series(
            T,
            followed(T, since_s=since_s, lag_s=120.0),
            probes={"ambient": np.full(T.size, outside_c)},
        ),
        given=TWO_HOURS,
    )
    assert certainties(found) == [certainty]
    packed_warm = found.found(code_of("record/packed_warm"))
    assert len(packed_warm) == (certainty == "certain")


def test_a_load_that_cools_from_the_room_is_given_no_more_than_the_tolerance() -> None:
    """0.6 °C/min is twice what the box allows, and no probe that comes to a load."""
    value = np.maximum(11.6 - T / 60 * 0.6, 5.0)
    room = {"ambient": np.full(T.size, 12.0)}
    assert certainties(seen(Series(T, value, probes=room), given=TWO_HOURS)) == ["certain"]


def live(value: np.ndarray, *, delay_s: float) -> Series:
    return Series(T, value, received=T + delay_s)


@pytest.mark.parametrize(
    ("delay_s", "certainty"), [(2.0, "certain"), (100.0, "certain"), (200.0, "possible")]
)
def test_an_offset_that_receive_times_prove_is_used_instead_of_the_tolerance(
    delay_s: float, certainty: str
) -> None:
    """The last 120 s of custody are out of range; the crossing lies 162 s before its end."""
    assert certainties(seen(live(warm(7080, 7200), delay_s=delay_s), given=TWO_HOURS)) == [
        certainty
    ]


def test_a_clock_that_is_ahead_doubts_the_beginning_and_not_the_end() -> None:
    ahead = seen(live(warm(0, 120), delay_s=-200.0), given=TWO_HOURS)
    assert certainties(ahead) == ["possible"]
    end = seen(live(warm(7080, 7200), delay_s=-200.0), given=TWO_HOURS)
    assert certainties(end) == ["certain"]


@pytest.mark.parametrize("offset_s", [-200.0, -120.0, -60.0, 60.0, 120.0, 200.0])
@pytest.mark.parametrize("lag_s", [45.0, 120.0])
def test_a_proved_clock_minutes_off_never_accuses_by_a_probe_that_still_follows(
    offset_s: float, lag_s: float
) -> None:
    """The probe lies in a room of 22 °C until packing at 0 and after delivery at 7200, by true
    time, and follows by its lag; the clock is behind by the offset, and every reading arrives 2 s
    after it was measured."""
    true = np.arange(-1800.0, 9000.0, 60.0)
    fine = np.arange(-1800.0, 9000.0, 5.0)
    goal = np.where((fine >= 0) & (fine <= 7200), 5.0, 22.0)
    probe = goal.copy()
    for n in range(1, fine.size):
        probe[n] = probe[n - 1] + 5.0 / lag_s * (goal[n] - probe[n - 1])
    value = np.round(np.interp(true, fine, probe), 1)
    found = seen(Series(true - offset_s, value, received=true + 2.0), given=TWO_HOURS)
    assert found.status("range") != Status.BREACH
    assert "certain" not in certainties(found)


def test_of_a_clock_that_is_right_to_seconds_the_first_readings_count() -> None:
    found = seen(live(warm(0, 120), delay_s=2.0), given=TWO_HOURS)
    assert certainties(found) == ["certain"]


def handed_over(**more: Any) -> Series:
    """At the destination from 5400 s on; out of range for the last 20 minutes."""
    value = warm(6060, 7200, value_c=15.0)
    north = np.clip(1 - T / 5400, 0, 1) * 0.05
    given: dict[str, Any] = {"lat": 36.80 + north, "lon": np.full(121, 118.02), "drug": value}
    return Series(T, **(given | more))


AT_CONSUMER = Given(start=0, end=7200, destination=(36.80, 118.02, 100.0))


def test_a_step_to_the_surroundings_at_the_destination_shows_that_the_drug_had_left() -> None:
    found = seen(handed_over(), given=AT_CONSUMER)
    assert certainties(found) == ["possible"]


@pytest.mark.parametrize(("comes_s", "certainty"), [(6000, "possible"), (6300, "certain")])
@pytest.mark.parametrize("at_once", [1, 50, 1_000_000])
def test_a_box_that_is_handed_over_soon_after_it_came_was_there_when_it_was_opened(
    comes_s: float, certainty: str, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Out of range from 6060 s on; elsewhere until shortly before, or until after that; however
    many fixes are looked at together."""
    monkeypatch.setattr(emptied, "_LOOKED_AT_ONCE", at_once)
    north = np.where(comes_s <= T, 0.0, 0.01)
    found = seen(handed_over(lat=36.80 + north), given=AT_CONSUMER)
    assert certainties(found) == [certainty]


def test_where_the_logger_is_taken_after_custody_is_not_asked() -> None:
    t = minutes(131)
    north = np.clip(1 - t / 5400, 0, 1) * 0.05 + 0.02 * (t > 7260)
    went = Series(t, warm(6060, 7860, t=t), lat=36.80 + north, lon=np.full(t.size, 118.02))
    assert certainties(seen(went, given=AT_CONSUMER)) == ["possible"]


def slowly_warm() -> np.ndarray:
    """0.25 °C/min from 5700 s on: as a box warms whose ice is spent."""
    return 5.0 + np.clip(T - 5700, 0, None) / 60 * 0.25


@pytest.mark.parametrize(
    ("opened_at_s", "certainty"),
    [(None, "certain"), (6540, "possible"), (6060, "certain"), (6900, "certain")],
)
def test_a_lid_opened_at_the_destination_when_the_break_began_shows_it(
    opened_at_s: float | None, certainty: str
) -> None:
    """The limit is crossed at 6420 s."""
    lid = np.zeros(121) if opened_at_s is None else (opened_at_s == T).astype(float)
    found = seen(handed_over(drug=slowly_warm(), lid_open=lid), given=AT_CONSUMER)
    assert certainties(found) == [certainty]


def test_a_lid_that_is_never_closed_shows_nothing() -> None:
    found = seen(handed_over(drug=slowly_warm(), lid_open=np.ones(121)), given=AT_CONSUMER)
    assert certainties(found) == ["certain"]


def test_what_happens_away_from_the_destination_is_the_drugs() -> None:
    away = Given(start=0, end=7200, destination=(36.81, 118.02, 100.0))
    assert certainties(seen(handed_over(), given=away)) == ["certain"]


def test_what_is_doubted_stands_in_the_numbers() -> None:
    short = Given(start=0, end=180)
    found = seen(Series(minutes(4), [9.0, 9.5, 9.5, 9.0]), given=short)
    assert found.status("range") == Status.INSUFFICIENT_EVIDENCE
    assert (found.metric("min_c"), found.metric("max_c")) == (9.0, 9.5)
    assert found.metric("mean_c") == pytest.approx(9.333333, abs=1e-5)


@pytest.mark.parametrize("at_end", [True, False])
def test_a_line_over_a_hole_does_not_say_when_a_break_at_an_end_of_custody_began(
    *, at_end: bool
) -> None:
    """Drawn over the six minutes it would begin before the tolerance, and one reading alone, at the
    minute of the hand-over, would be a sure break."""
    value = np.array([8.0, 8.6, 8.6])
    t = np.array([0.0, 360.0, 420.0])
    warm_end = Series(t, value, seq=np.array([0, 6, 7]))
    warm_start = Series(420.0 - t[::-1], value[::-1], seq=np.array([0, 1, 7]))
    found = seen(warm_end if at_end else warm_start, given=Given(start=0, end=420.0))
    assert certainties(found) == ["possible"]
    assert found.status("range") == Status.INSUFFICIENT_EVIDENCE
