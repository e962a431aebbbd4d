"""An officer has a probe warmed or cooled on the way, to see whether its readings are live."""

from typing import Literal

from msgspec import Struct

ChallengeAction = Literal["warm", "cool"]
ChallengeOutcome = Literal["alive", "not_alive", "inconclusive"]
"""Its step was seen; nothing happened though it was watched; or neither can be said."""


class ProbeChallenge(Struct, frozen=True, kw_only=True):
    """Times are UTC epoch ms. started_ms : when the officer asked for it. ordered_ms : when, after
    a delay that was drawn, he is told to begin. until_ms : so long the readings are watched."""

    id: str
    shipment: str
    probe: str
    action: ChallengeAction
    started_ms: int
    ordered_ms: int
    until_ms: int
    by: str


class ChallengeDecision(Struct, frozen=True, kw_only=True):
    """What came of it. step_c : how far the readings left their course the way they should, at most
    [°C]; null: nobody can say. stepped_ms : when they first did. disturbed_to_ms : until when they
    are the officer's doing; null: they are not. readings : how many were watched."""

    outcome: ChallengeOutcome
    decided_ms: int
    step_c: float | None
    stepped_ms: int | None
    disturbed_to_ms: int | None
    readings: int


class KeptChallenge(Struct, frozen=True):
    """decision : None while it runs."""

    challenge: ProbeChallenge
    decision: ChallengeDecision | None
