"""Keep the exchange rates of compliant trips, to learn the limits of box models"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "model_trips",
        sa.Column("shipment", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=False),
        sa.Column("rate_per_h", sa.Double(), nullable=False),
        sa.Column("low_per_h", sa.Double(), nullable=False),
        sa.Column("high_per_h", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shipment"], ["shipments.id"], name=op.f("fk_model_trips_shipment_shipments")
        ),
        sa.PrimaryKeyConstraint("shipment", "zone", name=op.f("pk_model_trips")),
        comment="exchange rates of compliant trips, by which a box model's limit is learned",
    )
    op.create_index(
        op.f("ix_model_trips_model_zone_ended_ms"), "model_trips", ["model", "zone", "ended_ms"]
    )


def downgrade() -> None:
    op.drop_table("model_trips")
