"""Route by route, role by role, with another's shipment: generated from the OpenAPI document, so
that a route nobody thought of fails here."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from python_calamine import load_workbook

from coldwitness.api.http.keys import digest_of, new_key
from coldwitness.api.http.passwords import hashed
from coldwitness.api.http.rights import OPEN, PERSONAL, RIGHTS
from coldwitness.config.settings import JournalSettings, Settings
from coldwitness.domain.alarms import Alarm
from coldwitness.domain.grants import ROLES, Grant, Role
from coldwitness.domain.text import Text
from coldwitness.ingest.last_seen import LastSeen
from coldwitness.ingest.progress import Progress, Quarantined
from coldwitness.judging.challenge_watch import new_challenge
from tests.api.world import T0, WARM, World, manifest, running_world

MINE, THEIRS = "ZB-MINE", "ZB-THEIRS"
GRANTS: Mapping[Role, Grant] = {
    "courier": Grant("courier", courier="ql-express"),
    "platform": Grant("platform", platform="示例平台"),
    "inspector": Grant("inspector", divisions=("370300",)),
    "case_system": Grant("case_system", divisions=("3703",)),
    "admin": Grant("admin"),
}
RESTRICTED = tuple(role for role in ROLES if role != "admin")
NAMES = {
    "shipment",
    "clue",
    "alarm",
    "challenge",
    "sha256",
    "format",
    "form",
    "name",
    "webhook",
    "spot_check",
    "logistics_request",
    "departure_check",
}
"""What a path may name. `name` is an entry of the office's registers, which are nobody's shipment;
a webhook is whose it was entered by (`test_webhook_owners.py`); whose a spot check or a request
is, their own tests ask."""
FILES = re.compile(r"GET (/v1/|/healthz|/readyz|/metrics|/openapi|/docs|/tiles/)")
PAGES = tuple(
    route.removeprefix("GET ")
    for route in sorted(RIGHTS)
    if route.startswith("GET /")
    and not FILES.match(route)
    and set(re.findall(r"{(\w+)}", route)) <= {"shipment", "clue", "challenge"}
)
"""Every page of whatever can be somebody's, whoever added it."""
STREAMS = {"GET /v1/live"}
"""Never end: tried on their own below."""


@dataclass
class Tried:
    """A world with one shipment of the caller's and one of somebody else's, and a key a role."""

    world: World
    keys: Mapping[Role, str]
    document: dict[str, Any]
    clues: Mapping[str, str]
    alarms: Mapping[str, str]
    challenges: Mapping[str, str]
    attachments: Mapping[str, str]

    def ask(
        self,
        method: str,
        path: str,
        role: Role | None,
        *,
        of: str = MINE,
        named: str = "",
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> httpx.Response:
        """Ask for something of a shipment. named : a path that names it by itself."""
        address = path.format(
            named=named,
            shipment=of,
            clue=self.clues[of],
            alarm=self.alarms[of],
            challenge=self.challenges[of],
            sha256=self.attachments[of],
            format="json",
            form="1",
            spot_check="SC-20261121-00000000",
            logistics_request="LR-20261121-00000000",
            departure_check="DC-20261121-00000000",
            name="X-1",
            webhook="wh_none",
        )
        key = {} if role is None else {"Authorization": f"Bearer {self.keys[role]}"}
        headers = {**key, **(headers or {})}
        return self.world.client.request(method, address, headers=headers, **more)

    def operations(self) -> list[tuple[str, str]]:
        return [
            (method.upper(), path)
            for path, methods in self.document["paths"].items()
            for method in methods
        ]


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tried]:
    folder = tmp_path_factory.mktemp("rights")
    settings = Settings(journal=JournalSettings(directory=folder / "journal"))
    with Progress(settings.journal.directory, "w1") as progress:
        progress.advance(
            9,
            refused=[_refused(1, "ql-express", MINE), _refused(2, "sf", THEIRS)],
            seen=[_heard("ql-express", MINE), _heard("sf", THEIRS)],
        )
    with running_world(folder, settings=settings) as world:
        theirs = {
            "seller": {"division": "440106"},
            "courier": {"id": "sf", "division": "440100"},
            "delivery": {"platform": "别家"},
        }
        mine = {"delivery": {"platform": "示例平台"}}
        for name, more in ((MINE, mine), (THEIRS, theirs)):
            assert world.client.put(f"/v1/shipments/{name}", json=manifest(name, **more)).is_success
            world.send(name, WARM, courier="sf" if name == THEIRS else "ql-express")
        attached = {
            name: world.client.post(
                f"/v1/shipments/{name}/attachments?name={name}.pdf",
                content=b"%PDF-" + name.encode(),
                headers={"Content-Type": "application/pdf"},
            ).json()["sha256"]
            for name in (MINE, THEIRS)
        }
        entries = world.get("/v1/clues").json()["items"]
        clues = {one["clue"]["shipment"]: one["clue"]["id"] for one in entries}
        alarms = {name: _alarm(world, name) for name in (MINE, THEIRS)}
        challenges = {name: _challenge(world, name) for name in (MINE, THEIRS)}
        document = world.get("/openapi.json").json()
        keys = {role: new_key() for role in ROLES}
        for role, key in keys.items():
            world.register.client_keys.add(
                f"{role} 1", GRANTS[role], digest=digest_of(key) or "", by="test", now_ms=T0
            )
        yield Tried(world, keys, document, clues, alarms, challenges, attached)


