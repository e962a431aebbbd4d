"""Say whose webhooks are"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"


def upgrade() -> None:
    op.add_column("webhooks", sa.Column("owner", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("webhooks", "owner")
