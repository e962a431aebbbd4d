"""What was refused, for those who made the mistake."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from coldwitness.api.cursors import read_cursor, write_cursor
from coldwitness.api.http.answers import documented, json_answer
from coldwitness.api.http.filters import Courier, Limit
from coldwitness.api.http.schemas import RefusedLine, RefusedList
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.domain.errors import BadInput
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.reach import Reach
from coldwitness.ingest.progress import Progress, Quarantined, workers_followed

router = APIRouter(tags=["quarantine"])

_LISTING = "quarantine"
Reason = Annotated[str | None, Query(pattern="^[a-z_0-9]{1,64}$", description="This reason only")]
After = Annotated[
    str | None, Query(max_length=512, description="`next_cursor` of the answer before")
]
_Placed = tuple[int, str, int, int, Quarantined]
"""Received [ms], worker, row, part: the order of the list."""


@router.get("/v1/quarantine", responses=documented(RefusedList), response_model=None)
def list_refused(
    services: ServicesOf,
    caller: CallerOf,
    courier: Courier = None,
    reason: Reason = None,
    after: After = None,
    limit: Limit = 50,
) -> Response:
    """Messages, or parts of them, that could not be used, each with the reason and what was
    expected, in the order of receipt."""
    at = (0, "", 0, 0) if after is None else _position(after)
    found = [
        placed
        for placed in _placed(
            services,
            couriers=couriers_within(services, caller.reach, asked=courier),
            reason=reason,
            since_ms=at[0],
            more=limit,
        )
        if placed[:4] > at
    ]
    page = sorted(found, key=lambda placed: placed[:4])[:limit]
    more = None
    if len(found) > limit:
        more = write_cursor(_LISTING, " ".join(map(str, page[-1][:4])))
    return json_answer(RefusedList(tuple(_line(one[1], one[4]) for one in page), more))


def newest_refused(
    services: Services, *, couriers: frozenset[str] | None, reason: str | None, limit: int
) -> list[RefusedLine]:
    """The last ones first, for the page."""
    found: list[_Placed] = []
    for worker, progress in _progress(services):
        refused = progress.refused_between(
            couriers=couriers, reason=reason, limit=limit, newest=True
        )
        found += [(one.received_ms, worker, one.row, one.part, one) for one in refused]
    found.sort(key=lambda placed: placed[:4], reverse=True)
    return [_line(one[1], one[4]) for one in found[:limit]]


def couriers_within(
    services: Services, reach: Reach, *, asked: str | None
) -> frozenset[str] | None:
    """Whose messages may be seen: one's own, or those of couriers seated in one's divisions; of
    these the one that was asked for. None: everybody's."""
    named = None if asked is None else frozenset({asked})
    if reach.everything:
        return named
    own = reach.couriers | services.register.shipments.couriers_seated_in(reach.divisions)
    return own if named is None else own & named


def _placed(
    services: Services,
    *,
    couriers: frozenset[str] | None,
    reason: str | None,
    since_ms: int,
    more: int,
) -> list[_Placed]:
    """At least `more` + 1 of each worker beyond those of the very same millisecond."""
    found: list[_Placed] = []
    for worker, progress in _progress(services):
        limit = more + 1
        while True:
            refused = progress.refused_between(
                couriers=couriers, reason=reason, since_ms=since_ms, limit=limit
            )
            later = sum(one.received_ms > since_ms for one in refused)
            if len(refused) < limit or later > more:
                break
            limit *= 4
        found += [(one.received_ms, worker, one.row, one.part, one) for one in refused]
    return found


def _progress(services: Services) -> Iterator[tuple[str, Progress]]:
    directory = services.settings.journal.directory
    for worker in workers_followed(directory):
        with Progress(directory, worker) as progress:
            yield worker, progress


def _position(cursor: str) -> tuple[int, str, int, int]:
    parts = read_cursor(cursor, listing=_LISTING, kind=str).split(" ")
    try:
        received_ms, worker, row, part = parts
        return int(received_ms), worker, int(row), int(part)
    except ValueError as error:
        raise BadInput("after: expected a cursor that this list gave") from error


def _line(worker: str, one: Quarantined) -> RefusedLine:
    return RefusedLine(
        worker=worker,
        row=one.row,
        part=one.part if one.part >= 0 else None,
        reason=one.reason,
        text=one.text,
        topic=one.topic,
        courier=one.courier,
        logger=one.logger,
        received=rfc3339(one.received_ms),
    )
