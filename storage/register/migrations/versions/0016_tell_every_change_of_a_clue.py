"""Tell every change of a clue: the feed's entries, what people did, and what is owed by entry"""

import zlib
from collections.abc import Mapping
from contextlib import suppress
from typing import TypeVar

import msgspec
import sqlalchemy as sa
from alembic import op

from coldwitness.domain.clues import STATUS_OF, Change, ChangeKind, Clue, ClueAct
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.result import Finding
from coldwitness.domain.text import Text

revision = "0016"
down_revision = "0015"

_WHOLE_KIND = ("cold_chain_break", "temporary_storage", "missing_isolation")


_Row = TypeVar("_Row", bound=msgspec.Struct)


class _Told(msgspec.Struct):
    change: Change
    clue: Clue


class _Earlier(msgspec.Struct):
    """A clue's row of before."""

    id: str
    cursor: int
    shipment: str
    kind: str
    subtype: str
    finding: str
    requirements: str
    version: int
    reason: str
    standing: bool
    created_ms: int
    updated_ms: int
    status: str
    status_note: str | None


class _Status(msgspec.Struct):
    clue: str
    status: str
    note: str | None
    at_ms: int


class _Owed(msgspec.Struct):
    id: str
    webhook: str
    clue: str
    body: bytes
    state: str
    attempts: int
    next_try_ms: int
    created_ms: int
    done_ms: int | None
    error: str | None
    cursor: int | None = None


class _Later(msgspec.Struct):
    """A clue's row of now."""

    id: str
    cursor: int
    shipment: str | None
    kind: str | None
    status: str
    standing: bool
    version: int
    created_ms: int
    updated_ms: int
    found: str


def upgrade() -> None:
    connection = op.get_bind()
    earlier = _rows("clues", _Earlier, order_by="cursor")
    owed = _rows("deliveries", _Owed, order_by="id")
    left = _rows("journalled_statuses", _Status, order_by="clue")
    for table in ("deliveries", "journalled_statuses", "clues"):
        op.drop_table(table)
    clues, entries, acts, deliveries = _make_new()
    cursors = {row.id: row.cursor for row in earlier}
    for row in earlier:
        clue = _clue_of(row)
        body = msgspec.json.encode(clue).decode()
        connection.execute(clues.insert().values(**_kept(row), found=body, noticed="[]"))
        connection.execute(entries.insert().values(**_entry(row, clue)))
        if row.status != "open":
            left.append(_Status(row.id, row.status, row.status_note, row.updated_ms))
    for said in {one.clue: one for one in left}.values():
        act = ClueAct(
            by="",
            at=rfc3339(said.at_ms),
            status=STATUS_OF.get(said.status, "received"),
            note=said.note,
        )
        text = msgspec.json.encode(act).decode()
        connection.execute(acts.insert().values(clue=said.clue, number=0, body=text))
    # What was not taken yet is owed anew, in the form that deliveries have now.
    for one in owed:
        if one.state != "due" and one.clue in cursors:
            values = msgspec.structs.asdict(one) | {"cursor": cursors[one.clue]}
            connection.execute(deliveries.insert().values(**values))
    _owe_from(connection, owed, cursors)


def downgrade() -> None:
    connection = op.get_bind()
    later = _rows("clues", _Later, order_by="cursor")
    owed = _rows("deliveries", _Owed, order_by="cursor")
    for table in ("deliveries", "clue_links", "clue_acts", "clue_entries", "clues"):
        op.drop_table(table)
    for column in ("earlier_until_ms", "earlier_secret", "owed_up_to"):
        op.drop_column("webhooks", column)
    clues, deliveries = _make_earlier()
    known = set()
    for row in later:
        if row.shipment is not None:
            connection.execute(clues.insert().values(**_as_before(row)))
            known.add(row.id)
    for one in {(one.webhook, one.clue): one for one in owed}.values():
        if one.clue in known:
            values = msgspec.structs.asdict(one)
            del values["cursor"]
            connection.execute(deliveries.insert().values(**values))


def _rows(table: str, kind: type[_Row], *, order_by: str) -> list[_Row]:
    found = sa.Table(table, sa.MetaData(), autoload_with=op.get_bind())
    query = sa.select(found).order_by(found.c[order_by])
    rows = op.get_bind().execute(query).mappings()
    # Names of columns are a kind of text of their own, which msgspec does not take.
    return [msgspec.convert({str(key): row[key] for key in row}, kind) for row in rows]


