"""What judging and the API need of kept clues: the feed, and what is owed to webhooks."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from coldwitness.domain.manifest import Manifest
from coldwitness.domain.reach import EVERYTHING, Reach
from coldwitness.domain.result import CheckResult, Finding
from coldwitness.domain.words import Verdict

ClueStatus = Literal["open", "acknowledged", "in_progress", "transferred", "closed", "dismissed"]


@dataclass(frozen=True)
class Clue:
    """One breach or suspicion as the feed gives it: once, in order of `cursor`.

    finding : the finding as it was judged last; `version` rises when later evidence changed it
    and `reason` says why. status is what the case system said back. standing is False where
    later evidence took the finding away; the clue stays in the feed and says so.
    """

    cursor: int
    id: str
    shipment: str
    finding: Finding
    requirements: tuple[str, ...]
    verdict: Verdict
    version: int
    reason: str
    created_ms: int
    updated_ms: int
    status: ClueStatus
    status_note: str | None
    standing: bool = True


@dataclass(frozen=True)
class ToldOfShipment:
    """What others said of a journey: names of its events, each once, and its newest manifest."""

    events: frozenset[str]
    manifest: Manifest | None


@dataclass(frozen=True)
class ClueChanges:
    """opened : their cursors are given when they are kept. changed : known ones, as they stand
    now."""

    opened: tuple[Clue, ...]
    changed: tuple[Clue, ...]


class CluePolicy(Protocol):
    """Decides what a new result makes of its shipment's clues; asked while nobody else may
    change the shipment, so it must neither wait nor write."""

    def __call__(
        self,
        result: CheckResult,
        clues: Sequence[Clue],
        told: ToldOfShipment,
        *,
        judged_ms: int,
        reason: str,
    ) -> ClueChanges: ...


@dataclass(frozen=True)
class Webhook:
    id: str
    url: str
    secret: str
    created_ms: int
    disabled: bool


@dataclass(frozen=True)
class Delivery:
    """One clue owed to one webhook; body are the exact bytes that were signed first."""

    id: str
    webhook: Webhook
    clue_id: str
    body: bytes
    attempts: int
    next_try_ms: int


class Clues(Protocol):
    """The feed."""

    def after(self, cursor: int, *, limit: int = 50, reach: Reach = EVERYTHING) -> list[Clue]:
        """Those of shipments within reach, in order of their cursors."""

    def one(self, clue_id: str) -> Clue | None: ...

    def set_status(
        self, clue_id: str, *, status: ClueStatus, note: str | None, now_ms: int
    ) -> Clue | None:
        """None: there is no such clue."""


class Outbox(Protocol):
    """Webhooks, and what is owed to them."""

    def add_webhook(self, url: str, secret: str, *, now_ms: int) -> Webhook: ...

    def webhooks(self) -> list[Webhook]: ...

    def disable_webhook(self, webhook_id: str) -> None: ...

    def owe(self, webhook_id: str, clue_id: str, body: bytes, *, now_ms: int) -> None:
        """Queue a clue for a webhook once; the same pair again changes nothing."""

    def due(self, *, now_ms: int, limit: int = 100) -> list[Delivery]: ...

    def done(self, delivery_id: str, *, now_ms: int) -> None: ...

    def failed(self, delivery_id: str, *, next_try_ms: int | None, error: str) -> None:
        """next_try_ms None: given up, kept as dead letter."""
