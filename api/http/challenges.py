"""Challenges of probes: an officer has one warmed or cooled and sees whether its readings live."""

from fastapi import APIRouter
from starlette.responses import Response

from coldwitness.api.http.answers import documented, json_answer, taking
from coldwitness.api.http.bodies import JsonBody, body_of_type
from coldwitness.api.http.caller import Caller
from coldwitness.api.http.challenge_schemas import Challenge, CurvePoint, NewChallenge
from coldwitness.api.http.filters import RecordId
from coldwitness.api.http.posts import OnceOf
from coldwitness.api.http.problems import Problem, wrong_field
from coldwitness.api.http.services import CallerOf, Services, ServicesOf
from coldwitness.api.http.shipments import current_result, may_see
from coldwitness.api.http.trail import noted
from coldwitness.domain.instants import rfc3339, rfc3339_if_any
from coldwitness.domain.measures import given
from coldwitness.domain.probe_challenges import KeptChallenge
from coldwitness.judging.challenge_watch import NOT_HEARD, new_challenge, step_of, watched

router = APIRouter(tags=["challenges"])


@router.post(
    "/v1/probe-challenges",
    responses=documented(Challenge, status=201, problems=(400, 403, 404, 409, 413, 415)),
    openapi_extra=taking(NewChallenge),
    response_model=None,
)
def challenge_probe(
    body: JsonBody, services: ServicesOf, caller: CallerOf, once: OnceOf
) -> Response:
    """Challenge a probe of a shipment on its way: the order to warm or cool it comes after a delay
    that is drawn (20 to 90 s), then its readings are watched for four minutes. 409 where the
    shipment is not on its way, or another challenge of it runs."""

    def start() -> Response:
        new = body_of_type(body, NewChallenge)
        kept = started(services, caller, new)
        return json_answer(told(services, kept), status=201)

    return once.answered(start)


@router.get(
    "/v1/probe-challenges/{challenge}",
    responses=documented(Challenge, problems=(404,)),
    response_model=None,
)
def get_challenge(challenge: RecordId, services: ServicesOf, caller: CallerOf) -> Response:
    """How it stands, with the curve."""
    return json_answer(told(services, known(services, caller, challenge)))


def started(services: Services, caller: Caller, new: NewChallenge) -> KeptChallenge:
    """A new challenge, kept and noted. Problem 404, 409 or 422 where it cannot be."""
    shipment = new.shipment
    if not may_see(services, caller.reach, shipment):
        raise Problem(404, f"shipment {shipment}: unknown")
    if given(current_result(services, shipment).state) != "in_transit":
        raise Problem(409, f"shipment {shipment}: expected one on its way")
    heard = services.board.of([shipment]).get(shipment)
    probes = {} if heard is None else heard.newest.temperature
    if new.probe not in probes:
        known = ", ".join(sorted(probes)) or "none"
        detail = f"expected a probe that speaks now ({known})"
        raise wrong_field("probe", detail)
    now_ms = services.clock()
    challenge = new_challenge(shipment, new.probe, action=new.action, by=caller.name, now_ms=now_ms)
    if not services.register.challenges.start(challenge):
        raise Problem(409, f"shipment {shipment}: another challenge of it runs")
    noted(
        services,
        caller,
        "challenge_probe",
        subject=f"{challenge.id} {shipment} {new.probe}",
        shipment=shipment,
        now_ms=now_ms,
    )
    return KeptChallenge(challenge, None)


def known(services: Services, caller: Caller, name: str) -> KeptChallenge:
    """404 beyond one's reach too."""
    kept = services.register.challenges.one(name)
    if kept is None or not may_see(services, caller.reach, kept.challenge.shipment):
        raise Problem(404, f"challenge {name}: unknown")
    return kept


def told(services: Services, kept: KeptChallenge, *, with_curve: bool = True) -> Challenge:
    """As it stands now: before the order nothing tells when it comes or what it asks."""
    challenge, decision = kept.challenge, kept.decision
    ordered = services.clock() >= challenge.ordered_ms
    heard = NOT_HEARD
    if with_curve:
        heard = watched(services.store, services.register, challenge)
    step = step_of(challenge, heard)
    outcome = None
    step_c, stepped_ms, to_ms, decided_ms = None, None, None, None
    if decision is not None:
        outcome, step_c, stepped_ms = decision.outcome, decision.step_c, decision.stepped_ms
        to_ms, decided_ms = decision.disturbed_to_ms, decision.decided_ms
    elif ordered and step.outcome == "alive":
        outcome, step_c = step.outcome, step.step_c
        stepped_ms = None if step.stepped_s is None else round(step.stepped_s * 1000)
    return Challenge(
        id=challenge.id,
        shipment=challenge.shipment,
        probe=challenge.probe,
        state="decided" if decision is not None else "watching" if ordered else "waiting",
        started_at=rfc3339(challenge.started_ms),
        by=challenge.by,
        action=challenge.action if ordered else None,
        ordered_at=rfc3339(challenge.ordered_ms) if ordered else None,
        until=rfc3339(challenge.until_ms) if ordered else None,
        outcome=outcome,
        step_c=step_c,
        stepped_at=rfc3339_if_any(stepped_ms),
        disturbed_to=rfc3339_if_any(to_ms),
        decided_at=rfc3339_if_any(decided_ms),
        curve=tuple(
            CurvePoint(rfc3339(round(at_s * 1000)), value_c)
            for at_s, value_c in zip(heard.time_s.tolist(), heard.value_c.tolist(), strict=True)
        ),
    )
