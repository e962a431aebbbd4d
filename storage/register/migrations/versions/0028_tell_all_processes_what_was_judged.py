"""Tell all processes what was judged"""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    row_id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "live_news",
        sa.Column("number", row_id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_live_news")),
        comment="the newest events of the live stream, from processes that judge to those that"
        " answer",
    )
    op.create_table(
        "on_the_road",
        sa.Column("shipment", sa.Text(), nullable=False),
        sa.Column("heard_ms", sa.BigInteger(), nullable=False),
        sa.Column("to_limit_s", sa.Double(), nullable=True),
        sa.Column("newest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("shipment", name=op.f("pk_on_the_road")),
        comment="shipments under way with their newest reading; heard_ms: when something new came",
    )
    op.create_index(op.f("ix_on_the_road_heard_ms"), "on_the_road", ["heard_ms"])
    op.create_index(op.f("ix_on_the_road_to_limit_s"), "on_the_road", ["to_limit_s"])


def downgrade() -> None:
    op.drop_table("on_the_road")
    op.drop_table("live_news")
