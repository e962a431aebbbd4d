"""Say the lowest and the highest of a shipment's newest result beside its verdict"""

import zlib

import msgspec
import sqlalchemy as sa
import zstandard
from alembic import op

revision = "0030"
down_revision = "0029"

_AT_ONCE = 500
_ZSTD = (0xFD2FB528).to_bytes(4, "little")


class _Extremes(msgspec.Struct):
    min_c: float | None = None
    max_c: float | None = None


class _Said(msgspec.Struct):
    metrics: _Extremes


def upgrade() -> None:
    op.add_column("shipments", sa.Column("min_c", sa.Double()))
    op.add_column("shipments", sa.Column("max_c", sa.Double()))
    shipments = sa.table(
        "shipments",
        sa.column("id"),
        sa.column("result_version"),
        sa.column("min_c"),
        sa.column("max_c"),
    )
    columns = ("shipment", "version", "base_version", "body")
    newest = sa.table("results", *(sa.column(name) for name in columns)).alias()
    base = sa.table("results", *(sa.column(name) for name in columns)).alias()
    kept = (
        sa.select(shipments.c.id, newest.c.body, base.c.body.label("base"))
        .join(
            newest,
            (newest.c.shipment == shipments.c.id)
            & (newest.c.version == shipments.c.result_version),
        )
        .outerjoin(
            base,
            (base.c.shipment == newest.c.shipment) & (base.c.version == newest.c.base_version),
        )
        .order_by(shipments.c.id)
        .limit(_AT_ONCE)
    )
    fill = (
        sa.update(shipments)
        .where(shipments.c.id == sa.bindparam("its_id"))
        .values(min_c=sa.bindparam("lowest"), max_c=sa.bindparam("highest"))
    )
    connection = op.get_bind()
    after = ""
    while rows := connection.execute(kept.where(shipments.c.id > after)).all():
        said = [(row.id, _extremes(bytes(row.body), row.base)) for row in rows]
        known = [
            {"its_id": name, "lowest": found.min_c, "highest": found.max_c}
            for name, found in said
            if found is not None
        ]
        if known:
            connection.execute(fill, known)
        after = rows[-1].id


def _extremes(body: bytes, base: bytes | None) -> _Extremes | None:
    """Nothing of a result that cannot be read: the next judging says it."""
    try:
        whole = None if base is None else _unpacked(bytes(base), None)
        return msgspec.json.decode(_unpacked(body, whole), type=_Said).metrics
    except (zlib.error, zstandard.ZstdError, msgspec.DecodeError):
        return None


def _unpacked(stored: bytes, base: bytes | None) -> bytes:
    if stored.startswith(_ZSTD):
        known = (
            None
            if base is None
            else zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
        )
        return zstandard.ZstdDecompressor(dict_data=known).decompress(stored)
    unpacker = zlib.decompressobj() if base is None else zlib.decompressobj(zdict=base)
    return unpacker.decompress(stored) + unpacker.flush()


def downgrade() -> None:
    op.drop_column("shipments", "max_c")
    op.drop_column("shipments", "min_c")
