"""The office's statistics of a period: each number with what it was counted from.

Nothing is guessed: a row that the registers say nothing about is empty, and whoever fills in the
table types it. A number that was typed stands beside the one that was counted, never in its place.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from msgspec import Struct

from coldwitness.config.statistics_table import StatisticsRowRule, StatisticsTable
from coldwitness.domain.clues import Clue
from coldwitness.domain.instants import china_day, instant_ms
from coldwitness.domain.office import MeasureKind, RegisteredCompany
from coldwitness.domain.reach import division_prefix
from coldwitness.domain.text import Text

YUAN = 10_000.0
HALF_YEAR_DAYS = 183


class CountedItem(Struct, frozen=True):
    """One thing that a number counts. href : where it stands on this server. on : day of China
    time. amount : what it adds, where that is not 1 (of a fine: 10,000 CNY)."""

    id: str
    name: str
    href: str
    on: date | None = None
    amount: float | None = None


class StatisticsRow(Struct, frozen=True, kw_only=True):
    """value : what stands in the table: `typed`, else `counted`; null where neither is known."""

    number: int
    key: str
    title: Text
    unit: Text
    value: float | None
    counted: float | None
    typed: float | None
    filled_from: str
    items: tuple[CountedItem, ...]


@dataclass(frozen=True)
class Delivery:
    """A judged delivery of the period. seller, courier : (id or code, name) as its manifest says;
    None where it says none. on : when it began."""

    shipment: str
    on: date
    seller: tuple[str, str] | None
    courier: tuple[str, str] | None


@dataclass(frozen=True)
class Period:
    """Days of China time, both included."""

    start: date
    end: date

    def holds(self, day: date | None) -> bool:
        return day is not None and self.start <= day <= self.end


@dataclass(frozen=True)
class Counted:
    """What is counted. companies : by credit code, as they are registered now. clues : each once,
    as it stands. division : of the companies; None: all."""

    period: Period
    companies: Mapping[str, RegisteredCompany]
    deliveries: Sequence[Delivery]
    clues: Sequence[Clue]


_Items = tuple[CountedItem, ...] | None
"""None: nothing is on record that could tell."""


def statistics(
    table: StatisticsTable, counted: Counted, *, typed: Mapping[int, float]
) -> tuple[StatisticsRow, ...]:
    """The table's rows in order. typed : by number of the row, from 1."""
    rows = []
    for number, rule in enumerate(table.row, start=1):
        items = _FILLED[rule.filled_from](counted, rule)
        value = None if items is None else _sum(items)
        rows.append(
            StatisticsRow(
                number=number,
                key=rule.key,
                title=rule.title,
                unit=rule.unit,
                value=typed.get(number, value),
                counted=value,
                typed=typed.get(number),
                filled_from=rule.filled_from,
                items=items or (),
            )
        )
    return tuple(rows)


class CheckCoverage(Struct, frozen=True):
    """How far checks reached in the period. companies : on record that sell online, deliver or are
    platforms. checked : of these. unchecked : the others, those for whose key supervision there is
    a reason first. platforms_due : platforms without a check in the half year up to the last day;
    `on` is the last one."""

    companies: int
    checked: int
    unchecked: tuple[CountedItem, ...]
    platforms_due: tuple[CountedItem, ...]


def coverage(counted: Counted) -> CheckCoverage:
    """Of all firms on record, and of platforms the check that is due every half year.

    Source: the plan's coverage of all firms; six months for platforms are the office's rhythm.
    """
    period = counted.period
    ours = {
        code: one
        for code, one in sorted(counted.companies.items())
        if _sells_online(one, period) or {"courier", "platform"} & set(one.roles)
    }
    seen = {item.id for rule in (_companies_checked, _couriers_checked) for item in rule(counted)}
    seen |= {code for code, one in ours.items() if any(map(period.holds, one.checked_on))}
    left = sorted(
        ((code, one) for code, one in ours.items() if code not in seen),
        key=lambda pair: (not pair[1].key_supervision, pair[0]),
    )
    half_year = Period(period.end - timedelta(days=HALF_YEAR_DAYS), period.end)
    due = [
        _company(code, one, on=max(one.checked_on, default=None))
        for code, one in ours.items()
        if "platform" in one.roles and not any(map(half_year.holds, one.checked_on))
    ]
    return CheckCoverage(
        companies=len(ours),
        checked=len(ours) - len(left),
        unchecked=tuple(_company(code, one) for code, one in left),
        platforms_due=tuple(due),
    )


def companies_of(
    companies: Mapping[str, RegisteredCompany], division: str | None
) -> dict[str, RegisteredCompany]:
    """Those of a division and of the divisions below it; all without one."""
    if division is None:
        return dict(companies)
    prefix = division_prefix(division)
    return {
        code: one
        for code, one in companies.items()
        if one.division is not None and one.division.startswith(prefix)
    }


