"""What judging and the API need of kept clues: the feed, and what is owed to webhooks."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, Protocol

from msgspec import Struct

from coldwitness.domain.clues import (
    Change,
    Clue,
    ClueAct,
    ClueDeadline,
    ClueSource,
    ClueStatus,
    Standing,
)
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.reach import EVERYTHING, Reach
from coldwitness.domain.result import CheckResult
from coldwitness.storage.office_ports import Attachment


class ClueEntry(Struct, frozen=True, kw_only=True):
    """One entry of the feed: a change of a clue, once, and the clue as it then stood."""

    cursor: int
    change: Change
    clue: Clue


class ClueMark(Struct, frozen=True, array_like=True):
    """What of a clue that is told a rebuild could not make again: when it was discovered, the time
    limits that began then, and how far its versions went."""

    clue: str
    version: int
    discovered_at: str
    deadlines: tuple[ClueDeadline, ...]


def clue_marks(entries: Sequence[ClueEntry]) -> tuple[ClueMark, ...]:
    """The marks that these entries leave."""
    return tuple(
        ClueMark(one.clue.id, one.change.version, one.clue.discovered_at, one.clue.deadlines)
        for one in entries
    )


@dataclass(frozen=True)
class KeptClue:
    """A clue as judging left it. found : without what people did; its version is that of the last
    entry. matter : with the shipment, what makes it one clue. told_ms : when an entry told of it
    last. held : it grew since and no entry tells of it yet. open : its episode was under way.
    links : by what clues of other shipments belong to it, as (`courier`, its name)."""

    matter: str
    found: Clue
    told_ms: int
    held: bool = False
    open: bool = False
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class ToldOfShipment:
    """What others said of a journey: names of its events, each once, and its newest manifest with
    its number, digest and who sent it. attachments : files put to it, oldest first."""

    events: frozenset[str]
    manifest: Manifest | None
    manifest_version: int = 0
    manifest_sha256: str | None = None
    sender: str | None = None
    attachments: tuple[Attachment, ...] = ()


@dataclass(frozen=True)
class ClueChange:
    """A clue as it stands now, and the entry that tells of it; None: it is kept and not told yet
    (it grew, and an entry told of it a moment ago)."""

    kept: KeptClue
    change: Change | None


class CluePolicy(Protocol):
    """Decides what a new result makes of its shipment's clues; asked while nobody else may
    change the shipment, so it must neither wait nor write."""

    def __call__(
        self,
        result: CheckResult,
        clues: Sequence[KeptClue],
        told: ToldOfShipment,
        *,
        judged_ms: int,
        reason: str,
    ) -> Sequence[ClueChange]: ...


@dataclass(frozen=True)
class Notice:
    """What is to be told of a clue's time limits. names : of the notices, each given once."""

    names: frozenset[str]
    reason: str
    by: str
    at_ms: int


HeldPolicy = Callable[[KeptClue], ClueChange]
"""Makes the entry for a clue that grew and was not told of."""
NoticePolicy = Callable[[Clue], Notice | None]


@dataclass(frozen=True)
class ClueFilter:
    """Which entries of the feed are wanted; None: whichever. division : that one and those below
    it. reach : what the caller may see at all; it stands here so that no question forgets it."""

    reach: Reach = EVERYTHING
    division: str | None = None
    courier: str | None = None
    seller: str | None = None
    kind: str | None = None
    source: ClueSource | None = None
    status: ClueStatus | None = None
    standing: Standing | None = None
    shipment: str | None = None


EVERY_CLUE = ClueFilter()


@dataclass(frozen=True)
class Webhook:
    """owed_up_to : entries of the feed up to this cursor are in its queue, or were. earlier_secret
    : signs beside the new one until that instant. owner : whose it is, None: the office's own,
    which carries everything (`api/clues/webhook_owners.py`)."""

    id: str
    url: str
    secret: str
    created_ms: int
    disabled: bool
    owed_up_to: int = 0
    earlier_secret: str | None = None
    earlier_until_ms: int | None = None
    owner: str | None = None


@dataclass(frozen=True)
class Delivery:
    """One entry owed to one webhook; body are the exact bytes that were signed first."""

    id: str
    webhook: Webhook
    clue_id: str
    cursor: int
    body: bytes
    attempts: int
    next_try_ms: int


DeliveryState = Literal["due", "done", "dead"]


@dataclass(frozen=True)
class DeliveryLine:
    """One delivery as its log shows it. error : of its last attempt, None where it was taken."""

    id: str
    cursor: int
    clue_id: str
    state: DeliveryState
    attempts: int
    created_ms: int
    next_try_ms: int
    done_ms: int | None
    error: str | None


