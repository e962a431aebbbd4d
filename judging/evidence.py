"""All that is known of some shipments: what one judging run rests on besides the rules."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TypeVar

import msgspec
import numpy as np

from coldwitness.domain.columns import alike, take
from coldwitness.domain.manifest import Manifest, ManifestVersion
from coldwitness.domain.office import OfficeFacts
from coldwitness.domain.reading import Event
from coldwitness.domain.result import Challenged, FleetLimits, OtherDelivery
from coldwitness.domain.tracks import ReadingTable
from coldwitness.judging.carried_probes import Carried, pairs_of
from coldwitness.judging.office import office_facts
from coldwitness.judging.other_deliveries import deliveries_beside, of_boxes
from coldwitness.judging.probe_challenges import challenged
from coldwitness.storage.ports import Register, TelemetryStore

Known = TypeVar("Known")


@dataclass(frozen=True)
class Evidence:
    """shipments : who is judged, each once. readings : may hold others' too, which are left out.
    manifests, events : of those that have any. versions : in their order, of those of whose
    manifest there are several. begun_ms : when the first custody event or reading of these was
    received, UTC epoch ms; none where nobody noted it. office : what the office has on record of
    those of which it has anything. carried : which probes the shipments' loggers ever sent, where
    somebody kept that. as_of_ms : the present, UTC epoch ms, by which shipments may be on their
    way; without one all have ended. deliveries : of other shipments in the same box, as far as they
    are known beside the run. challenges : of probes, by officers on the way."""

    shipments: tuple[str, ...]
    readings: ReadingTable
    manifests: Mapping[str, Manifest]
    events: Mapping[str, Sequence[Event]]
    versions: Mapping[str, Sequence[ManifestVersion]] = field(default_factory=dict)
    begun_ms: Mapping[str, int] = field(default_factory=dict)
    office: Mapping[str, OfficeFacts] = field(default_factory=dict)
    carried: Carried = field(default_factory=dict)
    as_of_ms: int | None = None
    deliveries: Mapping[str, Sequence[OtherDelivery]] = field(default_factory=dict)
    challenges: Mapping[str, Sequence[Challenged]] = field(default_factory=dict)
    fleet_limits: Mapping[str, FleetLimits] = field(default_factory=dict)

    def by_manifests(self, manifests: Mapping[str, Manifest]) -> "Evidence":
        """The same evidence by other manifests."""
        return replace(self, manifests=manifests)

    def is_that_of(self, earlier: "Evidence") -> bool:
        """Whether all but the hour is the same: nothing was said since."""
        return alike(self.readings, earlier.readings) and all(
            getattr(self, one.name) == getattr(earlier, one.name)
            for one in fields(self)
            if one.name not in ("readings", "as_of_ms")
        )

    def of_shipments(self, shipments: Sequence[str]) -> "Evidence":
        """The evidence of some of the shipments alone."""
        wanted = set(shipments)
        told = np.fromiter((name in wanted for name in (*self.readings.shipments, "")), np.bool_)
        return replace(
            self,
            shipments=tuple(shipments),
            readings=take(self.readings, np.flatnonzero(told[self.readings.shipment])),
            manifests=_of(self.manifests, shipments),
            events=_of(self.events, shipments),
            versions=_of(self.versions, shipments),
            begun_ms=_of(self.begun_ms, shipments),
            office=_of(self.office, shipments),
        )

    def of_manifests(self, manifests: Mapping[str, Manifest]) -> "Evidence":
        """The evidence of the shipments of these manifests, by them."""
        wanted = [code for code, name in enumerate(self.readings.shipments) if name in manifests]
        return replace(
            self,
            shipments=tuple(manifests),
            readings=take(self.readings, np.isin(self.readings.shipment, wanted)),
            manifests=manifests,
            versions={},
        )


def _of(known: Mapping[str, Known], shipments: Sequence[str]) -> dict[str, Known]:
    return {name: known[name] for name in shipments if name in known}


def with_deliveries(evidence: Evidence) -> Evidence:
    """The same with the deliveries of the run's own shipments beside those that are known: each
    where its first manifest has it go."""
    first = {name: its[0].manifest for name, its in evidence.versions.items() if its}
    beside = deliveries_beside(
        evidence.shipments,
        manifests={**evidence.manifests, **first},
        events=evidence.events,
        known=evidence.deliveries,
    )
    return replace(evidence, deliveries=beside)


def evidence_of(
    store: TelemetryStore, register: Register, shipments: Sequence[str], *, as_of_ms: int | None
) -> Evidence:
    """The whole record of each shipment as the stores hold it now. Raises Unavailable."""
    readings = store.readings(shipments, register.custody.stays(shipments))
    manifests = register.manifests.newest(shipments)
    versions = register.manifests.versions(shipments)
    events = register.custody.events(shipments)
    return Evidence(
        shipments=tuple(shipments),
        as_of_ms=as_of_ms,
        readings=readings,
        manifests=manifests,
        events=events,
        versions=_with_corrections(versions, register) if versions else {},
        begun_ms=_begun_ms(readings, tuple(versions), register) if versions else {},
        office=office_facts(
            register,
            shipments,
            manifests=manifests,
            events=events,
            readings=readings,
            versions=versions,
        ),
        carried=register.custody.carried(pairs_of(readings)),
        deliveries=of_boxes(register, shipments, manifests=manifests, events=events),
        challenges=challenged(register, shipments, as_of_ms=as_of_ms),
    )


def _with_corrections(
    versions: Mapping[str, Sequence[ManifestVersion]], register: Register
) -> dict[str, Sequence[ManifestVersion]]:
    accepted = register.reviews.corrections_accepted(tuple(versions))
    return {
        name: [
            msgspec.structs.replace(one, accepted=one.version in accepted.get(name, ()))
            for one in told
        ]
        for name, told in versions.items()
    }


def _begun_ms(
    readings: ReadingTable, shipments: Sequence[str], register: Register
) -> dict[str, int]:
    """When the first event or reading of each was received."""
    begun = register.custody.first_received(shipments)
    for name in shipments:
        code = readings.shipments.index(name)
        received_ms = readings.received_ms[
            (readings.shipment == code) & (readings.received_ms >= 0)
        ]
        if received_ms.size:
            first_ms = int(received_ms.min())
            begun[name] = min(begun.get(name, first_ms), first_ms)
    return begun
