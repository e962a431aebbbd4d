"""Keep alarms and who was told of them"""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"


def upgrade() -> None:
    op.create_table(
        "alarms",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("shipment", sa.Text(), nullable=True),
        sa.Column("title_zh", sa.Text(), nullable=False),
        sa.Column("title_en", sa.Text(), nullable=False),
        sa.Column("text_zh", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("raised_ms", sa.BigInteger(), nullable=False),
        sa.Column("settled_ms", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_ms", sa.BigInteger(), nullable=True),
        sa.Column("acknowledged_by", sa.Text(), nullable=True),
        sa.Column("rounds", sa.Integer(), nullable=False),
        sa.Column("told_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarms")),
        comment="what people are told at once; settled: it holds no more",
    )
    op.create_index(op.f("ix_alarms_raised_ms"), "alarms", ["raised_ms"], unique=False)
    op.create_index(op.f("ix_alarms_rule_subject"), "alarms", ["rule", "subject"], unique=False)
    op.create_index(op.f("ix_alarms_settled_ms"), "alarms", ["settled_ms"], unique=False)
    op.create_index(op.f("ix_alarms_shipment"), "alarms", ["shipment"], unique=False)
    op.create_table(
        "alarm_messages",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("alarm", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_ms", sa.BigInteger(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("done_ms", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["alarm"], ["alarms.id"], name=op.f("fk_alarm_messages_alarm")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm_messages")),
        comment="alarms owed to people of the settings, round by round",
    )
    op.create_index(op.f("ix_alarm_messages_alarm"), "alarm_messages", ["alarm"], unique=False)
    op.create_index(
        op.f("ix_alarm_messages_state_next_try_ms"),
        "alarm_messages",
        ["state", "next_try_ms"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_alarm_messages_state_next_try_ms"), table_name="alarm_messages")
    op.drop_index(op.f("ix_alarm_messages_alarm"), table_name="alarm_messages")
    op.drop_table("alarm_messages")
    op.drop_index(op.f("ix_alarms_shipment"), table_name="alarms")
    op.drop_index(op.f("ix_alarms_settled_ms"), table_name="alarms")
    op.drop_index(op.f("ix_alarms_rule_subject"), table_name="alarms")
    op.drop_index(op.f("ix_alarms_raised_ms"), table_name="alarms")
    op.drop_table("alarms")