@dataclass(frozen=True)
class WebhookHealth:
    """How a webhook's queue stands. failing_since_ms : since when its oldest waiting delivery was
    tried in vain."""

    waiting: int
    dead: int
    failing_since_ms: int | None
    last_error: str | None
    last_done_ms: int | None


@dataclass(frozen=True)
class OutboxDepth:
    """Deliveries that are owed and that were given up; since when the oldest is owed [epoch ms]."""

    due: int
    dead: int
    oldest_due_ms: int | None


@dataclass(frozen=True)
class NearLimits:
    """Clues that stand and of which a time limit comes to its end, or is over."""

    due: int
    overdue: int


class Clues(Protocol):
    """The feed, and what people do with clues."""

    def after(
        self, cursor: int, *, limit: int = 50, wanted: ClueFilter = EVERY_CLUE
    ) -> list[ClueEntry]:
        """Entries in order of their cursors."""

    def listed(
        self,
        *,
        wanted: ClueFilter = EVERY_CLUE,
        before: int | None = None,
        limit: int = 50,
    ) -> list[ClueEntry]:
        """Each clue once, as its newest entry tells it, the last told first."""

    def one(self, clue_id: str, *, wanted: ClueFilter = EVERY_CLUE) -> ClueEntry | None:
        """A clue by its newest entry."""

    def seen(self, names: Iterable[str], *, reach: Reach) -> frozenset[str]:
        """Those of these clues that lie within reach."""

    def history(self, clue_id: str) -> list[ClueEntry]:
        """Every entry about a clue, in order."""

    def last_cursor(self) -> int:
        """Of the newest entry; 0 where there is none."""

    def near_limits(self) -> NearLimits:
        """How many clues have a time limit of which was told that it ends, or is over."""

    def act(self, clue_id: str, act: ClueAct) -> ClueEntry | None:
        """Keep what somebody did with a clue; it is an entry. None: there is no such clue (yet):
        what was done waits for it."""

    def take(self, clue: Clue, *, by: str, reason: str) -> ClueEntry:
        """Put a clue from elsewhere on the feed; one that is known changes nothing."""

    def tell_held(self, *, told_before_ms: int, policy: HeldPolicy) -> list[ClueEntry]:
        """Entries for clues that grew and of which none told since that instant."""

    def tell_due(self, *, today: date, policy: NoticePolicy) -> list[ClueEntry]:
        """Entries for time limits that come to their end on a day of Beijing time, or are over."""


class Outbox(Protocol):
    """Webhooks, and what is owed to them."""

    def add_webhook(
        self, url: str, secret: str, *, now_ms: int, owner: str | None = None
    ) -> Webhook:
        """It is owed what comes onto the feed from now on."""

    def webhooks(self) -> list[Webhook]: ...

    def disable_webhook(self, webhook_id: str) -> None: ...

    def change_secret(self, webhook_id: str, secret: str, *, earlier_until_ms: int) -> None:
        """A new secret; the one before goes on signing beside it until an instant."""

    def owe(
        self, webhook_id: str, entries: Sequence[tuple[ClueEntry, bytes]], *, now_ms: int
    ) -> None:
        """Queue entries with their bytes for a webhook, once each, and remember up to where, both
        at once; the same entries again change nothing."""

    def pass_over(self, webhook_id: str, *, up_to: int) -> None:
        """Nothing up to a cursor is for it that is not in its queue."""

    def owe_again(self, webhook_id: str, *, after: int, now_ms: int) -> int:
        """Have what was owed after a cursor delivered again; returns how many."""

    def due(self, *, now_ms: int, limit: int = 100) -> list[Delivery]:
        """Oldest first; of one clue only the oldest that a webhook has not taken yet."""

    def claim(self, delivery: Delivery, *, until_ms: int) -> bool:
        """Whether it is the caller's to send, as it was read: of several processes one gets it.
        Until then it is due to nobody; where its sender dies, it is due again."""

    def done(self, delivery_id: str, *, now_ms: int) -> None: ...

    def failed(self, delivery_id: str, *, next_try_ms: int | None, error: str) -> None:
        """next_try_ms None: given up, kept as dead letter."""

    def log(
        self,
        webhook_id: str,
        *,
        state: DeliveryState | None = None,
        before: int | None = None,
        limit: int = 50,
    ) -> list[DeliveryLine]:
        """Deliveries of a webhook, the newest entry first."""

    def health(self, webhook_id: str) -> WebhookHealth: ...

    def depth(self) -> OutboxDepth:
        """Of all webhooks that are not disabled."""
