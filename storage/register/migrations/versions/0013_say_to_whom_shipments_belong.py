"""Say to whom each shipment belongs, of every version of its manifest"""

import msgspec
import sqlalchemy as sa
from alembic import op

from coldwitness.domain.manifest import Manifest
from coldwitness.domain.reach import Side
from coldwitness.storage.register.belongings import belongings_of

revision = "0013"
down_revision = "0012"

_AT_ONCE = 500


def upgrade() -> None:
    table = op.create_table(
        "belongings",
        sa.Column("shipment", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("whose", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shipment"], ["shipments.id"], name=op.f("fk_belongings_shipment")
        ),
        sa.PrimaryKeyConstraint("shipment", "side", "whose", name=op.f("pk_belongings")),
        comment="divisions of seller, courier and ends, and platforms, of any version of a "
        "manifest",
    )
    op.create_index(
        "ix_belongings_side_whose_shipment", "belongings", ["side", "whose", "shipment"]
    )
    manifests = sa.table(
        "manifests", sa.column("shipment"), sa.column("version"), sa.column("body")
    )
    connection = op.get_bind()
    after = ""
    while True:
        names = connection.execute(
            sa.select(manifests.c.shipment)
            .where(manifests.c.shipment > after)
            .distinct()
            .order_by(manifests.c.shipment)
            .limit(_AT_ONCE)
        ).scalars()
        shipments = list(names)
        if not shipments:
            return
        query = sa.select(manifests.c.shipment, manifests.c.body)
        rows = connection.execute(query.where(manifests.c.shipment.in_(shipments)))
        found = sorted({(name, *one) for name, body in rows for one in _named(body)})
        if found:
            connection.execute(
                table.insert(),
                [{"shipment": name, "side": side, "whose": whose} for name, side, whose in found],
            )
        after = shipments[-1]


def _named(body: str) -> list[tuple[Side, str]]:
    """Nothing of a manifest that cannot be read any more."""
    try:
        return belongings_of(msgspec.json.decode(body, type=Manifest))
    except msgspec.DecodeError:
        return []


def downgrade() -> None:
    op.drop_table("belongings")
