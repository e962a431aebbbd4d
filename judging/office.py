"""What the office has on record of shipments, gathered from its registers for a judging run."""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from coldwitness.analysis.record.geodesy import haversine_m
from coldwitness.config.ban_list import load_ban_list
from coldwitness.domain.grants import LOCAL
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.manifest import Manifest, ManifestVersion
from coldwitness.domain.office import (
    NOTHING_ON_RECORD,
    OfficeAgreement,
    OfficeBan,
    OfficeBox,
    OfficeFacts,
    OfficeLogger,
    OfficeProduct,
    OfficeSite,
    RegisteredAgreement,
    RegisteredBan,
    RegisteredBox,
    RegisteredBoxModel,
    RegisteredDevice,
    RegisteredProduct,
    RegisteredSite,
)
from coldwitness.domain.reading import Event
from coldwitness.domain.tracks import ReadingTable
from coldwitness.judging.banned_drugs import bans_of
from coldwitness.judging.delegation import parties
from coldwitness.storage.office_ports import Office
from coldwitness.storage.ports import Register

_NO_MANIFEST = Manifest(id="", items=())


def office_facts(
    register: Register,
    shipments: Sequence[str],
    *,
    manifests: Mapping[str, Manifest],
    events: Mapping[str, Sequence[Event]],
    readings: ReadingTable,
    versions: Mapping[str, Sequence[ManifestVersion]] | None = None,
) -> dict[str, OfficeFacts]:
    """Of each shipment of which the office has anything on record. versions : of the manifests, of
    which another than the newest may count. Raises Unavailable."""
    given = {shipment: manifests.get(shipment, _NO_MANIFEST) for shipment in shipments}
    boxes = _boxes(register.office, {s: _box_of(m, events.get(s, ())) for s, m in given.items()})
    loggers = _loggers(register.office, given, readings)
    products = _products(register.office, given)
    sites = _sites(register.office, given)
    agreements = _agreements(register.office, given)
    banned = _banned(register.office, given, versions or {})
    seen = register.reviews.isolation_seen(shipments)
    found = {
        shipment: OfficeFacts(
            box=boxes.get(shipment),
            loggers=loggers.get(shipment, ()),
            products=products.get(shipment, ()),
            sites=sites.get(shipment, ()),
            agreements=agreements.get(shipment, ()),
            banned=banned.get(shipment, ()),
            isolation_seen_at=rfc3339(seen[shipment].created_ms) if shipment in seen else None,
            isolation_seen_photo=seen[shipment].attachment if shipment in seen else None,
        )
        for shipment in shipments
    }
    told = {shipment: facts for shipment, facts in found.items() if facts != NOTHING_ON_RECORD}
    unsigned = register.office.entered_by(LOCAL) if told else frozenset()
    return {
        shipment: msgspec.structs.replace(
            facts,
            signed_in=unsigned.isdisjoint(facts.entries())
            and (shipment not in seen or seen[shipment].signed_in),
        )
        for shipment, facts in told.items()
    }


def _box_of(manifest: Manifest, events: Sequence[Event]) -> str | None:
    """The box that the manifest names, else the one it was packed into."""
    if manifest.box.id is not None:
        return manifest.box.id
    packed = [event.box for event in events if event.event == "packed" and event.box is not None]
    return packed[0] if packed else None


def _boxes(office: Office, box_of: Mapping[str, str | None]) -> dict[str, OfficeBox]:
    """Of each shipment whose box is registered as of a registered model."""
    named = [box for box in box_of.values() if box is not None]
    boxes = office.newest(RegisteredBox, named)
    models = office.newest(RegisteredBoxModel, {its.model for its in boxes.values()})
    found = {}
    for shipment, box in box_of.items():
        if box is None or box not in boxes or (model := models.get(boxes[box].model)) is None:
            continue
        found[shipment] = OfficeBox(
            id=box,
            model=boxes[box].model,
            cooling=model.cooling,
            partition=model.partition,
            qualification=model.qualification,
        )
    return found


