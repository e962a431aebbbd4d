"""Say where each shipment stands, and find it by what its manifest names"""

import msgspec
import sqlalchemy as sa
from alembic import op

from coldwitness.domain.manifest import Manifest
from coldwitness.domain.manifest_search import searchable

revision = "0012"
down_revision = "0011"

_AT_ONCE = 500


def _searchable(body: str) -> str | None:
    """Nothing of a manifest that cannot be read any more: its shipment is found by its id."""
    try:
        return searchable(msgspec.json.decode(body, type=Manifest))
    except msgspec.DecodeError:
        return None


def upgrade() -> None:
    op.add_column("shipments", sa.Column("state", sa.Text(), nullable=True))
    op.add_column("shipments", sa.Column("search", sa.Text(), nullable=True))
    op.create_index("ix_shipments_state", "shipments", ["state"])
    shipments = sa.table(
        "shipments", sa.column("id"), sa.column("manifest_version"), sa.column("search")
    )
    manifests = sa.table(
        "manifests", sa.column("shipment"), sa.column("version"), sa.column("body")
    )
    newest = sa.select(manifests.c.shipment, manifests.c.body).join(
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
        connection.execute(
            fill,
            [{"its_id": name, "its_search": _searchable(body)} for name, body in rows],
        )
        after = rows[-1][0]


def downgrade() -> None:
    op.drop_index("ix_shipments_state", "shipments")
    op.drop_column("shipments", "search")
    op.drop_column("shipments", "state")
