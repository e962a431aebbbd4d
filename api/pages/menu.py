"""The menu at the head of every page: what whoever looks may open, in the order of a day's work.

A new page is one line here; whose it is stands in `api/http/rights.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from coldwitness.api.http.caller import Caller
from coldwitness.api.http.rights import roles_of


@dataclass(frozen=True)
class Entry:
    """path : of the page. word : its name, a key of `config/words/pages.toml`."""

    path: str
    word: str


ENTRIES = (
    Entry("/", "list_title"),
    Entry("/live", "board"),
    Entry("/alarms", "alarms"),
    Entry("/clues", "clues"),
    Entry("/findings", "findings_title"),
    Entry("/spot-checks", "spot_checks"),
    Entry("/registers", "registers"),
    Entry("/logistics-requests", "logistics_requests"),
    Entry("/courier", "courier_side"),
    Entry("/departure", "departure"),
    Entry("/statistics", "statistics_title"),
    Entry("/devices", "devices"),
    Entry("/quarantine", "quarantine"),
    Entry("/audit", "audit"),
    Entry("/settings", "settings"),
)
BELOW = "/shipments/"
"""Pages of single shipments stand below the first entry."""


def menu_of(caller: Caller | None) -> Sequence[Entry]:
    """The entries that lead somewhere for this caller; none before anybody signed in."""
    if caller is None:
        return ()
    return [entry for entry in ENTRIES if caller.role in roles_of("GET", entry.path)]


def is_here(entry: Entry, path: str) -> bool:
    """Whether a page belongs to an entry."""
    if entry.path == "/":
        return path == "/" or path.startswith(BELOW)
    return path == entry.path or path.startswith(f"{entry.path}/")


def has_use_for_the_api(caller: Caller | None) -> bool:
    """Its documentation is for those who write programs, and not in an officer's way."""
    return caller is not None and caller.role != "inspector"