def _challenge(world: World, shipment: str) -> str:
    made = new_challenge(shipment, "drug", action="warm", by="test", now_ms=T0)
    assert world.register.challenges.start(made)
    return made.id


def _alarm(world: World, shipment: str) -> str:
    said = Text(f"告警 {shipment}", f"Alarm {shipment}")
    name = f"al_{shipment}"
    told = Alarm(name, "silent", shipment, shipment, said, said, raised_ms=T0)
    world.register.alarms.raise_new([told])
    return name


def _refused(row: int, courier: str, shipment: str) -> Quarantined:
    topic = f"coldchain/v1/{courier}/BX-{shipment}/readings"
    return Quarantined(row, -1, "no_time", f"of {shipment}", topic, T0, courier, f"LG-{shipment}")


def _heard(courier: str, shipment: str) -> LastSeen:
    return LastSeen(
        courier=courier,
        logger=f"LG-{shipment}",
        box=f"BX-{shipment}",
        shipment=shipment,
        time_ms=T0,
        received_ms=T0,
        temperature_c={"drug": 5.0},
        battery_v=None,
    )


def test_every_route_has_a_rule_and_names_only_what_is_known_here(tried: Tried) -> None:
    ruled = RIGHTS.keys() | OPEN
    for method, path in tried.operations():
        assert f"{method} {path}" in ruled, "say whose it is in api/http/rights.py"
        named = {part.partition("}")[0] for part in path.split("{")[1:]}
        assert named <= NAMES, f"{path}: say here whose that is, and try another's"
    routes = {
        f"{method} {route.path}"
        for included in tried.world.app.routes
        for route in getattr(getattr(included, "original_router", None), "routes", ())
        for method in route.methods
    }
    assert routes == ruled, "a route without a rule, or a rule for no route"


def test_the_document_says_whose_each_operation_is(tried: Tried) -> None:
    for method, path in tried.operations():
        operation = tried.document["paths"][path][method.lower()]
        told = operation.get("x-roles", [])
        assert set(told) == RIGHTS.get(f"{method} {path}", frozenset()), path


def test_without_a_key_nothing_is_answered(tried: Tried) -> None:
    for method, path in tried.operations():
        answer = tried.ask(method, path, None)
        if f"{method} {path}" in OPEN:
            assert answer.status_code == 200
            continue
        assert answer.status_code == 401, (method, path)
        assert answer.headers["www-authenticate"] == "Bearer"
        assert MINE not in answer.text.replace(str(answer.url), "")
    for path in PAGES:
        assert tried.ask("GET", path, None).status_code == 401, path


@pytest.mark.parametrize("role", ROLES)
def test_a_route_of_others_is_refused_and_ones_own_is_not(tried: Tried, role: Role) -> None:
    for method, path in tried.operations():
        if f"{method} {path}" in STREAMS | OPEN:
            continue
        answer = tried.ask(method, path, role)
        route = f"{method} {path}"
        refused = role not in RIGHTS[route] or route in PERSONAL
        assert (answer.status_code == 403) == refused, (method, path, answer.text)
        unknown = (
            "{webhook}",
            "{name}",
            "{spot_check}",
            "{logistics_request}",
            "{departure_check}",
        )
        if not any(name in path for name in unknown) and not refused:
            assert answer.status_code not in (401, 404), (method, path, answer.text)


