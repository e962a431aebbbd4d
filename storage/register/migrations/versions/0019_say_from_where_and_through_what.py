"""Say in the audit trail from where, through what, and about which shipment"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    for name in ("shipment", "address", "through"):
        op.add_column("audit", sa.Column(name, sa.Text(), nullable=True))
    op.create_index("ix_audit_shipment", "audit", ["shipment"])


def downgrade() -> None:
    op.drop_index("ix_audit_shipment", "audit")
    for name in ("through", "address", "shipment"):
        op.drop_column("audit", name)
