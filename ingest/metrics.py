"""What ingest tells Prometheus: no shipment, box or logger is a label, and couriers are bounded.

`worker` is on all that one worker tells: of a worker that two processes tell of (the one that
receives, and `serve` on the same journal) `max by (worker)` counts it once.
"""

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from itertools import accumulate, pairwise
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.ingest.acknowledging import COMMIT_BOUNDS_S, ReceiveCounts
from coldwitness.ingest.progress import Progress, workers_followed
from coldwitness.storage.journal import JournalReader

COURIERS_MOST = 50
"""Couriers with a series of their own, those with most refusals; a province has some hundreds, and
whoever may publish could make up more."""
OTHER_COURIERS = "(others)"
"""No courier's id has brackets."""
SILENT = (("10m", 600.0), ("1h", 3600.0), ("6h", 21_600.0), ("1d", 86_400.0), ("", 604_800.0))
"""Since when a logger is silent [s]: each age up to the next. One that was not heard for seven days
is out of use."""


def new_registry() -> CollectorRegistry:
    """A registry of one process, with the version of the software in it."""
    registry = CollectorRegistry()
    build = Gauge(
        "coldwitness_build_info", "Version of the software", ["version"], registry=registry
    )
    build.labels(version=version("coldwitness")).set(1)
    return registry


class PartMetrics(Collector):
    """Which parts of this process are ready, by the names of `/readyz`."""

    def __init__(self, parts: Callable[[], Mapping[str, bool]]) -> None:
        self._parts = parts

    def collect(self) -> Iterator[Metric]:
        ready = GaugeMetricFamily(
            "coldwitness_part_ready", "1 where this part is ready, else 0", labels=["part"]
        )
        for name, is_ready in self._parts().items():
            ready.add_metric([name], float(is_ready))
        yield ready


class ReceivingMetrics(Collector):
    """Of the worker that receives in this process."""

    def __init__(self, worker: str, counts: ReceiveCounts) -> None:
        self._worker = worker
        self._counts = counts

    def collect(self) -> Iterator[Metric]:
        counts = self._counts
        for name, text, value in (
            # Without what workers say themselves: it would look like traffic at night.
            ("received", "Messages taken from the broker", counts.received - counts.own),
            ("redelivered", "Messages that the broker sent again", counts.redelivered),
            ("journalled", "Messages on disk and acknowledged", counts.journalled),
        ):
            counter = CounterMetricFamily(f"coldwitness_{name}_messages", text, labels=["worker"])
            counter.add_metric([self._worker], value)
            yield counter
        took = HistogramMetricFamily(
            "coldwitness_journal_commit_seconds",
            "Time of one commit to the journal, until it is on disk",
            labels=["worker"],
        )
        bounds = [*(f"{bound_s:g}" for bound_s in COMMIT_BOUNDS_S), "+Inf"]
        within = accumulate(counts.commits_by_time)
        buckets = list(zip(bounds, within, strict=True))
        took.add_metric([self._worker], buckets, sum_value=counts.commit_s)
        yield took


class JournalMetrics(Collector):
    """Of all workers of a journal, as their files tell: how far their rows are in the stores, what
    was refused, which loggers are silent."""

    def __init__(self, directory: Path, clock: Callable[[], float] = time.time) -> None:
        """directory : the journal's. clock : UTC epoch s."""
        self._directory = directory
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        reader = JournalReader(self._directory)
        refused = GaugeMetricFamily(
            "coldwitness_refused_messages",
            "Messages, or parts of them, in quarantine, by reason and courier; a replay takes away",
            labels=["worker", "reason", "courier"],
        )
        journalled = CounterMetricFamily(
            "coldwitness_journal_rows", "Rows of the journal", labels=["worker"]
        )
        stored = CounterMetricFamily(
            "coldwitness_stored_rows", "Rows of it that are in the stores", labels=["worker"]
        )
        lag = GaugeMetricFamily(
            "coldwitness_store_lag_seconds",
            "How long ago the oldest message was received that is not in the stores; 0: all are",
            labels=["worker"],
        )
        heard: dict[tuple[str, str], int] = {}
        now_s = self._clock()
        for worker in workers_followed(self._directory):
            try:
                with Progress(self._directory, worker) as progress:
                    cursor, counts = progress.cursor(), progress.counts_by_courier()
                    for name, at_ms in progress.heard(since_ms=int((now_s - SILENT[-1][1]) * 1000)):
                        heard[name] = max(at_ms, heard.get(name, 0))
                last, behind_s = _behind(reader, worker, cursor, now_s)
            except (BadInput, Unavailable):
                continue
            for (reason, courier), count in sorted(_bounded(counts).items()):
                refused.add_metric([worker, reason, courier], count)
            journalled.add_metric([worker], last)
            stored.add_metric([worker], cursor)
            lag.add_metric([worker], behind_s)
        yield from (refused, journalled, stored, lag)
        yield _silent([now_s - at_ms / 1000 for at_ms in heard.values()])
        free = GaugeMetricFamily("coldwitness_journal_free_bytes", "Room on the journal's disk")
        if self._directory.is_dir():
            free.add_metric([], shutil.disk_usage(self._directory).free)
        yield free


def _behind(reader: JournalReader, worker: str, cursor: int, now_s: float) -> tuple[int, float]:
    """A worker's last row, and how long ago [s] the first was received that is not stored."""
    last = reader.last_row(worker)
    if cursor >= last:
        return last, 0.0
    waiting = next(iter(reader.outlines(worker, after=cursor, limit=1)), None)
    return last, 0.0 if waiting is None else max(0.0, now_s - waiting.received_ms / 1000)


def _bounded(counts: Mapping[tuple[str, str], int]) -> Mapping[tuple[str, str], int]:
    """Those of the couriers with most refusals, and the sum of all others."""
    by_courier: Counter[str] = Counter()
    for (_, courier), count in counts.items():
        by_courier[courier] += count
    named = {courier for courier, _ in by_courier.most_common(COURIERS_MOST)}
    found: Counter[tuple[str, str]] = Counter()
    for (reason, courier), count in counts.items():
        found[reason, courier if courier in named else OTHER_COURIERS] += count
    return found


def _silent(ages_s: list[float]) -> Metric:
    silent = GaugeMetricFamily(
        "coldwitness_silent_loggers",
        "Loggers last heard of so long ago and not so long as the next age; after 7 days none",
        labels=["age"],
    )
    for (age, least_s), (_, most_s) in pairwise(SILENT):
        silent.add_metric([age], sum(least_s <= one < most_s for one in ages_s))
    return silent