def _owe_from(connection: sa.Connection, owed: list[_Owed], cursors: Mapping[str, int]) -> None:
    """Each webhook is owed what comes from now on, and what it had not taken."""
    hooks = sa.table("webhooks", sa.column("id"), sa.column("owed_up_to"))
    last = connection.execute(sa.text("SELECT last FROM feed")).scalar_one()
    connection.execute(sa.update(hooks).values(owed_up_to=last))
    for one in owed:
        if one.state == "due" and one.clue in cursors:
            before = cursors[one.clue] - 1
            its = sa.update(hooks).where(hooks.c.id == one.webhook, hooks.c.owed_up_to > before)
            connection.execute(its.values(owed_up_to=before))


def _clue_of(row: _Earlier) -> Clue:
    """An earlier clue in today's form; what was not kept of it is not known."""
    finding: Finding | None = None
    requirements: tuple[str, ...] = ()
    with suppress(msgspec.DecodeError):
        finding = msgspec.json.decode(row.finding, type=Finding)
        requirements = msgspec.json.decode(row.requirements, type=tuple[str, ...])
    return Clue(
        id=row.id,
        version=row.version,
        standing="stands" if row.standing else "withdrawn",
        discovered_at=rfc3339(row.created_ms),
        updated_at=rfc3339(row.updated_ms),
        shipment=row.shipment,
        shipments=(row.shipment,),
        kind=row.kind,
        subtype=row.subtype,
        certainty=None if finding is None else finding.certainty,
        verdict=None,
        summary=Text("", "") if finding is None else finding.explanation,
        requirements=requirements,
        findings=() if finding is None else (finding,),
    )


def _kept(row: _Earlier) -> dict[str, object]:
    return {
        "id": row.id,
        "cursor": row.cursor,
        "shipment": row.shipment,
        "matter": row.kind if row.kind in _WHOLE_KIND else f"{row.kind}/{row.subtype}",
        "kind": row.kind,
        "source": "system",
        "status": STATUS_OF.get(row.status, row.status),
        "standing": row.standing,
        "version": row.version,
        "created_ms": row.created_ms,
        "updated_ms": row.updated_ms,
        "held": False,
        "open": False,
        "notice_on": None,
    }


def _entry(row: _Earlier, clue: Clue) -> dict[str, object]:
    kind: ChangeKind = "opened" if row.version == 1 else "updated"
    kind = kind if row.standing else "withdrawn"
    status = STATUS_OF.get(row.status, "received")
    change = Change(kind=kind, reason=row.reason, at=clue.updated_at, by="", version=clue.version)
    told = _Told(change, msgspec.structs.replace(clue, status=status))
    return {
        "cursor": row.cursor,
        "clue": clue.id,
        "version": clue.version,
        "change": kind,
        "shipment": clue.shipment,
        "kind": clue.kind,
        "source": "system",
        "status": status,
        "standing": clue.standing,
        "body": zlib.compress(msgspec.json.encode(told)),
    }


def _as_before(row: _Later) -> dict[str, object]:
    found: Clue | None = None
    with suppress(msgspec.DecodeError):
        found = msgspec.json.decode(row.found, type=Clue)
    finding = found.findings[0] if found is not None and found.findings else None
    back = {
        "received": "open",
        "checking": "in_progress",
        "filed": "in_progress",
        "rejected": "dismissed",
    }
    said = "[]" if found is None else msgspec.json.encode(found.requirements).decode()
    return {
        "id": row.id,
        "cursor": row.cursor,
        "shipment": row.shipment,
        "finding_id": "" if finding is None else finding.id,
        "kind": row.kind or "",
        "subtype": (found.subtype if found is not None else None) or "",
        "probe": "",
        "start_ms": None,
        "end_ms": None,
        "finding": "{}" if finding is None else msgspec.json.encode(finding).decode(),
        "requirements": said,
        "verdict": (found.verdict if found is not None else None) or "",
        "version": row.version,
        "reason": "",
        "standing": row.standing,
        "created_ms": row.created_ms,
        "updated_ms": row.updated_ms,
        "status": back.get(row.status, row.status),
        "status_note": None,
    }


