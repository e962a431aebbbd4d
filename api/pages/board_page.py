"""The live board: what is on the road, the most urgent first, and what came in last."""

from dataclasses import dataclass
from typing import Literal

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.clues.beyond_reach import hidden_entries
from coldwitness.api.http.language import language_of
from coldwitness.api.http.rights import roles_of, sees_destination
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.api.live.board import OnTheRoad
from coldwitness.api.pages.drawing import page
from coldwitness.domain.reach import Reach
from coldwitness.storage.clue_ports import ClueFilter
from coldwitness.storage.ports import ShipmentRow

router = APIRouter()

MOST_ROWS = 200
MOST_ON_THE_ROAD = 5000
NEWEST_CLUES = 10
OPEN_ALARMS = 50
ALARMS_SHOWN = 3
"""Beside what is on the road; the others are a link away."""
MINUTE_MS = 60_000

Urgency = Literal["near", "outside", "silent", "calm"]
_ORDER: tuple[Urgency, ...] = ("near", "outside", "silent", "calm")
"""Where something can still be done stands first."""


@dataclass(frozen=True)
class BoardRow:
    """A shipment under way. its : None: nothing was heard of it in this process yet. silent_min :
    since when nothing was heard [min]."""

    line: ShipmentRow
    its: OnTheRoad | None
    silent_min: int | None
    urgency: Urgency

    @property
    def drug_c(self) -> list[float]:
        """Of the drug's probes, the first one first."""
        return [] if self.its is None else self.its.drug_c

    @property
    def minutes_to_limit(self) -> int | None:
        """At the present pace; None: no limit is near, or nobody knows."""
        to_limit_s = None if self.its is None else self.its.newest.to_limit_s
        return None if to_limit_s is None else round(to_limit_s / 60)


@router.get("/live")
def board_page(request: Request, services: ServicesOf, caller: CallerOf) -> Response:
    """Where everything is, how warm, since when, and how long until a limit."""
    lang = language_of(request)
    rows = board_rows(services, caller.reach)
    counts = {name: sum(row.urgency == name for row in rows) for name in _ORDER}
    clues = []
    if caller.role in roles_of("GET", "/v1/clues"):
        wanted = ClueFilter(reach=caller.reach, standing="stands")
        newest = services.register.clues.listed(wanted=wanted, limit=NEWEST_CLUES)
        clues = hidden_entries(services.register, newest, caller.reach)
    alarms = []
    if caller.role in roles_of("GET", "/v1/alarms"):
        shown = services.register.alarms.listed(limit=OPEN_ALARMS, reach=caller.reach)
        alarms = [alarm for alarm in shown if alarm.is_open]
    return page(
        "board.html",
        lang,
        request,
        rows=rows[:MOST_ROWS],
        total=len(rows),
        most=MOST_ROWS,
        counts=counts,
        clues=clues,
        alarms=alarms[:ALARMS_SHOWN],
        more_alarms=len(alarms) - ALARMS_SHOWN,
        shows_places=sees_destination(caller.role),
    )


def board_rows(services: Services, reach: Reach) -> list[BoardRow]:
    """All shipments under way within reach, the most urgent first."""
    lines = services.register.shipments.rows(
        state="in_transit", sort="newest", limit=MOST_ON_THE_ROAD, reach=reach
    )
    known, now_ms = services.board.of([line.id for line in lines]), services.clock()
    settings = services.settings.alarms
    rows = []
    for line in lines:
        its = known.get(line.id)
        silent_min = None if its is None else max(now_ms - its.heard_ms, 0) // MINUTE_MS
        to_limit_s = None if its is None else its.newest.to_limit_s
        urgency: Urgency = "calm"
        if silent_min is not None and silent_min >= settings.silent_minutes:
            urgency = "silent"
        elif to_limit_s == 0:
            urgency = "outside"
        elif to_limit_s is not None and to_limit_s <= settings.minutes_to_limit * 60:
            urgency = "near"
        rows.append(BoardRow(line, its, silent_min, urgency))
    return sorted(rows, key=_urgency)


def _urgency(row: BoardRow) -> tuple[int, float, str]:
    to_limit_s = None if row.its is None else row.its.newest.to_limit_s
    return (_ORDER.index(row.urgency), 1e9 if to_limit_s is None else to_limit_s, row.line.id)
