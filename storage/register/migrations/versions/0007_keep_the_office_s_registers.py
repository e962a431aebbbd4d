"""Keep the office's registers, attachments, and of which manifest version a review speaks

The tables of loggers and box models go: nothing ever wrote them."""

import json
from math import floor

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    for table in ("calibrations", "devices", "box_models"):
        op.drop_table(table)
    op.create_table(
        "office_entries",
        sa.Column("id", _ROW_ID, nullable=False),
        sa.Column("register", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("by_whom", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_office_entries")),
        sa.UniqueConstraint("register", "name", "version", name=op.f("uq_office_entries_register")),
        comment="what the office registered; the last version of a name counts, all are kept",
    )
    op.create_table(
        "mentions",
        sa.Column("register", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("shipment", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["shipment"], ["shipments.id"], name=op.f("fk_mentions_shipment")),
        sa.PrimaryKeyConstraint("register", "name", "shipment", name=op.f("pk_mentions")),
        comment="of which entries of the office's registers each shipment's newest manifest speaks",
    )
    with op.batch_alter_table("mentions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_mentions_shipment"), ["shipment"], unique=False)
    op.create_table(
        "attachments",
        sa.Column("shipment", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("by_whom", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shipment"], ["shipments.id"], name=op.f("fk_attachments_shipment")
        ),
        sa.PrimaryKeyConstraint("shipment", "sha256", name=op.f("pk_attachments")),
    )
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.add_column(sa.Column("manifest_version", sa.Integer(), nullable=True))
    op.execute("UPDATE reviews SET decision = 'rejected' WHERE decision = 'not_confirmed'")
    _fill_mentions()


def downgrade() -> None:
    op.execute("UPDATE reviews SET decision = 'not_confirmed' WHERE decision = 'rejected'")
    with op.batch_alter_table("reviews", schema=None) as batch_op:
        batch_op.drop_column("manifest_version")
    for table in ("attachments", "mentions", "office_entries"):
        op.drop_table(table)
    op.create_table(
        "box_models",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("hold_h", sa.Double(), nullable=True),
        sa.Column("slew_max_c_per_min", sa.Double(), nullable=True),
        sa.Column("coolant_coupling_max_per_h", sa.Double(), nullable=True),
        sa.Column("goods_coupling_max_per_h", sa.Double(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_box_models")),
    )
    op.create_table(
        "devices",
        sa.Column("logger", sa.Text(), nullable=False),
        sa.Column("courier", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("interval_s", sa.Double(), nullable=True),
        sa.Column("accuracy_c", sa.Double(), nullable=True),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("logger", name=op.f("pk_devices")),
    )
    op.create_table(
        "calibrations",
        sa.Column("logger", sa.Text(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("calibrated_ms", sa.BigInteger(), nullable=False),
        sa.Column("valid_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("laboratory", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["logger"], ["devices.logger"], name=op.f("fk_calibrations_logger")
        ),
        sa.PrimaryKeyConstraint("logger", "certificate", name=op.f("pk_calibrations")),
    )


def _fill_mentions() -> None:
    """What the newest manifest of each shipment speaks of."""
    manifests = sa.table("manifests", *map(sa.column, ("shipment", "version", "body")))
    shipments = sa.table("shipments", *map(sa.column, ("id", "manifest_version")))
    newest = (shipments.c.id == manifests.c.shipment) & (
        shipments.c.manifest_version == manifests.c.version
    )
    query = sa.select(manifests.c.shipment, manifests.c.body).join(shipments, newest)
    rows = [
        {"register": register, "name": name, "shipment": shipment}
        for shipment, body in op.get_bind().execute(query).all()
        for register, name in sorted(_mentioned(body))
    ]
    if rows:
        table = sa.table("mentions", *map(sa.column, ("register", "name", "shipment")))
        op.bulk_insert(table, rows)


def _mentioned(body: str) -> set[tuple[str, str]]:
    try:
        manifest = json.loads(body)
    except ValueError:
        return set()
    if not isinstance(manifest, dict):
        return set()
    found = {
        ("boxes", (manifest.get("box") or {}).get("id")),
        ("devices", (manifest.get("logger") or {}).get("id")),
    }
    for item in (manifest.get("source") or {}).get("items") or ():
        found |= {("products", item.get(key)) for key in ("approval_number", "trace_code")}
    for site in manifest.get("sites") or ():
        cell = f"{floor(site['lat'] * 20)}:{floor(site['lon'] * 20)}"
        found.add(("sites", cell))
    return {(register, name) for register, name in found if isinstance(name, str)}
