"""Small shipments for the analysis tests: a table from series, and terms by keyword."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from coldwitness.analysis.record.build import build_tracks
from coldwitness.analysis.terms import (
    Budgets,
    Delegation,
    Deliveries,
    EventTable,
    Items,
    LimitSource,
    OnRecord,
    Sites,
    Terms,
    WindowSource,
)
from coldwitness.domain.columns import empty, take
from coldwitness.domain.reading import EVENT_NAMES
from coldwitness.domain.tracks import ReadingTable, Tracks

START_S = 1_763_690_400.0
"""2025-11-21T02:00:00Z: a round instant, so that seconds in tests are easy to read."""


@dataclass(frozen=True)
class Series:
    """Readings of one logger for one shipment; times in seconds after START_S."""

    seconds: ArrayLike
    drug: ArrayLike | None = None
    shipment: str = "S1"
    logger: str = "LG-1"
    probes: Mapping[str, ArrayLike] = field(default_factory=dict)
    seq: ArrayLike | None = None
    received: ArrayLike | None = None
    lat: ArrayLike | None = None
    lon: ArrayLike | None = None
    moving: ArrayLike | None = None
    lid_open: ArrayLike | None = None


def table(*series: Series) -> ReadingTable:
    """All series one after the other, as a store would give them."""
    shipments = tuple(dict.fromkeys(one.shipment for one in series))
    loggers = tuple(dict.fromkeys(one.logger for one in series))
    probes = dict.fromkeys(
        name
        for one in series
        for name in [*(["drug"] if one.drug is not None else []), *one.probes]
    )

    def sizes(one: Series) -> int:
        return int(np.asarray(one.seconds, dtype=float).size)

    def column(values: Sequence[ArrayLike | None], absent: float, dtype: Any) -> NDArray[Any]:
        parts = [
            np.full(sizes(one), absent, dtype=dtype)
            if value is None
            else np.broadcast_to(np.asarray(value, dtype=dtype), sizes(one))
            for one, value in zip(series, values, strict=True)
        ]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=dtype)

    def ms(values: ArrayLike) -> NDArray[np.int64]:
        return np.rint((np.asarray(values, dtype=float) + START_S) * 1000).astype(np.int64)

    temperature = {
        name: column(
            [one.drug if name == "drug" else one.probes.get(name) for one in series],
            np.nan,
            np.float64,
        )
        for name in probes
    }
    return empty(
        ReadingTable,
        sum(map(sizes, series)),
        shipments=shipments,
        couriers=(),
        boxes=(),
        loggers=loggers,
        shipment=column([shipments.index(one.shipment) for one in series], -1, np.int64),
        logger=column([loggers.index(one.logger) for one in series], -1, np.int64),
        time_ms=column([ms(one.seconds) for one in series], 0, np.int64),
        received_ms=column(
            [None if one.received is None else ms(one.received) for one in series], -1, np.int64
        ),
        seq=column([one.seq for one in series], -1, np.int64),
        temperature_c=temperature,
        lat_deg=column([one.lat for one in series], np.nan, np.float64),
        lon_deg=column([one.lon for one in series], np.nan, np.float64),
        lid_open=column([one.lid_open for one in series], -1, np.int8),
        moving=column([one.moving for one in series], -1, np.int8),
    )


def reordered(readings: ReadingTable, rows: NDArray[np.intp]) -> ReadingTable:
    """The same table with its rows in another order, left out, or repeated."""
    return take(readings, rows)


def tracks_of(*series: Series, shipments: tuple[str, ...] = ("S1",)) -> Tracks:
    return build_tracks(table(*series), shipments=shipments)


@dataclass(frozen=True)
class Drug:
    """One drug item; limits as in a manifest, None open."""

    low: float | None = 2.0
    high: float | None = 8.0
    name: str = "item"
    storage: str = "refrigerated"
    freeze_sensitive: bool = False
    compartment: str = ""
    budget: Sequence[tuple[float, float, float]] = ()


@dataclass(frozen=True)
class Given:
    """What manifest and events say of one shipment; times in seconds after START_S."""

    start: float | None = None
    end: float | None = None
    by_event: bool = False
    items: Sequence[Drug] = (Drug(),)
    limits_known: bool = True
    needs_cooling: bool = True
    has_manifest: bool = True
    mismatch_s: float = 0.0
    accuracy_c: float | None = None
    interval_s: float | None = None
    response_s: float | None = None
    calibrated_until: float | None = None
    slew: float = 0.3
    limit_source: LimitSource = LimitSource.MANIFEST
    coolant_limit: float = 0.8
    goods_limit: float = 0.6
    isolation_coolant: int = -1
    isolation_goods: int = -1
    active: int = -1
    goods_aboard: int = 0
    shared: str = ""
    origin: tuple[float, float, float] | None = None
    destination: tuple[float, float, float] | None = None
    sites: Sequence[tuple[str, float, float, float, int, float]] = ()
    sites_registered: bool = True
    box_registered: bool = False
    partition: int = -1
    hold_registered: bool = False
    calibration_registered: bool = False
    isolation_seen: bool = False
    label_registered: bool = False
    events: Sequence[tuple[str, float]] = ()
    deliveries: Sequence[tuple[float, float, float, float]] = ()
    """Of other shipments out of the same box: seconds, latitude, longitude, radius."""
    hold_h: float | None = None
    planned_s: float | None = None
    due: float | None = None
    box_known: int = -1
    delegation: Delegation = Delegation.NOT_SAID
    platform_named: bool = False
    sold_online: int = -1
    banned: str = ""


def terms_of(*given: Given, shipments: tuple[str, ...] = ("S1",)) -> Terms:
    """Terms of as many shipments as `given`; each field as config.terms describes it."""
    if len(given) != len(shipments):
        raise ValueError(f"{len(given)} given for {len(shipments)} shipments")

    def reals(values: Sequence[float | None]) -> NDArray[np.float64]:
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)

    def codes(values: Sequence[int]) -> NDArray[np.int8]:
        return np.array(values, dtype=np.int8)

    def flags(values: Sequence[bool]) -> NDArray[np.bool_]:
        return np.array(values, dtype=np.bool_)

    def instants(values: Sequence[float | None]) -> NDArray[np.float64]:
        return reals([None if v is None else v + START_S for v in values])

    def offsets(counts: Sequence[int]) -> NDArray[np.int64]:
        return np.concatenate([[0], np.cumsum(np.array(counts, dtype=np.int64))]).astype(np.int64)

    def source(at: float | None, by_event: bool) -> int:
        if at is None:
            return WindowSource.READINGS
        return WindowSource.EVENT if by_event else WindowSource.MANIFEST

    def place(spots: Sequence[tuple[float, float, float] | None], part: int) -> NDArray[np.float64]:
        return reals([None if spot is None else spot[part] for spot in spots])

    lows = [[-np.inf if i.low is None else i.low for i in g.items] for g in given]
    highs = [[np.inf if i.high is None else i.high for i in g.items] for g in given]
    items = [item for g in given for item in g.items]
    budgets = [(k, band) for k, item in enumerate(items) for band in item.budget]
    sites = [site for g in given for site in g.sites]
    events = [event for g in given for event in sorted(g.events, key=lambda e: e[1])]
    deliveries = [one for g in given for one in g.deliveries]
    return Terms(
        shipments=shipments,
        has_manifest=flags([g.has_manifest for g in given]),
        start_s=instants([g.start for g in given]),
        end_s=instants([g.end for g in given]),
        start_source=codes([source(g.start, g.by_event) for g in given]),
        end_source=codes([source(g.end, g.by_event) for g in given]),
        mismatch_s=reals([g.mismatch_s for g in given]),
        low_c=reals(
            [max(low) if g.limits_known else -np.inf for g, low in zip(given, lows, strict=True)]
        ),
        high_c=reals(
            [min(high) if g.limits_known else np.inf for g, high in zip(given, highs, strict=True)]
        ),
        limits_known=flags([g.limits_known for g in given]),
        needs_cooling=flags([g.needs_cooling for g in given]),
        storage_assumed=flags([False] * len(given)),
        freeze_sensitive=flags([any(i.freeze_sensitive for i in g.items) for g in given]),
        logger_id=("",) * len(given),
        accuracy_c=reals([g.accuracy_c for g in given]),
        interval_s=reals([g.interval_s for g in given]),
        response_s=reals([g.response_s for g in given]),
        calibrated_until_s=instants([g.calibrated_until for g in given]),
        slew_max_c_per_min=reals([g.slew for g in given]),
        slew_source=codes([LimitSource.SETTING] * len(given)),
        coolant_limit_per_h=reals([g.coolant_limit for g in given]),
        coolant_limit_source=codes([g.limit_source for g in given]),
        goods_limit_per_h=reals([g.goods_limit for g in given]),
        goods_limit_source=codes([g.limit_source for g in given]),
        isolation_coolant=codes([g.isolation_coolant for g in given]),
        isolation_goods=codes([g.isolation_goods for g in given]),
        active_cooling=codes([g.active for g in given]),
        goods_aboard=codes([g.goods_aboard for g in given]),
        shared_compartment=flags([g.shared != "" for g in given]),
        shared_lines=tuple(g.shared for g in given),
        hold_h=reals([g.hold_h for g in given]),
        planned_s=reals([g.planned_s for g in given]),
        due_s=instants([g.due for g in given]),
        box_known=codes([g.box_known for g in given]),
        delegation=codes([g.delegation for g in given]),
        sold_online=codes([g.sold_online for g in given]),
        drugs_named=flags([all(item.name for item in g.items) for g in given]),
        banned_lines=tuple(g.banned for g in given),
        banned_as=tuple("禁售 / banned" if g.banned else "" for g in given),
        platform_named=np.array([g.platform_named for g in given], dtype=np.bool_),
        origin_lat_deg=place([g.origin for g in given], 0),
        origin_lon_deg=place([g.origin for g in given], 1),
        origin_radius_m=place([g.origin for g in given], 2),
        destination_lat_deg=place([g.destination for g in given], 0),
        destination_lon_deg=place([g.destination for g in given], 1),
        destination_radius_m=place([g.destination for g in given], 2),
        radius_cut=flags([False] * len(given)),
        items=Items(
            first=offsets([len(g.items) for g in given]),
            name=tuple(item.name for item in items),
            storage=tuple(item.storage for item in items),
            low_c=reals([low for part in lows for low in part]),
            high_c=reals([high for part in highs for high in part]),
            freeze_sensitive=flags([item.freeze_sensitive for item in items]),
            compartment=tuple(item.compartment for item in items),
            class_low_c=reals([low for part in lows for low in part]),
            class_high_c=reals([high for part in highs for high in part]),
        ),
        budgets=Budgets(
            item=np.array([k for k, _ in budgets], dtype=np.int64),
            above_c=reals([band[0] for _, band in budgets]),
            up_to_c=reals([band[1] for _, band in budgets]),
            allowed_min=reals([band[2] for _, band in budgets]),
        ),
        sites=Sites(
            first=offsets([len(g.sites) for g in given]),
            name=tuple(site[0] for site in sites),
            lat_deg=reals([site[1] for site in sites]),
            lon_deg=reals([site[2] for site in sites]),
            radius_m=reals([site[3] for site in sites]),
            role=codes([site[4] for site in sites]),
            max_minutes=reals([site[5] for site in sites]),
            registered=flags([g.sites_registered for g in given for _ in g.sites]),
        ),
        on_record=OnRecord(
            box=flags([g.box_registered for g in given]),
            partition=codes([g.partition for g in given]),
            hold_time=flags([g.hold_registered for g in given]),
            calibration=flags([g.calibration_registered for g in given]),
            isolation_seen=flags([g.isolation_seen for g in given]),
            label=flags([g.label_registered for g in given]),
            signed_in=flags([False for _ in given]),
        ),
        events=EventTable(
            first=offsets([len(g.events) for g in given]),
            code=codes([EVENT_NAMES.index(name) for name, _ in events]),
            time_s=instants([at for _, at in events]),
            lat_deg=reals([None] * len(events)),
            lon_deg=reals([None] * len(events)),
        ),
        deliveries=Deliveries(
            first=offsets([len(g.deliveries) for g in given]),
            time_s=instants([one[0] for one in deliveries]),
            lat_deg=reals([one[1] for one in deliveries]),
            lon_deg=reals([one[2] for one in deliveries]),
            radius_m=reals([one[3] for one in deliveries]),
        ),
    )
