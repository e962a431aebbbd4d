"""Say up to which row of the journal a result was made, and what the journal tells of lost ones"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    with op.batch_alter_table("manifests", schema=None) as batch_op:
        batch_op.add_column(sa.Column("received_sha256", sa.Text(), nullable=True))
    with op.batch_alter_table("results", schema=None) as batch_op:
        batch_op.add_column(sa.Column("up_to", sa.Text(), nullable=True))
    op.create_table(
        "journalled_results",
        sa.Column("shipment", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("shipment", name=op.f("pk_journalled_results")),
        comment="filled by a rebuild: the newest version that the journal names of results to be"
        " made",
    )
    op.create_table(
        "journalled_statuses",
        sa.Column("clue", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("clue", name=op.f("pk_journalled_statuses")),
        comment="filled by a rebuild: what case systems last said of clues that are to be found"
        " again",
    )


def downgrade() -> None:
    op.drop_table("journalled_statuses")
    op.drop_table("journalled_results")
    with op.batch_alter_table("results", schema=None) as batch_op:
        batch_op.drop_column("up_to")
    with op.batch_alter_table("manifests", schema=None) as batch_op:
        batch_op.drop_column("received_sha256")
