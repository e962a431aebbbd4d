"""To whom each shipment belongs, and the condition by which a question asks for its own alone.

A division that any version of its manifest named stays the shipment's: a later version takes it
out of no office's sight.
"""

from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, FromClause, and_, exists, false, or_, select

from coldwitness.domain.manifest import Manifest
from coldwitness.domain.reach import DIVISION_SIDES, Reach, Side, division_prefix
from coldwitness.storage.register.database import Database, clean
from coldwitness.storage.register.schema import belongings, courier_seats, shipments

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


def keep_belongings(database: Database, connection: Connection, sent: Sequence[Manifest]) -> None:
    """Add what these manifests name to what the shipments' earlier ones did."""
    rows = [
        {"shipment": manifest.id, "side": side, "whose": clean(whose)}
        for manifest in sent
        for side, whose in belongings_of(manifest)
    ]
    if rows:
        connection.execute(database.insert(belongings).on_conflict_do_nothing(), rows)
    seats = [
        {"courier": clean(courier.id), "division": clean(courier.division)}
        for courier in (manifest.courier for manifest in sent)
        if courier is not None and courier.id and courier.division
    ]
    if seats:
        connection.execute(database.insert(courier_seats).on_conflict_do_nothing(), seats)


def seen_by(reach: Reach) -> list[ColumnElement[bool]]:
    """Conditions on rows of `shipments`: none where everything may be seen."""
    if reach.everything:
        return []
    ways: list[ColumnElement[bool]] = [of_division(code) for code in sorted(reach.divisions)]
    if reach.couriers:
        ways.append(shipments.c.courier.in_(sorted(reach.couriers)))
    if reach.platforms:
        ways.append(
            _any_and_this_one(
                lambda of: and_(of.c.side == "platform", of.c.whose.in_(sorted(reach.platforms)))
            )
        )
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

    def its(of: FromClause) -> ColumnElement[bool]:
        return and_(of.c.side.in_(DIVISION_SIDES), *_begins(of.c.whose, prefix))

    if len(prefix) >= _NARROW:
        return shipments.c.id.in_(select(belongings.c.shipment).where(its(belongings)))
    return _any_and_this_one(its)


def _any_and_this_one(its: Callable[[FromClause], ColumnElement[bool]]) -> ColumnElement[bool]:
    """Whether a row of `shipments` has such a belonging. Whether any has is asked first, once:
    without any, all shipments would be looked through for none."""
    other = belongings.alias()
    return and_(
        exists(select(other.c.shipment).where(its(other))),
        exists().where(belongings.c.shipment == shipments.c.id, its(belongings)),
    )


def couriers_seated_in(connection: Connection, divisions: Iterable[str]) -> frozenset[str]:
    """Couriers of which a manifest says that they are of one of these divisions."""
    seat = courier_seats.c.division
    ways = [and_(*_begins(seat, division_prefix(code))) for code in divisions]
    query = select(courier_seats.c.courier).where(or_(false(), *ways)).distinct()
    return frozenset(connection.execute(query).scalars())


def _begins(column: ColumnElement[str], prefix: str) -> list[ColumnElement[bool]]:
    """As a range, which an index answers; a code has digits alone."""
    if not prefix.isdecimal():
        return [false()]
    stem = prefix.rstrip("9")
    conditions = [column >= prefix]
    if stem:
        conditions.append(column < f"{stem[:-1]}{int(stem[-1]) + 1}")
    return conditions
