"""Rows of the shipments list, with their findings in short."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from coldwitness.api.http.services import Services
from coldwitness.api.http.shipment_query import ShipmentQuery
from coldwitness.config.finding_kinds import finding_kinds
from coldwitness.domain.counted_findings import CountedFindings
from coldwitness.domain.reach import Reach
from coldwitness.domain.words import StateWord
from coldwitness.storage.ports import ShipmentRow

PAGE_ROWS = 100
STATE_ORDER: tuple[StateWord, ...] = ("in_transit", "ended", "planned")
VERDICT_ORDER = ("breach", "suspected", "insufficient_evidence", "asserted", "compliant")


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
    chips: Sequence[CountedFindings]


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
    found = services.register.results.findings_in_short(
        [line.id for line in lines if line.findings]
    )
    return [_row(line, found.get(line.id, ())) for line in lines]


def _row(line: ShipmentRow, found: Sequence[CountedFindings]) -> Row:
    return Row(
        id=line.id,
        verdict=line.verdict,
        state=line.state,
        courier=line.courier,
        start=line.started_at,
        end=line.ended_at,
        min_c=line.min_c,
        max_c=line.max_c,
        chips=sorted(found, key=_gravity),
    )


def _gravity(chip: CountedFindings) -> tuple[int, str, str]:
    """The gravest kinds of the contract's order first."""
    return (_gravities().get(chip.kind, len(finding_kinds())), chip.subtype, chip.certainty)


@cache
def _gravities() -> Mapping[str, int]:
    return {kind.kind: kind.gravity for kind in finding_kinds()}
