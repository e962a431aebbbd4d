"""Positions that wander: never an accusation by noise, and no acquittal of a stop it blurs."""

import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest

from coldwitness.analysis.record.case import case_of
from coldwitness.analysis.stops import blurred_stops, signs
from coldwitness.analysis.stops.stop_judgement import StopJudgement, judge_stops
from coldwitness.config.finding_kinds import code_of
from coldwitness.domain.words import Status
from tests.analysis.building import Series, terms_of, tracks_of
from tests.analysis.stops.stop_journeys import (
    DEPOT_M,
    DOOR_M,
    NUMBERS,
    Fixed,
    Journey,
    custody,
    degrees,
    delivery,
    judge,
)

SEEDS = range(6)


def seen(journey: Journey, time_s: np.ndarray, error_m: np.ndarray) -> Fixed:
    knot_s, x_m, y_m = (np.array(column) for column in zip(*journey.knots, strict=True))
    x = np.interp(time_s, knot_s, x_m) + error_m[0]
    return Fixed(time_s, x, np.interp(time_s, knot_s, y_m) + error_m[1])


def wandering(time_s: np.ndarray, *, sd_m: float, over_s: float, seed: int) -> np.ndarray:
    """Receiver error that hangs together: exponentially correlated, (2, n)."""
    random = np.random.default_rng(seed)
    error = random.normal(0.0, sd_m, (2, time_s.size))
    for n, step_s in enumerate(np.diff(time_s), start=1):
        keep = np.exp(-step_s / over_s)
        error[:, n] = keep * error[:, n - 1] + np.sqrt(1.0 - keep * keep) * error[:, n]
    return error


def accused(judged: StopJudgement) -> bool:
    types = judged.findings.type
    return bool(
        (
            (types == code_of("temporary_storage/suspected"))
            | (types == code_of("temporary_storage/confirmed"))
        ).any()
    )


def every(journey: Journey, step_s: float) -> np.ndarray:
    return np.arange(0.0, journey.now_s, step_s)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("sd_m", "over_s"), [(10.0, 60.0), (50.0, 120.0), (80.0, 60.0)])
def test_a_long_stop_under_correlated_noise_is_never_compliant(sd_m, over_s, seed):
    journey = delivery(2400.0)
    time_s = every(journey, 30.0)
    error_m = wandering(time_s, sd_m=sd_m, over_s=over_s, seed=seed)
    judged = judge(seen(journey, time_s, error_m))
    assert Status(judged.status[0]) in (Status.SUSPECTED, Status.INSUFFICIENT_EVIDENCE)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("sd_m", "over_s"), [(10.0, 60.0), (30.0, 300.0), (80.0, 300.0)])
@pytest.mark.parametrize("stop_s", [0.0, 600.0])
def test_correlated_noise_never_accuses_a_short_stop(stop_s, sd_m, over_s, seed):
    journey = delivery(stop_s)
    time_s = every(journey, 30.0)
    error_m = wandering(time_s, sd_m=sd_m, over_s=over_s, seed=seed)
    assert not accused(judge(seen(journey, time_s, error_m)))


def canyon(stop_s: float, seed: int) -> StopJudgement:
    """Between tall houses: a slow swing of 80 m to one side and back, once or twice, at a stop."""
    journey = delivery(stop_s)
    time_s = every(journey, 20.0)
    error_m = wandering(time_s, sd_m=6.0, over_s=60.0, seed=seed)
    share = np.clip((time_s - 660.0) / stop_s, 0.0, 1.0)
    error_m[0] += 80.0 * np.sin(share * np.pi * 3.0)
    return judge(seen(journey, time_s, error_m))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_drift_of_80_m_between_tall_houses_neither_hides_a_stop_nor_makes_one(seed):
    assert Status(canyon(1500.0, seed).status[0]) is not Status.COMPLIANT
    assert not accused(canyon(600.0, seed))


