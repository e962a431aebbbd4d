"""Say who judges what"""

import zlib

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"

_SHARES = 64


def upgrade() -> None:
    op.create_table(
        "judges",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_judges")),
        comment="processes that judge; until when the lease of each runs",
    )
    op.create_table(
        "judge_shares",
        sa.Column("share", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("share", name=op.f("pk_judge_shares")),
        comment="who judges which part of all shipments; turn: how often it changed hands",
    )
    left = sa.table("to_judge", sa.column("shipment", sa.Text()), sa.column("share", sa.Integer()))
    with op.batch_alter_table("to_judge") as batch:
        batch.add_column(sa.Column("share", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(
            sa.Column("reason", sa.Text(), nullable=False, server_default="new readings")
        )
    connection = op.get_bind()
    for name in connection.execute(sa.select(left.c.shipment)).scalars().all():
        share = zlib.crc32(name.encode()) % _SHARES
        connection.execute(left.update().where(left.c.shipment == name).values(share=share))
    with op.batch_alter_table("to_judge") as batch:
        batch.alter_column("share", server_default=None)
        batch.alter_column("reason", server_default=None)
        batch.create_index(op.f("ix_to_judge_share_shipment"), ["share", "shipment"])


def downgrade() -> None:
    with op.batch_alter_table("to_judge") as batch:
        batch.drop_index(op.f("ix_to_judge_share_shipment"))
        batch.drop_column("reason")
        batch.drop_column("share")
    op.drop_table("judge_shares")
    op.drop_table("judges")
