"""Say as whom people sign in elsewhere"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.add_column("people", sa.Column("subject", sa.Text(), nullable=True))
    op.create_index("ix_people_subject", "people", ["subject"], unique=True)


def downgrade() -> None:
    op.drop_index("ix_people_subject", "people")
    op.drop_column("people", "subject")
