"""How fast the temperature judgement is: `python -m benchmarks.analysis [--readings N]`.

Prints one table: everything of the temperature judgement (episodes, times out of range, degree
minutes, kinetic temperature, bounds, budgets, evidence gaps) over many shipments in one thread,
beside a plain copy of the same arrays and two pandas groupby-applies, all in the same run; then the
fit of isolation over 2,000 boxes; then one
shipment of 500 readings alone: with a drug probe only, and with four probes, positions, lid and
motion sensor, events and a full manifest; its temperature, its whole judgement, and that with the
result as JSON objects.
"""

import argparse
import resource
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from benchmarks.fleet_arrays import fleet_terms, fleet_tracks, furnished_shipment
from coldwitness.analysis.isolation.isolation_judgement import judge_isolation
from coldwitness.analysis.judge import Judgement, judge
from coldwitness.analysis.record.build import rows_of
from coldwitness.analysis.record.case import case_of
from coldwitness.analysis.temperature.range_judgement import judge_temperature
from coldwitness.analysis.terms import Terms
from coldwitness.config.rules import RulePack, load_packs
from coldwitness.domain.tracks import Tracks
from coldwitness.judging.results import check_results
from tests.analysis.building import Given, terms_of
from tests.analysis.isolation.isolation_pcm import pcm_world

BOXES = 2000


def best_of(times: int, work: Callable[[], object]) -> float:
    """Shortest processor time of several runs [s]: one thread, so on an idle machine also the
    wall time; on a shared one the time that others took is left out."""
    shortest = float("inf")
    for _ in range(times):
        begun = time.process_time()
        work()
        shortest = min(shortest, time.process_time() - begun)
    return shortest


def input_bytes(tracks: Tracks) -> int:
    columns = [getattr(tracks, name) for name in Tracks.__dataclass_fields__]
    flat = sum(column.nbytes for column in columns if isinstance(column, np.ndarray))
    return flat + sum(column.nbytes for column in tracks.temperature_c.values())


def copied(tracks: Tracks) -> None:
    """A plain copy of the arrays that the temperature judgement reads."""
    for column in (tracks.time_s, tracks.seq, tracks.logger, tracks.temperature_c["drug"]):
        column.copy()


def groupby_episodes(frame: pd.DataFrame) -> pd.DataFrame:
    """The reference: start, end and peak of each shipment's episodes above a limit, as they are
    usually written with pandas. No bounds, no holes, no lower limit, no interpolation, no MKT."""

    def one(part: pd.DataFrame) -> pd.DataFrame:
        outside = part["drug"] > 8.0
        episode = (outside != outside.shift()).cumsum()
        return (
            part[outside]
            .groupby(episode[outside])
            .agg(start=("time_s", "first"), end=("time_s", "last"), peak=("drug", "max"))
        )

    return frame.groupby("shipment")[["time_s", "drug"]].apply(one)


