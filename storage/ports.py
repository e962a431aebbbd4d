"""What ingest, judging and the API need of the stores. Each port has a contract test suite.

The journal (storage/journal) is the evidence; everything behind these two ports is a view
that can be dropped and built again from it.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol, Unpack

from coldwitness.domain.box_stays import BoxStay
from coldwitness.domain.clues import ClueStatus
from coldwitness.domain.counted_findings import CountedFindings
from coldwitness.domain.manifest import Manifest, ManifestVersion
from coldwitness.domain.reach import EVERYTHING, Reach
from coldwitness.domain.reading import Event, Reading
from coldwitness.domain.result import CheckResult, ShipmentFinding
from coldwitness.domain.shipment_filter import Asked, Place, Sort
from coldwitness.domain.tracks import ReadingTable
from coldwitness.domain.words import StateWord, Verdict
from coldwitness.storage.alarm_ports import Alarms
from coldwitness.storage.challenge_ports import Challenges
from coldwitness.storage.clue_ports import ClueEntry, ClueMark, CluePolicy, Clues, Outbox
from coldwitness.storage.live_ports import LiveNews, Road
from coldwitness.storage.office_ports import Attachments, Office
from coldwitness.storage.people_ports import Audit, ClientKeys, People, Replies
from coldwitness.storage.share_ports import HeldShares, JudgeShares, Waiting


@dataclass(frozen=True)
class Appended:
    """What became of a batch of readings: new rows, exact repetitions, and rows whose logger
    and time were known with other values (kept beside the first).

    refused : readings that the store will never take, which are not counted and not stored.
    """

    new: int
    repeated: int
    conflicting: int
    refused: tuple["RefusedReading", ...] = ()


@dataclass(frozen=True)
class RefusedReading:
    """index : the reading's place in its batch. text : what the store said, one line."""

    index: int
    text: str


class ReadingLog(Protocol):
    """What ingest needs of a telemetry store."""

    def append(self, readings: Sequence[Reading], received_ms: Sequence[int]) -> Appended:
        """Store readings durably; the same batch twice changes nothing. Raises Unavailable."""


class TelemetryStore(ReadingLog, Protocol):
    def readings(self, shipments: Sequence[str], stays: Sequence[BoxStay]) -> ReadingTable:
        """Readings that name one of `shipments`, and those without a shipment that fall into
        one of `stays`; table.shipments == tuple(shipments)."""

    def close(self) -> None: ...


@dataclass(frozen=True)
class ShipmentRow:
    """One line of the shipments list. min_c, max_c : of the drug by its newest result [°C]; None:
    nothing was measured, or judged."""

    id: str
    verdict: Verdict | None
    state: StateWord | None
    courier: str | None
    division: str | None
    started_at: str | None
    ended_at: str | None
    result_version: int
    findings: int
    min_c: float | None
    max_c: float | None


@dataclass(frozen=True)
class Review:
    """One officer's decision about one version of a result.

    officer : the badge name the bureau gave. decision : an outcome word, or the officer's own.
    manifest_version : of which version a `correction_accepted` speaks. attachment : SHA-256 of
    the photograph that an `isolation_seen` was a look at. signed_in : the officer had signed in;
    else the name is what somebody at the server gave.
    """

    shipment: str
    result_version: int
    officer: str
    decision: str
    reason: str
    created_ms: int
    manifest_version: int | None = None
    attachment: str | None = None
    signed_in: bool = False


@dataclass(frozen=True)
class StoredCurves:
    """A shipment's temperature curves as the archive keeps them: `keys`, signed 64-bit, by which
    others find it, and `body`, which only its maker reads."""

    keys: tuple[int, ...]
    body: bytes


@dataclass(frozen=True)
class ModelTrip:
    """The exchange rate [1/h] of one zone that a compliant trip showed of its box model, with the
    ends of its 95 % interval; zone is `coolant` or `goods`."""

    shipment: str
    zone: str
    model: str
    ended_ms: int
    rate_per_h: float
    low_per_h: float
    high_per_h: float


