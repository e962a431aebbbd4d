"""What the office itself has on record: boxes, models, loggers, products, sites, papers, looks,
drugs banned from online sale, and the companies it supervises.

Entries are what an authority registered, not what a company says of itself: they can lift a line
that nothing but the company's word supports, and they can contradict that word.
"""

from collections.abc import Iterator
from datetime import date
from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta, Struct

from coldwitness.domain.manifest import Qualification

_Name = Annotated[str, Meta(min_length=1, max_length=64)]
CALIBRATIONS_MAX = 200
AUDITS_MAX = 200
LINES_MAX = 1000
"""Of what one entry lists: measures, days of checks, recalls."""
SUB_CARRIERS_MAX = 200
SITE_RADIUS_MAX_M = 500.0
"""A wider circle is no site: half a town would be one."""

_Words = Annotated[str, Meta(min_length=1, max_length=500)]

Cooling = Literal["passive", "active"]
Partition = Literal["built_in", "removable", "none"]


class RegisterEntry(Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of one of the registers; `register` is the word of its address."""

    register: ClassVar[str]


class RegisteredBox(RegisterEntry, frozen=True):
    """A box of which the office knows the model."""

    register = "boxes"

    model: _Name


class RegisteredBoxModel(RegisterEntry, frozen=True):
    """A model as its papers describe it. partition : what parts the drug from the coolant;
    `built_in` cannot be taken out."""

    register = "box-models"

    cooling: Cooling
    partition: Partition
    qualification: Qualification = Qualification()


class Recall(Struct, frozen=True, forbid_unknown_fields=True):
    """Of a batch, by its holder or an authority. level : 1 is the gravest."""

    batch: _Name
    announced_on: date
    level: Annotated[int, Meta(ge=1, le=3)] | None = None
    reason: _Words | None = None


class RegisteredProduct(RegisterEntry, frozen=True):
    """The storage class of a product's registered label, and batches of it that were recalled."""

    register = "products"

    storage: _Name
    recalls: Annotated[tuple[Recall, ...], Meta(max_length=LINES_MAX)] = ()


class RegisteredSite(RegisterEntry, frozen=True):
    """A place where boxes may stand; WGS84. max_minutes None: as long as they like."""

    register = "sites"

    lat: Annotated[float, Meta(ge=-90.0, le=90.0)]
    lon: Annotated[float, Meta(ge=-180.0, le=180.0)]
    name: Annotated[str, Meta(max_length=200)] | None = None
    radius_m: Annotated[float, Meta(gt=0.0, le=SITE_RADIUS_MAX_M)] = 100.0
    role: Literal["transfer", "cold_store", "service"] = "transfer"
    max_minutes: Annotated[float, Meta(ge=0.0, le=525_600.0)] | None = None


class Calibration(Struct, frozen=True, forbid_unknown_fields=True):
    """A certificate; valid on both days, China time."""

    number: _Name
    done_at: date
    valid_until: date
    laboratory: Annotated[str, Meta(max_length=200)] | None = None


class RegisteredDevice(RegisterEntry, frozen=True):
    """A logger with its calibration certificates."""

    register = "devices"

    model: _Name | None = None
    calibrations: Annotated[tuple[Calibration, ...], Meta(max_length=CALIBRATIONS_MAX)] = ()


class Audit(Struct, frozen=True, forbid_unknown_fields=True):
    """Of the carrier by the seller; without `valid_until` it does not run out."""

    done_at: date
    number: _Name | None = None
    valid_until: date | None = None


Uscc = Annotated[str, Meta(pattern="^[0-9A-HJ-NP-RTUW-Y]{18}$", description="GB 32100")]


class RegisteredAgreement(RegisterEntry, frozen=True):
    """A quality agreement on entrusted delivery, with the audits of the carrier. Days of China
    time, both included. sub_carriers : whom the carrier may send in its place."""

    register = "agreements"

    seller: Uscc
    carrier: Uscc
    signed_at: date
    valid_until: date | None = None
    audits: Annotated[tuple[Audit, ...], Meta(max_length=AUDITS_MAX)] = ()
    sub_carriers: Annotated[tuple[Uscc, ...], Meta(max_length=SUB_CARRIERS_MAX)] = ()


CompanyRole = Literal["seller", "courier", "platform"]
KeyReason = Literal["new_platform", "own_site", "grave_problem", "penalised", "other"]
"""The five reasons for key supervision of the Shandong measures, article 32."""
MeasureKind = Literal[
    "interviewed",
    "ordered_to_correct",
    "corrected",
    "exposed",
    "site_blocked",
    "account_blocked",
    "typical_case",
    "fined",
    "to_police",
    "to_other_department",
]


class Measure(Struct, frozen=True, forbid_unknown_fields=True):
    """What the office did about a company on a day of China time. amount_yuan : of a fine."""

    kind: MeasureKind
    on: date
    number: _Name | None = None
    amount_yuan: Annotated[float, Meta(ge=0.0, le=1e12)] | None = None


class Shortfall(Struct, frozen=True, forbid_unknown_fields=True):
    """A line of the company's problem list."""

    found_on: date
    text: _Words
    corrected_on: date | None = None


class Shop(Struct, frozen=True, forbid_unknown_fields=True):
    """Where it sells online. platform None: its own site or app."""

    platform: Annotated[str, Meta(max_length=200)] | None = None
    name: Annotated[str, Meta(max_length=200)] | None = None


class RegisteredCompany(RegisterEntry, frozen=True):
    """A company that the office supervises, by its unified social credit code. Days of China time.
    online_from, online_until : since when and until when it sells online, both included; neither
    for one that does not."""

    register = "companies"

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    roles: Annotated[tuple[CompanyRole, ...], Meta(min_length=1, max_length=3)]
    division: Annotated[str, Meta(pattern="^[0-9]{6}$", description="GB/T 2260")] | None = None
    licence: _Name | None = None
    licence_until: date | None = None
    online_from: date | None = None
    online_until: date | None = None
    shops: Annotated[tuple[Shop, ...], Meta(max_length=LINES_MAX)] = ()
    key_supervision: Annotated[tuple[KeyReason, ...], Meta(max_length=5)] = ()
    measures: Annotated[tuple[Measure, ...], Meta(max_length=LINES_MAX)] = ()
    shortfalls: Annotated[tuple[Shortfall, ...], Meta(max_length=LINES_MAX)] = ()
    checked_on: Annotated[tuple[date, ...], Meta(max_length=LINES_MAX)] = ()


class RegisteredBan(RegisterEntry, frozen=True):
    """Drugs that may not be sold online, by the words of a manifest; days of China time, both
    included. An entry of the name of one that is shipped (`config/ban_list.toml`) takes its place.

    words : one of them stands in the item's name or dosage form. forms : in its dosage form, or,
    where none is stated, in its name. unless : none of these stands in its name.
    """

    register = "banned-drugs"

    title: _Words
    source: _Words
    valid_from: date
    valid_to: date | None = None
    title_en: _Words | None = None
    words: Annotated[tuple[_Name, ...], Meta(max_length=LINES_MAX)] = ()
    forms: Annotated[tuple[_Name, ...], Meta(max_length=LINES_MAX)] = ()
    unless: Annotated[tuple[_Name, ...], Meta(max_length=LINES_MAX)] = ()


REGISTERS: tuple[type[RegisterEntry], ...] = (
    RegisteredCompany,
    RegisteredBox,
    RegisteredBoxModel,
    RegisteredDevice,
    RegisteredProduct,
    RegisteredAgreement,
    RegisteredSite,
    RegisteredBan,
)
"""Those that an office fills; what else is kept as an entry, the program makes."""


class OfficeBox(Struct, frozen=True, kw_only=True):
    """A registered box and what its model is registered as."""

    id: str
    model: str
    cooling: Cooling
    partition: Partition
    qualification: Qualification


class OfficeLogger(Struct, frozen=True, kw_only=True):
    """A logger that sent readings, or that the manifest names; no calibrations: none is known."""

    id: str
    calibrations: tuple[Calibration, ...]


class OfficeProduct(Struct, frozen=True, kw_only=True):
    """The registered storage class of one item of the manifest, counted from 0."""

    item: int
    number: str
    storage: str


class OfficeSite(RegisteredSite, frozen=True, kw_only=True):
    """A registered site at a site that the manifest names."""

    id: str


class OfficeAgreement(RegisteredAgreement, frozen=True, kw_only=True):
    """A registered agreement between the seller and the carrier that the manifest names."""

    id: str


class OfficeBan(RegisteredBan, frozen=True, kw_only=True):
    """A registered entry of the ban list that names an item of the manifest, or stands in place of
    one that would."""

    id: str


class OfficeFacts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the office has on record of one shipment when it is judged.

    loggers : all of the shipment, where at least one is registered. isolation_seen_at : when an
    officer first recorded a look at the isolating parts, RFC 3339. isolation_seen_photo : SHA-256
    of the photograph it was a look at, None: at the box itself. signed_in : whoever entered any of
    it, or looked, had signed in; else somebody at the server did, whose name nobody proved.
    """

    box: OfficeBox | None = None
    loggers: tuple[OfficeLogger, ...] = ()
    products: tuple[OfficeProduct, ...] = ()
    sites: tuple[OfficeSite, ...] = ()
    agreements: tuple[OfficeAgreement, ...] = ()
    banned: tuple[OfficeBan, ...] = ()
    isolation_seen_at: str | None = None
    isolation_seen_photo: str | None = None
    signed_in: bool = False

    def entries(self) -> Iterator[tuple[str, str]]:
        """Register and name of each entry that these facts come from."""
        if self.box is not None:
            yield RegisteredBox.register, self.box.id
            yield RegisteredBoxModel.register, self.box.model
        for logger in self.loggers:
            yield RegisteredDevice.register, logger.id
        for product in self.products:
            yield RegisteredProduct.register, product.number
        for site in self.sites:
            yield RegisteredSite.register, site.id
        for agreement in self.agreements:
            yield RegisteredAgreement.register, agreement.id
        for ban in self.banned:
            yield RegisteredBan.register, ban.id


NOTHING_ON_RECORD = OfficeFacts()


def entry_json(entry: RegisterEntry) -> str:
    """An entry as the register keeps it: equal for equal entries."""
    return msgspec.json.encode(entry, order="sorted").decode()
