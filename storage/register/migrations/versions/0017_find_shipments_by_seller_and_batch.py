"""Find shipments by seller and batch, and count them by verdict and state"""

import msgspec
import sqlalchemy as sa
from alembic import op

from coldwitness.domain.manifest import Manifest
from coldwitness.domain.manifest_search import SEPARATOR
from coldwitness.storage.register.mentions import BATCH, SELLER, mentioned

revision = "0017"
down_revision = "0016"

_AT_ONCE = 500


def upgrade() -> None:
    op.create_index("ix_shipments_verdict_state", "shipments", ["verdict", "state"])
    op.create_index(
        "ix_findings_kind_subtype_shipment", "findings", ["kind", "subtype", "shipment"]
    )
    shipments = sa.table("shipments", sa.column("id"), sa.column("manifest_version"))
    manifests = sa.table(
        "manifests", sa.column("shipment"), sa.column("version"), sa.column("body")
    )
    mentions = sa.table("mentions", sa.column("register"), sa.column("name"), sa.column("shipment"))
    newest = sa.select(manifests.c.shipment, manifests.c.body).join(
        shipments,
        (shipments.c.id == manifests.c.shipment)
        & (shipments.c.manifest_version == manifests.c.version),
    )
    connection = op.get_bind()
    # What no manifest named is found by its id and courier.
    connection.execute(
        sa.text(
            "UPDATE shipments SET search = lower(id) || coalesce(:separator || lower(courier), '')"
            " WHERE search IS NULL"
        ),
        {"separator": SEPARATOR},
    )
    after = ""
    while True:
        query = newest.where(manifests.c.shipment > after).order_by(manifests.c.shipment)
        rows = connection.execute(query.limit(_AT_ONCE)).all()
        if not rows:
            return
        found = [
            {"register": register, "name": name, "shipment": shipment}
            for shipment, body in rows
            for register, name in _named(body)
        ]
        if found:
            connection.execute(mentions.insert(), found)
        after = rows[-1][0]


def _named(body: str) -> list[tuple[str, str]]:
    """Nothing of a manifest that cannot be read any more."""
    try:
        every = mentioned(msgspec.json.decode(body, type=Manifest))
    except msgspec.DecodeError:
        return []
    return [one for one in every if one[0] in (SELLER, BATCH)]


def downgrade() -> None:
    op.execute("DELETE FROM mentions WHERE register IN ('seller', 'batch')")
    op.drop_index("ix_findings_kind_subtype_shipment", "findings")
    op.drop_index("ix_shipments_verdict_state", "shipments")
