"""Rows of the shipments list, with their findings in short."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from coldwitness.api.http.services import Services
from coldwitness.api.http.shipment_query import ShipmentQuery
from coldwitness.config.finding_kinds import finding_kinds
from coldwitness.domain.reach import Reach
from coldwitness.domain.result_in_short import ResultInShort
from coldwitness.domain.words import StateWord
from coldwitness.storage.ports import ShipmentRow

PAGE_ROWS = 100
STATE_ORDER: tuple[StateWord, ...] = ("in_transit", "ended", "planned")
VERDICT_ORDER = ("breach", "suspected", "insufficient_evidence", "asserted", "compliant")


@dataclass(frozen=True)
class Chip:
    """Findings of one kind, subtype and certainty, counted."""

    kind: str
    subtype: str
    certainty: str
    count: int


@dataclass(frozen=True)
class Row:
    """One shipment in the list."""

    id: str
    verdict: str | None
    state: StateWord | None
    courier: str | None
    start: str | None
    end: str | None
    min_c: float | None
    max_c: float | None
    chips: Sequence[Chip]


def page_of_rows(
    services: Services, listed: ShipmentQuery, *, limit: int = PAGE_ROWS, reach: Reach
) -> tuple[list[Row], str | None]:
    """Rows in the order that is asked for, and the cursor to go on with (None: the end)."""
    found = services.register.shipments.rows(
        after=listed.after, sort=listed.sort, limit=limit + 1, reach=reach, **listed.asked
    )
    lines = found[:limit]
    return _rows(services, lines), listed.cursor(lines[-1]) if len(found) > limit else None


def _rows(services: Services, lines: Sequence[ShipmentRow]) -> list[Row]:
    results = services.register.results.newest_in_short([line.id for line in lines])
    return [_row(line, results.get(line.id)) for line in lines]


def _row(line: ShipmentRow, result: ResultInShort | None) -> Row:
    return Row(
        id=line.id,
        verdict=line.verdict,
        state=line.state,
        courier=line.courier,
        start=line.started_at,
        end=line.ended_at,
        min_c=None if result is None else result.metrics.min_c,
        max_c=None if result is None else result.metrics.max_c,
        chips=[] if result is None else chips_of(result),
    )


def chips_of(result: ResultInShort) -> list[Chip]:
    """Findings in short, the gravest kinds of the contract's order first."""
    counted: dict[tuple[str, str, str], int] = {}
    for finding in result.findings:
        key = (finding.kind, finding.subtype, finding.certainty)
        counted[key] = counted.get(key, 0) + 1
    return [Chip(*key, count=count) for key, count in sorted(counted.items(), key=_gravity)]


def _gravity(entry: tuple[tuple[str, str, str], int]) -> tuple[int, str, str]:
    kind, subtype, certainty = entry[0]
    return (_gravities().get(kind, len(finding_kinds())), subtype, certainty)


@cache
def _gravities() -> Mapping[str, int]:
    return {kind.kind: kind.gravity for kind in finding_kinds()}