class CustodyLog(Protocol):
    """What ingest tells the register, and asks it."""

    def add_events(self, events: Sequence[Event], received_ms: Sequence[int]) -> frozenset[str]:
        """Keep events once each; returns the shipments whose events or stays changed."""

    def note_seen(self, shipments: Mapping[str, str | None]) -> None:
        """Make shipments known that were seen in readings, with their courier."""

    def note_probes(self, readings: Sequence[Reading]) -> None:
        """Remember which probes each logger sent in each box, and since when."""

    def shipments_at(self, boxes: Sequence[str], time_ms: Sequence[int]) -> list[str | None]:
        """The shipment each box carried at each time."""


class Custody(CustodyLog, Protocol):
    """Who had which box when."""

    def events(self, shipments: Sequence[str]) -> dict[str, list[Event]]:
        """Events by time for each shipment that has any."""

    def first_received(self, shipments: Sequence[str]) -> dict[str, int]:
        """When the first event of each shipment that has any was received, UTC epoch ms."""

    def stays(self, shipments: Sequence[str]) -> list[BoxStay]: ...

    def carried(self, pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], dict[str, int]]:
        """Of boxes ("" for none) and loggers, each probe and when it was first sent, epoch ms."""

    def delivered_of(self, boxes: Sequence[str], *, since_ms: int) -> dict[str, list[Event]]:
        """`delivered` events of each box that has any from an instant on, by time."""


class Manifests(Protocol):
    def put(
        self,
        manifest: Manifest,
        *,
        received_ms: int,
        sender: str | None = None,
        received_sha256: str | None = None,
    ) -> int:
        """Keep a manifest; returns its version (the same as before if nothing changed).
        received_sha256 : of the bytes that were sent, where some were."""

    def put_all(
        self, sent: Sequence[Manifest], *, received_ms: int, sender: str | None = None
    ) -> list[int]:
        """Keep manifests of different shipments at once; returns their versions."""

    def versions(self, shipments: Sequence[str]) -> dict[str, list[ManifestVersion]]:
        """All versions in order of each shipment that has several."""

    def newest(self, shipments: Sequence[str]) -> dict[str, Manifest]:
        """The newest manifest of each shipment that has one."""

    def version(self, shipment: str, version: int) -> Manifest | None:
        """One version as it was put, or None."""


class Shipments(Protocol):
    def rows(
        self,
        *,
        after: str | Place | None = None,
        sort: Sort = "id",
        limit: int = 50,
        reach: Reach = EVERYTHING,
        **asked: Unpack[Asked],
    ) -> list[ShipmentRow]:
        """Those within reach that `asked` wants, behind `after` (in the order by id, an id)."""

    def counts(
        self, *, reach: Reach = EVERYTHING, **asked: Unpack[Asked]
    ) -> dict[tuple[Verdict | None, StateWord | None], int]:
        """How many of these there are, by verdict and state."""

    def row(self, shipment: str) -> ShipmentRow | None:
        """One shipment's line; None if nothing was ever heard of it."""

    def rows_of(self, names: Sequence[str]) -> dict[str, ShipmentRow]:
        """The lines of those of these shipments of which anything was ever heard."""

    def seen(self, names: Iterable[str], *, reach: Reach) -> frozenset[str]:
        """Those of these shipments that lie within reach; none of which nothing was ever heard."""

    def couriers_seated_in(self, divisions: Iterable[str]) -> frozenset[str]:
        """Couriers of which a manifest says that they are of one of these divisions."""

    def unsettled(self, *, since_ms: int) -> list[str]:
        """Shipments never judged, without a known end, or with one after an instant; of those that
        nobody declared and nobody judged not all."""

    def couriers_of(self, names: Sequence[str]) -> dict[str, str | None]:
        """The courier of each of these shipments of which anything was heard."""

    def undeclared(self, names: Sequence[str]) -> frozenset[str]:
        """Those of these of which there is neither a manifest nor a result."""

    def undeclared_by_courier(self, *, most: int) -> dict[str | None, list[str]]:
        """At most so many of these of each courier, by id."""


