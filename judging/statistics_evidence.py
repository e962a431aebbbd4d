"""What the statistics of a period are counted from, out of the register."""

from collections.abc import Iterator
from datetime import date, timedelta

from coldwitness.config.rules import day_start_s
from coldwitness.domain.clues import Clue
from coldwitness.domain.instants import china_day, instant_ms
from coldwitness.domain.manifest import Company, Manifest
from coldwitness.domain.office import RegisteredCompany
from coldwitness.domain.reach import EVERYTHING, Reach, division_prefix
from coldwitness.domain.shipment_filter import Asked
from coldwitness.judging.statistics import (
    Counted,
    Delivery,
    Period,
    companies_of,
)
from coldwitness.storage.clue_ports import ClueFilter
from coldwitness.storage.ports import Register, ShipmentRow
from coldwitness.storage.shipment_pages import shipment_pages

_AT_ONCE = 500


def counted(
    register: Register, period: Period, *, division: str | None = None, reach: Reach = EVERYTHING
) -> Counted:
    """All of a division, and of those below it, as far as whoever asks may see it."""
    companies = companies_of(register.office.listed(RegisteredCompany), division)
    if not reach.everything:
        own = tuple(division_prefix(one) for one in reach.divisions)
        companies = {
            code: one
            for code, one in companies.items()
            if own and (one.division or "").startswith(own)
        }
    prefix = None if division is None else division_prefix(division)
    clues = [
        clue
        for clue in every_clue(register, reach)
        if prefix is None or (clue.division or "").startswith(prefix)
    ]
    deliveries = [*_deliveries(register, period, division=division, reach=reach)]
    return Counted(period, companies, deliveries, clues)


def every_clue(register: Register, reach: Reach) -> Iterator[Clue]:
    """Every clue within reach as it was told last, the newest first."""
    before = None
    while True:
        page = register.clues.listed(wanted=ClueFilter(reach=reach), before=before, limit=_AT_ONCE)
        yield from (entry.clue for entry in page)
        if len(page) < _AT_ONCE:
            return
        before = page[-1].cursor


def _deliveries(
    register: Register, period: Period, *, division: str | None, reach: Reach
) -> Iterator[Delivery]:
    for rows in _judged(register, period, division=division, reach=reach):
        manifests = register.manifests.newest([row.id for row in rows])
        for row in rows:
            manifest = manifests.get(row.id)
            yield Delivery(
                shipment=row.id,
                on=period.start
                if row.started_at is None
                else china_day(instant_ms(row.started_at) / 1000),
                seller=None if manifest is None else _named(manifest.seller),
                courier=_courier(manifest, row),
            )


def _judged(
    register: Register, period: Period, *, division: str | None, reach: Reach
) -> Iterator[list[ShipmentRow]]:
    """Shipments under way in the period of which there is a result, some at once."""
    asked = Asked(
        division=division,
        from_ms=_begin_ms(period.start),
        to_ms=_begin_ms(period.end + timedelta(days=1)),
    )
    for rows in shipment_pages(register, reach=reach, **asked):
        yield [row for row in rows if row.verdict is not None]


def _begin_ms(day: date) -> int:
    return round(day_start_s(day) * 1000)


def _courier(manifest: Manifest | None, row: ShipmentRow) -> tuple[str, str] | None:
    """As the manifest names it, else by the id that its loggers' topics name."""
    told = None if manifest is None else _named(manifest.courier)
    if told is not None:
        return told
    return None if row.courier is None else (row.courier, row.courier)


def _named(company: Company | None) -> tuple[str, str] | None:
    """(code, name), the one for the other where it has but one."""
    if company is None:
        return None
    code = company.uscc or company.id or company.name
    return None if code is None else (code, company.name or code)
