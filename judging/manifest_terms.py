"""Building Terms: manifests, custody events and rules become arrays.

This is the one place that walks over manifests one by one; analysis sees only arrays.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from coldwitness.analysis.terms import (
    Deliveries,
    Disturbances,
    EventTable,
    LimitSource,
    SiteRole,
    Sites,
    Terms,
    nothing_on_record,
)
from coldwitness.config.ban_list import Banned, load_ban_list
from coldwitness.config.numbers import Numbers
from coldwitness.config.rules import PackLimits, day_start_s
from coldwitness.config.storage_classes import BoxModel, StorageClass
from coldwitness.domain.baseline import FLEET_ZONES, FleetBaseline, FleetZone
from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import instant_ms
from coldwitness.domain.manifest import Manifest, Qualification
from coldwitness.domain.office import NOTHING_ON_RECORD, OfficeFacts
from coldwitness.domain.reading import EVENT_NAMES, Event
from coldwitness.domain.result import Challenged, OtherDelivery
from coldwitness.domain.tracks import FloatArray
from coldwitness.judging.banned_drugs import banned_drugs, sold_online
from coldwitness.judging.cooling_need import need_cooling
from coldwitness.judging.coupling_limits import coupling_limit_per_h, payload_j_per_k
from coldwitness.judging.custody_ends import custody_ends
from coldwitness.judging.delegation import delegations
from coldwitness.judging.drug_items import (
    NO_MANIFEST,
    common_range,
    drug_items,
    items_and_budgets,
    shared_lines,
)
from coldwitness.judging.office_terms import as_registered, bearing_on, with_record
from coldwitness.judging.term_columns import flags as _flags
from coldwitness.judging.term_columns import floats as _floats
from coldwitness.judging.term_columns import offsets as _offsets
from coldwitness.judging.term_columns import seconds as _seconds

_DECLARED: Mapping[FleetZone, Callable[[Manifest], float | None]] = {
    "coolant": lambda manifest: coupling_limit_per_h(
        manifest.box.qualification.coolant_coupling_max_per_h, payload_j_per_k(manifest)
    ),
    "goods": lambda manifest: coupling_limit_per_h(
        manifest.box.qualification.goods_coupling_max_per_h, payload_j_per_k(manifest)
    ),
}
_OF_MODEL: Mapping[FleetZone, Callable[[BoxModel], float | None]] = {
    "coolant": lambda model: model.coolant_coupling_max_per_h,
    "goods": lambda model: model.goods_coupling_max_per_h,
}
_ROLES = {"transfer": SiteRole.TRANSFER, "cold_store": SiteRole.COLD_STORE}


def terms_for(
    shipments: Sequence[str],
    *,
    manifests: Mapping[str, Manifest],
    events: Mapping[str, Sequence[Event]],
    classes: Mapping[str, StorageClass],
    models: Mapping[str, BoxModel],
    numbers: Numbers,
    assumed_storage: str | None = None,
    learned: Mapping[str, Mapping[FleetZone, FleetBaseline]] | None = None,
    office: Mapping[str, OfficeFacts] | None = None,
    deliveries: Mapping[str, Sequence[OtherDelivery]] | None = None,
    challenges: Mapping[str, Sequence[Challenged]] | None = None,
    ban_list: Sequence[Banned] | None = None,
    limits: PackLimits | None = None,
) -> Terms:
    """Terms of each shipment, in order.

    A shipment without a manifest is judged by `assumed_storage`; without that either, its
    range stays unknown. `learned` : what the fleet says about the box models of shipments, used
    where neither manifest nor box model gives a limit. `office` : what the office has on record,
    which counts in place of what the manifest says. `deliveries` : other shipments of the same box.
    `challenges` : of probes, by officers on the way.
    `ban_list` : the shipped one, unless another is given. `limits` : the pack's own, in place of
    every label's. Raises BadInput for an unknown class.
    """
    if assumed_storage is not None and assumed_storage not in classes:
        known = ", ".join(classes)
        raise BadInput(f"storage: unknown storage class {assumed_storage!r}; expected {known}")
    ban_list = load_ban_list() if ban_list is None else ban_list
    sent = [manifests.get(shipment, NO_MANIFEST) for shipment in shipments]
    facts = [
        bearing_on(manifest, (office or {}).get(shipment, NOTHING_ON_RECORD))
        for manifest, shipment in zip(sent, shipments, strict=True)
    ]
    given = [
        as_registered(manifest, its, classes) for manifest, its in zip(sent, facts, strict=True)
    ]
    named = [drug_items(manifest, assumed_storage) for manifest in given]
    items, budgets = items_and_budgets(named, classes, limits)
    low_c, high_c = common_range(items, len(shipments))
    sorted_events = [sorted(events.get(s, ()), key=_time_of) for s in shipments]
    start, end = custody_ends(given, sorted_events)
    banned = banned_drugs(named, ban_list, start.time_s.tolist(), [its.banned for its in facts])
    lasting = [shared_lines(manifest, classes) for manifest in given]
    place = _places(given)
    of_fleet = [(learned or {}).get(shipment, {}) for shipment in shipments]
    slew, slew_source = _limit(
        given,
        models,
        declared=lambda manifest: manifest.box.qualification.slew_max_c_per_min,
        of_model=lambda model: model.slew_max_c_per_min,
        setting=numbers.slew_max_c_per_min,
    )
    coolant, coolant_source = _limit(
        given,
        models,
        declared=_DECLARED["coolant"],
        of_model=_OF_MODEL["coolant"],
        setting=numbers.coolant_coupling_max_per_h,
        fleet=[found.get("coolant") for found in of_fleet],
    )
    goods, goods_source = _limit(
        given,
        models,
        declared=_DECLARED["goods"],
        of_model=_OF_MODEL["goods"],
        setting=numbers.goods_coupling_max_per_h,
        fleet=[found.get("goods") for found in of_fleet],
    )
    terms = Terms(
        shipments=tuple(shipments),
        has_manifest=np.array([manifest.id != NO_MANIFEST.id for manifest in given], dtype=bool),
        start_s=start.time_s,
        end_s=end.time_s,
        start_source=start.source,
        end_source=end.source,
        mismatch_s=np.maximum(start.mismatch_s, end.mismatch_s),
        low_c=low_c,
        high_c=high_c,
        limits_known=np.diff(items.first) > 0,
        needs_cooling=need_cooling(named, classes),
        storage_assumed=np.array(
            [manifest.id == NO_MANIFEST.id and assumed_storage is not None for manifest in given],
            dtype=bool,
        ),
        freeze_sensitive=np.array(
            [any(item.freeze_sensitive for item in drugs) for drugs in named], dtype=bool
        ),
        logger_id=tuple(manifest.logger.id or "" for manifest in given),
        accuracy_c=_floats(_accuracy_c(manifest, numbers) for manifest in given),
        interval_s=_floats(manifest.logger.interval_s for manifest in given),
        response_s=_floats(manifest.logger.response_s for manifest in given),
        calibrated_until_s=_floats(_calibrated_until_s(manifest) for manifest in given),
        slew_max_c_per_min=slew,
        slew_source=slew_source,
        coolant_limit_per_h=coolant,
        coolant_limit_source=coolant_source,
        goods_limit_per_h=goods,
        goods_limit_source=goods_source,
        isolation_coolant=_flags(manifest.box.isolation.coolant for manifest in given),
        isolation_goods=_flags(manifest.box.isolation.goods for manifest in given),
        active_cooling=_flags(_active_cooling(manifest, models) for manifest in given),
        goods_aboard=_flags(_goods_aboard(manifest) for manifest in given),
        shared_compartment=np.array([bool(lines) for lines in lasting], dtype=bool),
        shared_lines=tuple(lasting),
        hold_h=_floats(_hold_h(manifest, models) for manifest in given),
        planned_s=_floats(_planned_s(manifest) for manifest in given),
        due_s=_floats(_seconds(manifest.due_ms) for manifest in given),
        box_known=_flags(_box_known(manifest, models) for manifest in given),
        sold_online=_flags(sold_online(manifest) for manifest in given),
        drugs_named=np.array([all(item.name for item in drugs) for drugs in named], dtype=bool),
        banned_lines=tuple(lines for lines, _ in banned),
        banned_as=tuple(title for _, title in banned),
        platform_named=np.array(
            [
                manifest.delivery is not None and bool(manifest.delivery.platform)
                for manifest in given
            ],
            dtype=np.bool_,
        ),
        delegation=delegations(given, facts, start.time_s),
        origin_lat_deg=place("origin", "lat"),
        origin_lon_deg=place("origin", "lon"),
        origin_radius_m=np.fmin(place("origin", "radius_m"), numbers.place_radius_max_m),
        destination_lat_deg=place("destination", "lat"),
        destination_lon_deg=place("destination", "lon"),
        destination_radius_m=np.fmin(place("destination", "radius_m"), numbers.place_radius_max_m),
        radius_cut=np.array(
            [_widest_radius_m(manifest) > numbers.place_radius_max_m for manifest in given],
            dtype=bool,
        ),
        items=items,
        budgets=budgets,
        sites=_sites(given, numbers),
        events=_events(sorted_events),
        deliveries=_deliveries([(deliveries or {}).get(shipment, ()) for shipment in shipments]),
        on_record=nothing_on_record(len(shipments)),
        disturbances=disturbances(shipments, challenges or {}),
        baselines=_baselines(of_fleet, {"coolant": coolant_source, "goods": goods_source}),
        probe_compartments={
            row: manifest.logger.probes
            for row, manifest in enumerate(given)
            if manifest.logger.probes
        },
    )
    return with_record(terms, facts)


def zones_without_limit(
    manifest: Manifest, models: Mapping[str, BoxModel]
) -> tuple[FleetZone, ...]:
    """Zones for which neither the manifest nor its box model in config qualifies a limit."""
    model = models.get(manifest.box.model or "")
    return tuple(
        zone
        for zone in FLEET_ZONES
        if _DECLARED[zone](manifest) is None and (model is None or _OF_MODEL[zone](model) is None)
    )


def _baselines(
    of_fleet: Sequence[Mapping[FleetZone, FleetBaseline]],
    sources: Mapping[FleetZone, NDArray[np.int8]],
) -> dict[int, dict[str, FleetBaseline]]:
    """Those that were used, by row and zone."""
    used: dict[int, dict[str, FleetBaseline]] = {}
    for row, found in enumerate(of_fleet):
        for zone, baseline in found.items():
            if sources[zone][row] == LimitSource.FLEET:
                used.setdefault(row, {})[zone] = baseline
    return used


def _limit(
    given: Sequence[Manifest],
    models: Mapping[str, BoxModel],
    *,
    declared: Callable[[Manifest], float | None],
    of_model: Callable[[BoxModel], float | None],
    setting: float,
    fleet: Sequence[FleetBaseline | None] = (),
) -> tuple[FloatArray, NDArray[np.int8]]:
    """The manifest's qualification, else the box model's, else what the fleet has taught, else
    the setting; and which it was."""
    values, sources = [], []
    for row, manifest in enumerate(given):
        taught = fleet[row] if fleet else None
        model = models.get(manifest.box.model or "")
        own, of_type = declared(manifest), None if model is None else of_model(model)
        if own is not None:
            values.append(own)
            sources.append(LimitSource.MANIFEST)
        elif of_type is not None:
            values.append(of_type)
            sources.append(LimitSource.MODEL)
        elif taught is not None:
            values.append(taught.limit_per_h)
            sources.append(LimitSource.FLEET)
        else:
            values.append(setting)
            sources.append(LimitSource.SETTING)
    return np.array(values, dtype=np.float64), np.array(sources, dtype=np.int8)


def _active_cooling(manifest: Manifest, models: Mapping[str, BoxModel]) -> bool | None:
    if manifest.box.cooling is not None:
        return manifest.box.cooling == "active"
    model = models.get(manifest.box.model or "")
    return None if model is None else model.active_cooling


def _hold_h(manifest: Manifest, models: Mapping[str, BoxModel]) -> float | None:
    if manifest.box.qualification.hold_h is not None:
        return manifest.box.qualification.hold_h
    model = models.get(manifest.box.model or "")
    return None if model is None else model.hold_h


def _planned_s(manifest: Manifest) -> float | None:
    """As the manifest says, else from its dispatch to its time limit."""
    delivery = manifest.delivery
    if delivery is not None and delivery.planned_minutes is not None:
        return delivery.planned_minutes * 60
    if manifest.dispatched_ms is None or manifest.due_ms is None:
        return None
    return max(0.0, (manifest.due_ms - manifest.dispatched_ms) / 1000.0)


def _box_known(manifest: Manifest, models: Mapping[str, BoxModel]) -> bool | None:
    """Whether anything is on record about how the box was qualified; None: no box is named."""
    if manifest.box.model in models or manifest.box.qualification != Qualification():
        return True
    return None if manifest.box.model is None else False


def _goods_aboard(manifest: Manifest) -> bool | None:
    if manifest.id == NO_MANIFEST.id:
        return None
    return any(item.category == "non_drug" for item in manifest.items)


def _accuracy_c(manifest: Manifest, numbers: Numbers) -> float | None:
    """What the manifest states; not what no logger of this kind can do."""
    stated_c = manifest.logger.accuracy_c
    return None if stated_c is None or stated_c < numbers.accuracy_least_c else stated_c


def _calibrated_until_s(manifest: Manifest) -> float | None:
    """End of the last day the calibration is valid on, China time."""
    if manifest.logger.calibrated_until is None:
        return None
    day = date.fromisoformat(manifest.logger.calibrated_until[:10])
    return day_start_s(day + timedelta(days=1))


def _places(given: Sequence[Manifest]) -> Callable[[str, str], FloatArray]:
    def column(place: str, field: str) -> FloatArray:
        return _floats(
            None if getattr(manifest, place) is None else getattr(getattr(manifest, place), field)
            for manifest in given
        )

    return column


def _widest_radius_m(manifest: Manifest) -> float:
    places = [manifest.origin, manifest.destination, *manifest.sites]
    return max((place.radius_m for place in places if place is not None), default=0.0)


def _sites(given: Sequence[Manifest], numbers: Numbers) -> Sites:
    flat = [site for manifest in given for site in manifest.sites]
    return Sites(
        first=_offsets([manifest.sites for manifest in given]),
        name=tuple(site.name or "" for site in flat),
        lat_deg=np.array([site.lat for site in flat], dtype=np.float64),
        lon_deg=np.array([site.lon for site in flat], dtype=np.float64),
        radius_m=np.array(
            [min(site.radius_m, numbers.place_radius_max_m) for site in flat], dtype=np.float64
        ),
        role=np.array([_ROLES.get(site.role, SiteRole.SERVICE) for site in flat], dtype=np.int8),
        max_minutes=_floats(site.max_minutes for site in flat),
        registered=np.zeros(len(flat), dtype=np.bool_),
    )


def _deliveries(told: Sequence[Sequence[OtherDelivery]]) -> Deliveries:
    flat = [one for its in told for one in its]
    return Deliveries(
        first=_offsets(told),
        time_s=np.array([instant_ms(one.delivered_at) / 1000.0 for one in flat], dtype=np.float64),
        lat_deg=np.array([one.lat for one in flat], dtype=np.float64),
        lon_deg=np.array([one.lon for one in flat], dtype=np.float64),
        radius_m=np.array([one.radius_m for one in flat], dtype=np.float64),
    )


def disturbances(
    shipments: Sequence[str], challenges: Mapping[str, Sequence[Challenged]]
) -> Disturbances:
    """What officers did to probes of these shipments, (d,) in their order."""
    told = [
        (row, one.probe, one.ordered_at, one.disturbed_to)
        for row, shipment in enumerate(shipments)
        for one in challenges.get(shipment, ())
        if one.disturbed_to is not None
    ]
    return Disturbances(
        shipment=np.array([row for row, _, _, _ in told], dtype=np.int64),
        probe=tuple(probe for _, probe, _, _ in told),
        from_s=np.array([instant_ms(begin) / 1000.0 for _, _, begin, _ in told], dtype=np.float64),
        to_s=np.array([instant_ms(end or "") / 1000.0 for _, _, _, end in told], dtype=np.float64),
    )


def _events(sorted_events: Sequence[Sequence[Event]]) -> EventTable:
    flat = [event for events in sorted_events for event in events]
    return EventTable(
        first=_offsets(sorted_events),
        code=np.array([EVENT_NAMES.index(event.event) for event in flat], dtype=np.int8),
        time_s=np.array([event.time_ms / 1000.0 for event in flat], dtype=np.float64),
        lat_deg=_floats(event.lat_deg for event in flat),
        lon_deg=_floats(event.lon_deg for event in flat),
    )


def _time_of(event: Event) -> int:
    return event.time_ms
