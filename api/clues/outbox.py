"""Pushes the clue feed to webhooks: signed, retried for about a day, then kept as dead letter.

What is owed stands in the register before anything is sent, with the exact bytes; so a restart
sends the same bytes under the same id again, and a receiver that keeps ids sees each clue once.
"""

import logging
import ssl
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from importlib.metadata import version

import certifi
import httpx

from coldwitness.api.clues.backoff import next_try_ms
from coldwitness.api.clues.clue import CONTENT_TYPE, clue_event
from coldwitness.api.clues.signature import require_secret, signed_headers
from coldwitness.api.clues.targets import Network, allowed_networks, resolve
from coldwitness.api.metrics import Metrics
from coldwitness.config.settings import Settings
from coldwitness.domain.errors import BadInput, ConfigError, Unavailable
from coldwitness.domain.result import CheckResult
from coldwitness.judging.clock import Clock, system_clock
from coldwitness.judging.observer import JudgingObserver, NewestReading
from coldwitness.storage.clue_ports import Clue, Delivery, Webhook
from coldwitness.storage.ports import Register

log = logging.getLogger(__name__)

POLL_S = 1.0
TIMEOUT_S = 10.0
CATCH_UP_MS = 3_600_000
"""At start the newest hour of the feed is owed again (owing twice changes nothing): the process
may have stopped between recording a clue and owing it."""
ANSWER_BYTES_READ = 65_536
EVERYWHERE = allowed_networks(("0.0.0.0/0", "::/0"))


