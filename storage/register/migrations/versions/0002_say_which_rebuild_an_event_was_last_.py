"""Say which rebuild an event was last seen by"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    generation = sa.Column("generation", sa.Integer(), server_default="0", nullable=False)
    with op.batch_alter_table("events") as batch_op:
        batch_op.add_column(generation)


def downgrade() -> None:
    with op.batch_alter_table("events") as batch_op:
        batch_op.drop_column("generation")
