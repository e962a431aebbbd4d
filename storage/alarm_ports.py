"""What is kept of alarms: each once, who was told of it, and who said that he knows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from coldwitness.domain.alarms import Alarm, AlarmRule
from coldwitness.domain.reach import EVERYTHING, Reach

MessageState = Literal["due", "done", "dead", "dropped"]
"""`dead`: given up after many tries. `dropped`: nobody needed it any more."""


@dataclass(frozen=True)
class AlarmMessage:
    """One alarm told to one person in one round. person : the name in the settings. error : of the
    last try. Times are UTC epoch ms."""

    id: str
    alarm: str
    person: str
    round: int
    state: MessageState
    attempts: int
    next_try_ms: int
    created_ms: int
    done_ms: int | None = None
    error: str | None = None


@dataclass(frozen=True)
class OwedRound:
    """That an alarm is told for the so manieth time, from 0, by these messages; none where nobody
    is to be told."""

    alarm: str
    round: int
    messages: Sequence[AlarmMessage]


class Alarms(Protocol):
    def raise_new(self, alarms: Sequence[Alarm]) -> list[Alarm]:
        """Keep those that are not known by their id, and of whose rule and subject none is
        unsettled; returns these."""

    def settle(self, rule: AlarmRule, subjects: Sequence[str], *, now_ms: int) -> None:
        """Those of a rule that are about these hold no more."""

    def unsettled(self, rule: AlarmRule | None = None) -> list[Alarm]:
        """Oldest first."""

    def listed(self, *, limit: int = 100, reach: Reach = EVERYTHING) -> list[Alarm]:
        """The open ones first, then the others, the newest first. Those about no shipment are for
        who sees everything."""

    def one(self, alarm_id: str) -> Alarm | None: ...

    def acknowledge(self, alarm_id: str, *, by: str, now_ms: int) -> bool:
        """False: somebody did already, or there is no such alarm."""

    def owe(self, rounds: Sequence[OwedRound], *, now_ms: int) -> None:
        """Queue the messages of these, once each; nothing of those that another process did."""

    def due(self, *, now_ms: int, limit: int = 100) -> list[AlarmMessage]:
        """Oldest first."""

    def claim(self, message: AlarmMessage, *, until_ms: int) -> bool:
        """Whether it is the caller's to send, as it was read: of several processes one gets it.
        Until then it is due to nobody; where its sender dies, it is due again."""

    def tried(
        self,
        message_id: str,
        *,
        state: MessageState,
        now_ms: int,
        next_try_ms: int | None = None,
        error: str | None = None,
    ) -> None:
        """What came of a try: `due` again at an instant, or the end of it."""

    def put_off(self, message_id: str, *, until_ms: int) -> None:
        """Not before an instant; that is no try."""

    def messages(self, alarm_ids: Sequence[str]) -> list[AlarmMessage]:
        """Of these alarms, by round and person."""

    def followed(self) -> int | None:
        """Up to where the feed of clues was looked at; None: never."""

    def follow(self, cursor: int) -> None: ...
