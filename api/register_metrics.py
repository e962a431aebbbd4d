"""What the register tells Prometheus: what waits there, for whom. No id is ever a label."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from coldwitness.domain.errors import Unavailable
from coldwitness.judging.clock import Clock
from coldwitness.storage.ports import Register


class RegisterMetrics(Collector):
    """Asked at each look. Where the register does not answer its metrics are absent, and
    `coldwitness_part_ready{part="register"}` says why."""

    def __init__(self, register: Register, clock: Clock) -> None:
        self._register = register
        self._clock = clock

    def collect(self) -> Iterator[Metric]:
        outbox = GaugeMetricFamily(
            "coldwitness_outbox_deliveries",
            "Entries of the feed that webhooks are owed (due) or were given up (dead)",
            labels=["state"],
        )
        oldest = GaugeMetricFamily(
            "coldwitness_outbox_oldest_seconds",
            "How long the entry has waited that a webhook is owed longest; 0: none is owed",
        )
        due = GaugeMetricFamily(
            "coldwitness_due_clues",
            "Clues of which a time limit comes to its end (due) or is over (overdue)",
            labels=["state"],
        )
        left = GaugeMetricFamily(
            "coldwitness_left_shipments",
            "Shipments that other processes left in the register to be judged",
        )
        try:
            depth = self._register.outbox.depth()
            limits = self._register.clues.near_limits()
            waiting = self._register.waiting.count()
        except Unavailable:
            return
        outbox.add_metric(["due"], depth.due)
        outbox.add_metric(["dead"], depth.dead)
        since_ms = depth.oldest_due_ms
        waited_ms = 0 if since_ms is None else max(0, self._clock() - since_ms)
        oldest.add_metric([], waited_ms / 1000)
        due.add_metric(["due"], limits.due)
        due.add_metric(["overdue"], limits.overdue)
        left.add_metric([], waiting)
        yield from (outbox, oldest, due, left)
