"""Say of which divisions couriers are"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"


def upgrade() -> None:
    op.create_table(
        "courier_seats",
        sa.Column("courier", sa.Text(), nullable=False),
        sa.Column("division", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("courier", "division", name=op.f("pk_courier_seats")),
        comment="derived: of which divisions manifests say that each courier is",
    )
    op.execute(
        "INSERT INTO courier_seats (courier, division) SELECT DISTINCT s.courier, b.whose"
        " FROM shipments s JOIN belongings b ON b.shipment = s.id"
        " WHERE b.side = 'courier' AND s.courier IS NOT NULL"
    )


def downgrade() -> None:
    op.drop_table("courier_seats")
