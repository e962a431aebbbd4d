"""What the running server counts for its operator; no shipment id is ever a label."""

from collections.abc import Mapping, Sequence

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from coldwitness.domain.result import CheckResult
from coldwitness.ingest.metrics import new_registry
from coldwitness.judging.observer import JudgingObserver, NewestReading
from coldwitness.storage.clue_ports import ClueEntry

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)


class Metrics(JudgingObserver):
    """Counters of one server. Each server has its own registry, so two can run in one process;
    give `registry` to show others' counters (ingest's) on the same page."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry if registry is not None else new_registry()
        self.requests = Counter(
            "coldwitness_http_requests_total",
            "HTTP requests by method, route and status",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self.request_seconds = Histogram(
            "coldwitness_http_request_seconds",
            "Time until the answer's first byte",
            ["route"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.journal_differences = Gauge(
            "coldwitness_journal_differences",
            "What differed when stores and register were last held against the journal; -1 where"
            " that failed, NaN before the first time",
            registry=self.registry,
        )
        self.journal_differences.set(float("nan"))
        self.judged = Counter(
            "coldwitness_judged_shipments_total",
            "Shipments judged, repeated judgements counted",
            registry=self.registry,
        )
        self.judge_failures = Counter(
            "coldwitness_judge_failures_total",
            "Judging runs that failed and were kept for later",
            registry=self.registry,
        )
        self.judge_seconds = Histogram(
            "coldwitness_judge_run_seconds",
            "Time of one judging run over all shipments touched",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.judge_waiting = Gauge(
            "coldwitness_judge_waiting_shipments",
            "Shipments touched and not yet judged",
            registry=self.registry,
        )
        self.clues = Counter("coldwitness_clues_total", "Clues opened", registry=self.registry)
        self.clue_changes = Counter(
            "coldwitness_clue_changes_total",
            "Entries put on the feed, by what changed",
            ["change"],
            registry=self.registry,
        )
        self.deliveries = Counter(
            "coldwitness_webhook_attempts_total",
            "Attempts to deliver an entry of the feed, by result",
            ["result"],
            registry=self.registry,
        )
        self.alarm_messages = Counter(
            "coldwitness_alarm_messages_total",
            "Tries to tell somebody of an alarm, by result",
            ["result"],
            registry=self.registry,
        )
        self.report_seconds = Histogram(
            "coldwitness_report_seconds",
            "Time in which a report or package was made, read and judged anew for it",
            ["form"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.listeners = Gauge(
            "coldwitness_live_listeners", "Open live streams", registry=self.registry
        )

    def on_judged(
        self,
        results: Sequence[CheckResult],
        entries: Sequence[ClueEntry],
        newest: Mapping[str, NewestReading],
    ) -> None:
        del newest
        self.judged.inc(len(results))
        for entry in entries:
            if entry.change.kind == "opened":
                self.clues.inc()
            self.clue_changes.labels(change=entry.change.kind).inc()

    def on_failed(self) -> None:
        self.judge_failures.inc()

    def on_waiting(self, shipments: int) -> None:
        self.judge_waiting.set(shipments)

    def on_tick(self, took_s: float) -> None:
        self.judge_seconds.observe(took_s)
