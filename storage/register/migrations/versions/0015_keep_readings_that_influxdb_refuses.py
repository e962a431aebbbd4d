"""Keep readings that InfluxDB refuses"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "readings_aside",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("shipment", sa.Text(), nullable=True),
        sa.Column("box", sa.Text(), nullable=True),
        sa.Column("time_ms", sa.BigInteger(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_readings_aside")),
        comment="derived: readings that InfluxDB refuses for good; they are read beside its own",
    )
    for column in ("shipment", "box", "time_ms"):
        op.create_index(op.f(f"ix_readings_aside_{column}"), "readings_aside", [column])


def downgrade() -> None:
    op.drop_table("readings_aside")
