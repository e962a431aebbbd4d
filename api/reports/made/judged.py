"""From a judged run to the sealed report of one of its shipments."""

import msgspec

from coldwitness.analysis.record.build import rows_of
from coldwitness.api.reports.made.evidence import own_loggers
from coldwitness.api.reports.made.model import Beside, Issue, Origin, Report, Review, SentManifest
from coldwitness.api.reports.made.report import beside_of, build_report
from coldwitness.api.reports.made.seal import sealed
from coldwitness.domain.instants import rfc3339_if_any
from coldwitness.domain.tracks import Tracks
from coldwitness.judging.evidence import Evidence
from coldwitness.judging.manifest_versions import in_force
from coldwitness.judging.run import Judged
from coldwitness.storage.journal.signing import Signer


def report_of_judged(
    judged: Judged,
    shipment: str,
    *,
    origin: Origin,
    review: Review | None = None,
    signer: Signer | None = None,
    in_force: Judged | None = None,
    issue: Issue | None = None,
) -> Report:
    """The report of `shipment`, with its digests, signed where there is a signer.

    in_force : the same shipment by the pack in force, where `judged` is by another pack: what it
    says stands beside.
    issue : number, date and office, as whoever issues the report gives them.
    Raises ValueError if the shipment is not in the run.
    """
    beside = _beside(judged, in_force, shipment)
    tracks = _tracks_of(judged, shipment)
    report = _unsealed(
        judged, shipment, tracks, origin=origin, review=review, beside=beside, with_readings=True
    )
    return sealed(msgspec.structs.replace(report, issue=issue), signer)


def report_to_draw(judged: Judged, shipment: str, *, origin: Origin) -> tuple[Report, Tracks]:
    """The report without digests and columns of readings, to be drawn from and not handed out, and
    the readings beside it as they were judged. Raises ValueError as `report_of_judged` does."""
    tracks = _tracks_of(judged, shipment)
    report = _unsealed(judged, shipment, tracks, origin=origin, with_readings=False)
    return report, tracks


def _tracks_of(judged: Judged, shipment: str) -> Tracks:
    row = judged.case.tracks.shipments.index(shipment)
    return own_loggers(rows_of(judged.case.sent, row, row + 1))


def _unsealed(
    judged: Judged,
    shipment: str,
    tracks: Tracks,
    *,
    origin: Origin,
    with_readings: bool,
    review: Review | None = None,
    beside: Beside | None = None,
) -> Report:
    row = judged.case.tracks.shipments.index(shipment)
    return build_report(
        judged.results[row],
        tracks=tracks,
        manifest=judged.evidence.manifests.get(shipment),
        events=sorted(judged.evidence.events.get(shipment, ()), key=lambda event: event.time_ms),
        pack=judged.pack,
        terms=judged.case.terms,
        judgement=judged.judgement,
        shipment=row,
        origin=origin,
        review=review,
        beside=beside,
        versions=_versions(judged.evidence, shipment),
        with_readings=with_readings,
    )


def _versions(evidence: Evidence, shipment: str) -> tuple[SentManifest, ...] | msgspec.UnsetType:
    versions = evidence.versions.get(shipment)
    if versions is None:
        return msgspec.UNSET
    counts = in_force(versions, evidence.begun_ms.get(shipment))
    return tuple(
        SentManifest(
            version=one.version,
            received_at=rfc3339_if_any(one.received_ms),
            sender=one.sender,
            accepted=one.accepted,
            counts=place == counts,
            manifest=one.manifest.source,
        )
        for place, one in enumerate(versions)
    )


def _beside(judged: Judged, in_force: Judged | None, shipment: str) -> Beside | None:
    if in_force is None or in_force.pack.name == judged.pack.name:
        return None
    row = in_force.case.tracks.shipments.index(shipment)
    return beside_of(in_force.results[row], in_force.pack)
