"""Of the clues of each requirement: how many were decided, and how many of these were confirmed."""

from collections import defaultdict
from collections.abc import Iterable

from msgspec import Struct

from coldwitness.domain.clues import Clue


class ClueShare(Struct, frozen=True, kw_only=True):
    """Clues that were found here. decided : filed or rejected. confirmed : filed. share : confirmed
    of decided; null where none was decided."""

    requirement: str
    clues: int
    decided: int
    confirmed: int
    share: float | None


def clue_shares(clues: Iterable[Clue]) -> list[ClueShare]:
    """By requirement, those with most clues first. clues : each once, as it stands."""
    count: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for clue in clues:
        if clue.source != "system":
            continue
        confirmed = was_filed(clue)
        decided = confirmed or clue.status == "rejected"
        for requirement in clue.requirements:
            numbers = count[requirement]
            numbers[0] += 1
            numbers[1] += decided
            numbers[2] += confirmed
    shares = [
        ClueShare(
            requirement=requirement,
            clues=all_,
            decided=decided,
            confirmed=confirmed,
            share=confirmed / decided if decided else None,
        )
        for requirement, (all_, decided, confirmed) in count.items()
    ]
    return sorted(shares, key=lambda one: (-one.clues, one.requirement))


def was_filed(clue: Clue) -> bool:
    """Whether a case was made of it and stands: filed, or filed before it was closed."""
    if clue.status == "filed":
        return True
    steps = [line.now for line in clue.history if line.kind == "status"]
    before = [step for step in steps if step in ("filed", "rejected", "transferred")]
    return clue.status == "closed" and before[-1:] == ["filed"]
