"""The JSON of the API as the OpenAPI document shows it.

Answers are built from the results themselves, not through these classes; a test holds every
answer against the document.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from coldwitness.domain.identifiers import ID_PATTERN

Verdict = Literal["breach", "suspected", "insufficient_evidence", "compliant"]
Status = Literal["breach", "suspected", "insufficient_evidence", "compliant", "not_applicable"]
Certainty = Literal["certain", "probable", "possible"]
Kind = Literal[
    "cold_chain_break",
    "temporary_storage",
    "missing_isolation",
    "evidence_gap",
    "data_integrity",
]
ReviewOutcome = Literal["confirmed", "not_confirmed", "undecided"]
ClueWord = Literal["open", "acknowledged", "in_progress", "transferred", "closed", "dismissed"]

Id = Field(pattern=f"^{ID_PATTERN}$", examples=["ZB-20261121-0001"])
Time = Field(examples=["2026-11-21T08:00:00Z"], description="RFC 3339, UTC")


class Open(BaseModel):
    """Further fields may come in later versions."""

    model_config = ConfigDict(extra="allow")


class FieldError(BaseModel):
    field: str
    detail: str


class ProblemBody(Open):
    """RFC 9457 problem details."""

    type: str = Field(examples=["urn:coldwitness:problem:not-found"])
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldError] = Field(default_factory=list)


class Bilingual(BaseModel):
    zh: str
    en: str


class Where(BaseModel):
    lat: float
    lon: float


class Finding(Open):
    id: str
    kind: Kind
    subtype: str
    start: str | None = Time
    end: str | None = Time
    duration_s: float | None
    certainty: Certainty
    severity: str
    requirements: list[str]
    measures: dict[str, Any]
    where: Where | None
    would_settle: Any
    explanation: Bilingual


class RequirementLine(Open):
    id: str = Field(examples=["ANNEX6-10"])
    title: Bilingual
    status: Status
    findings: list[str]
    basis: Bilingual
    least: Any
    most: Any
    bounds_of: str | None = Field(default=None, examples=["range"])
    setting: Any
    against: Bilingual | None = None
    would_settle: Bilingual | None = None


class CheckResult(Open):
    """One shipment's result, `coldwitness.check/1`."""

    schema_: Literal["coldwitness.check/1"] = Field(alias="schema")
    shipment: str = Id
    verdict: Verdict
    window: dict[str, str | None]
    findings: list[Finding]
    requirements: list[RequirementLine]
    items: list[dict[str, Any]]
    metrics: dict[str, Any]
    isolation: dict[str, Any]
    coverage: dict[str, Any] | None = Field(
        default=None, description="null: judged before it was told"
    )
    evidence: dict[str, Any]


class ShipmentLine(Open):
    id: str = Id
    verdict: Verdict | None = Field(description="null: not judged yet")
    courier: str | None
    division: str | None
    started_at: str | None = Time
    ended_at: str | None = Time
    findings: int
    result_version: int
    links: dict[str, str]


class ShipmentList(BaseModel):
    items: list[ShipmentLine]
    next_cursor: str | None = Field(description="null: this was the last page")


class Shipment(ShipmentLine):
    manifest: dict[str, Any] | None = Field(description="As it was sent; null: none was")


class ManifestKept(BaseModel):
    id: str = Id
    version: int
    verdict: Verdict | None
    warnings: list[str] = Field(description="Keys that are not understood and were ignored")
    links: dict[str, str]


class ReadingLine(Open):
    """As a logger sends it (section telemetry of the contract), and when it was received."""

    shipment: str | None = None
    box: str | None = None
    logger: str | None = None
    seq: int | None = None
    time: str = Time
    received: str | None = None
    temperature: dict[str, float]


class ReadingList(BaseModel):
    shipment: str = Id
    items: list[ReadingLine]
    next_cursor: str | None


class FindingAcross(Finding):
    shipment: str = Id


class FindingList(BaseModel):
    items: list[FindingAcross]
    next_cursor: str | None


class Clue(Open):
    id: str
    cursor: str
    shipment: str = Id
    verdict: Verdict
    requirements: list[str]
    finding: Finding
    version: int
    reason: str
    created_at: str = Time
    updated_at: str = Time
    status: ClueWord
    status_note: str | None
    report: str
    links: dict[str, str]


class ClueList(BaseModel):
    items: list[Clue]
    next_cursor: str = Field(
        description="Give it as `after` next time; also at the end of the feed, to ask for more"
    )
    has_more: bool


class ClueChange(BaseModel):
    status: ClueWord
    note: str | None = Field(default=None, max_length=2000)


class NewReview(BaseModel):
    officer: str = Field(
        min_length=1, max_length=64, description="The badge name the bureau gave the officer"
    )
    outcome: ReviewOutcome
    reasons: str = Field(min_length=1, max_length=4000)
    result_version: int = Field(ge=1, description="The version that was reviewed: the current one")


class ReviewLine(Open):
    officer: str
    outcome: str
    reasons: str
    at: str = Time
    result_version: int
    current: bool = Field(description="false: of an older version of the result")


class ReviewList(BaseModel):
    shipment: str = Id
    result_version: int = Field(description="The current version; 0: none is recorded")
    state: Literal["unreviewed", "reviewed"] = Field(
        description="reviewed: two different officers reviewed the current version"
    )
    items: list[ReviewLine]


class NewWebhook(BaseModel):
    url: str = Field(max_length=2048, examples=["https://cases.example.cn/coldwitness"])
    secret: str | None = Field(
        default=None, description="whsec_ and base64; left out: one is made and shown once"
    )


class Webhook(BaseModel):
    id: str
    url: str
    created_at: str = Time
    disabled: bool


class WebhookMade(Webhook):
    secret: str = Field(description="Shown here only")


class WebhookList(BaseModel):
    items: list[Webhook]


class CloudEvent(Open):
    """CloudEvents 1.0, structured mode; signed by Standard Webhooks headers."""

    specversion: Literal["1.0"]
    id: str
    source: str
    type: Literal["coldwitness.clue.v1"]
    subject: str
    time: str = Time
    datacontenttype: Literal["application/json"]
    data: Clue


class PartState(BaseModel):
    ready: bool
    detail: str | None


class Readiness(BaseModel):
    ready: bool
    parts: dict[str, PartState]


class Alive(BaseModel):
    status: Literal["ok"]
    version: str
