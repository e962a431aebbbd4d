"""What the register keeps in entries of its own: spot checks, requests, checks before departure."""

import secrets
from collections.abc import Callable
from typing import TypeVar

from coldwitness.api.cursors import read_cursor, write_cursor
from coldwitness.domain.instants import china_day
from coldwitness.domain.office import RegisterEntry
from coldwitness.storage.office_ports import Office

_Entry = TypeVar("_Entry", bound=RegisterEntry)


def new_entry_name(letters: str, *, now_ms: int) -> str:
    """Such as SC-20261129-1f2e3d4c: what it is, the day in Beijing, and what nobody can guess."""
    return f"{letters}-{china_day(now_ms / 1000):%Y%m%d}-{secrets.token_hex(4)}"


def page_of(
    office: Office,
    kind: type[_Entry],
    *,
    within: Callable[[_Entry], bool],
    limit: int,
    cursor: str | None,
) -> tuple[list[str], str | None]:
    """Names of the entries that may be seen, in order, and the cursor of what follows."""
    listing = kind.register
    after = None if cursor is None else read_cursor(cursor, listing=listing, kind=str)
    found = [name for name, entry in office.listed(kind, after=after).items() if within(entry)]
    more = write_cursor(listing, found[limit - 1]) if len(found) > limit else None
    return found[:limit], more