def _make_new() -> tuple[sa.Table, sa.Table, sa.Table, sa.Table]:
    clues = op.create_table(
        "clues",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("shipment", sa.Text(), nullable=True),
        sa.Column("matter", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("notice_on", sa.Text(), nullable=True),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("noticed", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["shipment"], ["shipments.id"], name=op.f("fk_clues_shipment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clues")),
        sa.UniqueConstraint("cursor", name=op.f("uq_clues_cursor")),
        comment="what judging found or came in, without what people did (clue_acts); cursor: of "
        "the newest entry; held: it grew since; notice_on: next day a time limit has something to "
        "tell",
    )
    for column in ("shipment", "held", "notice_on"):
        op.create_index(f"ix_clues_{column}", "clues", [column])
    entries = op.create_table(
        "clue_entries",
        sa.Column("cursor", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("clue", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("shipment", sa.Text(), nullable=True),
        sa.Column("division", sa.Text(), nullable=True),
        sa.Column("courier", sa.Text(), nullable=True),
        sa.Column("seller", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("standing", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("cursor", name=op.f("pk_clue_entries")),
        sa.UniqueConstraint("clue", "version", name=op.f("uq_clue_entries_clue")),
        comment="the feed: each change of a clue once, with the clue as it then stood, deflated",
    )
    op.create_index("ix_clue_entries_shipment", "clue_entries", ["shipment"])
    for column in ("division", "courier", "seller"):
        op.create_index(f"ix_clue_entries_{column}_cursor", "clue_entries", [column, "cursor"])
    acts = op.create_table(
        "clue_acts",
        sa.Column("clue", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("clue", "number", name=op.f("pk_clue_acts")),
        comment="what people did with a clue, in order; 0: the status of before each was kept",
    )
    op.create_table(
        "clue_links",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("clue", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", "clue", name=op.f("pk_clue_links")),
        comment="by what clues belong together: courier, seller, box, batch",
    )
    op.create_index("ix_clue_links_clue", "clue_links", ["clue"])
    owed = sa.Column("owed_up_to", sa.BigInteger(), nullable=False, server_default="0")
    op.add_column("webhooks", owed)
    op.add_column("webhooks", sa.Column("earlier_secret", sa.Text(), nullable=True))
    op.add_column("webhooks", sa.Column("earlier_until_ms", sa.BigInteger(), nullable=True))
    deliveries = op.create_table(
        "deliveries",
        *_delivery_columns(),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["webhook"], ["webhooks.id"], name=op.f("fk_deliveries_webhook")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("webhook", "cursor", name=op.f("uq_deliveries_webhook")),
    )
    _index_deliveries()
    op.create_index(
        "ix_deliveries_webhook_clue_state_cursor",
        "deliveries",
        ["webhook", "clue", "state", "cursor"],
    )
    return clues, entries, acts, deliveries


def _make_earlier() -> tuple[sa.Table, sa.Table]:
    clues = op.create_table(
        "clues",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("cursor", sa.BigInteger(), nullable=False),
        sa.Column("shipment", sa.Text(), nullable=False),
        sa.Column("finding_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subtype", sa.Text(), nullable=False),
        sa.Column("probe", sa.Text(), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=True),
        sa.Column("end_ms", sa.BigInteger(), nullable=True),
        sa.Column("finding", sa.Text(), nullable=False),
        sa.Column("requirements", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("standing", sa.Boolean(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("status_note", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["shipment"], ["shipments.id"], name=op.f("fk_clues_shipment")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clues")),
        sa.UniqueConstraint("cursor", name=op.f("uq_clues_cursor")),
    )
    op.create_index("ix_clues_shipment", "clues", ["shipment"])
    deliveries = op.create_table(
        "deliveries",
        *_delivery_columns(),
        sa.ForeignKeyConstraint(["clue"], ["clues.id"], name=op.f("fk_deliveries_clue")),
        sa.ForeignKeyConstraint(["webhook"], ["webhooks.id"], name=op.f("fk_deliveries_webhook")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deliveries")),
        sa.UniqueConstraint("webhook", "clue", name=op.f("uq_deliveries_webhook")),
    )
    _index_deliveries()
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
    return clues, deliveries


def _delivery_columns() -> list[sa.Column[str] | sa.Column[int] | sa.Column[bytes]]:
    return [
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("webhook", sa.Text(), nullable=False),
        sa.Column("clue", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_ms", sa.BigInteger(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("done_ms", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
    ]


def _index_deliveries() -> None:
    op.create_index("ix_deliveries_state_next_try_ms", "deliveries", ["state", "next_try_ms"])
