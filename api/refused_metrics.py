"""What ingest refused, as metrics: by reason and courier, out of the workers' own lists."""

from collections.abc import Iterator
from pathlib import Path

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from coldwitness.domain.errors import Unavailable
from coldwitness.ingest.progress import Progress, workers_followed


class RefusedMetrics(Collector):
    """`coldwitness_refused_messages{reason, courier}`; couriers are few and known by their topics.

    A number can fall: a replay takes away what could be used at last.
    """

    def __init__(self, directory: Path) -> None:
        """directory : the journal's."""
        self._directory = directory

    def collect(self) -> Iterator[Metric]:
        refused = GaugeMetricFamily(
            "coldwitness_refused_messages",
            "Messages, or parts of them, in quarantine, by reason and courier",
            labels=["reason", "courier"],
        )
        sums: dict[tuple[str, str], int] = {}
        for worker in workers_followed(self._directory):
            try:
                with Progress(self._directory, worker) as progress:
                    counts = progress.counts_by_courier()
            except Unavailable:
                continue
            for key, count in counts.items():
                sums[key] = sums.get(key, 0) + count
        for (reason, courier), count in sorted(sums.items()):
            refused.add_metric([reason, courier], count)
        yield refused
