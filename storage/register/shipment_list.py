"""The one place where the question of a shipments list is made: conditions, order, and where it
goes on. Rows, counts and exports ask it alike, each within somebody's reach.
"""

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    exists,
    func,
    or_,
    select,
)

from coldwitness.domain.instants import instant_ms
from coldwitness.domain.manifest_search import folded
from coldwitness.domain.office import RegisteredBox
from coldwitness.domain.reach import Reach
from coldwitness.domain.shipment_filter import Asked, Place, Sort
from coldwitness.domain.words import Status
from coldwitness.storage.ports import ShipmentRow
from coldwitness.storage.register.belongings import of_division, seen_by
from coldwitness.storage.register.mentions import BATCH, SELLER
from coldwitness.storage.register.schema import (
    findings,
    mentions,
    probes_sent,
    reviews,
    shipments,
    stays,
)

_T = shipments.c
RANKS = {word.lower(): status.value for word, status in Status.__members__.items()}
"""Verdict -> the larger the graver; one not judged yet is 0."""
_RANK = case(*((_T.verdict == word, rank) for word, rank in RANKS.items()), else_=0)


def conditions(asked: Asked, reach: Reach) -> list[ColumnElement[bool]]:
    """All of them; on rows of `shipments`."""
    wanted = seen_by(reach)
    for name, column in (("verdict", _T.verdict), ("state", _T.state), ("courier", _T.courier)):
        if (value := asked.get(name)) is not None:
            wanted.append(column == value)
    if (kind := asked.get("kind")) is not None:
        wanted.append(_T.id.in_(_with_finding(kind)))
    for register, named in ((SELLER, asked.get("seller")), (BATCH, asked.get("batch"))):
        if named is not None:
            wanted.append(_T.id.in_(_naming(register, folded(named))))
    if (box := asked.get("box")) is not None:
        held = select(stays.c.shipment).where(stays.c.box == box)
        wanted.append(or_(_T.id.in_(_naming(RegisteredBox.register, box)), _T.id.in_(held)))
    if (division := asked.get("division")) is not None:
        wanted.append(of_division(division))
    if (review := asked.get("review")) is not None:
        wanted.append(_reviewed(review))
    if (from_ms := asked.get("from_ms")) is not None:
        ended = func.coalesce(_T.ended_ms, _T.started_ms)
        wanted.append(or_(ended.is_(None), ended >= from_ms))
    if (to_ms := asked.get("to_ms")) is not None:
        wanted.append(or_(_T.started_ms.is_(None), _T.started_ms < to_ms))
    parts = folded(asked.get("q") or "").split()
    return wanted + [_mentions(part) for part in parts]


def ordered(
    query: Select[tuple[object, ...]], sort: Sort, *, searched: bool = False
) -> Select[tuple[object, ...]]:
    """searched : the texts of all rows are read anyway; in the order of the table that takes a
    fraction of what it takes in the order of an index."""
    started: ColumnElement[object] = _T.started_ms + 0 if searched else _T.started_ms
    newest = (started.desc().nulls_last(), _T.id.desc())
    orders: dict[Sort, tuple[ColumnElement[object], ...]] = {
        "id": (_T.id,),
        "newest": newest,
        "oldest": (started.asc().nulls_last(), _T.id),
        "gravest": (_RANK.desc(), *newest),
    }
    return query.order_by(*orders[sort])


def place_of(row: ShipmentRow) -> Place:
    """Where a list goes on behind this row."""
    started = None if row.started_at is None else instant_ms(row.started_at)
    return RANKS.get(row.verdict or "", 0), started, row.id


def behind(place: Place, sort: Sort) -> ColumnElement[bool]:
    """Rows that stand behind this one in the order."""
    rank, started_ms, name = place
    if sort == "id":
        return _T.id > name
    if sort == "oldest":
        if started_ms is None:
            return and_(_T.started_ms.is_(None), _T.id > name)
        later = and_(_T.started_ms == started_ms, _T.id > name)
        return or_(_T.started_ms > started_ms, later, _T.started_ms.is_(None))
    before = _T.id < name
    if started_ms is None:
        older = and_(_T.started_ms.is_(None), before)
    else:
        same = and_(_T.started_ms == started_ms, before)
        older = or_(_T.started_ms < started_ms, same, _T.started_ms.is_(None))
    if sort == "newest":
        return older
    same_rank: ColumnElement[bool] = _RANK.op("=")(rank)
    return or_(rank > _RANK, and_(same_rank, older))


def _with_finding(kind: str) -> Select[tuple[str]]:
    of_kind, _, subtype = kind.partition("/")
    query = select(findings.c.shipment).where(findings.c.kind == of_kind)
    return query.where(findings.c.subtype == subtype) if subtype else query


def _naming(register: str, name: str) -> Select[tuple[str]]:
    """Shipments whose newest manifest names this."""
    table = mentions.c
    return select(table.shipment).where(table.register == register, table.name == name)


def _reviewed(review: str) -> ColumnElement[bool]:
    """By what officers said of any version of its result."""
    mine = exists().where(reviews.c.shipment == _T.id)
    if review == "none":
        return ~mine
    return mine if review == "any" else mine.where(reviews.c.decision == review)


def _mentions(part: str) -> ColumnElement[bool]:
    """Whether a folded text stands in what the shipment is searched by, or in the name of a box
    that held it or of a logger that spoke in that box then."""

    def has(column: ColumnElement[object]) -> ColumnElement[bool]:
        return column.contains(part, autoescape=True)

    held = select(stays.c.shipment).where(has(func.lower(stays.c.box)))
    both: FromClause = stays.join(probes_sent, stays.c.box == probes_sent.c.box)
    meanwhile = or_(stays.c.end_ms.is_(None), stays.c.end_ms > probes_sent.c.first_ms)
    spoke = (
        select(stays.c.shipment)
        .select_from(both)
        .where(meanwhile, has(func.lower(probes_sent.c.logger)))
    )
    return or_(has(_T.search), _T.id.in_(held), _T.id.in_(spoke))
