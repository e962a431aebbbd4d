"""The JSON of clues and of the webhooks that push them: what their routes answer and take."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from coldwitness.api.clues.clue import ClueEntry
from coldwitness.api.clues.heads import KeptHead
from coldwitness.api.http.schemas import NextPage, ShipmentName
from coldwitness.domain.clues import ClueStatus, EarlierStatus, PartyRole
from coldwitness.domain.measures import Instant
from coldwitness.judging.clue_shares import ClueShare
from coldwitness.storage.clue_ports import DeliveryState


class ClueList(Struct, frozen=True):
    items: tuple[ClueEntry, ...]
    heads: tuple[KeptHead, ...]
    next_cursor: Annotated[
        str,
        Meta(
            description="Give it as `after` next time; also at the end of the feed, to ask for more"
        ),
    ]
    has_more: bool


class ClueShareList(Struct, frozen=True):
    items: tuple[ClueShare, ...]


class ClueHistory(Struct, frozen=True):
    clue: str
    items: tuple[ClueEntry, ...]


class ClueChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    status: Annotated[
        ClueStatus | EarlierStatus | None,
        Meta(
            description="received → checking → filed, rejected or transferred → closed; the words "
            "open, acknowledged, in_progress and dismissed of before are understood"
        ),
    ] = None
    note: Annotated[str, Meta(max_length=2000)] | None = None
    verify_result: (
        Annotated[str, Meta(max_length=2000, description="What the check came to (核查结果)")]
        | None
    ) = None
    extended: Annotated[bool, Meta(description="An approved extension of the limit that runs")] = (
        False
    )
    until: Annotated[
        date | None, Meta(description="Its last day, where an earlier one was approved")
    ] = None
    excluded_days: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=3660,
                description="Days of tests and appraisals in all, in the days the limit counts",
            ),
        ]
        | None
    ) = None
    statement_due_on: Annotated[
        date | None,
        Meta(
            description="By this day the company may state its case; from now on its courier sees "
            "the clue among its statement requests"
        ),
    ] = None
    reason: Annotated[str, Meta(max_length=2000)] | None = None


Words200 = Annotated[str, Meta(pattern=r"\S", max_length=200)]


class NewParty(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    role: PartyRole
    name: Words200 | None = None
    id: Words200 | None = None
    uscc: Words200 | None = None
    address: Words200 | None = None
    division: Words200 | None = None


class NewClue(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A clue from elsewhere. Companies only: a person's data are refused."""

    source: Literal["inspection", "complaint", "transfer", "assigned", "monitor", "platform"]
    content: Words200
    source_number: Words200 | None = None
    assigned_at: Annotated[
        Annotated[str, Meta(max_length=40)] | None,
        Meta(
            examples=["2026-11-30", "2026-11-30T08:00:00Z"],
            description="From when its limits run: a day in Beijing, or a time, whose day counts;"
            " left out: today",
        ),
    ] = None
    parties: Annotated[tuple[NewParty, ...], Meta(max_length=20)] = ()
    shipments: Annotated[tuple[ShipmentName, ...], Meta(max_length=200)] = ()
    special_due_on: Annotated[
        date | None, Meta(description="A last day that the assigning authority set: it goes first")
    ] = None


class NewStatement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    said_on: date
    role: PartyRole
    text: Annotated[str, Meta(pattern=r"\S", max_length=20_000)]
    attachments: Annotated[tuple[str, ...], Meta(max_length=50)] = ()


class NewWebhook(Struct, frozen=True, forbid_unknown_fields=True):
    url: Annotated[
        str,
        Meta(
            examples=["https://cases.example.cn/coldwitness"],
            extra_json_schema={"maxLength": 2048},
        ),
    ]
    secret: Annotated[
        str | None,
        Meta(description="whsec_ and base64; left out: one is made and shown once"),
    ] = None


class Webhook(Struct, frozen=True, kw_only=True):
    id: str
    url: str
    owner: Annotated[
        str | None,
        Meta(
            description="Whose reach it keeps to and ends with; null: the office's own, everything"
        ),
    ]
    created_at: Instant
    disabled: bool
    waiting: Annotated[int, Meta(description="Deliveries it has not taken yet")]
    given_up: int
    failing_since: Annotated[
        Instant | None, Meta(description="Its oldest waiting delivery was tried in vain; null: no")
    ]
    last_error: str | None
    last_accepted_at: Instant | None


class WebhookMade(Webhook, frozen=True, kw_only=True):
    secret: Annotated[str, Meta(description="Shown here only")]


class WebhookList(Struct, frozen=True):
    items: tuple[Webhook, ...]


class NewSecret(Struct, frozen=True, forbid_unknown_fields=True):
    secret: Annotated[str | None, Meta(description="whsec_ and base64; left out: one is made")] = (
        None
    )


class Replay(Struct, frozen=True, forbid_unknown_fields=True):
    after: Annotated[str | None, Meta(description="A cursor of the feed; null: its beginning")] = (
        None
    )


class Replayed(Struct, frozen=True):
    again: Annotated[int, Meta(description="Deliveries that were known and are due again")]


class Tried(Struct, frozen=True, kw_only=True):
    id: str
    accepted: bool
    status: Annotated[int | None, Meta(description="What it answered; null: it was not reached")]
    error: str | None


class DeliveryLogLine(Struct, frozen=True, kw_only=True):
    id: Annotated[str, Meta(description="The `webhook-id` of its attempts")]
    cursor: str
    clue: str
    state: DeliveryState
    attempts: int
    next_try_at: Instant | None
    done_at: Instant | None
    error: str | None


class DeliveryList(Struct, frozen=True):
    items: tuple[DeliveryLogLine, ...]
    next_cursor: NextPage
