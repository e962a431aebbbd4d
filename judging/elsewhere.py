"""Judging as a server sees it, whoever does it: this process (`live`) or others through the
register."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from coldwitness.judging.waited_for import wait_until_judged
from coldwitness.storage.ports import Register
from coldwitness.storage.share_ports import ASKED_FOR, NEW_READINGS


class Judging(Protocol):
    """What routes ask of it."""

    def touch(self, shipments: Iterable[str], *, reason: str = NEW_READINGS) -> None:
        """Have these judged soon."""

    def judge_now(self, shipments: Sequence[str], *, reason: str = ASKED_FOR) -> None:
        """Have these judged and recorded before it returns."""

    @property
    def problem(self) -> str | None:
        """Why shipments are not judged, for `/readyz`; None: they are."""


class JudgedElsewhere:
    """Judging by other processes (`coldwitness judge`) on the same register."""

    def __init__(self, register: Register) -> None:
        self._register = register

    def touch(self, shipments: Iterable[str], *, reason: str = NEW_READINGS) -> None:
        """Raises Unavailable; then who asked has to ask again."""
        self._register.waiting.leave(shipments, reason=reason)

    def judge_now(self, shipments: Sequence[str], *, reason: str = ASKED_FOR) -> None:
        """Raises Unavailable where nobody judges them in time."""
        wait_until_judged(self._register.waiting, shipments, reason=reason)

    @property
    def problem(self) -> str | None:
        """Raises Unavailable."""
        if self._register.judge_shares.judges():
            return None
        return "no process judges: start `coldwitness judge`"
