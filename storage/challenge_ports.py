"""What is kept of challenges of probes."""

from collections.abc import Sequence
from typing import Protocol

from coldwitness.domain.probe_challenges import ChallengeDecision, KeptChallenge, ProbeChallenge


class Challenges(Protocol):
    def start(self, challenge: ProbeChallenge) -> bool:
        """Keep a new one; False: another of its shipment still runs, and nothing is kept."""

    def decide(self, challenge: ProbeChallenge, decision: ChallengeDecision) -> None:
        """What came of one; of one that is decided the first decision stays."""

    def of(self, shipments: Sequence[str]) -> dict[str, list[KeptChallenge]]:
        """Of those shipments that have any, oldest first."""

    def one(self, challenge_id: str) -> KeptChallenge | None: ...

    def running(self) -> list[ProbeChallenge]:
        """Those of which nothing is decided, oldest first."""