def _sum(items: Iterable[CountedItem]) -> float:
    return round(sum(1.0 if one.amount is None else one.amount for one in items), 6)


def _sells_online(company: RegisteredCompany, period: Period) -> bool:
    """At the end of the period."""
    begun = company.online_from is not None and company.online_from <= period.end
    return (
        "seller" in company.roles
        and begun
        and (company.online_until is None or company.online_until >= period.end)
    )


def _companies(counted: Counted, rule: StatisticsRowRule) -> _Items:
    """None where no company is registered: then nobody has said how many there are."""
    if not counted.companies:
        return None
    return tuple(
        _company(code, one)
        for code, one in sorted(counted.companies.items())
        if _sells_online(one, counted.period)
    )


def _companies_checked(
    counted: Counted, rule: StatisticsRowRule | None = None
) -> tuple[CountedItem, ...]:
    """Sellers that an officer was at, or of which a delivery was judged."""
    online = {code for code, one in counted.companies.items() if one.online_from is not None}
    found = _checked_on_site(counted, "seller", only=online)
    for one in counted.deliveries:
        if one.seller is not None:
            _add_judged(found, one.seller, one)
    return tuple(found.values())


def _couriers_checked(
    counted: Counted, rule: StatisticsRowRule | None = None
) -> tuple[CountedItem, ...]:
    found = _checked_on_site(counted, "courier")
    for one in counted.deliveries:
        if one.courier is not None:
            _add_judged(found, one.courier, one)
    return tuple(found.values())


def _checked_on_site(
    counted: Counted, role: str, *, only: set[str] | None = None
) -> dict[str, CountedItem]:
    found = {}
    for code, one in sorted(counted.companies.items()):
        days = [day for day in one.checked_on if counted.period.holds(day)]
        if role in one.roles and days and (only is None or code in only):
            found[code] = _company(code, one, on=min(days))
    return found


def _add_judged(found: dict[str, CountedItem], company: tuple[str, str], one: Delivery) -> None:
    code, name = company
    known = {item.name for item in found.values()}
    if code not in found and name not in known:
        found[code] = CountedItem(code, name, f"/shipments/{one.shipment}", on=one.on)


def _firms(counted: Counted, rule: StatisticsRowRule) -> _Items:
    """Each firm once, by the first such measure of the period."""
    measures = _measures(counted, rule)
    if measures is None:
        return None
    first: dict[str, CountedItem] = {}
    for one in measures:
        first.setdefault(one.id, one)
    return tuple(first.values())


def _measures(counted: Counted, rule: StatisticsRowRule) -> _Items:
    return _of_kind(counted, rule.measure) if counted.companies else None


def _fines(counted: Counted, rule: StatisticsRowRule) -> _Items:
    if not counted.companies:
        return None
    return tuple(one for one in _of_kind(counted, rule.measure) if one.amount is not None)


def _of_kind(counted: Counted, kind: MeasureKind | None) -> tuple[CountedItem, ...]:
    return tuple(
        _company(
            code,
            one,
            on=measure.on,
            amount=None if measure.amount_yuan is None else measure.amount_yuan / YUAN,
        )
        for code, one in sorted(counted.companies.items())
        for measure in sorted(one.measures, key=lambda each: each.on)
        if measure.kind == kind and counted.period.holds(measure.on)
    )


def _clues_filed(counted: Counted, rule: StatisticsRowRule) -> _Items:
    return _clues_that_became(counted, "filed")


def _clues_transferred(counted: Counted, rule: StatisticsRowRule) -> _Items:
    """And what the register says was handed over without a clue."""
    return _clues_that_became(counted, "transferred") + _of_kind(counted, rule.measure)


def _clues_that_became(counted: Counted, status: str) -> tuple[CountedItem, ...]:
    """Each clue once, by the first such step in the period."""
    found = []
    for clue in counted.clues:
        days = [
            china_day(instant_ms(line.at) / 1000)
            for line in clue.history
            if line.kind == "status" and line.now == status
        ]
        inside = [day for day in days if counted.period.holds(day)]
        if inside:
            name = clue.shipment or clue.source_number or clue.id
            found.append(CountedItem(clue.id, name, f"/clues/{clue.id}", on=min(inside)))
    return tuple(found)


def _company(
    code: str, one: RegisteredCompany, *, on: date | None = None, amount: float | None = None
) -> CountedItem:
    return CountedItem(code, one.name, f"/v1/companies/{code}", on=on, amount=amount)


_FILLED: Mapping[str, Callable[[Counted, StatisticsRowRule], _Items]] = {
    "companies": _companies,
    "companies_checked": _companies_checked,
    "couriers_checked": _couriers_checked,
    "firms": _firms,
    "measures": _measures,
    "fines": _fines,
    "clues_filed": _clues_filed,
    "clues_transferred": _clues_transferred,
}
