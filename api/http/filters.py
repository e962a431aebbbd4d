"""Query parameters: what each may be, and none that we do not know."""

from datetime import date, timedelta
from typing import Annotated

from fastapi import Path, Query
from pydantic import StringConstraints
from starlette.requests import Request

from coldwitness.api.http.problems import wrong_field
from coldwitness.config.rules import day_start_s
from coldwitness.domain.identifiers import ID_PATTERN
from coldwitness.domain.instants import instant_ms

ShipmentId = Annotated[str, Path(pattern=f"^{ID_PATTERN}$", description="Shipment id")]
RecordId = Annotated[str, Path(pattern="^[A-Za-z0-9._:-]{1,128}$")]
Cursor = Annotated[
    str | None, Query(max_length=512, description="`next_cursor` of the page before")
]
Limit = Annotated[int, Query(ge=1, le=200)]
# Bounds stand at the text and not beside it: a form's empty field is None before they are asked.
Courier = Annotated[Annotated[str, StringConstraints(pattern=f"^{ID_PATTERN}$")] | None, Query()]
Search = Annotated[
    Annotated[str, StringConstraints(max_length=200)] | None,
    Query(
        description="Texts parted by blanks, each somewhere in the shipment's id, box, courier, or "
        "what its manifest names: seller, order, drug, batch, approval number, licence, seal",
    ),
]
Division = Annotated[
    Annotated[str, StringConstraints(pattern="^[0-9]{2,12}$")] | None,
    Query(description="Division code; its prefix counts"),
]
Instant = Annotated[
    Annotated[str, StringConstraints(max_length=40)] | None,
    Query(description="RFC 3339 time, or a date (a day of China time)"),
]


def only_known_parameters(request: Request) -> None:
    """Refuse a parameter the route does not have: a filter with a typing mistake would else
    answer everything and look as if it had filtered. `lang` is understood everywhere."""
    for name in unknown_parameters(request):
        expected = ", ".join(sorted(_known(request)))
        detail = f"unknown parameter; expected one of {expected}"
        raise wrong_field(name[:80], detail)


def unknown_parameters(request: Request) -> list[str]:
    """Parameters of the address that its route does not have."""
    known = _known(request)
    return [name for name in request.query_params if name not in known]


def _known(request: Request) -> frozenset[str]:
    """Those of the route and of what it depends on."""
    left = [getattr(request.scope.get("route"), "dependant", None)]
    known = {"lang"}
    while left:
        if (dependant := left.pop()) is not None:
            known |= {parameter.alias for parameter in dependant.query_params}
            left += dependant.dependencies
    return frozenset(known)


def instant_of(text: str | None, *, name: str, end_of_day: bool = False) -> int | None:
    """Epoch ms of a query's time; a bare date is the start (or end) of that day in China."""
    if text is None:
        return None
    mended = text.replace(" ", "+") if "T" in text else text  # "+08:00" sent without escaping
    try:
        if len(mended) == len("2026-11-21"):
            day = date.fromisoformat(mended) + timedelta(days=1 if end_of_day else 0)
            return round(day_start_s(day) * 1000)
        return instant_ms(mended)
    except ValueError as error:
        detail = str(error)
        raise wrong_field(name, detail) from error
