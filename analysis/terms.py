"""What each shipment is judged by, as arrays: manifest, events and rules brought together.

Analysis sees manifests only through `Terms`; building them is the one place that walks
over manifests one by one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from coldwitness.domain.baseline import FleetBaseline
from coldwitness.domain.tracks import CodeArray, FloatArray, IntArray


class WindowSource(IntEnum):
    """Where an end of the custody window comes from."""

    READINGS = 0
    MANIFEST = 1
    EVENT = 2


class LimitSource(IntEnum):
    """Where a coupling or slew limit comes from."""

    SETTING = 0
    MODEL = 1
    MANIFEST = 2
    FLEET = 3
    REGISTER = 4
    """The office's own register of boxes."""


class Delegation(IntEnum):
    """What papers say of an entrusted delivery."""

    NOT_SAID = 0
    OWN = 1
    """Seller and carrier are one company."""
    OWN_STATED = 2
    """The manifest alone says that nobody was entrusted."""
    OTHER_COMPANY = 3
    """It says so, and names another company as the carrier."""
    NO_AGREEMENT = 4
    STATED = 5
    """The manifest names the agreement and the audit."""
    STATED_UNAUDITED = 6
    STATED_LATER = 7
    """The agreement or audit it names is younger than the delivery."""
    REGISTERED = 8
    """The office has an agreement and an audit on record that held on the day."""
    NOT_IN_FORCE = 9
    NOT_AUDITED = 10
    SUB_CARRIER_UNNAMED = 11
    """The registered agreement does not name the company that the carrier sent in its place."""
    DAY_UNKNOWN = 12


class SiteRole(IntEnum):
    TRANSFER = 0
    COLD_STORE = 1
    SERVICE = 2


@dataclass(frozen=True)
class Items:
    """Drug items of all shipments; shipment i owns rows first[i]:first[i+1] of (k,)."""

    first: IntArray
    name: tuple[str, ...]
    storage: tuple[str, ...]
    low_c: FloatArray
    """-inf where the class has no lower limit."""
    high_c: FloatArray
    """+inf where the class has no upper limit."""
    freeze_sensitive: NDArray[np.bool_]
    class_low_c: FloatArray
    """Of its storage class alone, whatever limits of its own it states; NaN: it names none."""
    class_high_c: FloatArray
    compartment: tuple[str, ...]
    """"" where the manifest states none."""


@dataclass(frozen=True)
class Budgets:
    """Stability budgets (b,): minutes allowed with above_c < T <= up_to_c for one item."""

    item: IntArray
    above_c: FloatArray
    up_to_c: FloatArray
    allowed_min: FloatArray


@dataclass(frozen=True)
class Sites:
    """Allowed sites of all shipments; shipment i owns rows first[i]:first[i+1]."""

    first: IntArray
    name: tuple[str, ...]
    lat_deg: FloatArray
    lon_deg: FloatArray
    radius_m: FloatArray
    role: CodeArray
    max_minutes: FloatArray
    """NaN: the site has no limit."""
    registered: NDArray[np.bool_]
    """True where the office has the site on record; else nothing but the manifest names it."""


@dataclass(frozen=True)
class Deliveries:
    """Deliveries of other shipments out of the same box, each where its own manifest has it go;
    shipment i owns rows first[i]:first[i+1]."""

    first: IntArray
    time_s: FloatArray
    lat_deg: FloatArray
    lon_deg: FloatArray
    radius_m: FloatArray


@dataclass(frozen=True)
class Disturbances:
    """What officers did to probes on the way (d,): row of the shipment, probe, and from when to
    when its readings are their doing, both included."""

    shipment: IntArray
    probe: tuple[str, ...]
    from_s: FloatArray
    to_s: FloatArray


UNDISTURBED = Disturbances(np.empty(0, np.int64), (), np.empty(0), np.empty(0))


@dataclass(frozen=True)
class EventTable:
    """Custody events by shipment, then time; `code` indexes domain.reading.EVENT_NAMES."""

    first: IntArray
    code: CodeArray
    time_s: FloatArray
    lat_deg: FloatArray
    lon_deg: FloatArray

    @cached_property
    def owner(self) -> IntArray:
        """(e,) the shipment of each event."""
        return np.repeat(np.arange(self.first.size - 1), np.diff(self.first))


@dataclass(frozen=True)
class OnRecord:
    """What the office itself has on record of each shipment, (s,), as against what its manifest
    says.

    box : its box is registered as of a registered model. partition : 1 the model's is built in and
    cannot be taken out, 0 it has none, -1 it can be taken out, or the box is not registered.
    hold_time : `hold_h` is the registered model's. calibration : `calibrated_until_s` comes from
    certificates of all its loggers. isolation_seen : an officer looked at the isolating parts.
    label : the storage of an item is that of its registered label. signed_in : whoever entered
    any of it had signed in.
    """

    box: NDArray[np.bool_]
    partition: CodeArray
    hold_time: NDArray[np.bool_]
    calibration: NDArray[np.bool_]
    isolation_seen: NDArray[np.bool_]
    label: NDArray[np.bool_]
    signed_in: NDArray[np.bool_]


def nothing_on_record(shipments: int) -> OnRecord:
    """Of so many shipments of which the office has nothing."""
    no = np.zeros(shipments, dtype=np.bool_)
    return OnRecord(no, np.full(shipments, -1, dtype=np.int8), no, no, no, no, no)


