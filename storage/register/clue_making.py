"""From findings to clues: what a case system hears, and what it does not hear twice.

A finding becomes a clue when its kind accuses (config/findings says which do) with at
least `probable` certainty. One that is only inferred waits until the journey's end is known: a
box half seen would accuse too early. A finding that touches an earlier clue of the same shipment,
kind, subtype and probe is that clue, told better.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, RowMapping, bindparam, select, update

from coldwitness.config.finding_kinds import accusing_kinds
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.measures import given
from coldwitness.domain.reading import ENDING_EVENTS
from coldwitness.domain.result import CheckResult, Finding
from coldwitness.storage.ports import Clue
from coldwitness.storage.register import schema
from coldwitness.storage.register.database import parts

WITHDRAWN = "no longer found: "
"""Begins the reason of a clue whose finding later evidence took away."""


@dataclass(frozen=True)
class _Told:
    """What of a finding decides which clue it is."""

    finding: Finding
    body: str
    topic: tuple[str, str, str]
    start_ms: int | None
    end_ms: int | None


def made(
    connection: Connection, results: Sequence[CheckResult], *, judged_ms: int, reason: str
) -> list[Clue]:
    """Bring the clues of these shipments to their new results; returns those that are new.

    Must run in the transaction that holds the shipments' locks.
    """
    names = [result.shipment for result in results]
    known = _known(connection, names)
    under_way = _under_way(connection, results)
    fresh: list[dict[str, Any]] = []
    better: list[dict[str, Any]] = []
    withdrawn: list[dict[str, Any]] = []
    for result in results:
        shipment = result.shipment
        left = known[shipment]
        for told in _accusations(result, under_way=shipment in under_way):
            clue = _continued(told, left)
            if clue is None:
                fresh.append(_row(result, told, judged_ms=judged_ms, reason=reason))
                continue
            left = [other for other in left if other.id != clue.id]
            if _tells_other(clue, told, result):
                better.append(_better(clue, told, result, judged_ms=judged_ms, reason=reason))
        withdrawn += [
            _withdrawn(clue, result, judged_ms=judged_ms, reason=reason)
            for clue in left
            if clue.standing
        ]
    for changes in (better, withdrawn):
        if changes:
            clue_id = schema.clues.c.id == bindparam("clue_id")
            connection.execute(update(schema.clues).where(clue_id), changes)
    if not fresh:
        return []
    # The counter's row stays locked until the commit: cursors are without holes and in the
    # order in which readers come to see them.
    connection.execute(update(schema.feed).values(last=schema.feed.c.last + len(fresh)))
    last = connection.execute(select(schema.feed.c.last)).scalar_one()
    for offset, row in enumerate(fresh):
        row["cursor"] = last - len(fresh) + 1 + offset
    connection.execute(schema.clues.insert(), fresh)
    return [clue_of(row) for row in fresh]


def accuses(result: CheckResult) -> bool:
    """True if any finding may be a clue."""
    return any(finding.kind in accusing_kinds() for finding in result.findings)


def clue_of(row: RowMapping | Mapping[str, Any]) -> Clue:
    """A Clue from a row of the table `clues`."""
    return Clue(
        cursor=row["cursor"],
        id=row["id"],
        shipment=row["shipment"],
        finding=msgspec.json.decode(row["finding"], type=Finding),
        requirements=tuple(msgspec.json.decode(row["requirements"])),
        verdict=row["verdict"],
        version=row["version"],
        reason=row["reason"],
        created_ms=row["created_ms"],
        updated_ms=row["updated_ms"],
        status=row["status"],
        status_note=row["status_note"],
        standing=row["standing"],
    )


def _known(connection: Connection, names: Sequence[str]) -> dict[str, list[Row[Any]]]:
    table = schema.clues
    found: defaultdict[str, list[Row[Any]]] = defaultdict(list)
    for part in parts(names):
        query = select(table).where(table.c.shipment.in_(part)).order_by(table.c.cursor)
        for row in connection.execute(query):
            found[row.shipment].append(row)
    return found


def _under_way(connection: Connection, results: Sequence[CheckResult]) -> set[str]:
    """Of the shipments with inferred accusations, those whose events or manifest tell of a
    beginning and none of an end. One that tells of neither is taken as ended."""
    names = [
        result.shipment
        for result in results
        if any(finding.certainty == "probable" for finding in result.findings)
    ]
    events, manifests, shipments = schema.events, schema.manifests, schema.shipments
    begun: set[str] = set()
    ended: set[str] = set()
    for part in parts(names):
        told = select(events.c.shipment, events.c.event).where(events.c.shipment.in_(part))
        for shipment, event in connection.execute(told.distinct()):
            (ended if event in ENDING_EVENTS else begun).add(shipment)
        declared = select(manifests.c.body).join(
            shipments,
            (shipments.c.id == manifests.c.shipment)
            & (shipments.c.manifest_version == manifests.c.version),
        )
        for body in connection.execute(declared.where(shipments.c.id.in_(part))).scalars():
            manifest = msgspec.json.decode(body, type=Manifest)
            if manifest.delivered_ms is not None:
                ended.add(manifest.id)
            elif manifest.dispatched_ms is not None:
                begun.add(manifest.id)
    return begun - ended


def _accusations(result: CheckResult, *, under_way: bool) -> Iterable[_Told]:
    for finding in result.findings:
        certain = finding.certainty == "certain"
        inferred = finding.certainty == "probable" and not under_way
        if finding.kind not in accusing_kinds() or not (certain or inferred):
            continue
        start, end = finding.start, finding.end
        yield _Told(
            finding=finding,
            body=msgspec.json.encode(finding).decode(),
            topic=(finding.kind, finding.subtype, given(finding.measures.probe) or ""),
            start_ms=None if start is None else instant_ms(start),
            end_ms=None if end is None else instant_ms(end),
        )


def _continued(told: _Told, clues: Sequence[Row[Any]]) -> Row[Any] | None:
    """The clue that this finding is: the one it was made of, else the first it touches."""
    same = [clue for clue in clues if (clue.kind, clue.subtype, clue.probe) == told.topic]
    for clue in same:
        if clue.finding_id == told.finding.id:
            return clue
    for clue in same:
        if _touch(clue.start_ms, clue.end_ms, told.start_ms, told.end_ms):
            return clue
    return None


def _touch(
    start_ms: int | None, end_ms: int | None, other_start_ms: int | None, other_end_ms: int | None
) -> bool:
    """A finding without a start or end reaches to that side without bound."""
    begins_in_time = start_ms is None or other_end_ms is None or start_ms <= other_end_ms
    ends_in_time = end_ms is None or other_start_ms is None or other_start_ms <= end_ms
    return begins_in_time and ends_in_time


def _row(result: CheckResult, told: _Told, *, judged_ms: int, reason: str) -> dict[str, Any]:
    shipment = result.shipment
    name = f"{shipment}\n{told.finding.id}".encode()
    kind, subtype, probe = told.topic
    return {
        "id": "CL-" + hashlib.sha256(name).hexdigest()[:20],
        "shipment": shipment,
        "finding_id": told.finding.id,
        "kind": kind,
        "subtype": subtype,
        "probe": probe,
        "start_ms": told.start_ms,
        "end_ms": told.end_ms,
        "finding": told.body,
        "requirements": _requirements(told.finding),
        "verdict": result.verdict,
        "version": 1,
        "reason": reason,
        "standing": True,
        "created_ms": judged_ms,
        "updated_ms": judged_ms,
        "status": "open",
        "status_note": None,
    }


def _tells_other(clue: Row[Any], told: _Told, result: CheckResult) -> bool:
    """Whether the clue stands in other words than the finding's."""
    same = clue.finding == told.body and clue.verdict == result.verdict
    return not (same and clue.standing)


def _better(
    clue: Row[Any], told: _Told, result: CheckResult, *, judged_ms: int, reason: str
) -> dict[str, Any]:
    return {
        "clue_id": clue.id,
        "finding_id": told.finding.id,
        "start_ms": told.start_ms,
        "end_ms": told.end_ms,
        "finding": told.body,
        "requirements": _requirements(told.finding),
        "verdict": result.verdict,
        "version": clue.version + 1,
        "reason": reason,
        "standing": True,
        "updated_ms": judged_ms,
    }


def _withdrawn(
    clue: Row[Any], result: CheckResult, *, judged_ms: int, reason: str
) -> dict[str, Any]:
    return {
        "clue_id": clue.id,
        "verdict": result.verdict,
        "version": clue.version + 1,
        "reason": WITHDRAWN + reason,
        "standing": False,
        "updated_ms": judged_ms,
    }


def _requirements(finding: Finding) -> str:
    return msgspec.json.encode(finding.requirements).decode()
