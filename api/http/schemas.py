"""The JSON of the API: what routes answer and take, and by which OpenAPI describes it.

Answers are open: further fields may come in later versions.
"""

from datetime import date
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from coldwitness.domain.identifiers import ID_PATTERN
from coldwitness.domain.measures import Instant
from coldwitness.domain.result import ShipmentFinding
from coldwitness.domain.words import StateWord, Verdict
from coldwitness.storage.office_ports import AttachmentKind

Kind = Literal[
    "cold_chain_break",
    "temporary_storage",
    "missing_isolation",
    "evidence_gap",
    "data_integrity",
    "record",
]
ReviewOutcome = Literal[
    "confirmed",
    "rejected",
    "undecided",
    "isolation_seen",
    "isolation_withdrawn",
    "correction_accepted",
]

AnyEntry = Annotated[
    dict[str, Any], Meta(description="As it was put, with what was left out by its default")
]
ShipmentName = Annotated[
    str, Meta(extra_json_schema={"pattern": f"^{ID_PATTERN}$"}, examples=["ZB-20261121-0001"])
]
NextPage = Annotated[str | None, Meta(description="null: this was the last page")]


class FieldError(Struct, frozen=True):
    field: str
    detail: str


class ProblemBody(Struct, frozen=True, kw_only=True):
    """RFC 9457 problem details."""

    type: Annotated[str, Meta(examples=["urn:coldwitness:problem:not-found"])]
    title: str
    status: int
    detail: str
    instance: str
    errors: Annotated[
        tuple[FieldError, ...] | UnsetType, Meta(description="Single fields of a bad request")
    ] = UNSET


class ShipmentLine(Struct, frozen=True, kw_only=True):
    id: ShipmentName
    verdict: Annotated[Verdict | None, Meta(description="null: not judged yet")]
    state: Annotated[StateWord | None, Meta(description="null: not judged yet")]
    courier: str | None
    division: str | None
    started_at: Instant | None
    ended_at: Instant | None
    findings: int
    result_version: int
    links: dict[str, str]


class ShipmentList(Struct, frozen=True):
    items: tuple[ShipmentLine, ...]
    next_cursor: NextPage


class Shipment(ShipmentLine, frozen=True, kw_only=True):
    manifest: Annotated[dict[str, Any] | None, Meta(description="As it was sent; null: none was")]


class ManifestKept(Struct, frozen=True, kw_only=True):
    id: ShipmentName
    version: int
    verdict: Verdict | None
    warnings: Annotated[
        tuple[str, ...], Meta(description="Keys that are not understood and were ignored")
    ]
    links: dict[str, str]


class ReadingLine(Struct, frozen=True, kw_only=True):
    """As a logger sends it (section telemetry of the contract), and when it was received."""

    shipment: str | UnsetType = UNSET
    box: str | UnsetType = UNSET
    logger: str | UnsetType = UNSET
    seq: int | UnsetType = UNSET
    time: Instant
    received: Instant | UnsetType = UNSET
    temperature: dict[str, float]


class ReadingList(Struct, frozen=True):
    shipment: ShipmentName
    items: tuple[ReadingLine, ...]
    next_cursor: NextPage


class FindingList(Struct, frozen=True):
    items: tuple[ShipmentFinding, ...]
    next_cursor: NextPage