@dataclass(frozen=True)
class Terms:
    """One row a shipment, (s,), in the order of `shipments`; NaN where not given.

    start_s, end_s : custody window by events, else manifest; NaN where neither says
        (start_source/end_source = READINGS). mismatch_s: largest difference between event
        and manifest of the two ends, 0 where they agree or only one speaks.
    low_c, high_c : strictest common limits of the drug items, inclusive; -inf/+inf open; low above
        high where the limits of items exclude each other.
    limits_known : False where no manifest item and no storage class was given.
    storage_assumed : limits come from a setting or --storage, not from a manifest item.
    accuracy_c : the logger's stated uncertainty, NaN: by the pack.
    interval_s : the logger's own recording interval, NaN unknown.
    isolation_coolant / isolation_goods : 1 declared present, 0 declared absent, -1 not said.
    active_cooling : 1 active, 0 passive, -1 not said.
    goods_aboard : 1 a non-drug item is in the manifest, 0 none is, -1 no manifest.
    shared_compartment : True where the manifest shows drug and non-drug in one compartment.
    coolant_limit_per_h, goods_limit_per_h, slew_max_c_per_min : with the source beside each.
    box_known : 1 the box's model or own qualification is on record, 0 it names a model that is
        not, -1 the manifest names neither.
    origin_*, destination_* : NaN where unknown.
    logger_id : "" where the manifest names none.
    baselines : row -> zone -> what the limit of a row with source FLEET was learned from.
    """

    shipments: tuple[str, ...]
    has_manifest: NDArray[np.bool_]
    start_s: FloatArray
    end_s: FloatArray
    start_source: CodeArray
    end_source: CodeArray
    mismatch_s: FloatArray
    low_c: FloatArray
    high_c: FloatArray
    limits_known: NDArray[np.bool_]
    needs_cooling: NDArray[np.bool_]
    """A drug's storage class needs cold carried along; also where no class and no limit is told."""
    storage_assumed: NDArray[np.bool_]
    freeze_sensitive: NDArray[np.bool_]
    logger_id: tuple[str, ...]
    accuracy_c: FloatArray
    interval_s: FloatArray
    response_s: FloatArray
    """Time constant of the logger's probes at most; NaN not said: their lag is not known."""
    calibrated_until_s: FloatArray
    """End of the last China-time day the calibration is valid on."""
    slew_max_c_per_min: FloatArray
    slew_source: CodeArray
    coolant_limit_per_h: FloatArray
    coolant_limit_source: CodeArray
    goods_limit_per_h: FloatArray
    goods_limit_source: CodeArray
    isolation_coolant: CodeArray
    isolation_goods: CodeArray
    active_cooling: CodeArray
    goods_aboard: CodeArray
    shared_compartment: NDArray[np.bool_]
    shared_lines: tuple[str, ...]
    """Names of the item lines that share a compartment, "" where none do."""
    hold_h: FloatArray
    planned_s: FloatArray
    """Time from dispatch to delivery as it was planned."""
    due_s: FloatArray
    box_known: CodeArray
    delegation: CodeArray
    """Codes of Delegation."""
    sold_online: CodeArray
    """1 the manifest says so or names a platform, 0 it says that it was not, -1 not said."""
    drugs_named: NDArray[np.bool_]
    """Every drug item has a name."""
    banned_lines: tuple[str, ...]
    """Items whose words stand in the list of drugs banned from online sale, "" where none does."""
    banned_as: tuple[str, ...]
    """Titles of the entries in that list, Chinese and English, as `zh / en`; "" where none."""
    platform_named: NDArray[np.bool_]
    """The manifest names the platform on which the drug was sold."""
    origin_lat_deg: FloatArray
    origin_lon_deg: FloatArray
    origin_radius_m: FloatArray
    destination_lat_deg: FloatArray
    destination_lon_deg: FloatArray
    destination_radius_m: FloatArray
    radius_cut: NDArray[np.bool_]
    """Where a place's stated radius is larger than the one used."""
    items: Items
    budgets: Budgets
    sites: Sites
    events: EventTable
    deliveries: Deliveries
    on_record: OnRecord
    carried: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)
    """By probe name, (s,) whether the shipment's loggers sent it before in its box."""
    baselines: Mapping[int, Mapping[str, FleetBaseline]] = field(default_factory=dict)
    disturbances: Disturbances = UNDISTURBED
    probe_compartments: Mapping[int, Mapping[str, str]] = field(default_factory=dict)
    """Row -> probe -> the compartment that the manifest's `logger.probes` names for it."""

    @property
    def excluding(self) -> NDArray[np.bool_]:
        """(s,) whether the limits of the drug items exclude each other: several classes in one
        box."""
        return np.asarray(self.low_c > self.high_c)

    @property
    def compartment_unstated(self) -> NDArray[np.bool_]:
        """(s,) whether some drug item of several classes states no compartment."""
        unstated = np.array([name == "" for name in self.items.compartment], dtype=np.float64)
        owner = np.repeat(np.arange(len(self)), np.diff(self.items.first))
        some = np.bincount(owner, weights=unstated, minlength=len(self)) > 0
        return np.asarray(self.excluding & some)

    def __len__(self) -> int:
        return len(self.shipments)
