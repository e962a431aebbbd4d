"""Say the lowest and the highest of a shipment's newest result beside its verdict"""

import zlib
from pathlib import Path

import msgspec
import sqlalchemy as sa
import zstandard
from alembic import op

revision = "0030"
down_revision = "0029"

_AT_ONCE = 500
_ZSTD = (0xFD2FB528).to_bytes(4, "little")
_WORDS = Path(__file__).parents[2] / "words" / "1.zdict"


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
        sa.select(
            shipments.c.id,
            newest.c.body,
            base.c.body.label("base"),
            base.c.base_version.label("below"),
        )
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
        said = [
            (row.id, _extremes(bytes(row.body), row.base))
            for row in rows
            if row.below is None  # a program of after packs against versions that are packed too
        ]
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
        known = None
        if base is not None:
            known = zstandard.ZstdCompressionDict(base, dict_type=zstandard.DICT_TYPE_RAWCONTENT)
        elif zstandard.get_frame_parameters(stored).dict_id:
            # Where tables went back from a program of after: the first dictionary that was shipped.
            known = zstandard.ZstdCompressionDict(_WORDS.read_bytes())
        return zstandard.ZstdDecompressor(dict_data=known).decompress(stored)
    unpacker = zlib.decompressobj() if base is None else zlib.decompressobj(zdict=base)
    return unpacker.decompress(stored) + unpacker.flush()


def downgrade() -> None:
    op.drop_column("shipments", "max_c")
    op.drop_column("shipments", "min_c")
