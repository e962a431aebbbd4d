"""The pages of a probe's challenge: its start on the page of a shipment, and how it goes."""

from dataclasses import dataclass

from fastapi import APIRouter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from coldwitness.api.http.bodies import body_of_type
from coldwitness.api.http.caller import Caller
from coldwitness.api.http.challenge_schemas import Challenge, NewChallenge
from coldwitness.api.http.challenges import known, started, told
from coldwitness.api.http.filters import RecordId
from coldwitness.api.http.language import language_of
from coldwitness.api.http.rights import roles_of
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.api.pages.drawing import page
from coldwitness.api.pages.forms import OwnForm, back_to
from coldwitness.api.pages.words import word
from coldwitness.api.reports.made.wording import role_words
from coldwitness.domain.instants import instant_ms

router = APIRouter()

WIDTH, HEIGHT = 640, 220
_ROOM = 34
"""For the scale [px]."""


@dataclass(frozen=True)
class ChallengePart:
    """What a shipment's page has of challenges. probes : that could be challenged now."""

    made: tuple[Challenge, ...]
    probes: tuple[str, ...]


def challenge_part(
    services: Services, caller: Caller, shipment: str, *, on_its_way: bool
) -> ChallengePart | None:
    """None for who has nothing to do with them."""
    if caller.role not in roles_of("GET", "/challenges/{challenge}"):
        return None
    kept = services.register.challenges.of([shipment]).get(shipment, [])
    heard = services.board.of([shipment]).get(shipment)
    probes = sorted(heard.newest.temperature) if heard is not None and on_its_way else []
    if any(one.decision is None for one in kept):
        probes = []
    return ChallengePart(
        tuple(told(services, one, with_curve=False) for one in kept), tuple(probes)
    )


@router.post("/challenges")
def start(request: Request, form: OwnForm, services: ServicesOf, caller: CallerOf) -> Response:
    """Start one, and on to its page."""
    chosen = {key: form[key] for key in ("shipment", "probe", "action") if form.get(key)}
    kept = started(services, caller, body_of_type(chosen, NewChallenge))
    return back_to(f"/challenges/{kept.challenge.id}", request)


@router.get("/challenges/{challenge}")
def challenge_page(
    challenge: RecordId, request: Request, services: ServicesOf, caller: CallerOf
) -> Response:
    """What to do now, what was seen, and the curve."""
    lang = language_of(request)
    its = told(services, known(services, caller, challenge))
    answer = page(
        "challenge.html",
        lang,
        request,
        its=its,
        probe=role_words(its.probe, lang),
        curve=curve_svg(its),
        stands=word(f"challenge_{its.state}", lang),
        outcome=None if its.outcome is None else word(f"outcome_{its.outcome}", lang),
        order=None if its.action is None else word(f"order_{its.action}", lang),
    )
    if its.state != "decided":
        answer.headers["Refresh"] = "3"  # without script too
    return answer


def curve_svg(its: Challenge) -> Markup | None:
    """The probe's readings, the order and the time that counts as unknown; None without any."""
    points = [(instant_ms(one.time) / 1000.0, one.value_c) for one in its.curve]
    if len(points) < 2:
        return None
    from_s, to_s = points[0][0], max(points[-1][0], points[0][0] + 60.0)
    low_c = min(value for _, value in points) - 0.5
    high_c = max(value for _, value in points) + 0.5

    def x(at_s: float) -> float:
        share = (min(max(at_s, from_s), to_s) - from_s) / (to_s - from_s)
        return round(_ROOM + share * (WIDTH - _ROOM - 4), 1)

    def y(value_c: float) -> float:
        return round(4 + (high_c - value_c) / (high_c - low_c) * (HEIGHT - 24), 1)

    drawn = []
    if its.ordered_at is not None:
        begin_s = instant_ms(its.ordered_at) / 1000.0
        end = its.disturbed_to or (its.until if its.state == "watching" else None)
        if end is not None:
            wide = max(x(instant_ms(end) / 1000.0) - x(begin_s), 1.0)
            drawn.append(
                f'<rect class="unknown" x="{x(begin_s)}" y="4" width="{wide:.1f}"'
                f' height="{HEIGHT - 24}"/>'
            )
        drawn.append(
            f'<line class="ordered" x1="{x(begin_s)}" x2="{x(begin_s)}" y1="4" y2="{HEIGHT - 20}"/>'
        )
    drawn += [
        f'<text x="0" y="{y(value_c) + 4:.1f}">{value_c:.1f}</text>'
        for value_c in (low_c + 0.5, high_c - 0.5)
    ]
    line = " ".join(f"{x(at_s)},{y(value_c)}" for at_s, value_c in points)
    drawn.append(f'<polyline class="probe" points="{line}"/>')
    # Numbers alone stand in it.
    head = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="challenge-curve">'
    return Markup(f"{head}{''.join(drawn)}</svg>")  # noqa: S704