class EncodedResult(NamedTuple):
    """A result as JSON, keys in alphabetical order. digest : SHA-256 of it, equal for results that
    say the same: no result says when it was judged."""

    body: bytes
    digest: str


@dataclass(frozen=True)
class ResultMark:
    """A version of a result; digest : SHA-256 of what it says, equal for equal results."""

    version: int
    digest: str


FindingPlace = tuple[int, str, str]
"""When a finding began [UTC epoch ms, 0 where nobody knows], its id, its shipment."""


@dataclass(frozen=True)
class KeptResult:
    """A version of a result without what it says: when it was judged, UTC epoch ms, by which rules,
    and what had it judged."""

    version: int
    verdict: Verdict
    judged_ms: int
    reason: str
    rules: str


class Results(Protocol):
    def record(
        self,
        results: Sequence[CheckResult],
        *,
        judged_ms: int,
        reason: str,
        clue_policy: CluePolicy,
        up_to: Mapping[str, int] | None = None,
        encoded: Mapping[str, EncodedResult] | None = None,
        held: HeldShares | None = None,
    ) -> list[ClueEntry]:
        """Keep results that differ from the last version as new versions, and what the policy
        says of their shipments' clues, all at once; returns the feed's entries that tell of it.

        up_to : the last row of each worker's journal that was read for them. encoded : the
        results by shipment, where somebody encoded them already. held : what the caller judges of
        all, where others judge beside it; raises SharesLost where it lost one of these.
        """

    def marks(self, shipments: Sequence[str]) -> dict[str, ResultMark]:
        """The newest version of each shipment that has one."""

    def of(self, shipment: str, *, version: int | None = None) -> CheckResult | None:
        """The newest result, or an earlier version."""

    def versions(self, shipment: str) -> list[KeptResult]:
        """Every version that is kept, oldest first."""

    def newest(self, shipments: Sequence[str]) -> dict[str, CheckResult]:
        """The newest result of each shipment that has one."""

    def findings_in_short(self, shipments: Sequence[str]) -> dict[str, list[CountedFindings]]:
        """Of those that have findings, those of the newest result by what they are."""

    def findings(
        self,
        *,
        kind: str | None = None,
        certainty: str | None = None,
        shipment: str | None = None,
        after: str | None = None,
        limit: int = 50,
        reach: Reach = EVERYTHING,
    ) -> list[ShipmentFinding]:
        """Current findings across the shipments within reach; ordered by finding id."""

    def latest_findings(
        self,
        *,
        kind: str | None = None,
        certainty: str | None = None,
        before: FindingPlace | None = None,
        limit: int = 50,
        reach: Reach = EVERYTHING,
    ) -> list[tuple[FindingPlace, ShipmentFinding]]:
        """The same by when they began, the latest first, each with its place in that order."""


class Reviews(Protocol):
    def add(self, review: Review) -> None:
        """Keep a review beside whatever is there: none is replaced, and no result changes."""

    def of(self, shipment: str) -> list[Review]:
        """All reviews of all versions of a shipment's result, oldest first."""

    def isolation_seen(self, shipments: Sequence[str]) -> dict[str, Review]:
        """The first recorded look at the isolating parts of each shipment of which an officer
        recorded one; a look holds for every version of the result."""

    def corrections_accepted(self, shipments: Sequence[str]) -> dict[str, frozenset[int]]:
        """Manifest versions that two different officers accepted as a correction, of each shipment
        that has any."""