@pytest.mark.parametrize("role", RESTRICTED)
def test_another_s_is_answered_as_if_nobody_had_heard_of_it(tried: Tried, role: Role) -> None:
    for method, path in tried.operations():
        if not {"{shipment}", "{clue}", "{alarm}", "{challenge}"} & set(
            re.findall(r"\{\w+\}", path)
        ):
            continue
        answer = tried.ask(method, path, role, of=THEIRS)
        route = f"{method} {path}"
        expected = 404 if role in RIGHTS[route] and route not in PERSONAL else 403
        assert answer.status_code == expected, (method, path, answer.text)
        assert "sf" not in answer.json()["detail"].replace("transfer", "")
        if method == "GET" and expected == 404 and "{shipment}" in path:
            nobody = tried.ask(method, path.replace("{shipment}", "ZB-NOBODY"), role)
            same = nobody.json()["detail"].replace("ZB-NOBODY", THEIRS)
            assert same == answer.json()["detail"], path


@pytest.mark.parametrize("role", RESTRICTED)
def test_no_list_no_page_names_another_s(tried: Tried, role: Role) -> None:
    told = []
    for method, path in tried.operations():
        open_ = role in RIGHTS.get(f"{method} {path}", ())
        if method == "GET" and "{" not in path and open_ and f"GET {path}" not in STREAMS:
            answer = tried.ask(method, path, role)
            assert answer.status_code == 200, (path, answer.text)
            assert "THEIRS" not in answer.text, path
            told.append(answer.text)
    for path in PAGES:
        answer = tried.ask("GET", path, role, of=THEIRS)
        if role in RIGHTS[f"GET {path.partition('?')[0]}"]:
            assert answer.status_code in (200, 404), path
            assert "BX-ZB-THEIRS" not in answer.text, path
            assert "LG-ZB-THEIRS" not in answer.text, path
            assert "/shipments/ZB-THEIRS?" not in answer.text.replace("lang=en", ""), path
        else:
            assert answer.status_code == 403, path
    assert any("MINE" in text for text in told), "its own is there"
    assert tried.ask("GET", "/shipments/{shipment}", role).status_code == 200


NAMED: tuple[tuple[str, str, dict[str, Any] | None], ...] = (
    ("GET", "/v1/shipments?q={}", None),
    ("GET", "/v1/shipments?box=BX-{}", None),
    ("GET", "/v1/findings?shipment={}", None),
    ("GET", "/v1/audit?shipment={}", None),
    ("GET", "/?q={}&lang=zh", None),
    ("GET", "/?box=BX-{}&lang=zh", None),
    ("GET", "/shipments?id={}&lang=zh", None),
    ("POST", "/v1/probe-challenges", {"shipment": "{}", "probe": "drug"}),
    ("POST", "/v1/departure-checks", {"shipment": "{}"}),
    (
        "POST",
        "/v1/logistics-requests",
        {"number": "1", "asked_by": "a", "scope": {"shipments": ["{}"]}},
    ),
    ("POST", "/v1/clues", {"source": "complaint", "content": "c", "shipments": ["{}"]}),
)
"""Where a query or a body names a shipment."""
OF_ITS_OWN = re.compile(r"[0-9a-f]{12,}|\d{4}-\d\d-\d\dT[0-9:.]+Z|\b[A-Z]{2}-[0-9a-f-]{10,}")
"""Numbers of requests and times, which differ anyway."""


@pytest.mark.parametrize("role", RESTRICTED)
def test_another_s_in_a_query_or_a_body_is_answered_as_a_name_nobody_heard(
    tried: Tried, role: Role
) -> None:
    for method, path, body in NAMED:
        told = []
        for name in (THEIRS, "ZB-NOBODY"):
            sent = None if body is None else json.loads(json.dumps(body).replace("{}", name))
            answer = tried.ask(method, "/{named}", role, named=path[1:].format(name), json=sent)
            whole = answer.text.replace(name, "ZB-THEIRS")
            told.append((answer.status_code, OF_ITS_OWN.sub("", whole)))
        assert told[0] == told[1], (method, path)


FORMS = tuple(
    route.removeprefix("POST ")
    for route in sorted(RIGHTS)
    if route.startswith("POST /") and not route.startswith("POST /v1/")
)
"""Every form of a page, whoever added it."""
OF_NOBODY_S_SHIPMENT = ("/registers/", "/spot-checks")
FIELDS = {
    "probe": "drug",
    "outcome": "confirmed",
    "result_version": "1",
    "note": "x",
    "status": "checking",
    "text": "x",
    "number": "1",
    "asked_by": "x",
}
FILE = {"file": ("x.pdf", b"%PDF-x", "application/pdf")}


