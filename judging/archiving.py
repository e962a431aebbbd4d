"""What goes into the archive of each shipment: it can be judged again without a register."""

from collections.abc import Sequence

import numpy as np

from coldwitness.domain.columns import take
from coldwitness.domain.manifest import ManifestVersion
from coldwitness.domain.tracks import IntArray
from coldwitness.judging.carried_probes import pairs_of
from coldwitness.judging.copies import PARTNERS
from coldwitness.judging.evidence import Evidence, evidence_of
from coldwitness.storage.archive.facts import FactsOf, ShipmentFacts
from coldwitness.storage.ports import Register, TelemetryStore

_AT_ONCE = 500


def facts_to_archive(store: TelemetryStore, register: Register) -> FactsOf:
    """Reads them when asked, some at a time; a shipment without readings and events has none."""

    def facts(shipments: Sequence[str]) -> dict[str, ShipmentFacts]:
        found: dict[str, ShipmentFacts] = {}
        for start in range(0, len(shipments), _AT_ONCE):
            found |= _facts(store, register, shipments[start : start + _AT_ONCE])
        return found

    return facts


def _facts(
    store: TelemetryStore, register: Register, shipments: Sequence[str]
) -> dict[str, ShipmentFacts]:
    evidence = evidence_of(store, register, shipments, as_of_ms=None)
    alike = register.copies.alike(shipments, partners=PARTNERS)
    results = register.results.newest(shipments)
    known = register.shipments.rows_of(shipments)
    first_ms, last_ms = _reach_ms(evidence)
    found = {}
    for code, name in enumerate(shipments):
        if first_ms[code] > last_ms[code]:
            continue
        row = known.get(name)
        found[name] = ShipmentFacts(
            shipment=name,
            courier=None if row is None else row.courier,
            division=None if row is None else row.division,
            first_ms=int(first_ms[code]),
            last_ms=int(last_ms[code]),
            manifests=_manifests(evidence, name),
            begun_ms=evidence.begun_ms.get(name),
            carried=_carried(evidence, code),
            alike=dict(sorted(alike.get(name, {}).items())),
            result=results.get(name),
        )
    return found


def _reach_ms(evidence: Evidence) -> tuple[IntArray, IntArray]:
    """(s,) first and last reading or event of each, UTC epoch ms; without any last before first."""
    table, span = evidence.readings, np.iinfo(np.int64)
    first_ms = np.full(len(evidence.shipments), span.max)
    last_ms = np.full(len(evidence.shipments), span.min)
    np.minimum.at(first_ms, table.shipment, table.time_ms)
    np.maximum.at(last_ms, table.shipment, table.time_ms)
    for code, name in enumerate(evidence.shipments):
        for event in evidence.events.get(name, ()):
            first_ms[code] = min(first_ms[code], event.time_ms)
            last_ms[code] = max(last_ms[code], event.time_ms)
    return first_ms, last_ms


def _manifests(evidence: Evidence, shipment: str) -> tuple[ManifestVersion, ...]:
    several = evidence.versions.get(shipment)
    if several:
        return tuple(several)
    one = evidence.manifests.get(shipment)
    return () if one is None else (ManifestVersion(manifest=one, version=1),)


def _carried(evidence: Evidence, code: int) -> tuple[tuple[str, str, dict[str, int]], ...]:
    table = evidence.readings
    pairs = pairs_of(take(table, table.shipment == code))
    return tuple((*pair, dict(evidence.carried.get(pair, {}))) for pair in sorted(pairs))
