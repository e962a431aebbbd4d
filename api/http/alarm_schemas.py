"""Answers about alarms."""

from msgspec import Struct

from coldwitness.domain.alarms import AlarmRule
from coldwitness.domain.measures import Instant
from coldwitness.domain.text import Text
from coldwitness.storage.alarm_ports import MessageState


class AlarmTold(Struct, frozen=True, kw_only=True):
    """One round of an alarm for one person. error : of the last try that failed."""

    person: str
    round: int
    state: MessageState
    attempts: int
    done_at: Instant | None
    error: str | None


class AlarmLine(Struct, frozen=True, kw_only=True):
    """What people are told at once. settled_at : since when it holds no more. told : to whom, for
    who may see the settings alone."""

    id: str
    rule: AlarmRule
    shipment: str | None
    title: Text
    text: Text
    raised_at: Instant
    settled_at: Instant | None
    acknowledged_at: Instant | None
    acknowledged_by: str | None
    told: tuple[AlarmTold, ...]


class AlarmList(Struct, frozen=True):
    """Open ones first, then the others, the newest first."""

    items: tuple[AlarmLine, ...]
