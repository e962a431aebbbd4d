"""Of which entries of the office's registers a manifest speaks, found again from the entry."""

from collections.abc import Sequence
from math import floor

from sqlalchemy import Connection, select

from coldwitness.domain.manifest import Manifest
from coldwitness.domain.manifest_search import folded
from coldwitness.domain.office import (
    RegisteredAgreement,
    RegisteredBox,
    RegisteredDevice,
    RegisteredProduct,
    RegisteredSite,
)
from coldwitness.storage.register.database import clean, parts
from coldwitness.storage.register.schema import mentions

CELLS_PER_DEGREE = 20
"""A cell is 5.6 km high and, up to 60 degrees of latitude, at least 2.8 km wide: two sites whose
circles meet lie in the same cell or in neighbours."""


SELLER, BATCH = "seller", "batch"
"""What is found so beside entries of the office's registers, folded as questions are."""


def mentioned(manifest: Manifest) -> list[tuple[str, str]]:
    """Register and name of each entry the manifest speaks of; of a site, its cell."""
    found = {
        (RegisteredBox.register, manifest.box.id),
        (RegisteredDevice.register, manifest.logger.id),
    }
    for item in manifest.items:
        for number in (item.approval_number, item.trace_code):
            found.add((RegisteredProduct.register, clean(number)))
        found.add((BATCH, folded(item.batch) if item.batch else None))
    seller, carrier = manifest.seller, manifest.courier
    if seller is not None:
        for text in (seller.id, seller.name, seller.uscc):
            found.add((SELLER, folded(text) if text else None))
    if seller is not None and carrier is not None and seller.uscc and carrier.uscc:
        found.add((RegisteredAgreement.register, clean(between(seller.uscc, carrier.uscc))))
    for site in manifest.sites:
        found.add((RegisteredSite.register, _cell(*_cell_of(site.lat, site.lon))))
    return sorted((register, clean(name) or "") for register, name in found if name is not None)


def between(seller: str, carrier: str) -> str:
    """Two companies, by their credit codes."""
    return f"{seller}:{carrier}"


def cells_around(lat_deg: float, lon_deg: float) -> list[str]:
    """The cell of a place and its neighbours."""
    row, column = _cell_of(lat_deg, lon_deg)
    return [_cell(row + up, column + right) for up in (-1, 0, 1) for right in (-1, 0, 1)]


def keep_mentions(connection: Connection, sent: Sequence[Manifest]) -> None:
    """Put what these manifests speak of beside what the shipments' earlier versions did: an earlier
    one may be the one that counts."""
    rows = {
        (register, name, manifest.id) for manifest in sent for register, name in mentioned(manifest)
    }
    for part in parts(sorted({manifest.id for manifest in sent})):
        known = select(mentions.c.register, mentions.c.name, mentions.c.shipment)
        rows -= {
            tuple(row) for row in connection.execute(known.where(mentions.c.shipment.in_(part)))
        }
    if rows:
        fields = ("register", "name", "shipment")
        connection.execute(
            mentions.insert(), [dict(zip(fields, row, strict=True)) for row in sorted(rows)]
        )


def mentioning(connection: Connection, register: str, names: Sequence[str]) -> set[str]:
    """Shipments of which a version of the manifest speaks of one of these."""
    found: set[str] = set()
    for part in parts(names):
        query = select(mentions.c.shipment).where(mentions.c.register == register)
        found |= set(connection.execute(query.where(mentions.c.name.in_(part))).scalars())
    return found


def _cell_of(lat_deg: float, lon_deg: float) -> tuple[int, int]:
    return floor(lat_deg * CELLS_PER_DEGREE), floor(lon_deg * CELLS_PER_DEGREE)


def _cell(row: int, column: int) -> str:
    return f"{row}:{column}"
