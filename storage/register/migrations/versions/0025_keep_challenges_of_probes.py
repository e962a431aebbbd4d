"""Keep challenges of probes"""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"


def upgrade() -> None:
    op.create_table(
        "probe_challenges",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("shipment", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["shipment"], ["shipments.id"], name=op.f("fk_probe_challenges_shipment")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_probe_challenges")),
        sa.UniqueConstraint("name", name=op.f("uq_probe_challenges_name")),
        comment="probes that officers had warmed or cooled; no decision: it runs",
    )
    op.create_index(
        op.f("ix_probe_challenges_shipment"), "probe_challenges", ["shipment"], unique=False
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_probe_challenges_shipment"), table_name="probe_challenges")
    op.drop_table("probe_challenges")