class NewReview(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    officer: Annotated[
        str | None,
        Meta(
            description="The badge name the bureau gave the officer; of somebody who signed in, "
            "whose name it is anyhow, it may be left out",
            extra_json_schema={"minLength": 1, "maxLength": 64},
        ),
    ] = None
    outcome: ReviewOutcome
    note: Annotated[
        str,
        Meta(
            description="Why, or what was looked at",
            extra_json_schema={"minLength": 1, "maxLength": 4000},
        ),
    ]
    result_version: Annotated[
        int | None,
        Meta(
            description="The version that was reviewed, refused unless it is the current one; left "
            "out: the current one"
        ),
    ] = None
    manifest_version: Annotated[
        int | None, Meta(description="With correction_accepted: the version that is accepted")
    ] = None
    attachment: Annotated[
        str | None,
        Meta(
            description="With isolation_seen: SHA-256 of the attachment that was looked at; left "
            "out: the box itself",
            extra_json_schema={"pattern": "^[0-9a-f]{64}$"},
        ),
    ] = None


class AuditTold(Struct, frozen=True, kw_only=True):
    at: Instant
    actor: Annotated[str, Meta(description="Name of a person or a client; `local`: at the server")]
    action: str
    subject: str
    shipment: str | None
    address: Annotated[str | None, Meta(description="From where the request came")]
    through: Annotated[
        str | None, Meta(description="The id of a client's key, `session`, or `local`")
    ]


class AuditList(Struct, frozen=True):
    items: tuple[AuditTold, ...]
    next_cursor: NextPage


class ReviewLine(Struct, frozen=True, kw_only=True):
    officer: str
    outcome: str
    note: str
    at: Instant
    result_version: int
    manifest_version: int | None
    attachment: str | None
    signed_in: Annotated[
        bool, Meta(description="false: the name is what somebody at the server gave")
    ]
    current: Annotated[bool, Meta(description="false: of an older version of the result")]


class ReviewList(Struct, frozen=True, kw_only=True):
    shipment: ShipmentName
    result_version: Annotated[int, Meta(description="The current version; 0: none is recorded")]
    state: Annotated[
        Literal["unreviewed", "reviewed"],
        Meta(description="reviewed: two different officers reviewed the current version"),
    ]
    items: tuple[ReviewLine, ...]


class EntryLine(Struct, frozen=True, kw_only=True):
    """One version of an entry: who put it when."""

    version: int
    at: Instant
    by: str
    entry: AnyEntry


class EntryKept(Struct, frozen=True, kw_only=True):
    """An entry of the office's registers."""

    id: str
    version: int
    entry: Annotated[AnyEntry, Meta(description="As it counts now")]
    history: Annotated[tuple[EntryLine, ...], Meta(description="All versions, oldest first")]


class RecallTold(Struct, frozen=True):
    """A recalled batch. shipments : ids, as far as whoever asks may see them. perhaps : those with
    the batch in an item that states no number of its product."""

    batch: str
    announced_on: date
    level: int | None
    reason: str | None
    shipments: tuple[str, ...]
    perhaps: tuple[str, ...]


class RecallList(Struct, frozen=True):
    items: tuple[RecallTold, ...]


class TableEntered(Struct, frozen=True):
    """How many entries of a table are new, changed, or stayed as they were. ignored : titles that
    are no field of the register."""

    new: int
    changed: int
    same: int
    ignored: tuple[str, ...]


class EntryListed(Struct, frozen=True):
    id: str
    entry: AnyEntry


class EntryList(Struct, frozen=True):
    items: tuple[EntryListed, ...]
    next_cursor: NextPage


class Seen(Struct, frozen=True, kw_only=True):
    """The last reading that was heard."""

    time: Instant
    received: Instant
    temperature: Annotated[dict[str, float], Meta(description="By probe, °C")]
    battery_v: float | None


class ClockSeen(Struct, frozen=True, kw_only=True):
    ahead_s: Annotated[
        tuple[float, float],
        Meta(description="The logger's clock minus ours lies between these; positive: ahead"),
    ]
    measured_at: Instant


class DeviceListed(Struct, frozen=True, kw_only=True):
    id: str
    entry: Annotated[AnyEntry | None, Meta(description="null: heard and not registered")]
    courier: str | None
    box: str | None
    shipment: Annotated[str | None, Meta(description="null: its last reading is no shipment's")]
    seen: Annotated[Seen | None, Meta(description="null: registered and never heard")]
    clock: ClockSeen | None


class DeviceList(Struct, frozen=True):
    items: tuple[DeviceListed, ...]
    next_cursor: NextPage


class BoxListed(Struct, frozen=True, kw_only=True):
    id: str
    entry: Annotated[AnyEntry | None, Meta(description="null: heard and not registered")]
    courier: str | None
    loggers: tuple[str, ...]
    shipment: Annotated[str | None, Meta(description="null: its last reading is no shipment's")]
    seen: Annotated[Seen | None, Meta(description="null: registered and never heard")]


class BoxList(Struct, frozen=True):
    items: tuple[BoxListed, ...]
    next_cursor: NextPage


class RefusedLine(Struct, frozen=True, kw_only=True):
    """Something of a message that was not used; its bytes are in the journal at `worker` and
    `row`."""

    worker: str
    row: int
    part: Annotated[
        int | None, Meta(description="Place in the message's array; null: the message as a whole")
    ]
    reason: Annotated[str, Meta(examples=["unit_unknown"])]
    text: Annotated[str, Meta(description="What was there, what was expected, and where")]
    topic: str
    courier: Annotated[str | None, Meta(description="null: neither topic nor settings tell")]
    logger: Annotated[str | None, Meta(description="As far as topic and payload tell")]
    received: Instant


class RefusedList(Struct, frozen=True):
    items: tuple[RefusedLine, ...]
    next_cursor: Annotated[str | None, Meta(description="Give it as `after`; null: the end")]


class AttachmentKept(Struct, frozen=True, kw_only=True):
    sha256: str
    kind: AttachmentKind
    name: str | None
    media_type: str
    at: Instant
    by: str
    href: str


class AttachmentList(Struct, frozen=True):
    shipment: ShipmentName
    items: tuple[AttachmentKept, ...]


class PartState(Struct, frozen=True):
    """detail : what is wrong. mend : what the operator can do about it."""

    ready: bool
    detail: str | None
    mend: str | None = None


class Readiness(Struct, frozen=True):
    ready: bool
    parts: dict[str, PartState]


class Alive(Struct, frozen=True):
    status: Literal["ok"]
    version: str
