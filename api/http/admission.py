"""The door of every route: who calls, whether the route is theirs, and whether what it names is.

Whoever may not see a shipment is answered as if nobody had ever heard of it.
"""

from fastapi import Depends
from starlette.requests import Request

from coldwitness.api.http.caller import SESSION, Caller, local
from coldwitness.api.http.keys import digest_of
from coldwitness.api.http.problems import Problem, SignInFirst
from coldwitness.api.http.rights import OPEN, PERSONAL, roles_of
from coldwitness.api.http.services import Services, services_of
from coldwitness.api.http.sessions import held, signed_in
from coldwitness.domain.grants import LOCAL
from coldwitness.domain.loopback import is_loopback
from coldwitness.domain.reach import Reach
from coldwitness.storage.clue_ports import ClueFilter

_TELLS_ITSELF = "GET /shipments/{shipment}"
"""A page of its own says that nothing on record fits."""
_FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip")


def admit(request: Request) -> None:
    """Let a request in or refuse it: 401 without a key that is needed (a page leads to the
    sign-in), 403 for another's route, 404 for what lies beyond the caller's reach, 429 for too
    many. Its caller stands in `request.state.caller`."""
    services = services_of(request)
    path = request.scope["route"].path
    route = f"{request.method} {path}"
    if route in OPEN:
        return
    caller = caller_of_request(request, services)
    if caller.through != LOCAL:
        services.rate.take(caller.session or caller.through)
    if caller.role == "platform":
        services.platform_quota.take(" ".join(sorted(caller.reach.platforms)))
    if caller.role not in roles_of(request.method, path):
        raise Problem(403, f"{route}: not for the role {caller.role}")
    if route in PERSONAL and not caller.is_person:
        raise Problem(403, f"{route}: taken from a person, not from a client's key")
    request.state.caller = caller
    if not caller.reach.everything and route != _TELLS_ITSELF:
        _require_reach(request, services, caller.reach)


ADMITTED = Depends(admit)


def caller_of_request(request: Request, services: Services) -> Caller:
    """By the key that it brings, else by its session; while there is neither anywhere, whoever
    works at this machine."""
    address = _address(request)
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if given:
        return _with_key(services, scheme, given.strip(), address)
    signed = signed_in(request, services)
    if signed is not None:
        person = signed.session.person
        grant = person.grant
        return Caller(
            person.name,
            grant.role,
            grant.reach,
            SESSION,
            address,
            session=signed.digest,
            csrf=signed.csrf,
        )
    if not services.doors.closed():
        if not is_loopback(address) or any(name in request.headers for name in _FORWARDED):
            raise Problem(403, "taken from this machine alone until there are keys or users")
        return local(address)
    services.rate.take(address)
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        raise SignInFirst
    raise Problem(
        401, "expected Authorization: Bearer cw_…", headers={"WWW-Authenticate": "Bearer"}
    )


def still_admitted(services: Services, caller: Caller) -> bool:
    """Whether who was let in a while ago would be let in now."""
    if caller.through == LOCAL:
        return not services.doors.closed()
    if caller.signed_in:
        return held(services, caller.session) is not None
    key = services.register.client_keys.one(caller.through)
    return key is not None and (key.ends_ms is None or key.ends_ms > services.clock())


def _with_key(services: Services, scheme: str, given: str, address: str) -> Caller:
    digest = digest_of(given) if scheme.lower() == "bearer" else None
    key = None if digest is None else services.register.client_keys.of_digest(digest)
    if key is None or (key.ends_ms is not None and key.ends_ms <= services.clock()):
        services.rate.take(address)
        why = "unknown" if key is None else f"{key.id} has ended"
        raise Problem(
            401,
            f"key: {why}",
            headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
        )
    return Caller(key.name, key.grant.role, key.grant.reach, key.id, address)


def _require_reach(request: Request, services: Services, reach: Reach) -> None:
    """404 for another's shipment, and for a clue of one."""
    shipment = request.path_params.get("shipment")
    if shipment is not None and not services.register.shipments.seen([shipment], reach=reach):
        if request.method != "PUT":
            raise Problem(404, f"shipment {shipment}: unknown")
        known = services.register.shipments.row(shipment)
        if known is not None and known.courier is not None:  # else nobody's yet
            raise Problem(404, f"shipment {shipment}: unknown")
    name = request.path_params.get("clue")
    wanted = ClueFilter(reach=reach)
    if name is not None and services.register.clues.one(name, wanted=wanted) is None:
        raise Problem(404, f"clue {name}: unknown")


def _address(request: Request) -> str:
    return "" if request.client is None else request.client.host