@pytest.mark.parametrize("at_once", [1, 7])
def test_stretches_looked_at_in_pieces_are_told_as_those_looked_at_together(at_once, monkeypatch):
    together = [canyon(stop_s, seed) for stop_s in (600.0, 1500.0) for seed in SEEDS]
    monkeypatch.setattr(blurred_stops, "_LOOKED_AT_ONCE", at_once)
    pieces = [canyon(stop_s, seed) for stop_s in (600.0, 1500.0) for seed in SEEDS]
    reasons = [judged.reason[0] for judged in together]
    assert len(set(reasons)) > 1, "both answers are among them"
    assert [judged.reason[0] for judged in pieces] == reasons


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("progress_m", [250.0, 400.0, 800.0])
def test_a_crawl_of_25_minutes_in_a_jam_is_not_accused(progress_m, seed):
    random = np.random.default_rng(seed)
    journey = Journey().stand(300).ride(DEPOT_M)
    for metres in np.sort(random.uniform(0.0, progress_m, 25)):
        journey.ride((DEPOT_M[0] + metres, 0.0), kmh=6.0).stand(50.0)
    journey.ride(DOOR_M).stand(300)
    time_s = every(journey, 20.0)
    error_m = wandering(time_s, sd_m=8.0, over_s=60.0, seed=seed)
    assert not accused(judge(seen(journey, time_s, error_m)))


@pytest.mark.parametrize("at_once", [1000, 1_000_000])
def test_medians_of_overlapping_stretches_are_those_of_each_alone(at_once, monkeypatch):
    monkeypatch.setattr(signs, "AT_ONCE", at_once)
    rng = np.random.default_rng(1)
    fixes = SimpleNamespace(x_m=rng.normal(size=3000), y_m=rng.normal(size=3000))
    begin = np.repeat(np.arange(0, 2400, 90), 2)
    count = np.tile([600, 0], begin.size // 2)
    x_m, y_m, off_m = signs._middle(fixes, begin, count, most=600)
    for n, first in enumerate(begin.tolist()):
        its = slice(first, first + 600)
        x, y = np.median(fixes.x_m[its]), np.median(fixes.y_m[its])
        off = np.median(np.hypot(fixes.x_m[its] - x, fixes.y_m[its] - y))
        expected = [x, y, off] if count[n] else [np.nan] * 3
        np.testing.assert_allclose([x_m[n], y_m[n], off_m[n]], expected, atol=1e-6)


def test_a_crawl_is_a_crawl_at_any_pace_of_fixes_and_takes_no_more_memory_than_they():
    """A metre in eight seconds for three hours: as a queue moves, or as a flag that nobody looks at
    would have it. Every second begins a stretch of fifteen minutes."""
    journey = Journey().ride((1350.0, 0.0), kmh=0.45)
    reasons = []
    for every_s in (30.0, 1.0):
        made = journey.fixes(every_s=every_s)
        tracemalloc.start()
        judged = judge(made)
        reasons.append((judged.status.tolist(), judged.reason.tolist()))
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert reasons[0] == reasons[1]
    assert peak_bytes < 60_000_000  # 10,800 fixes; written out they took 400 MB


@pytest.mark.parametrize("side_m", [200.0, 300.0])
def test_a_loop_round_a_block_is_a_ride(side_m):
    journey = Journey().stand(300).ride(DEPOT_M)
    for east, north in ((side_m, 0.0), (side_m, side_m), (0.0, side_m), (0.0, 0.0)):
        journey.ride((DEPOT_M[0] + east, north), kmh=12.0)
    judged = judge(journey.ride(DOOR_M).stand(300).fixes(every_s=15.0, noise_m=6.0))
    assert Status(judged.status[0]) is Status.COMPLIANT


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("stay_s", "found"), [(400.0, 0), (600.0, 1), (840.0, 1), (1200.0, 2)])
def test_two_parcel_lockers_120_m_apart_are_two_stops_that_add_up_to_a_possible_one(
    stay_s, found, seed
):
    second_m = (DEPOT_M[0] + 120.0, 0.0)
    journey = Journey().stand(300).ride(DEPOT_M).stand(stay_s).ride(second_m, kmh=5.0)
    journey.stand(stay_s).ride(DOOR_M).stand(300)
    time_s = every(journey, 20.0)
    judged = judge(seen(journey, time_s, wandering(time_s, sd_m=8.0, over_s=60.0, seed=seed)))
    assert (judged.findings.type == code_of("temporary_storage/suspected")).sum() == found
    status = {0: Status.COMPLIANT, 1: Status.INSUFFICIENT_EVIDENCE, 2: Status.SUSPECTED}[found]
    assert Status(judged.status[0]) is status


