"""Keep temperature curves, to find copies of them in later shipments"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "curves",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("shipment", sa.Text(), nullable=False),
        sa.Column("keys", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shipment"], ["shipments.id"], name=op.f("fk_curves_shipment_shipments")
        ),
        sa.UniqueConstraint("shipment", name=op.f("uq_curves_shipment")),
        comment="temperature curves of judged shipments, to find copies of them; "
        "keys: int64, packed",
    )
    op.create_table(
        "curve_keys",
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("curve", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", "curve", name=op.f("pk_curve_keys")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "copies",
        sa.Column("shipment", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("shipment", "other", name=op.f("pk_copies")),
        comment="which shipments each shipment's current result names as copies",
    )
    op.create_index(op.f("ix_copies_other"), "copies", ["other"])


def downgrade() -> None:
    op.drop_table("copies")
    op.drop_table("curve_keys")
    op.drop_table("curves")