def test_a_form_about_another_s_is_answered_as_one_about_a_name_nobody_heard(
    tried: Tried,
) -> None:
    world = tried.world
    password = hashed("long enough 1", name="nobody", length=12)
    sent = 0
    for role in RESTRICTED:
        assert world.register.people.add(
            role, GRANTS[role], password=password, by="test", now_ms=T0
        )
        with httpx.Client(base_url=world.server.url, trust_env=False, timeout=20.0) as browser:
            form = {"name": role, "password": "long enough 1"}
            assert browser.post("/sign-in", data=form).status_code == 303
            (csrf,) = set(re.findall(r'name="csrf" value="(\w+)"', browser.get("/findings").text))
            for path in FORMS:
                if path.startswith(OF_NOBODY_S_SHIPMENT):
                    continue
                told = []
                for name in (THEIRS, "ZB-NOBODY"):
                    named = {
                        "shipment": name,
                        "clue": tried.clues.get(name, "CL-none"),
                        "alarm": tried.alarms.get(name, "al_none"),
                    }
                    said = {**FIELDS, **named, "shipments": name, "csrf": csrf}
                    address = path.format(**named)
                    files = FILE if path.endswith("/attachments") else None
                    answer = browser.post(address, data=said, files=files)
                    text = answer.text
                    for one in sorted(named.values(), key=len, reverse=True):
                        text = text.replace(one, "")
                    told.append((answer.status_code, OF_ITS_OWN.sub("", text)))
                    assert "BX-ZB-THEIRS" not in answer.text, path
                open_ = role in RIGHTS[f"POST {path}"]
                assert told[0][0] in ((404, 422) if open_ else (403,)), (role, path, told[0])
                if "once" not in told[0][1]:  # a number of the form itself
                    assert told[0] == told[1], (role, path)
                sent += open_
    assert sent > 6
    assert world.register.reviews.of(THEIRS) == []
    assert [one.challenge.id for one in world.register.challenges.of([THEIRS])[THEIRS]] == [
        tried.challenges[THEIRS]
    ]
    clue = tried.ask("GET", "/v1/clues/{clue}", "admin", of=THEIRS).json()
    assert clue["status"] == "received", "as it was"


@pytest.mark.parametrize("role", RESTRICTED)
def test_a_tag_of_another_s_tells_nothing(tried: Tried, role: Role) -> None:
    for path in ("/v1/shipments/{shipment}", "/v1/shipments/{shipment}/check", "/v1/clues/{clue}"):
        tag = tried.ask("GET", path, "admin", of=THEIRS).headers["etag"]
        for condition in (tag, "*"):
            told = tried.ask("GET", path, role, of=THEIRS, headers={"If-None-Match": condition})
            assert told.status_code in (403, 404), path


def test_a_repeated_key_gives_nobody_what_another_was_answered(tried: Tried) -> None:
    said = {"source": "complaint", "source_number": "K-1", "content": "c"}
    again = {"Idempotency-Key": "one-key"}
    first = tried.ask("POST", "/v1/clues", "admin", json=said, headers=again)
    assert first.status_code == 201
    other = tried.ask("POST", "/v1/clues", "inspector", json=said, headers=again)
    assert other.json().get("id") != first.json()["id"]


@pytest.mark.parametrize("role", RESTRICTED)
def test_a_list_given_out_as_a_file_has_one_s_own_alone(
    tried: Tried, role: Role, tmp_path: Path
) -> None:
    for path in ("/", "/clues"):
        files = {kind: tried.ask("GET", f"{path}?format={kind}", role) for kind in ("csv", "xlsx")}
        if role not in RIGHTS[f"GET {path}"]:
            assert {one.status_code for one in files.values()} == {403}
            continue
        book = tmp_path / "list.xlsx"
        book.write_bytes(files["xlsx"].content)
        rows = load_workbook(book).get_sheet_by_index(0).to_python()
        for told in (files["csv"].content.decode("utf-8-sig"), repr(rows)):
            assert MINE in told, path
            assert THEIRS not in told, path


