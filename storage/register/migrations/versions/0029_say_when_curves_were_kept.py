"""Say when curves were kept"""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    with op.batch_alter_table("curves") as batch:
        batch.add_column(sa.Column("kept_ms", sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("curves") as batch:
        batch.drop_column("kept_ms")
