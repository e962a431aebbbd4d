"""How fast the temperature judgement is: `python -m benchmarks.analysis [--readings N]`.

Prints one table: everything of the temperature judgement (episodes, times out of range, degree
minutes, kinetic temperature, bounds, budgets, evidence gaps) over many shipments in one thread,
beside a plain copy of the same arrays and a pandas groupby-apply that does the threshold
episodes only, all in the same run; then one shipment of 500 readings alone, whole judgement and
result included.
"""

import argparse
import resource
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.judge import judge
from analysis.temperature import judge_temperature
from analysis.tracks import rows_of
from analysis.window import judged_window
from api.results import check_results
from benchmarks.fleet_arrays import fleet_terms, fleet_tracks
from config.rules import load_packs
from domain.tracks import Tracks


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
    """Threshold episodes by shipment as they are usually written: start, end and peak of each."""

    def one(part: pd.DataFrame) -> pd.DataFrame:
        outside = part["drug"] > 8.0
        episode = (outside != outside.shift()).cumsum()
        return (
            part[outside]
            .groupby(episode[outside])
            .agg(start=("time_s", "first"), end=("time_s", "last"), peak=("drug", "max"))
        )

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
        return judge_temperature(tracks, terms, judged_window(tracks, terms), pack.numbers)

    temperature()
    judged_s = best_of(5, temperature)
    copy_s = best_of(5, lambda: copied(tracks))
    part = min(given.groupby_shipments, shipments)
    frame = frame_of(rows_of(tracks, 0, part))
    groupby_s = best_of(3, lambda: groupby_episodes(frame)) * shipments / part
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
        (f"pandas groupby-apply, episodes only (x{shipments // part})", groupby_s),
    ):
        print(f"{name:44}{seconds:10.3f}{n / seconds:16,.0f}{seconds / judged_s:9.2f}")
    print(
        f"peak extra memory {peak / 1e6:.0f} MB = {peak / read:.2f} x the columns read "
        f"({read / 1e6:.0f} MB), {peak / input_bytes(tracks):.2f} x all columns "
        f"({input_bytes(tracks) / 1e6:.0f} MB); process peak "
        f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB"
    )
    print(f"numpy copies per judgement: {judged_s / copy_s:.1f}")
    one = rows_of(tracks, 0, 1)
    one_terms = fleet_terms(one)

    def alone() -> object:
        return judge_temperature(one, one_terms, judged_window(one, one_terms), pack.numbers)

    def whole() -> object:
        return check_results(
            judge(one, one_terms, pack), one, one_terms, pack, software="benchmark"
        )

    for name, work in (("temperature", alone), ("whole judgement and result", whole)):
        work()
        print(f"1 shipment of {one.time_s.size} readings, {name}: {best_of(20, work) * 1e3:.2f} ms")


def frame_of(tracks: Tracks) -> pd.DataFrame:
    owner: NDArray[np.int64] = tracks.shipment
    return pd.DataFrame(
        {"shipment": owner, "time_s": tracks.time_s, "drug": tracks.temperature_c["drug"]}
    )


if __name__ == "__main__":
    main()
