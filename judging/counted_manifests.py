"""The manifests by which a run's shipments are judged, of those that have several versions."""

from coldwitness.judging.evidence import Evidence
from coldwitness.judging.manifest_versions import Counted, counted, in_force, shown_by


def in_force_then(evidence: Evidence) -> Evidence:
    """The evidence with the versions in force when custody began as its manifests: what those
    name as publisher decides whose the readings are, whatever a later version says."""
    if not evidence.versions:
        return evidence
    bases = {
        name: told[in_force(told, evidence.begun_ms.get(name))].manifest
        for name, told in evidence.versions.items()
    }
    return evidence.by_manifests({**evidence.manifests, **bases})


def counted_manifests(own: Evidence) -> dict[str, Counted]:
    """By shipment of which there are several versions: what counts of them, and what is judged
    beside it. own : without what others sent."""
    table = own.readings
    place = {name: code for code, name in enumerate(table.shipments)}
    return {
        name: counted(
            told,
            begun_ms=own.begun_ms.get(name),
            shown=shown_by(
                table.time_ms[table.shipment == place.get(name, -2)], own.events.get(name, ())
            ),
        )
        for name, told in own.versions.items()
        if name in own.shipments
    }
