"""To whom each shipment belongs, and the condition by which a question asks for its own alone.

A division that any version of its manifest named stays the shipment's: a later version takes it
out of no office's sight.
"""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, and_, exists, false, or_, select

from coldwitness.domain.manifest import Manifest
from coldwitness.domain.reach import DIVISION_SIDES, Reach, Side, division_prefix
from coldwitness.storage.register.database import Database, clean
from coldwitness.storage.register.schema import belongings, shipments

_NARROW = 6
"""Digits of a county's code: so few of all shipments are its that their list is made first."""


def belongings_of(manifest: Manifest) -> list[tuple[Side, str]]:
    """Divisions and platform that the manifest names."""
    delivery = manifest.delivery
    named: tuple[tuple[Side, str | None], ...] = (
        ("seller", manifest.seller.division if manifest.seller else None),
        ("courier", manifest.courier.division if manifest.courier else None),
        ("origin", manifest.origin.division if manifest.origin else None),
        ("destination", manifest.destination.division if manifest.destination else None),
        ("platform", delivery.platform if delivery else None),
    )
    return [(side, whose) for side, whose in named if whose]


def keep_belongings(database: Database, connection: Connection, sent: Iterable[Manifest]) -> None:
    """Add what these manifests name to what the shipments' earlier ones did."""
    rows = [
        {"shipment": manifest.id, "side": side, "whose": clean(whose)}
        for manifest in sent
        for side, whose in belongings_of(manifest)
    ]
    if rows:
        connection.execute(database.insert(belongings).on_conflict_do_nothing(), rows)


def seen_by(reach: Reach) -> list[ColumnElement[bool]]:
    """Conditions on rows of `shipments`: none where everything may be seen."""
    if reach.everything:
        return []
    ways: list[ColumnElement[bool]] = [of_division(code) for code in sorted(reach.divisions)]
    if reach.couriers:
        ways.append(shipments.c.courier.in_(sorted(reach.couriers)))
    if reach.platforms:
        sold = and_(belongings.c.side == "platform", belongings.c.whose.in_(reach.platforms))
        ways.append(exists().where(belongings.c.shipment == shipments.c.id, sold))
    return [or_(*ways) if ways else false()]


def about_seen(shipment: ColumnElement[str], reach: Reach) -> list[ColumnElement[bool]]:
    """The same for rows of another table that name their shipment in this column."""
    if reach.everything:
        return []
    return [exists().where(shipments.c.id == shipment, *seen_by(reach))]


def of_division(division: str) -> ColumnElement[bool]:
    """Rows of `shipments` that belong to a division or to one below it: `370300` and `3703` mean
    every one that begins 3703, `370305` itself alone."""
    prefix = division_prefix(division)
    its = and_(belongings.c.side.in_(DIVISION_SIDES), *_begins(prefix))
    if len(prefix) >= _NARROW:
        return shipments.c.id.in_(select(belongings.c.shipment).where(its))
    return exists().where(belongings.c.shipment == shipments.c.id, its)


def couriers_seated_in(connection: Connection, divisions: Iterable[str]) -> frozenset[str]:
    """Couriers of which a manifest says that they are of one of these divisions."""
    seats = [and_(*_begins(division_prefix(code))) for code in divisions]
    query = (
        select(shipments.c.courier)
        .join(belongings, belongings.c.shipment == shipments.c.id)
        .where(belongings.c.side == "courier", or_(false(), *seats))
        .where(shipments.c.courier.is_not(None))
        .distinct()
    )
    return frozenset(connection.execute(query).scalars())


def _begins(prefix: str) -> list[ColumnElement[bool]]:
    """As a range, which an index answers; a code has digits alone."""
    if not prefix.isdecimal():
        return [false()]
    stem = prefix.rstrip("9")
    conditions = [belongings.c.whose >= prefix]
    if stem:
        conditions.append(belongings.c.whose < f"{stem[:-1]}{int(stem[-1]) + 1}")
    return conditions
