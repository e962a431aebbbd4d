"""Keep which probes each logger sent"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "probes_sent",
        sa.Column("box", sa.Text(), nullable=False),
        sa.Column("logger", sa.Text(), nullable=False),
        sa.Column("probe", sa.Text(), nullable=False),
        sa.Column("first_ms", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("logger", "box", "probe", name=op.f("pk_probes_sent")),
        comment="which probes each logger ever sent in each box ('' none), and since when",
    )


def downgrade() -> None:
    op.drop_table("probes_sent")
