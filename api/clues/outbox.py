"""Pushes the clue feed to webhooks: signed, retried for about a day, then kept as dead letter.

What is owed stands in the register before anything is sent, with the exact bytes; so a restart
sends the same bytes under the same id again, and a receiver that keeps ids sees each entry once. Of
one clue a webhook is sent an entry only once it took the one before: entries keep their order. Of
several processes on one register each entry is sent by the one that claims it.
"""

import logging
from collections.abc import Mapping, Sequence

import httpx

from coldwitness.api.clues.backoff import next_try_ms
from coldwitness.api.clues.beyond_reach import hidden_entries
from coldwitness.api.clues.clue import CONTENT_TYPE, clue_event, trial_event
from coldwitness.api.clues.posting import EVERYWHERE, UNREACHABLE, post_once, posting_client
from coldwitness.api.clues.rounds import Rounds
from coldwitness.api.clues.signature import require_secret, signed_headers
from coldwitness.api.clues.targets import allowed_networks
from coldwitness.api.clues.webhook_owners import reach_of_owner
from coldwitness.api.metrics import Metrics
from coldwitness.config.settings import Settings
from coldwitness.domain.errors import BadInput, ConfigError, Unavailable
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.reach import Reach
from coldwitness.domain.result import CheckResult
from coldwitness.judging.clock import Clock, system_clock
from coldwitness.judging.observer import JudgingObserver, NewestReading
from coldwitness.storage.clue_ports import ClueEntry, ClueFilter, Delivery, Webhook
from coldwitness.storage.ports import Register

log = logging.getLogger(__name__)

PAGE = 500
CLAIM_MS = 45_000
"""Longer than the slowest try: to connect, to send, to wait for the answer and to read it have 10 s
each. So long waits what a process had claimed that was killed."""
EARLIER_SECRET_MS = 86_400_000
"""So long the secret before signs beside a new one, so that a receiver can change over."""


