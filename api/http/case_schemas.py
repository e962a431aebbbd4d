"""The JSON of forms, and of what goes with a clue to others."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct

from coldwitness.api.http.schemas import NextPage
from coldwitness.domain.clues import Act, StatementKept
from coldwitness.domain.departure import DepartureLine
from coldwitness.domain.logistics import HandedFile, LogisticsScope
from coldwitness.domain.measures import Instant
from coldwitness.domain.spot_checks import Checklist, DrawMade, Looked, Method, Outcome, Reason
from coldwitness.domain.text import Text
from coldwitness.judging.sampling.estimates import Estimate
from coldwitness.judging.sampling.sequential import Sequential


class TypedField(Struct, frozen=True):
    """A field that nobody but the officer knows."""

    field: str
    label: Annotated[str, Meta(description="`title` in Chinese")]
    title: Text


class FormTold(Struct, frozen=True, kw_only=True):
    """own : the office has put its own in place of ours, in whole or in part."""

    number: Annotated[int, Meta(description="Of the national list of 2021")]
    title: Text
    own: bool
    typed: tuple[TypedField, ...]
    links: dict[str, str]


class FormList(Struct, frozen=True):
    items: tuple[FormTold, ...]


class FilledForm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    typed: Annotated[
        dict[str, Annotated[str, Meta(max_length=2000)]],
        Meta(max_length=5, description="By the names that the list of forms gives"),
    ] = {}


class NewDraw(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The parts of a seed."""

    public_part: Annotated[
        str,
        Meta(
            pattern=r"\S",
            max_length=500,
            description="A value that neither office nor firm can choose, known after the frame "
            "was frozen: a lottery's draw, a closing price",
        ),
    ]
    public_source: Annotated[str, Meta(max_length=500, description="Where anybody can read it")]
    office_part: (
        Annotated[str, Meta(max_length=500, description="Its SHA-256 is the commitment of before")]
        | None
    ) = None
    reason: Annotated[str, Meta(max_length=500, description="Of a further draw")] | None = None
    next_commitment: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")] | None = None


Share = Annotated[float, Meta(gt=0, lt=1)]


class NewSpotCheck(
    Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    rename={"first_day": "from", "last_day": "to"},
):
    first_day: Annotated[date, Meta(description="Shipments under way from this day (Beijing)")]
    last_day: Annotated[date, Meta(description="Up to this day, included")]
    division: Annotated[str, Meta(pattern="^[0-9]{2,6}$")] | None = None
    method: Method = "simple"
    size: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    prevalence: Annotated[
        Share | None, Meta(description="In place of `size`: the share that shall not be missed")
    ] = None
    confidence: Share = 0.95
    tolerated: Annotated[
        Share | None, Meta(description="Of the sequential stop (method simple): the share allowed")
    ] = None
    risk: Share = 0.05
    reasons: Annotated[
        dict[str, tuple[Reason, ...]],
        Meta(
            description="Of key supervision, by a courier's id, a credit code or a platform's name;"
            " they weigh by `config/spot_checks.toml`"
        ),
    ] = {}
    commitment: (
        Annotated[
            str,
            Meta(pattern="^[0-9a-f]{64}$", description="SHA-256 of the office's part of the seed"),
        ]
        | None
    ) = None
    draw: Annotated[NewDraw | None, Meta(description="Draw at once; the certificate says so")] = (
        None
    )


class NewLook(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What was seen of one that was drawn."""

    id: Annotated[str, Meta(min_length=1, max_length=200)]
    outcome: Outcome
    note: Annotated[str, Meta(max_length=2000)] = ""
    checklist: Checklist = {}


class SpotCheckTold(
    Struct, frozen=True, kw_only=True, rename={"first_day": "from", "last_day": "to"}
):
    """A spot check as it stands. estimate : of all in the frame, once everything that was drawn was
    looked at; sequential : what may be said by now, whenever one stops (method simple)."""

    id: str
    first_day: date
    last_day: date
    division: str | None
    method: Method
    size: int
    frame_sha256: str
    frame_size: int
    commitment: Annotated[str | None, Meta(description="Of the draw that is still to come")]
    reasons: dict[str, tuple[Reason, ...]]
    frozen_at: Instant
    by: str
    draws: tuple[DrawMade, ...]
    looked: tuple[Looked, ...]
    left: Annotated[int, Meta(description="Drawn and not looked at")]
    estimate: Estimate | None
    sequential: Sequential | None
    links: dict[str, str]


class SpotCheckList(Struct, frozen=True):
    items: tuple[SpotCheckTold, ...]
    next_cursor: NextPage


class NewLogisticsRequest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    number: Annotated[
        str, Meta(pattern=r"\S", max_length=200, description="Of the authority's letter")
    ]
    asked_by: Annotated[
        str, Meta(pattern=r"\S", max_length=200, description="Which authority asks")
    ]
    purpose: Annotated[str, Meta(max_length=500)] = ""
    scope: LogisticsScope


class LogisticsRequestTold(Struct, frozen=True, kw_only=True):
    """The receipt (物流信息调取回执)."""

    id: str
    number: str
    asked_by: str
    purpose: str
    scope: LogisticsScope
    shipments: tuple[str, ...]
    files: tuple[HandedFile, ...]
    package_sha256: str
    package_size: int
    exported_by: str
    exported_at: Instant
    links: dict[str, str]


class LogisticsRequestList(Struct, frozen=True):
    items: tuple[LogisticsRequestTold, ...]
    next_cursor: NextPage


class StatementRequest(Struct, frozen=True, kw_only=True):
    """A clue on which the office asks a courier for its statement (陈述、申辩), and what the
    courier may know of it."""

    clue: str
    shipments: tuple[str, ...]
    summary: Text
    act: Act | None
    requirements: tuple[str, ...]
    due_on: date
    over: Annotated[bool, Meta(description="The day is over; a statement is still taken")]
    statements: Annotated[tuple[StatementKept, ...], Meta(description="The courier's own")]


class StatementRequestList(Struct, frozen=True):
    items: tuple[StatementRequest, ...]


class OwnStatement(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    text: Annotated[str, Meta(pattern=r"\S", max_length=20_000)]


class CourierScore(Struct, frozen=True, kw_only=True):
    """Shipments of a courier in a period, by verdict, and what share of the judged had a breach or
    a suspicion (待核查). A number of records, not of guilt."""

    courier: Annotated[str | None, Meta(description="null: all within reach")]
    shipments: int
    verdicts: dict[str, int]
    ended: int
    share_found: float | None
    refused: Annotated[int, Meta(description="Messages that could not be used, of the newest 200")]
    open_requests: Annotated[int, Meta(description="Statements that the office asks for")]


class NewDepartureCheck(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    shipment: Annotated[str, Meta(min_length=1, max_length=64)]
    planned_minutes: (
        Annotated[
            float,
            Meta(ge=0, le=100_000, description="Else what the manifest plans, or when it is due"),
        ]
        | None
    ) = None


class DepartureCheckTold(Struct, frozen=True, kw_only=True):
    id: str
    shipment: str
    result: Annotated[
        Literal["green", "red"], Meta(description="green: every line is ok; what is unknown is not")
    ]
    lines: tuple[DepartureLine, ...]
    planned_minutes: float | None
    at: Instant
    by: str
    links: dict[str, str]