class Outbox(JudgingObserver):
    """One worker; sends to several webhooks side by side, to each in the feed's order.

    base_url : how receivers reach this server; report addresses in the bodies start with it.
    """

    def __init__(
        self,
        register: Register,
        settings: Settings,
        clock: Clock = system_clock,
        *,
        base_url: str,
        metrics: Metrics | None = None,
    ) -> None:
        self._register = register
        self._settings = settings
        self._clock = clock
        self._base_url = base_url
        self._metrics = metrics if metrics is not None else Metrics()
        self._allowed = allowed_networks(settings.clues.webhook_networks)
        self._trusted = frozenset(webhook.url for webhook in settings.webhooks)
        self._owed_up_to: int | None = None
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._busy: dict[str, Future[None]] = {}
        self._pool = ThreadPoolExecutor(max_workers=8, thread_name_prefix="webhook")
        limits = httpx.Limits(max_keepalive_connections=8)
        self._client = httpx.Client(
            verify=_trusted_authorities(),
            timeout=TIMEOUT_S,
            limits=limits,
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": f"ColdWitness/{version('coldwitness')}"},
        )

    def start(self) -> None:
        """Register the settings' webhooks and start the worker. Raises ConfigError on a secret
        that cannot sign."""
        register_configured(self._register, self._settings, now_ms=self._clock())
        self._thread = threading.Thread(target=self._work_for_ever, name="outbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the attempts under way; what is still owed stays in the register."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        self._pool.shutdown(wait=True)
        self._client.close()

    @property
    def alive(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def wake(self) -> None:
        """There is something new on the feed (or a webhook was added): look now."""
        self._wake.set()

    def on_judged(
        self,
        results: Sequence[CheckResult],
        clues: Sequence[Clue],
        newest: Mapping[str, NewestReading],
    ) -> None:
        """New clues are read from the register, where their order and number are settled."""
        del results, newest
        if clues:
            self.wake()

    def _work_for_ever(self) -> None:
        while not self._stopping.is_set():
            try:
                self.owe_new()
                self.send_due()
            except Unavailable as error:
                log.warning("webhooks wait for the register: %s", error)
            except Exception:  # deliveries must go on after any mistake
                log.exception("webhook round failed; goes on with the next")
            self._wake.wait(timeout=POLL_S)
            self._wake.clear()

    def owe_new(self) -> None:
        """Put what came onto the feed since the last look into each webhook's queue."""
        started_ms = self._clock()
        webhooks = [webhook for webhook in self._register.outbox.webhooks() if not webhook.disabled]
        for n, clue in enumerate(self._new_clues()):
            now_ms = started_ms + n  # due one after the other: sent in the feed's order
            for webhook in webhooks:
                if clue.created_ms >= webhook.created_ms:
                    body = clue_event(clue, base_url=self._base_url)
                    self._register.outbox.owe(webhook.id, clue.id, body, now_ms=now_ms)
            self._owed_up_to = clue.cursor

    def _new_clues(self) -> list[Clue]:
        first_look = self._owed_up_to is None
        after = self._owed_up_to or 0
        new: list[Clue] = []
        while page := self._register.clues.after(after, limit=500):
            after = page[-1].cursor
            new += page
            if first_look:
                newest_ms = new[-1].created_ms
                new = [clue for clue in new if clue.created_ms >= newest_ms - CATCH_UP_MS]
        self._owed_up_to = self._owed_up_to or 0
        return new

    def send_due(self) -> None:
        """Hand every due delivery to its webhook's turn; does not wait for the answers."""
        self._busy = {hook: turn for hook, turn in self._busy.items() if not turn.done()}
        due: dict[str, list[Delivery]] = {}
        for delivery in self._register.outbox.due(now_ms=self._clock(), limit=500):
            due.setdefault(delivery.webhook.id, []).append(delivery)
        for webhook_id, deliveries in due.items():
            if webhook_id not in self._busy:
                self._busy[webhook_id] = self._pool.submit(self._send_turn, deliveries)

    def _send_turn(self, deliveries: Sequence[Delivery]) -> None:
        """One webhook's due deliveries, in order. Where it cannot be reached at all, the rest
        count as tried too: a dead receiver must not fill the queue of the others."""
        unreachable = ""
        for delivery in deliveries:
            if self._stopping.is_set():
                return
            try:
                if unreachable == GONE or delivery.webhook.disabled:
                    self._register.outbox.failed(delivery.id, next_try_ms=None, error=DISABLED)
                elif unreachable:
                    self._failed(delivery, unreachable)
                else:
                    unreachable = self._attempt(delivery)
            except Unavailable as error:
                log.warning("webhook %s: result not kept: %s", delivery.webhook.id, error)
                return
            except Exception:
                log.exception("webhook %s: delivery %s", delivery.webhook.id, delivery.id)
                return
        self._wake.set()

    def _attempt(self, delivery: Delivery) -> str:
        """Try one delivery; returns why the receiver cannot be reached, "" if it answered."""
        webhook = delivery.webhook
        try:
            answer, retry_after_s = self._post(delivery)
        except (Unavailable, BadInput, httpx.HTTPError, httpx.InvalidURL) as error:
            why = f"{type(error).__name__}: {error}"[:300]
            self._metrics.deliveries.labels(result="unreachable").inc()
            self._failed(delivery, why)
            return why
        if 200 <= answer < 300:
            self._metrics.deliveries.labels(result="accepted").inc()
            self._register.outbox.done(delivery.id, now_ms=self._clock())
            return ""
        if answer == httpx.codes.GONE:
            self._metrics.deliveries.labels(result="gone").inc()
            log.warning("webhook %s answered 410 Gone: disabled", webhook.id)
            self._register.outbox.disable_webhook(webhook.id)
            self._register.outbox.failed(delivery.id, next_try_ms=None, error=GONE)
            return GONE
        self._metrics.deliveries.labels(result="refused").inc()
        self._failed(delivery, f"HTTP {answer}", at_least_s=retry_after_s)
        return ""

    def _post(self, delivery: Delivery) -> tuple[int, float]:
        """Status and Retry-After (0 where none) of one POST of the delivery's exact bytes."""
        webhook = delivery.webhook
        allowed: Sequence[Network] = self._allowed
        if webhook.url in self._trusted:
            allowed = EVERYWHERE
        target = resolve(webhook.url, allowed=allowed)
        headers = {
            "Host": target.host,
            "Content-Type": CONTENT_TYPE,
            **signed_headers(
                delivery.body,
                secret=webhook.secret,
                message_id=delivery.id,
                now_ms=self._clock(),
            ),
        }
        until = time.monotonic() + TIMEOUT_S
        with self._client.stream(
            "POST",
            target.url,
            content=delivery.body,
            headers=headers,
            extensions={"sni_hostname": target.server_name},
        ) as answer:
            read = 0
            for chunk in answer.iter_raw():  # read, so that the connection can be used again
                read += len(chunk)
                if read > ANSWER_BYTES_READ or time.monotonic() > until:
                    break
            wait = answer.headers.get("retry-after", "")
            return answer.status_code, float(wait) if wait.isdecimal() else 0.0

    def _failed(self, delivery: Delivery, why: str, *, at_least_s: float = 0.0) -> None:
        attempts = delivery.attempts + 1
        next_ms = next_try_ms(attempts, now_ms=self._clock(), at_least_s=at_least_s)
        if next_ms is None:
            self._metrics.deliveries.labels(result="dead").inc()
            log.error(
                "webhook %s: clue %s given up: %s", delivery.webhook.id, delivery.clue_id, why
            )
        self._register.outbox.failed(delivery.id, next_try_ms=next_ms, error=why)


@cache
def _trusted_authorities() -> ssl.SSLContext:
    """Certificate authorities of the system, a bureau's own among them, and the public ones."""
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


GONE = "410 Gone"
DISABLED = "webhook disabled"


def register_configured(register: Register, settings: Settings, *, now_ms: int) -> None:
    """Make the register's webhooks match the settings': one each, with today's secret.

    Raises ConfigError naming the webhook whose secret cannot sign (never the secret).
    """
    known: dict[str, list[Webhook]] = {}
    for webhook in register.outbox.webhooks():
        if not webhook.disabled:
            known.setdefault(webhook.url, []).append(webhook)
    for number, configured in enumerate(settings.webhooks):
        try:
            secret = require_secret(configured.secret.get_secret_value(), what="secret")
        except BadInput as error:
            raise ConfigError(f"settings: webhooks.{number}: {error}") from error
        for webhook in known.get(configured.url, []):
            if webhook.secret != secret:
                register.outbox.disable_webhook(webhook.id)
        if not any(webhook.secret == secret for webhook in known.get(configured.url, [])):
            register.outbox.add_webhook(configured.url, secret, now_ms=now_ms)