def _loggers(
    office: Office, given: Mapping[str, Manifest], readings: ReadingTable
) -> dict[str, tuple[OfficeLogger, ...]]:
    """All loggers of each shipment of which at least one is registered: those that sent its
    readings, else the one the manifest names."""
    named = [manifest.logger.id for manifest in given.values() if manifest.logger.id is not None]
    devices = office.newest(RegisteredDevice, {*readings.loggers, *named})
    if not devices:
        return {}
    told = (readings.shipment >= 0) & (readings.logger >= 0)
    width = max(len(readings.loggers), 1)
    pairs = np.unique(readings.shipment[told] * width + readings.logger[told])
    sent: dict[str, list[str]] = {}
    for pair in pairs.tolist():
        shipment, logger = divmod(pair, width)
        sent.setdefault(readings.shipments[shipment], []).append(readings.loggers[logger])
    found = {}
    for shipment, manifest in given.items():
        stated = [] if manifest.logger.id is None else [manifest.logger.id]
        names = sent.get(shipment) or stated
        loggers = tuple(
            OfficeLogger(
                id=name, calibrations=devices[name].calibrations if name in devices else ()
            )
            for name in sorted(names)
        )
        if any(logger.calibrations for logger in loggers):
            found[shipment] = loggers
    return found


def _products(
    office: Office, given: Mapping[str, Manifest]
) -> dict[str, tuple[OfficeProduct, ...]]:
    """Of each item with a registered number; the approval number goes before the trace code."""
    numbers = {
        number
        for manifest in given.values()
        for item in manifest.items
        for number in (item.approval_number, item.trace_code)
        if number is not None
    }
    products = office.newest(RegisteredProduct, numbers) if numbers else {}
    found: dict[str, list[OfficeProduct]] = {}
    for shipment, manifest in given.items() if products else ():
        for index, item in enumerate(manifest.items):
            number = next(
                (n for n in (item.approval_number, item.trace_code) if n in products), None
            )
            if number is not None:
                its = OfficeProduct(item=index, number=number, storage=products[number].storage)
                found.setdefault(shipment, []).append(its)
    return {shipment: tuple(its) for shipment, its in found.items()}


def _agreements(
    office: Office, given: Mapping[str, Manifest]
) -> dict[str, tuple[OfficeAgreement, ...]]:
    """Of each shipment, the registered agreements between its seller and its carrier."""
    named = {shipment: its for shipment, manifest in given.items() if (its := parties(manifest))}
    registered = office.listed(RegisteredAgreement) if named else {}
    between: dict[tuple[str, str], list[OfficeAgreement]] = {}
    for name, one in registered.items():
        told = OfficeAgreement(id=name, **msgspec.structs.asdict(one))
        between.setdefault((one.seller, one.carrier), []).append(told)
    return {shipment: tuple(between[its]) for shipment, its in named.items() if its in between}


def _banned(
    office: Office,
    given: Mapping[str, Manifest],
    versions: Mapping[str, Sequence[ManifestVersion]],
) -> dict[str, tuple[OfficeBan, ...]]:
    """Of each shipment, the entries of the ban list that bear on an item of any version."""
    registered = office.listed(RegisteredBan) if given else {}
    bans = [OfficeBan(id=name, **msgspec.structs.asdict(one)) for name, one in registered.items()]
    found = {}
    for shipment, manifest in given.items() if bans else ():
        told = [manifest, *(one.manifest for one in versions.get(shipment, ()))]
        items = [item for one in told for item in one.items]
        if its := bans_of(items, bans, load_ban_list()):
            found[shipment] = its
    return found


def _sites(office: Office, given: Mapping[str, Manifest]) -> dict[str, tuple[OfficeSite, ...]]:
    """Of each shipment, the registered sites whose circle meets that of a site it names."""
    naming = {shipment: manifest.sites for shipment, manifest in given.items() if manifest.sites}
    registered = office.listed(RegisteredSite) if naming else {}
    if not registered:
        return {}
    ids = list(registered)
    lat_deg = np.array([its.lat for its in registered.values()])
    lon_deg = np.array([its.lon for its in registered.values()])
    radius_m = np.array([its.radius_m for its in registered.values()])
    found = {}
    for shipment, sites in naming.items():
        meets = np.zeros(len(ids), dtype=np.bool_)
        for site in sites:
            away_m = haversine_m(
                lat_deg=lat_deg,
                lon_deg=lon_deg,
                to_lat_deg=np.full(len(ids), site.lat),
                to_lon_deg=np.full(len(ids), site.lon),
            )
            meets |= away_m <= radius_m + site.radius_m
        if meets.any():
            found[shipment] = tuple(
                OfficeSite(id=ids[row], **msgspec.structs.asdict(registered[ids[row]]))
                for row in np.flatnonzero(meets)
            )
    return found
