"""Say which shipments other processes left to be judged"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "to_judge",
        sa.Column("shipment", sa.Text(), nullable=False),
        sa.Column("mark", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("shipment", name=op.f("pk_to_judge")),
        comment="shipments that a process which does not judge brought evidence of; mark: of when",
    )


def downgrade() -> None:
    op.drop_table("to_judge")
