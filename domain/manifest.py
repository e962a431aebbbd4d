"""The shipment manifest: what the seller and courier say was sent, how, and in which box."""

from typing import Any, Literal

import msgspec


class Limits(msgspec.Struct, frozen=True):
    """Label range of an item [°C], inclusive; None: open at that side."""

    low: float | None = None
    high: float | None = None


class BudgetBand(msgspec.Struct, frozen=True):
    """Minutes the maker allows with above < T <= up_to [°C]."""

    above: float
    up_to: float
    minutes: float


class Item(msgspec.Struct, frozen=True):
    category: Literal["drug", "non_drug"] = "drug"
    name: str | None = None
    storage: str | None = None
    batch: str | None = None
    approval_number: str | None = None
    trace_code: str | None = None
    quantity: float | None = None
    mass_kg: float | None = None
    holder: str | None = None
    dosage_form: str | None = None
    strength: str | None = None
    expires: str | None = None
    price: float | None = None
    compartment: str | None = None
    freeze_sensitive: bool | None = None
    limits: Limits | None = None
    stability_budget: tuple[BudgetBand, ...] = ()


class Company(msgspec.Struct, frozen=True):
    """Seller or courier. Companies only: a person's data are refused before this is made."""

    id: str | None = None
    name: str | None = None
    uscc: str | None = None
    division: str | None = None
    entrusted: bool | None = None
    licence: str | None = None


class Order(msgspec.Struct, frozen=True):
    number: str | None = None
    sold_at: str | None = None
    online: bool | None = None


class Seal(msgspec.Struct, frozen=True):
    number: str | None = None


class Agreement(msgspec.Struct, frozen=True):
    """On entrusted delivery, as the manifest states it."""

    number: str | None = None
    signed_at: str | None = None
    audited_at: str | None = None


class SubCarrier(msgspec.Struct, frozen=True):
    """Who carries a part of the way for the courier, and may publish for the shipment."""

    id: str | None = None
    name: str | None = None
    uscc: str | None = None


class Delivery(msgspec.Struct, frozen=True):
    mode: str | None = None
    platform: str | None = None
    planned_minutes: float | None = None
    sub_carrier: SubCarrier | None = None


class DeclaredIsolation(msgspec.Struct, frozen=True):
    coolant: bool | None = None
    goods: bool | None = None


class CouplingAtPayload(msgspec.Struct, frozen=True):
    """The largest exchange [1/h] that a box was qualified for with this load [J/K]."""

    payload_j_per_k: float
    max: float


class Qualification(msgspec.Struct, frozen=True):
    hold_h: float | None = None
    slew_max_c_per_min: float | None = None
    coolant_coupling_max_per_h: float | tuple[CouplingAtPayload, ...] | None = None
    goods_coupling_max_per_h: float | tuple[CouplingAtPayload, ...] | None = None


class Box(msgspec.Struct, frozen=True):
    id: str | None = None
    model: str | None = None
    isolation: DeclaredIsolation = DeclaredIsolation()
    cooling: Literal["passive", "active"] | None = None
    payload_j_per_k: float | None = None
    qualification: Qualification = Qualification()


class FurtherBox(msgspec.Struct, frozen=True):
    """Another box of the shipment; `courier` where it is another's than the manifest's."""

    id: str
    courier: str | None = None


Datum = Literal["WGS84", "GCJ02", "BD09"]


class Place(msgspec.Struct, frozen=True):
    """lat, lon : WGS84, whatever `datum` they were stated in."""

    lat: float
    lon: float
    datum: Datum = "WGS84"
    name: str | None = None
    radius_m: float = 100.0
    division: str | None = None
    """Code of GB/T 2260; whose office may see the shipment, never what it is judged by."""


class Site(msgspec.Struct, frozen=True):
    """lat, lon : WGS84, whatever `datum` they were stated in."""

    lat: float
    lon: float
    datum: Datum = "WGS84"
    name: str | None = None
    radius_m: float = 100.0
    role: Literal["transfer", "cold_store", "service"] = "transfer"
    max_minutes: float | None = None


class ManifestLogger(msgspec.Struct, frozen=True):
    id: str | None = None
    interval_s: float | None = None
    accuracy_c: float | None = None
    response_s: float | None = None
    """Longest time constant of its probes: after it a step is followed by 63 %."""
    calibrated_until: str | None = None
    probes: dict[str, str] = {}
    """Drug probe -> the compartment it stands in, where the probe's own name does not say."""


class FurtherLogger(msgspec.Struct, frozen=True):
    id: str


class Manifest(msgspec.Struct, frozen=True):
    """One shipment as declared; `source` is the JSON object as it was sent, without the keys that
    are not understood: of what is ignored nothing is kept but its name."""

    id: str
    items: tuple[Item, ...]
    seller: Company | None = None
    courier: Company | None = None
    delivery: Delivery | None = None
    box: Box = Box()
    boxes: tuple[str | FurtherBox, ...] = ()
    """Further boxes of the shipment beside `box`, by id or with their courier."""
    origin: Place | None = None
    destination: Place | None = None
    sites: tuple[Site, ...] = ()
    dispatched_ms: int | None = None
    due_ms: int | None = None
    delivered_ms: int | None = None
    logger: ManifestLogger = ManifestLogger()
    loggers: tuple[str | FurtherLogger, ...] = ()
    """Further loggers of the shipment beside `logger`, by id or as an object with it."""
    order: Order | None = None
    seal: Seal | None = None
    agreement: Agreement | None = None
    source: dict[str, Any] = {}
    unknown_keys: tuple[str, ...] = ()
    """Keys that were sent and are not understood, without their values."""

    def further_boxes(self) -> tuple[FurtherBox, ...]:
        """`boxes`, each as an object."""
        return tuple(FurtherBox(one) if isinstance(one, str) else one for one in self.boxes)

    def logger_ids(self) -> frozenset[str]:
        """Every logger that the manifest names."""
        named = {one if isinstance(one, str) else one.id for one in self.loggers}
        return frozenset(named | ({self.logger.id} if self.logger.id is not None else set()))


class ManifestVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A manifest as it was sent once. version : from 1. received_ms : UTC epoch ms, None where
    nobody noted it (files). sender : who sent it, as we know them. accepted : officers accepted
    it as a correction of those before."""

    manifest: Manifest
    version: int
    received_ms: int | None = None
    sender: str | None = None
    accepted: bool = False