@pytest.mark.parametrize("outliers", [1, 2])
def test_outliers_do_not_split_a_stop(outliers):
    journey = delivery(1200.0)
    time_s = every(journey, 30.0)
    error_m = wandering(time_s, sd_m=6.0, over_s=60.0, seed=3)
    error_m[0, 40 : 40 + outliers] += 800.0
    judged = judge(seen(journey, time_s, error_m))
    assert judged.findings.measures["dwell_s"][0] == pytest.approx(1200.0, abs=90.0)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize(("stop_s", "long"), [(0.0, False), (600.0, False), (1200.0, True)])
def test_fixes_one_second_to_four_minutes_apart_show_a_stop_as_even_ones_do(stop_s, long, seed):
    journey = delivery(stop_s)
    random = np.random.default_rng(seed)
    step_s = np.exp(random.uniform(0.0, np.log(240.0), 4000))
    time_s = np.round(np.cumsum(step_s), 3)
    time_s = np.concatenate(([0.0], time_s[time_s < journey.now_s], [journey.now_s]))
    fixed = seen(journey, time_s, wandering(time_s, sd_m=8.0, over_s=60.0, seed=seed))
    judged = judge(fixed, given=custody(fixed, interval_s=None))
    assert accused(judged) is long


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("stated", [True, False])
def test_network_positions_between_those_of_gps_hide_no_stop_and_make_none(stated, seed):
    """300 m off every other time; stated they are left out, unstated they show by zigzag."""

    def judged(stop_s: float) -> StopJudgement:
        journey = delivery(stop_s)
        time_s = every(journey, 30.0)
        error_m = wandering(time_s, sd_m=8.0, over_s=60.0, seed=seed)
        network = np.arange(time_s.size) % 2 == 1
        random = np.random.default_rng(seed)
        error_m[:, network] += random.normal(0.0, 300.0, (2, int(network.sum())))
        accuracy_m = np.where(network, 360.0, 10.0).tolist() if stated else None
        return judge(seen(journey, time_s, error_m), accuracy_m=accuracy_m)

    long = Status(judged(2400.0).status[0])
    assert long is (Status.SUSPECTED if stated else Status.INSUFFICIENT_EVIDENCE)
    assert not accused(judged(600.0))


def test_fixes_told_twice_and_out_of_order_change_nothing():
    fixed = delivery(1500.0).fixes(every_s=30.0, noise_m=6.0)
    order = np.random.default_rng(5).permutation(np.repeat(np.arange(fixed.time_s.size), 2))
    shuffled = Fixed(fixed.time_s[order], fixed.x_m[order], fixed.y_m[order])
    terms = custody(fixed)
    plain, again = judge(fixed, given=terms), judge(shuffled, given=terms)
    assert again.status[0] == plain.status[0]
    assert again.stays.start_s.tolist() == plain.stays.start_s.tolist()
    assert again.stays.end_s.tolist() == plain.stays.end_s.tolist()


@pytest.mark.parametrize("stop_s", [300.0, 1500.0])
def test_readings_at_zero_degrees_are_no_positions(stop_s):
    """What receivers send without a fix; the stop is what the others show."""
    fixed = delivery(stop_s).fixes(every_s=30.0, noise_m=6.0)
    lat, lon = degrees(fixed.x_m, fixed.y_m)
    lat[1::4], lon[1::4] = 0.0, 0.0
    tracks = tracks_of(Series(fixed.time_s, drug=5.0, lat=lat, lon=lon))
    terms = terms_of(custody(fixed))
    judged = judge_stops(case_of(tracks, terms, NUMBERS))
    assert accused(judged) is (stop_s > 900.0)
    assert judged.distance_m[0] == pytest.approx(6000.0, rel=0.05)


