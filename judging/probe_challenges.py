"""What a challenge of a probe means for the judgement of its shipment."""

from collections.abc import Sequence

from coldwitness.analysis.record.disturbed import LONGEST_S
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.probe_challenges import KeptChallenge
from coldwitness.domain.result import Challenged
from coldwitness.storage.ports import Register


def challenged(
    register: Register, shipments: Sequence[str], *, as_of_ms: int | None
) -> dict[str, tuple[Challenged, ...]]:
    """Of these shipments those of which a probe was challenged. One that was not ordered yet is
    told to nobody: when it comes, nobody may know beforehand."""
    found = {}
    for shipment, kept in register.challenges.of(shipments).items():
        told = [one for one in kept if as_of_ms is None or one.challenge.ordered_ms <= as_of_ms]
        if told:
            found[shipment] = tuple(told_challenge(one) for one in told)
    return found


def told_challenge(kept: KeptChallenge) -> Challenged:
    """As a result tells it. While it runs, all the time that it may disturb is disturbed."""
    challenge, decision = kept.challenge, kept.decision
    longest_ms = challenge.ordered_ms + round(LONGEST_S * 1000)
    to_ms = longest_ms if decision is None else decision.disturbed_to_ms
    return Challenged(
        id=challenge.id,
        probe=challenge.probe,
        action=challenge.action,
        ordered_at=rfc3339(challenge.ordered_ms),
        outcome="open" if decision is None else decision.outcome,
        disturbed_to=None if to_ms is None else rfc3339(min(to_ms, longest_ms)),
    )
