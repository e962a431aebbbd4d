"""Find old shipments by all that their manifests state, as new ones are"""

import msgspec
import sqlalchemy as sa
from alembic import op

from coldwitness.domain.manifest import Manifest
from coldwitness.domain.manifest_search import searchable
from coldwitness.storage.register.database import clean

revision = "0023"
down_revision = "0022"

_AT_ONCE = 500


def upgrade() -> None:
    shipments = sa.table(
        "shipments", sa.column("id"), sa.column("manifest_version"), sa.column("search")
    )
    manifests = sa.table(
        "manifests", sa.column("shipment"), sa.column("version"), sa.column("body")
    )
    newest = sa.select(manifests.c.shipment, manifests.c.body, shipments.c.search).join(
        shipments,
        (shipments.c.id == manifests.c.shipment)
        & (shipments.c.manifest_version == manifests.c.version),
    )
    fill = (
        sa.update(shipments)
        .where(shipments.c.id == sa.bindparam("its_id"))
        .values(search=sa.bindparam("its_search"))
    )
    connection = op.get_bind()
    after = ""
    while True:
        query = newest.where(manifests.c.shipment > after).order_by(manifests.c.shipment)
        rows = connection.execute(query.limit(_AT_ONCE)).all()
        if not rows:
            return
        wanted = [(name, _searchable(body) or search, search) for name, body, search in rows]
        changed = [
            {"its_id": name, "its_search": text} for name, text, was in wanted if text != was
        ]
        if changed:
            connection.execute(fill, changed)
        after = rows[-1][0]


def _searchable(body: str) -> str | None:
    """Nothing of a manifest that cannot be read any more: its shipment is found as before."""
    try:
        return clean(searchable(msgspec.json.decode(body, type=Manifest)))
    except msgspec.DecodeError:
        return None


def downgrade() -> None:
    """What a shipment is found by stays: an older program reads it as it is."""
