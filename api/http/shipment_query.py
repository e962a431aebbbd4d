"""Which shipments a list shows, as its address says it: one reading of the parameters for the API,
the pages and what they give as files.
"""

from dataclasses import dataclass
from typing import Annotated

import msgspec
from fastapi import Depends, Query
from pydantic import BeforeValidator, StringConstraints

from coldwitness.api.cursors import read_cursor, write_cursor
from coldwitness.api.http.filters import (
    Courier,
    Cursor,
    Division,
    Instant,
    Limit,
    Search,
    instant_of,
)
from coldwitness.domain.errors import BadInput
from coldwitness.domain.shipment_filter import Asked, Place, Reviewed, Sort
from coldwitness.domain.words import StateWord, Verdict
from coldwitness.storage.ports import ShipmentRow
from coldwitness.storage.register.shipment_list import place_of

LISTING = "shipments"


def _said(value: object) -> object:
    """A form sends its empty fields too; they ask nothing."""
    return None if value == "" else value


_EMPTY = BeforeValidator(_said)
_Named = Annotated[Annotated[str, StringConstraints(max_length=200)] | None, _EMPTY, Query()]
_Kind = Annotated[str, StringConstraints(pattern="^[a-z_]{1,40}(/[a-z_]{1,40})?$")]


@dataclass(frozen=True)
class ShipmentQuery:
    """What is asked, in which order, from where on and how many. words : the parameters as they
    stand in an address, without where it goes on."""

    asked: Asked
    sort: Sort
    after: Place | None
    limit: int
    words: dict[str, str]

    def cursor(self, last: ShipmentRow) -> str:
        """Where the list goes on behind this row."""
        return write_cursor(LISTING, msgspec.json.encode((self.sort, place_of(last))).decode())


def shipment_query(
    verdict: Annotated[Verdict | None, _EMPTY, Query()] = None,
    state: Annotated[StateWord | None, _EMPTY, Query()] = None,
    kind: Annotated[_Kind | None, _EMPTY, Query(description="Of a finding: kind[/subtype]")] = None,
    courier: Annotated[Courier, _EMPTY] = None,
    seller: Annotated[_Named, Query(description="Id, name or credit code")] = None,
    box: Annotated[_Named, Query(description="Id of a box that holds or held it")] = None,
    batch: Annotated[_Named, Query(description="Of an item")] = None,
    division: Annotated[Division, _EMPTY] = None,
    review: Annotated[Reviewed | None, _EMPTY, Query(description="What officers said")] = None,
    from_: Annotated[Instant, _EMPTY, Query(alias="from")] = None,
    to: Annotated[Instant, _EMPTY] = None,
    q: Annotated[Search, _EMPTY] = None,
    sort: Annotated[Sort, Query(description="By the beginning of custody, gravity, id")] = "newest",
    limit: Limit = 50,
    cursor: Cursor = None,
) -> ShipmentQuery:
    asked: Asked = {
        "verdict": verdict,
        "state": state,
        "kind": kind,
        "courier": courier,
        "seller": seller,
        "box": box,
        "batch": batch,
        "division": division,
        "review": review,
        "from_ms": instant_of(from_, name="from"),
        "to_ms": instant_of(to, name="to", end_of_day=True),
        "q": q,
    }
    words = {key: str(value) for key, value in asked.items() if value and not key.endswith("_ms")}
    words |= {key: text for key, text in (("from", from_), ("to", to)) if text}
    words |= {"sort": sort} if sort != "newest" else {}
    return ShipmentQuery(asked, sort, _place(cursor, sort), limit, words)


ShipmentQueryOf = Annotated[ShipmentQuery, Depends(shipment_query)]


def _place(cursor: str | None, sort: Sort) -> Place | None:
    if not cursor:
        return None
    text = read_cursor(cursor, listing=LISTING, kind=str)
    try:
        told, place = msgspec.json.decode(text, type=tuple[str, Place])
    except msgspec.MsgspecError as error:
        raise BadInput("cursor: expected one that this list gave") from error
    if told != sort:
        raise BadInput(f"cursor: expected one of the list by {sort}, got one by {told}")
    return place
