"""A world in which every route finds something: who asks, what there is, honest bodies."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from coldwitness.api.http.keys import digest_of, new_key
from coldwitness.api.http.rights import OPEN, PERSONAL, roles_of
from coldwitness.api.http.sessions import begin, csrf_of
from coldwitness.domain.alarms import Alarm
from coldwitness.domain.grants import Grant, Role
from coldwitness.domain.text import Text
from coldwitness.judging.challenge_watch import new_challenge
from tests.api.test_clues import NATIONAL
from tests.api.test_registers import GOOD
from tests.api.world import COLD, T0, WARM, World, manifest

JSON, FORM, CSV = "application/json", "application/x-www-form-urlencoded", "text/csv"
UPLOAD = "multipart/form-data; boundary=x"
_GRANTS: Mapping[Role, Grant] = {
    "admin": Grant("admin"),
    "courier": Grant("courier", courier="ql-express"),
}
_PDF = b"%PDF-1.7 x"
_SAID: Mapping[str, object] = {
    "PUT /v1/shipments/{shipment}": manifest("S-1"),
    "POST /v1/shipments/{shipment}/reviews": {
        "officer": "a", "outcome": "confirmed", "note": "x", "result_version": 1
    },
    "PATCH /v1/clues/{clue}": {"status": "checking", "note": "x"},
    "POST /v1/clues": NATIONAL,
    "POST /v1/clues/{clue}/statements": {"said_on": "2026-11-21", "role": "courier", "text": "x"},
    "POST /v1/statement-requests/{clue}/statements": {"text": "x"},
    "POST /v1/clues/{clue}/forms/{form}.{format}": {"typed": {"office": "x"}},
    "POST /v1/spot-checks": {
        "from": "2026-11-20", "to": "2026-11-20", "method": "simple", "size": 1,
        "draw": {"public_part": "7 1 9", "public_source": "x"},
    },
    "POST /v1/spot-checks/{spot_check}/draws": {"public_part": "7 1 9", "public_source": "x"},
    "POST /v1/spot-checks/{spot_check}/looks": {"id": "S-1", "agreement": "yes", "seal": "no"},
    "POST /v1/logistics-requests": {
        "number": "1", "asked_by": "a", "scope": {"shipments": ["S-1"]}
    },
    "POST /v1/departure-checks": {"shipment": "S-1", "planned_minutes": 60},
    "POST /v1/probe-challenges": {"shipment": "S-1", "probe": "drug", "action": "warm"},
    "POST /v1/webhooks": {"url": "http://127.0.0.1:1/x"},
    "POST /v1/webhooks/{webhook}/replay": {"from": 1},
    "POST /v1/webhooks/{webhook}/secret": {"secret": "whsec_" + "A" * 44},
    **{f"PUT /v1/{path.partition('/')[0]}/{{name}}": said for path, said in GOOD.items()},
}  # fmt: skip
"""By JSON."""
_FORMS: Mapping[str, Mapping[str, str]] = {
    "POST /sign-in": {"name": "admin", "password": "nothing such", "next": "/live"},
    "POST /sign-out": {},
    "POST /shipments/{shipment}/reviews": {
        "outcome": "confirmed", "note": "x", "result_version": "1"
    },
    "POST /clues/{clue}/status": {"status": "checking", "note": "x", "shipment": "S-1"},
    "POST /alarms": {"alarm": "al_1", "back": "/live"},
    "POST /challenges": {"shipment": "S-1", "probe": "drug", "action": "warm"},
    "POST /courier/statements/{clue}": {"text": "x"},
    "POST /departure": {"shipment": "S-1", "planned_minutes": "60"},
    "POST /spot-checks": {
        "from": "2026-11-20", "to": "2026-11-20", "method": "simple", "size": "1"
    },
    "POST /spot-checks/{spot_check}/draws": {"public_part": "7 1 9", "public_source": "x"},
    "POST /spot-checks/{spot_check}/looks": {"id": "S-1", "agreement": "yes"},
    "POST /logistics-requests": {"number": "1", "asked_by": "a", "shipments": "S-1"},
}  # fmt: skip
"""By fields, on our own pages."""


@dataclass(frozen=True)
class Caller:
    """heads : by which it is let in. csrf : what its forms prove themselves by."""

    heads: tuple[tuple[str, str], ...] = ()
    csrf: str = ""


@dataclass(frozen=True)
class Prepared:
    """named : what a part of an address may be that is there."""

    named: Mapping[str, list[str]]
    _keys: Mapping[Role, Caller]
    _people: Mapping[Role, Caller]

    def caller(self, method: str, path: str) -> Caller:
        """Whoever the route is for, so that nothing is turned away at the door."""
        route = f"{method} {path}"
        if route in OPEN:
            return Caller()
        role: Role = "admin" if "admin" in roles_of(method, path) else "courier"
        person = route in PERSONAL or not path.startswith("/v1/")
        return (self._people if person else self._keys)[role]


def prepared(world: World) -> Prepared:
    """Something of each kind in the world, entered as whoever works at the machine."""

    def made(path: str, said: object) -> str:
        answer = world.client.post(path, json=said)
        answer.raise_for_status()
        return str(answer.json()["id"])

    for name, course in (("S-1", WARM), ("S-2", COLD)):
        world.client.put(f"/v1/shipments/{name}", json=manifest(name)).raise_for_status()
        world.send(name, course)
    for path, entry in GOOD.items():
        world.client.put(f"/v1/{path}", json=entry).raise_for_status()
    clues = [one["clue"]["id"] for one in world.get("/v1/clues").json()["items"]]
    due = {"statement_due_on": "2026-12-01"}
    world.client.patch(f"/v1/clues/{clues[0]}", json=due).raise_for_status()
    attached = world.client.post(
        "/v1/shipments/S-1/attachments?name=a.pdf",
        content=_PDF,
        headers={"Content-Type": "application/pdf"},
    ).json()["sha256"]
    challenge = new_challenge("S-1", "drug", action="warm", by="test", now_ms=T0)
    world.register.challenges.start(challenge)
    said = Text("告警", "Alarm")
    told = [Alarm("al_1", "silent", "S-1", "S-1", said, said, raised_ms=T0)]
    world.register.alarms.raise_new(told)
    entered = {
        name: made(f"/v1/{path}", _SAID[f"POST /v1/{path}"])
        for name, path in (
            ("spot_check", "spot-checks"),
            ("logistics_request", "logistics-requests"),
            ("departure_check", "departure-checks"),
            ("webhook", "webhooks"),
        )
    }
    registers, names = zip(*(path.split("/") for path in GOOD), strict=True)
    named = {
        "shipment": ["S-1", "S-2"],
        "clue": clues,
        "alarm": ["al_1"],
        "challenge": [challenge.id],
        "sha256": [attached],
        "format": ["csv", "json", "html", "pdf", "docx", "xlsx"],
        "form": ["1", "4", "12"],
        "register": [*registers],
        "name": [*names],
        "zoom": ["0", "9"],
        "column": ["0", "9"],
        "row": ["0", "9"],
        **{name: [one] for name, one in entered.items()},
    }
    keys, people = {}, {}
    for role, grant in _GRANTS.items():
        key = new_key()
        digest = digest_of(key) or ""
        world.register.client_keys.add(role, grant, digest=digest, by="test", now_ms=T0)
        world.register.people.add(role, grant, password="", by="test", now_ms=T0)
        token = begin(world.services, role)
        keys[role] = Caller((("Authorization", f"Bearer {key}"),))
        csrf = csrf_of(token)
        heads = (("Cookie", f"coldwitness={token}"), ("X-CSRF-Token", csrf))
        people[role] = Caller(heads, csrf)
    return Prepared(named, keys, people)


def honest_body(method: str, path: str, csrf: str) -> tuple[str, bytes] | None:
    """Type and body as the route wants it; None where it wants none of its own."""
    route = f"{method} {path}"
    if route in _SAID:
        return JSON, json.dumps(_SAID[route]).encode()
    if route in _FORMS:
        return FORM, urlencode({**_FORMS[route], "csrf": csrf}).encode()
    if route.endswith("/attachments"):
        return ("application/pdf", _PDF) if "/v1/" in path else (UPLOAD, upload(csrf, _PDF))
    if "registers/{register}" in path:
        return UPLOAD, upload(csrf, TABLE)
    return (CSV, TABLE) if method == "POST" and path.count("/") == 2 else None


TABLE = "编号,型号\nX-1,M\n".encode()


def upload(csrf: str, content: bytes) -> bytes:
    """A form with a file, as a browser sends it."""
    field = b'--x\r\nContent-Disposition: form-data; name="csrf"\r\n\r\n%s\r\n'
    file = (
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n'
        b"Content-Type: application/pdf\r\n\r\n%s\r\n--x--\r\n"
    )
    return field % csrf.encode() + file % content