class Outbox(JudgingObserver):
    """A worker; sends to several webhooks side by side, to each in the feed's order.

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
        self._trusted = frozenset(webhook.url for webhook in settings.webhooks)
        self._rounds = Rounds(self._round, name="webhooks", turns=8)
        self._client = posting_client()

    def start(self) -> None:
        """Register the settings' webhooks and start the worker. Raises ConfigError on a secret
        that cannot sign."""
        register_configured(self._register, self._settings, now_ms=self._clock())
        self._rounds.start()

    def stop(self) -> None:
        """End after the attempts under way; what is still owed stays in the register."""
        self._rounds.stop()
        self._client.close()

    @property
    def alive(self) -> bool:
        return self._rounds.alive

    def wake(self) -> None:
        """There is something new on the feed (or a webhook was added): look now."""
        self._rounds.wake()

    def on_judged(
        self,
        results: Sequence[CheckResult],
        entries: Sequence[ClueEntry],
        newest: Mapping[str, NewestReading],
    ) -> None:
        """Entries are read from the register, where their order and number are settled."""
        del results, newest
        if entries:
            self.wake()

    def _round(self) -> None:
        self.owe_new()
        self.send_due()

    def owe_new(self) -> None:
        """Put what came onto the feed since into each webhook's queue. Up to where it did stands
        with the webhook: nothing is passed over, however long nobody sent."""
        for webhook in self._register.outbox.webhooks():
            if webhook.disabled:
                continue
            reach = reach_of_owner(self._register, webhook.owner, now_ms=self._clock())
            if reach is None:
                log.warning("webhook %s: its owner is let in no more: disabled", webhook.id)
                self._register.outbox.disable_webhook(webhook.id)
                continue
            self._owe(webhook, reach)

    def _owe(self, webhook: Webhook, reach: Reach) -> None:
        """Within its owner's reach; what else came is passed over."""
        after, last = webhook.owed_up_to, self._register.clues.last_cursor()
        wanted = ClueFilter(reach=reach)
        while entries := self._register.clues.after(after, limit=PAGE, wanted=wanted):
            told = hidden_entries(self._register, entries, reach)
            owed = [(entry, clue_event(entry, base_url=self._base_url)) for entry in told]
            self._register.outbox.owe(webhook.id, owed, now_ms=self._clock())
            after = entries[-1].cursor
        if after < last:
            self._register.outbox.pass_over(webhook.id, up_to=last)

    def send_due(self) -> None:
        """Hand every due delivery to its webhook's turn; does not wait for the answers."""
        self._rounds.take_turns(self._due, self._send_turn)

    def wait_for_turns(self) -> None:
        """Until every delivery that was handed out is over."""
        self._rounds.wait_for_turns()

    def _due(self) -> dict[str, list[Delivery]]:
        due: dict[str, list[Delivery]] = {}
        for delivery in self._register.outbox.due(now_ms=self._clock(), limit=500):
            due.setdefault(delivery.webhook.id, []).append(delivery)
        return due

    def _send_turn(self, deliveries: Sequence[Delivery]) -> None:
        """One webhook's due deliveries, in order. Where it cannot be reached at all, the rest
        count as tried too: a dead receiver must not fill the queue of the others."""
        unreachable = ""
        for delivery in deliveries:
            if self._rounds.stopping:
                return
            until_ms = self._clock() + CLAIM_MS
            try:
                if not self._register.outbox.claim(delivery, until_ms=until_ms):
                    continue  # another process has it
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
        self._rounds.wake()

    def _attempt(self, delivery: Delivery) -> str:
        """Try one delivery; returns why the receiver cannot be reached, "" if it answered."""
        webhook = delivery.webhook
        try:
            answer, retry_after_s = self._post(webhook, delivery.body, message_id=delivery.id)
        except UNREACHABLE as error:
            why = _why(error)
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

    def try_webhook(self, webhook: Webhook, *, name: str) -> tuple[int | None, str | None]:
        """Send a webhook an event that means nothing, once; the status it answered, or why it
        could not be reached."""
        at = rfc3339(self._clock())
        body = trial_event(webhook.id, name=name, at=at, base_url=self._base_url)
        try:
            return self._post(webhook, body, message_id=name)[0], None
        except UNREACHABLE as error:
            return None, _why(error)

    def _post(self, webhook: Webhook, body: bytes, *, message_id: str) -> tuple[int, float]:
        """Status and Retry-After (0 where none) of one POST of these exact bytes."""
        allowed = allowed_networks(self._settings.clues.webhook_networks)
        if webhook.owner is None and webhook.url in self._trusted:
            allowed = EVERYWHERE
        now_ms = self._clock()
        headers = {
            "Content-Type": CONTENT_TYPE,
            **signed_headers(
                body, secrets=_secrets_of(webhook, now_ms), message_id=message_id, now_ms=now_ms
            ),
        }
        answer = post_once(self._client, webhook.url, body=body, headers=headers, allowed=allowed)
        return answer.status, answer.retry_after_s

    def _failed(self, delivery: Delivery, why: str, *, at_least_s: float = 0.0) -> None:
        attempts = delivery.attempts + 1
        next_ms = next_try_ms(attempts, now_ms=self._clock(), at_least_s=at_least_s)
        if next_ms is None:
            self._metrics.deliveries.labels(result="dead").inc()
            log.error(
                "webhook %s: clue %s given up: %s", delivery.webhook.id, delivery.clue_id, why
            )
        self._register.outbox.failed(delivery.id, next_try_ms=next_ms, error=why)


def _why(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]


def _secrets_of(webhook: Webhook, now_ms: int) -> list[str]:
    """Those that sign now, the newest first. Raises Unavailable where it cannot be opened."""
    if not webhook.secret:
        raise Unavailable(
            f"webhook {webhook.id}: its secret was sealed by another key: put keys/secrets.key"
            " back, or give it another secret"
        )
    earlier, until_ms = webhook.earlier_secret, webhook.earlier_until_ms
    if earlier is None or until_ms is None or now_ms >= until_ms:
        return [webhook.secret]
    return [webhook.secret, earlier]


GONE = "410 Gone"
DISABLED = "webhook disabled"


def register_configured(register: Register, settings: Settings, *, now_ms: int) -> None:
    """Make the register's webhooks match the settings': one each, with today's secret; the one
    before signs beside it for a day.

    Raises ConfigError naming the webhook whose secret cannot sign (never the secret).
    """
    ours = [hook for hook in register.outbox.webhooks() if hook.owner is None]
    known = {hook.url: hook for hook in ours if not hook.disabled}
    for number, configured in enumerate(settings.webhooks):
        try:
            secret = require_secret(configured.secret.get_secret_value(), what="secret")
        except BadInput as error:
            raise ConfigError(f"settings: webhooks.{number}: {error}") from error
        webhook = known.get(configured.url)
        if webhook is None:
            known[configured.url] = register.outbox.add_webhook(
                configured.url, secret, now_ms=now_ms
            )
        elif webhook.secret != secret:
            until_ms = now_ms + EARLIER_SECRET_MS
            register.outbox.change_secret(webhook.id, secret, earlier_until_ms=until_ms)
