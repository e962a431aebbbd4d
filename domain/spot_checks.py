"""A spot check (抽查): what was drawn, what was seen of it, and how both are kept."""

from datetime import date
from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from coldwitness.domain.office import KeyReason, RegisterEntry

Method = Literal["simple", "stratified", "weighted"]
Outcome = Literal["found", "nothing_found", "dropped"]
Answer = Literal["yes", "no", "not_seen"]
Question = Literal["agreement", "training", "seal", "box_label", "packing_photo"]
"""What telemetry cannot see: the agreement, training, the seal, the box's label, how it was
packed."""
Reason = KeyReason


class Drawn(Struct, frozen=True, kw_only=True):
    """One of a sample. order : from 1, by ticket. inclusion_probability : that it is drawn."""

    id: str
    order: int
    ticket: str
    inclusion_probability: float


class Draw(Struct, frozen=True, kw_only=True):
    """A sample, and by what it was drawn."""

    frame_sha256: str
    seed: str
    method: Method
    drawn: tuple[Drawn, ...]


class DrawMade(Struct, frozen=True, kw_only=True):
    """reason : why it was drawn again; null for the first. commitment : SHA-256 of the office's
    part of the seed, published before; null: none was."""

    at: str
    size: int
    draw: Draw
    reason: str | None = None
    commitment: str | None = None
    office_part: str | None = None
    public_part: str | None = None
    public_source: str | None = None


Checklist = dict[Question, Answer]


class Looked(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was seen of one that was drawn. dropped : it could not be looked at, with the reason."""

    id: str
    outcome: Outcome
    at: str
    by: str
    note: str = ""
    checklist: Checklist = field(default_factory=dict)


class KeptSpotCheck(RegisterEntry, frozen=True, kw_only=True):
    """A spot check of the office: its plan, its frame by digest, and every draw from it.

    size : how many are drawn. tolerated, risk : of the sequential stop; null: all are looked at.
    reasons : of key supervision, by company, as they weighed. frame_sha256 : of the frame's bytes,
    which lie beside the journal. commitment : SHA-256 of the office's part of the next seed.
    """

    register = "spot-checks"

    first_day: date
    last_day: date
    division: str | None
    office: str | None
    method: Method
    size: int
    frame_sha256: str
    frame_size: int
    commitment: str | None = None
    tolerated: float | None = None
    risk: float = 0.05
    reasons: dict[str, tuple[Reason, ...]] = field(default_factory=dict)
    draws: tuple[DrawMade, ...] = ()


class KeptLook(RegisterEntry, frozen=True, kw_only=True):
    """What was seen of one that was drawn; its name is the check's, `~`, and its id."""

    register = "spot-check-looks"

    outcome: Outcome
    note: str = ""
    checklist: Checklist = field(default_factory=dict)
    again: Annotated[int, Meta(ge=0)] = 0
    """How often it had been recorded before, so that the same word again is a row again."""


def look_name(check: str, unit: str) -> str:
    return f"{check}~{unit}"