class Copies(Protocol):
    """The curves of judged shipments, and which are copies of which."""

    def keep_curves(self, curves: Mapping[str, StoredCurves | None]) -> None:
        """Keep each shipment's curves in place of those it had; None: it has none."""

    def similar_curves(
        self, keys: Mapping[str, Sequence[int]], *, partners: int
    ) -> dict[str, bytes]:
        """Bodies of shipments, none of those asked for, that share keys with one of these: for
        each the `partners` that share most."""

    def alike(self, shipments: Sequence[str], *, partners: int) -> dict[str, dict[str, bytes]]:
        """Bodies of other shipments that share keys with each of those that have any such: the
        `partners` that share most."""

    def now_ms(self) -> int:
        """By the clock that says when curves were kept."""

    def kept_beside(
        self, shipments: Sequence[str], *, since_ms: int, partners: int
    ) -> dict[str, dict[str, int]]:
        """Of each of these the others that share keys with it and whose curves were kept since,
        with when."""

    def keep_named(self, named: Mapping[str, frozenset[str]]) -> frozenset[str]:
        """Keep which shipments each one names as copies, in place of what it named; returns those
        that name one of these and are not named by it, or the other way round."""


class Trips(Protocol):
    """What compliant trips showed of their box models."""

    def keep(self, trips: Mapping[str, Sequence[ModelTrip]]) -> None:
        """Keep what each shipment showed of its box model in place of what it had; none: it
        shows nothing, or no more."""

    def latest(self, model: str, zone: str, *, before_ms: int, limit: int) -> list[ModelTrip]:
        """The latest trips of a model that ended before an instant, by end, then shipment."""


class Journalled(Protocol):
    """How far the journal's decisions are in the register, and what it tells of results and clues
    that are lost and will be made again."""

    def advancing(self, chain: str, *, to_row: int) -> AbstractContextManager[None]:
        """What happens inside and that decisions up to a row of this chain are in are kept at
        once, or neither."""

    def row_of(self, chain: str) -> int:
        """Up to which row of a chain decisions are in; 0 for none."""

    def said(self, key: str) -> str | None:
        """A small fact kept by `say`."""

    def said_under(self, prefix: str) -> dict[str, str]:
        """The small facts whose keys begin so."""

    def say(self, key: str, value: str) -> None: ...

    def leave_results(self, newest: Mapping[str, tuple[int, str]]) -> None:
        """Number and digest of results that are to be made again, so that they get it back."""

    def leave_clues(self, marks: Sequence[ClueMark], *, cursor: int) -> None:
        """Days, time limits and versions of clues that are to be found again, and how far the feed
        had come."""

    def leave_status(self, clue: str, *, status: ClueStatus, note: str | None, at_ms: int) -> None:
        """What a case system said of a clue before each act was kept."""


class DrugNameChanges(Protocol):
    def change(self, logger: str, name: str, *, by: str, now_ms: int) -> None:
        """From now on this name is the drug's of a logger (`courier/id`); readings stored before
        are made again by a rebuild."""


class Register(Protocol):
    """All of them, in one database. Every method of every part raises Unavailable."""

    @property
    def shipments(self) -> Shipments: ...

    @property
    def manifests(self) -> Manifests: ...

    @property
    def custody(self) -> Custody: ...

    @property
    def results(self) -> Results: ...

    @property
    def clues(self) -> Clues: ...

    @property
    def outbox(self) -> Outbox: ...

    @property
    def alarms(self) -> Alarms: ...

    @property
    def reviews(self) -> Reviews: ...

    @property
    def office(self) -> Office: ...

    @property
    def attachments(self) -> Attachments: ...

    @property
    def challenges(self) -> Challenges: ...

    @property
    def audit(self) -> Audit: ...

    @property
    def client_keys(self) -> ClientKeys: ...

    @property
    def drug_names(self) -> DrugNameChanges: ...

    @property
    def people(self) -> People: ...

    @property
    def replies(self) -> Replies: ...

    @property
    def copies(self) -> Copies: ...

    @property
    def trips(self) -> Trips: ...

    @property
    def waiting(self) -> Waiting: ...

    @property
    def judge_shares(self) -> JudgeShares: ...

    def alone(self, what: str) -> AbstractContextManager[None]:
        """Of all processes on a server of its own one is in here for `what`, and others wait."""

    @property
    def live_news(self) -> LiveNews: ...

    @property
    def road(self) -> Road: ...

    @property
    def journalled(self) -> Journalled: ...

    def close(self) -> None: ...