def groupby_seconds(frame: pd.DataFrame) -> pd.Series:
    """Less than episodes: only the sum of seconds that begin above a limit, a number a shipment."""

    def one(part: pd.DataFrame) -> float:
        outside = part["drug"] > 8.0
        return float(part["time_s"].diff().shift(-1)[outside].sum())

    return frame.groupby("shipment")[["time_s", "drug"]].apply(one)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings", type=int, default=10_000_000)
    parser.add_argument("--groupby-shipments", type=int, default=1000)
    given = parser.parse_args()
    shipments = max(given.readings // 500, 1)
    pack = load_packs()[0]
    tracks = fleet_tracks(shipments, readings=500, seed=1)
    terms = fleet_terms(tracks)
    n = tracks.time_s.size

    def temperature() -> object:
        return judge_temperature(case_of(tracks, terms, pack.numbers))

    temperature()
    judged_s = best_of(5, temperature)
    copy_s = best_of(5, lambda: copied(tracks))
    part = min(given.groupby_shipments, shipments)
    frame = frame_of(rows_of(tracks, 0, part))
    groupby_s = best_of(3, lambda: groupby_episodes(frame)) * shipments / part
    seconds_s = best_of(3, lambda: groupby_seconds(frame)) * shipments / part
    tracemalloc.start()
    temperature()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    read = sum(
        column.nbytes
        for column in (tracks.time_s, tracks.seq, tracks.logger, tracks.temperature_c["drug"])
    )
    print(f"{n:,} readings in {shipments:,} shipments, one thread")
    print(f"{'':44}{'CPU s':>10}{'readings/s':>16}{'ratio':>9}")
    for name, seconds in (
        ("temperature judgement, everything", judged_s),
        ("numpy copy of time, seq, logger, drug", copy_s),
        (f"pandas groupby-apply, episodes (x{shipments // part})", groupby_s),
        (f"pandas groupby-apply, seconds only (x{shipments // part})", seconds_s),
    ):
        print(f"{name:44}{seconds:10.3f}{n / seconds:16,.0f}{seconds / judged_s:9.2f}")
    print(
        f"peak extra memory {peak / 1e6:.0f} MB = {peak / read:.2f} x the columns read "
        f"({read / 1e6:.0f} MB), {peak / input_bytes(tracks):.2f} x all columns "
        f"({input_bytes(tracks) / 1e6:.0f} MB); process peak "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB"
    )
    print(f"numpy copies per judgement: {judged_s / copy_s:.1f}")
    print(f"isolation of {BOXES:,} boxes in one run: {_of_boxes(pack):.2f} ms a box")
    plain = rows_of(tracks, 0, 1)
    for name, alone, its in (
        ("drug probe only", plain, fleet_terms(plain)),
        ("everything", *furnished_shipment(500, seed=1)),
    ):
        print(f"1 shipment of {alone.time_s.size} readings, {name}: {_of_one(alone, its, pack)}")


def _of_boxes(pack: RulePack) -> float:
    """Processor time [ms] a box of the fit of isolation, half of them with goods, of a world whose
    packs melt near the drug's temperature; a reading a minute for 1 to 2.5 hours."""
    halves = [pcm_world(BOXES // 2, seed=3, goods_contact=goods).tracks for goods in (None, False)]
    took_s = 0.0
    for tracks in halves:
        its = terms_of(*[Given(start=0.0)] * (BOXES // 2), shipments=tracks.shipments)
        took_s += best_of(3, lambda t=tracks, i=its: judge_isolation(case_of(t, i, pack.numbers)))
    return took_s * 1e3 / BOXES


def _of_one(tracks: Tracks, terms: Terms, pack: RulePack) -> str:
    """Median processor times of judging one shipment, results warm."""

    def temperature() -> object:
        return judge_temperature(case_of(tracks, terms, pack.numbers))

    def whole() -> Judgement:
        return judge(case_of(tracks, terms, pack.numbers), pack)

    def told() -> object:
        return check_results(whole(), tracks, terms, pack, software="benchmark")

    works: tuple[tuple[str, Callable[[], object]], ...] = (
        ("temperature", temperature),
        ("whole judgement", whole),
        ("with its result", told),
    )
    return ", ".join(f"{name} {median_of(200, work) * 1e3:.2f} ms" for name, work in works)


def median_of(times: int, work: Callable[[], object]) -> float:
    """Median processor time of several runs [s], after a few to warm up."""
    taken = []
    for run in range(times + 5):
        begun = time.process_time()
        work()
        if run >= 5:
            taken.append(time.process_time() - begun)
    return float(np.median(taken))


def frame_of(tracks: Tracks) -> pd.DataFrame:
    owner: NDArray[np.int64] = tracks.shipment
    return pd.DataFrame(
        {"shipment": owner, "time_s": tracks.time_s, "drug": tracks.temperature_c["drug"]}
    )


if __name__ == "__main__":
    main()
