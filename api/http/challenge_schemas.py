"""What challenges of probes are asked and answered with."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from coldwitness.domain.identifiers import ID_PATTERN
from coldwitness.domain.measures import Instant
from coldwitness.domain.probe_challenges import ChallengeAction, ChallengeOutcome


class NewChallenge(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """action : left out: drawn, so that nobody can guess it either."""

    shipment: Annotated[str, Meta(pattern=f"^{ID_PATTERN}$")]
    probe: Annotated[str, Meta(min_length=1, max_length=80)] = "drug"
    action: ChallengeAction | None = None


class CurvePoint(Struct, frozen=True):
    time: Instant
    value_c: float


class Challenge(Struct, frozen=True, kw_only=True):
    """state : `waiting` for an order that comes after a delay nobody is told; `watching`;
    `decided`. action, ordered_at, until : null before the order. outcome : while it is watched what
    can be said so far. curve : the probe's readings from a quarter of an hour before on."""

    id: str
    shipment: str
    probe: str
    state: Literal["waiting", "watching", "decided"]
    started_at: Instant
    by: str
    action: ChallengeAction | None
    ordered_at: Instant | None
    until: Instant | None
    outcome: ChallengeOutcome | None
    step_c: float | None
    stepped_at: Instant | None
    disturbed_to: Instant | None
    decided_at: Instant | None
    curve: tuple[CurvePoint, ...]
