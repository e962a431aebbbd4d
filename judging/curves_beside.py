"""Curves that two processes kept at the same moment: neither saw the other's while it judged, so
one of them has to judge again. Whoever looks last, after it kept its own, sees both."""

from collections.abc import Mapping

from coldwitness.judging.copies import PARTNERS
from coldwitness.storage.ports import Copies
from coldwitness.storage.share_ports import HeldShares

BESIDE_MS = 30_000
"""As long as a curve may be on its way into the register, from the time that it bears until others
see it: longer PostgreSQL waits for no process."""


class CurvesBeside:
    """Of one process; once a curve, whatever comes of it."""

    def __init__(self, copies: Copies) -> None:
        self._copies = copies
        self._seen: dict[str, frozenset[tuple[str, int]]] = {}

    def to_judge_again(
        self, named: Mapping[str, frozenset[str]], held: HeldShares, *, since_ms: int
    ) -> list[str]:
        """Those of these of which another process kept a curve like theirs since their run began.
        named : what each of the run names as copies of it; of these nothing new is learnt."""
        beside = self._copies.kept_beside(
            sorted(named), since_ms=since_ms - BESIDE_MS, partners=PARTNERS
        )
        again = []
        for name, known in named.items():
            kept = frozenset(
                (other, at_ms)
                for other, at_ms in beside.get(name, {}).items()
                if other not in known and not held.has(other)
            )
            if kept - self._seen.pop(name, frozenset()):
                again.append(name)
            if kept:
                self._seen[name] = kept
        return again
