"""What the rows of `benchmarks.storage` are: so many readings of a fleet, our work on them and the
plain engine's in turn, and the ratio of their times."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from coldwitness.domain.reading import Reading
from coldwitness.storage.telemetry import WholeStore

T0 = 1_795_000_000_000
LOGGERS = 500
BATCH = 5000


@dataclass(frozen=True)
class Line:
    """One row of the table: rates in readings a second (or milliseconds), and their ratio."""

    name: str
    ours: float
    plain: float
    ratio: float
    target: str
    met: bool


def fleet(count: int) -> list[Reading]:
    """Readings as they come in live: a minute's of all loggers, then the next minute's."""
    draw = np.random.default_rng(7)
    drug = draw.normal(5, 1, count).round(2).tolist()
    lat = draw.uniform(36.6, 36.9, count).round(6).tolist()
    return [
        Reading(
            logger=f"LG-{n % LOGGERS:04d}",
            time_ms=T0 + n // LOGGERS * 60_000 + n % LOGGERS,
            temperature_c={"drug": drug[n], "coolant": -1.5, "ambient": 21.25},
            courier="ql",
            box=f"BX-{n % LOGGERS:04d}",
            shipment=f"S-{n % LOGGERS:04d}-{n // LOGGERS // 3000}",
            seq=n // LOGGERS,
            lat_deg=lat[n],
            lon_deg=118.0,
            accuracy_m=8.0,
            humidity_pct=61.5,
            battery_v=3.6,
            lid_open=False,
            moving=True,
        )
        for n in range(count)
    ]


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def rates(
    name: str,
    count: int,
    ours: Callable[[int], object],
    plain: Callable[[int], object],
    rounds: int,
    *,
    target: float,
) -> Line:
    """Both in turn; ours(round) and plain(round) each handle `count` readings."""
    pairs = [(seconds(lambda: ours(n)), seconds(lambda: plain(n))) for n in range(rounds)]  # noqa: B023 (called at once)
    ratio = statistics.median(plain_s / ours_s for ours_s, plain_s in pairs)
    return Line(
        name,
        count / statistics.median(ours_s for ours_s, _ in pairs),
        count / statistics.median(plain_s for _, plain_s in pairs),
        ratio,
        f">= {target:g}",
        ratio >= target,
    )


def in_batches(store: WholeStore, readings: Sequence[Reading]) -> None:
    for start in range(0, len(readings), BATCH):
        part = readings[start : start + BATCH]
        store.append(part, [T0] * len(part))
