"""List findings by time"""

from alembic import op

revision = "0026"
down_revision = "0025"

_BY_TIME = ["start_ms", "id", "shipment"]


def upgrade() -> None:
    op.execute("UPDATE findings SET start_ms = 0 WHERE start_ms IS NULL")
    op.create_index(op.f("ix_findings_start_ms_id_shipment"), "findings", _BY_TIME)
    op.create_index(op.f("ix_findings_kind_start_ms_id_shipment"), "findings", ["kind", *_BY_TIME])


def downgrade() -> None:
    op.drop_index(op.f("ix_findings_kind_start_ms_id_shipment"), table_name="findings")
    op.drop_index(op.f("ix_findings_start_ms_id_shipment"), table_name="findings")