def test_a_stop_on_the_date_line_is_one_stop():
    """Noise throws the fixes from 180° east to 180° west and back."""
    fixed = delivery(1500.0).fixes(every_s=30.0, noise_m=8.0)
    lat, lon = degrees(fixed.x_m, fixed.y_m)
    depot_lat, depot_lon = degrees(*DEPOT_M)
    lon = np.remainder(lon - float(depot_lon) + 360.0, 360.0) - 180.0  # the depot at ±180°
    tracks = tracks_of(Series(fixed.time_s, drug=5.0, lat=lat, lon=lon))
    terms = terms_of(custody(fixed, origin=None, destination=None))
    judged = judge_stops(case_of(tracks, terms, NUMBERS))
    (at,) = np.flatnonzero(judged.findings.type == code_of("temporary_storage/suspected"))
    assert judged.findings.measures["dwell_s"][at] == pytest.approx(1500.0, abs=61.0)
    assert judged.findings.lat_deg[at] == pytest.approx(float(depot_lat), abs=2e-4)
    assert abs(judged.findings.lon_deg[at]) == pytest.approx(180.0, abs=2e-4)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("sd_m", [30.0, 50.0])
def test_deleting_readings_of_a_blurred_stop_does_not_clear_it(sd_m, share, seed):
    journey = delivery(1800.0)
    time_s = every(journey, 30.0)
    fixed = seen(journey, time_s, wandering(time_s, sd_m=sd_m, over_s=120.0, seed=seed))
    terms = custody(fixed)
    assert Status(judge(fixed, given=terms).status[0]) is not Status.COMPLIANT
    kept = np.random.default_rng(seed).random(time_s.size) >= share
    fewer = Fixed(time_s[kept], fixed.x_m[kept], fixed.y_m[kept])
    assert Status(judge(fewer, given=terms).status[0]) is not Status.COMPLIANT


@pytest.mark.parametrize("seed", [32, 85, 151, 198])
def test_sparse_fixes_that_jump_about_a_depot_do_not_acquit_it(seed):
    """A fix in three to five minutes, some of them up to 300 m off: of 200 such stops these four
    were compliant."""
    random = np.random.default_rng(seed)
    journey = delivery(float(random.uniform(1200.0, 2700.0)))
    time_s = every(journey, float(random.uniform(200.0, 295.0)))
    off_m = random.uniform(60.0, 300.0, time_s.size)
    off_m *= random.random(time_s.size) < random.uniform(0.1, 0.4)
    way = random.uniform(0.0, 2.0 * np.pi, time_s.size)
    error = wandering(time_s, sd_m=float(random.uniform(15.0, 60.0)), over_s=400.0, seed=seed)
    fixed = seen(journey, time_s, error + off_m * np.array([np.cos(way), np.sin(way)]))
    assert Status(judge(fixed, accuracy_m=3.0).status[0]) is Status.INSUFFICIENT_EVIDENCE


@pytest.mark.parametrize("seed", range(10))
def test_a_way_through_town_with_sparse_fixes_is_no_wandering(seed):
    """Streets to and fro, a few minutes at each of three doors."""
    random = np.random.default_rng(seed)
    journey = Journey().stand(300.0)
    for corner in range(1, 16):
        to_m = (400.0 * corner, float(random.uniform(-500.0, 500.0)))
        journey.ride(to_m, kmh=18.0)
        if corner % 5 == 3:
            journey.stand(240.0)
    journey.ride(DOOR_M, kmh=18.0).stand(300.0)
    time_s = every(journey, 270.0)
    fixed = seen(journey, time_s, wandering(time_s, sd_m=8.0, over_s=120.0, seed=seed))
    assert Status(judge(fixed, accuracy_m=5.0).status[0]) is Status.COMPLIANT
