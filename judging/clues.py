"""What a case system hears, and what it does not hear twice: from findings to changes of clues.

A finding becomes a clue when its kind accuses (config/findings says which do), with at least
`probable` certainty. One that is only inferred waits until the journey's end is
known: a box half seen would accuse too early. A finding that touches an earlier clue of the
same shipment, kind, subtype and probe is that clue, told better; a clue whose finding later
evidence took away stays, and says so.

Nothing here reads or writes: the register asks while it holds the shipment, and keeps the answer.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec

from coldwitness.config.finding_kinds import accusing_kinds
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.measures import given
from coldwitness.domain.reading import ENDING_EVENTS
from coldwitness.domain.result import CheckResult, Finding
from coldwitness.storage.clue_ports import Clue, ClueChanges, ToldOfShipment

WITHDRAWN = "no longer found: "
"""Begins the reason of a clue whose finding later evidence took away."""


def clue_changes(
    result: CheckResult,
    clues: Sequence[Clue],
    told: ToldOfShipment,
    *,
    judged_ms: int,
    reason: str,
) -> ClueChanges:
    """Which clues a shipment's result opens, and which of its `clues` (by cursor) stand otherwise
    now. What is opened has cursor 0: the feed gives it one."""
    opened, changed = [], []
    left = list(clues)
    for finding in _accusations(result, told):
        clue = _continued(finding, left)
        if clue is None:
            opened.append(_opened(finding, result, judged_ms=judged_ms, reason=reason))
            continue
        left.remove(clue)
        better = replace(
            clue,
            finding=finding,
            requirements=finding.requirements,
            verdict=result.verdict,
            standing=True,
        )
        if _said(better) != _said(clue):
            changed.append(_next_version(better, judged_ms=judged_ms, reason=reason))
    for clue in left:
        if clue.standing:
            gone = replace(clue, verdict=result.verdict, standing=False)
            changed.append(_next_version(gone, judged_ms=judged_ms, reason=WITHDRAWN + reason))
    return ClueChanges(tuple(opened), tuple(changed))


def under_way(told: ToldOfShipment) -> bool:
    """True if events or manifest tell of a beginning and none of an end. A shipment of which
    neither is told is taken as ended."""
    manifest = told.manifest
    ended = any(event in ENDING_EVENTS for event in told.events) or (
        manifest is not None and manifest.delivered_ms is not None
    )
    begun = bool(told.events) or (manifest is not None and manifest.dispatched_ms is not None)
    return begun and not ended


def _accusations(result: CheckResult, told: ToldOfShipment) -> Iterator[Finding]:
    heard = {"certain"} if under_way(told) else {"certain", "probable"}
    for finding in result.findings:
        if (finding.kind, finding.subtype) in accusing_kinds() and finding.certainty in heard:
            yield finding


def _continued(finding: Finding, clues: Sequence[Clue]) -> Clue | None:
    """The clue that this finding is: the one it was made of, else the first it touches."""
    same = [clue for clue in clues if _topic(clue.finding) == _topic(finding)]
    for clue in same:
        if clue.finding.id == finding.id:
            return clue
    return next((clue for clue in same if _touch(clue.finding, finding)), None)


def _topic(finding: Finding) -> tuple[str, str, object]:
    return finding.kind, finding.subtype, given(finding.measures.probe) or ""


def _touch(one: Finding, other: Finding) -> bool:
    """A finding without a start or end reaches to that side without bound."""
    return _begins_before_end(one, other) and _begins_before_end(other, one)


def _begins_before_end(one: Finding, other: Finding) -> bool:
    start, end = one.start, other.end
    return start is None or end is None or instant_ms(start) <= instant_ms(end)


def _opened(finding: Finding, result: CheckResult, *, judged_ms: int, reason: str) -> Clue:
    shipment = result.shipment
    name = f"{shipment}\n{finding.id}".encode()
    return Clue(
        cursor=0,
        id="CL-" + hashlib.sha256(name).hexdigest()[:20],
        shipment=shipment,
        finding=finding,
        requirements=finding.requirements,
        verdict=result.verdict,
        version=1,
        reason=reason,
        created_ms=judged_ms,
        updated_ms=judged_ms,
        status="open",
        status_note=None,
    )


def _next_version(clue: Clue, *, judged_ms: int, reason: str) -> Clue:
    return replace(clue, version=clue.version + 1, reason=reason, updated_ms=judged_ms)


def _said(clue: Clue) -> tuple[bytes, str, bool]:
    """What a listener would notice of a clue."""
    return msgspec.json.encode(clue.finding), clue.verdict, clue.standing