def test_the_administrator_sees_all(tried: Tried) -> None:
    for path in ("/v1/shipments", "/v1/findings", "/v1/clues", "/v1/quarantine", "/v1/devices"):
        text = tried.ask("GET", path, "admin").text
        assert "MINE" in text, path
        assert "THEIRS" in text, path
    assert tried.ask("GET", "/v1/shipments/{shipment}", "admin", of=THEIRS).is_success


@pytest.mark.parametrize("role", ROLES)
def test_the_live_stream_tells_of_ones_own_alone(tried: Tried, role: Role) -> None:
    tried.world.send(THEIRS, [*WARM, 13.0, 14.0], courier="sf")
    tried.world.send(MINE, [*WARM, 13.0, 14.0])
    headers = {"Authorization": f"Bearer {tried.keys[role]}", "Last-Event-ID": "0"}
    seen: list[str] = []
    with tried.world.client.stream("GET", "/v1/live", headers=headers) as answer:
        assert answer.status_code == 200
        for line in answer.iter_lines():
            if line.startswith("data: "):
                told = json.loads(line.removeprefix("data: "))
                seen.append(told["shipment"])
                if told["shipment"] == MINE and told.get("readings") == len(WARM) + 2:
                    break  # the last that was sent
    assert (THEIRS in seen) == (role == "admin")


def test_who_need_not_know_the_door_is_shown_a_circle(tried: Tried) -> None:
    world = tried.world
    door = {"lat": 36.8009, "lon": 118.3003, "name": "3 号楼"}
    known = manifest(MINE, delivery={"platform": "示例平台"}, destination=door)
    assert world.client.put(
        f"/v1/shipments/{MINE}",
        json=known,
        headers={"Authorization": f"Bearer {tried.keys['admin']}"},
    ).is_success
    world.judge.judge_now([MINE])
    shipment = "/v1/shipments/{shipment}"
    for role in ROLES:
        place = tried.ask("GET", shipment, role).json()["manifest"]["destination"]
        readings = tried.ask("GET", f"{shipment}/readings", role).json()["items"]
        check = tried.ask("GET", f"{shipment}/check", role).json()
        placed = [one for one in check["findings"] if one["where"] is not None]
        if role != "platform":
            assert place == door
            assert all("position" in one for one in readings)
            assert placed
            continue
        assert place.keys() == {"lat", "lon", "radius_m", "masked"}
        assert abs(place["lat"] - door["lat"]) < 0.01
        assert (place["lat"], place["lon"]) != (door["lat"], door["lon"])
        assert len(readings) >= len(WARM)
        assert not any("position" in one for one in readings[:12]), "within 1.5 km of the door"
        assert placed == []
        assert "report.html" not in tried.ask("GET", "/shipments/{shipment}", role).text
        findings = tried.ask("GET", "/v1/findings", role).json()["items"]
        assert findings
        assert all(one["where"] is None for one in findings)


def test_a_manifest_declares_ones_own_shipment_alone(tried: Tried) -> None:
    new = manifest("ZB-NEW", courier={"id": "sf"}, delivery={"platform": "别家"})
    for role, field in (("courier", "courier.id"), ("platform", "delivery.platform")):
        answer = tried.ask("PUT", "/v1/shipments/ZB-NEW", role, json=new)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == field
    own = manifest("ZB-NEW", courier={"id": "ql-express"})
    assert tried.ask("PUT", "/v1/shipments/ZB-NEW", "courier", json=own).status_code == 201
    assert tried.ask("PUT", "/v1/shipments/ZB-NEW", "platform", json=own).status_code == 404
    assert tried.ask("PUT", "/v1/shipments/ZB-NEW", "courier", json=own).status_code == 200


def test_a_key_that_has_ended_and_one_that_never_was_open_nothing(tried: Tried) -> None:
    key = new_key()
    made = tried.world.register.client_keys.add(
        "short", Grant("admin"), digest=digest_of(key) or "", by="test", now_ms=T0
    )
    headers = {"Authorization": f"Bearer {key}"}
    ask = tried.world.client.get
    assert ask("/v1/shipments", headers=headers).status_code == 200
    tried.world.register.client_keys.end(made.id, at_ms=tried.world.clock())
    assert ask("/v1/shipments", headers=headers).status_code == 401
    for given in (f"Bearer {new_key()}", "Bearer cw_", "Basic YTpi", "Bearer", f"bearer {key}x"):
        answer = ask("/v1/shipments", headers={"Authorization": given})
        assert answer.status_code == 401, given
        assert key not in answer.text
