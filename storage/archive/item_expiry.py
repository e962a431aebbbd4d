"""Which shipments are kept beyond the least years, because a drug in them had not long expired.

Records are kept five years, and at least until a year after the drug's expiry where that is later
and the manifest says it.
Source: SAMR order 58 on online drug sales, article 15 (from memory, to be confirmed), and Shandong
implementing measures, articles 14 and 25: five years, and no less than a year after the expiry.
"""

import calendar
import re
from datetime import UTC, date, datetime, timedelta

from coldwitness.domain.instants import instant_ms
from coldwitness.domain.manifest import Manifest
from coldwitness.storage.ports import Register, ShipmentRow
from coldwitness.storage.shipment_pages import shipment_pages

_DAY_S = 86_400
_DAYS_A_YEAR = 365.25
_DATE = re.compile(r"(\d{4})[-./年]?(\d{2})(?:[-./月]?(\d{2})日?)?月?$")


def expiry_day(said: str) -> date | None:
    """The last day of a drug by its manifest; of a month its last day; None for no date.

    >>> expiry_day("2028-02"), expiry_day("20280229"), expiry_day("见包装")
    (datetime.date(2028, 2, 29), datetime.date(2028, 2, 29), None)
    """
    found = _DATE.match(said.strip())
    if found is None:
        return None
    year, month, day = int(found[1]), int(found[2]), found[3]
    try:
        return date(year, month, int(day or calendar.monthrange(year, month)[1]))
    except (ValueError, calendar.IllegalMonthError):
        return None


def kept_until(manifest: Manifest) -> date | None:
    """A year after the latest expiry of its items; None where none is known."""
    days = [expiry_day(item.expires) for item in manifest.items if item.expires]
    latest = max((day for day in days if day is not None), default=None)
    if latest is None:
        return None
    try:
        return latest.replace(year=latest.year + 1)
    except ValueError:  # 29 February
        return date(latest.year + 1, 3, 1)


def kept_for_expiry(
    register: Register, *, years: float, now_ms: int
) -> dict[str, tuple[str, str, date]]:
    """Shipments older than `years` that are kept all the same: first and last day [UTC] of what
    bears on them, and until when. A day is added at both ends: messages come late."""
    today = datetime.fromtimestamp(now_ms / 1000.0, UTC).date()
    limit_ms = now_ms - int(years * _DAYS_A_YEAR * _DAY_S * 1000)
    kept = {}
    for rows in shipment_pages(register, to_ms=limit_ms):
        manifests = register.manifests.newest([row.id for row in rows])
        for row in rows:
            manifest = manifests.get(row.id)
            until = None if manifest is None else kept_until(manifest)
            if until is not None and until >= today and (days := _days(row)) is not None:
                kept[row.id] = (*days, until)
    return kept


def _days(row: ShipmentRow) -> tuple[str, str] | None:
    begun = row.started_at or row.ended_at
    ended = row.ended_at or row.started_at
    if begun is None or ended is None:
        return None
    first, last = (datetime.fromtimestamp(instant_ms(at) / 1000.0, UTC) for at in (begun, ended))
    day = timedelta(days=1)
    return (first - day).strftime("%Y-%m-%d"), (last + day).strftime("%Y-%m-%d")
