"""Archived shipments judged again: a part of an archive is one run and one answer."""

from collections.abc import Callable, Sequence

import msgspec

from coldwitness.analysis.record.curves import CurveIndex
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.measures import given
from coldwitness.domain.result import CheckResult
from coldwitness.judging.changed_results import Change, Whose, changes_between
from coldwitness.judging.copies import index_of_bodies
from coldwitness.judging.evidence import Evidence
from coldwitness.judging.rulebook import Rulebook
from coldwitness.judging.run import judge_shipments
from coldwitness.storage.archive.facts import ShipmentFacts
from coldwitness.storage.archive.read_back import ArchivedPart, ArchivedShipments, read_part


class PartChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What judging a part again changed. shipments : how many were judged. readings : of these.
    not_ended : left out, for they had not ended when their result was recorded. unrecorded : left
    out, for no result was recorded."""

    shipments: int
    readings: int
    not_ended: int
    unrecorded: int
    changes: tuple[Change, ...]


Rejudge = Callable[[ArchivedPart], PartChanges]


def rejudged(part: ArchivedPart, *, rulebook: Rulebook, assumed_storage: str | None) -> PartChanges:
    """Judge the part's ended shipments by the rulebook, on the facts their results rested on.

    Raises BadInput naming a file that cannot be read.
    """
    archived = read_part(part)
    recorded = {one.shipment: one.result for one in archived.facts if one.result is not None}
    ended = {name: its for name, its in recorded.items() if given(its.state) in ("ended", None)}
    results: list[CheckResult] = []
    readings = 0
    if ended:
        mine = [one for one in archived.facts if one.shipment in ended]
        evidence = _evidence(archived, ended).of_shipments(tuple(ended))
        readings = len(evidence.readings)
        groups = judge_shipments(
            evidence,
            rulebook=rulebook,
            assumed_storage=assumed_storage,
            archive=lambda index: _alike(mine, index),
        )
        results = [result for group in groups for result in group.results]
    whose = {
        one.shipment: Whose(
            day=rfc3339(one.first_ms)[:10], courier=one.courier, division=one.division
        )
        for one in archived.facts
    }
    changes = [
        change
        for result in sorted(results, key=lambda one: one.shipment)
        for change in changes_between(ended[result.shipment], result, whose[result.shipment])
    ]
    return PartChanges(
        shipments=len(results),
        readings=readings,
        not_ended=len(recorded) - len(ended),
        unrecorded=len(archived.facts) - len(recorded),
        changes=tuple(changes),
    )


def _evidence(archived: ArchivedShipments, recorded: dict[str, CheckResult]) -> Evidence:
    facts = archived.facts
    told = {name: result.evidence for name, result in recorded.items()}
    return Evidence(
        shipments=tuple(one.shipment for one in facts),
        readings=archived.readings,
        manifests={one.shipment: one.manifests[-1].manifest for one in facts if one.manifests},
        events=archived.events,
        versions={one.shipment: one.manifests for one in facts if len(one.manifests) > 1},
        begun_ms={one.shipment: one.begun_ms for one in facts if one.begun_ms is not None},
        office={name: its for name, one in told.items() if (its := given(one.office))},
        carried={(box, logger): its for one in facts for box, logger, its in one.carried},
        deliveries={name: given(one.deliveries) or () for name, one in told.items()},
        challenges={name: given(one.challenges) or () for name, one in told.items()},
        fleet_limits={
            name: limits for name, one in told.items() if (limits := given(one.fleet_limits))
        },
    )


def _alike(facts: Sequence[ShipmentFacts], index: CurveIndex) -> CurveIndex | None:
    """The curves of shipments outside the run that may be copies of some in it."""
    bodies = {
        other: body
        for one in facts
        for other, body in one.alike.items()
        if other not in index.shipments
    }
    return index_of_bodies(bodies) if bodies else None
