"""The frame of a period: shipments under way in it, with courier as stratum and a weight."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction

from coldwitness.config.spot_check_weights import load_spot_check_weights
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.office import RegisteredCompany
from coldwitness.domain.reach import EVERYTHING, Reach
from coldwitness.domain.spot_checks import Reason
from coldwitness.judging.day_span import span_ms
from coldwitness.judging.sampling.frames import Unit
from coldwitness.storage.clue_ports import ClueFilter
from coldwitness.storage.ports import Register, ShipmentRow
from coldwitness.storage.shipment_pages import shipment_pages

Reasons = Mapping[str, Sequence[Reason]]
"""Of key supervision, by what a company is known by: a courier's id, a credit code, a platform's
name."""


def shipment_frame(
    register: Register,
    *,
    first: date,
    last: date,
    division: str | None,
    reach: Reach = EVERYTHING,
    reasons: Reasons | None = None,
) -> tuple[Unit, ...]:
    """Shipments under way from the first to the last day (Beijing time, both included). Each weighs
    what `config/spot_checks.toml` gives: more for clues that stand of its courier, and for reasons
    of key supervision of any of its companies."""
    rows = _rows(register, first=first, last=last, division=division, reach=reach)
    points = load_spot_check_weights()
    clues = _clues(register, {row.courier for row in rows if row.courier is not None})
    manifests = register.manifests.newest([row.id for row in rows])
    known = _reasons(register, manifests, reasons or {})

    def weight(row: ShipmentRow) -> int:
        named = _companies(row, manifests.get(row.id))
        why = {reason for company in named for reason in known.get(company, ())}
        past = min(clues[row.courier], points.clues_most) * points.clue
        return points.base + past + sum(points.reasons.get(reason, 0) for reason in why)

    return tuple(Unit(row.id, row.courier or "", Fraction(weight(row))) for row in rows)


def _rows(
    register: Register, *, first: date, last: date, division: str | None, reach: Reach
) -> list[ShipmentRow]:
    from_ms, to_ms = span_ms(first, last)
    pages = shipment_pages(register, reach=reach, from_ms=from_ms, to_ms=to_ms, division=division)
    return [row for rows in pages for row in rows]


def _clues(register: Register, couriers: Iterable[str]) -> Counter[str | None]:
    most = load_spot_check_weights().clues_most
    found: Counter[str | None] = Counter()
    for courier in sorted(couriers):
        wanted = ClueFilter(courier=courier, source="system", standing="stands")
        found[courier] = len(register.clues.listed(wanted=wanted, limit=most)) if most else 0
    return found


def _reasons(
    register: Register, manifests: Mapping[str, Manifest], given: Reasons
) -> Mapping[str, set[Reason]]:
    """What was given, and what the office's register has of the companies that manifests name."""
    companies = [
        company
        for manifest in manifests.values()
        for company in (manifest.seller, manifest.courier)
        if company is not None and company.uscc is not None
    ]
    kept = register.office.newest(RegisteredCompany, {one.uscc for one in companies if one.uscc})
    found: dict[str, set[Reason]] = {name: set(why) for name, why in given.items()}
    for name, entry in kept.items():
        found.setdefault(name, set()).update(entry.key_supervision)
    return found


def _companies(row: ShipmentRow, manifest: Manifest | None) -> set[str]:
    named = {row.courier}
    if manifest is not None:
        for company in (manifest.seller, manifest.courier):
            if company is not None:
                named |= {company.id, company.uscc, company.name}
        if manifest.delivery is not None:
            named.add(manifest.delivery.platform)
    return {name for name in named if name}
