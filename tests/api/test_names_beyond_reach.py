"""Names of shipments beyond somebody's reach: a copied record has a twin, a box other deliveries, a
clue others. Every answer about one's own shipment is read for them, by route and role."""

import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import httpx
import pytest
from pypdf import PdfReader

from coldwitness.api.http.keys import digest_of, new_key
from coldwitness.api.http.rights import OPEN, PERSONAL, RIGHTS
from coldwitness.api.reports.packed.verification import verify_bytes
from coldwitness.config.settings import JournalSettings, Settings
from coldwitness.domain.grants import ROLES, Role
from coldwitness.domain.identifiers import HIDDEN
from coldwitness.domain.instants import rfc3339
from coldwitness.domain.reading import Event
from coldwitness.storage.journal import signer_of
from tests.api.test_archived_curves import HOUR, curve
from tests.api.test_rights import GRANTS
from tests.api.world import MINUTE, T0, World, manifest, running_world

OWN, TWIN, DOOR = "ZB-OWN", "GZ-TWIN", "GZ-DOOR"
NOT_HERE = {"GET /v1/live", "GET /shipments"}
"""The stream is read below; the search form answers with what it was asked."""
STATED = "/v1/statement-requests/{clue}/statements"


@dataclass(frozen=True)
class Told:
    """keys : headers a role. clue : of the copied shipment, linked to the twin's."""

    world: World
    keys: Mapping[Role, dict[str, str]]
    clue: str

    def ask(self, route: str, role: Role, **more: str) -> httpx.Response:
        method, _, path = route.partition(" ")
        named = {"shipment": OWN, "clue": self.clue, "format": "json", **more}
        return self.world.client.request(
            method, path.format(**named), headers=self.keys[role], timeout=120.0
        )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    folder = tmp_path_factory.mktemp("names")
    settings = Settings(journal=JournalSettings(directory=folder / "journal"))
    signer_of(settings.journal, "package")
    with running_world(folder, settings=settings) as world:
        far = {"seller": {"division": "440106"}, "courier": {"id": "sf", "division": "440100"}}
        _sent(world, TWIN, T0, delivery={"platform": "别家"}, **far)
        start_ms = T0 + 5 * HOUR
        whole = manifest(
            DOOR,
            **far,
            delivery={"platform": "别家"},
            box={"id": f"BX-{OWN}"},
            destination={"lat": 36.9, "lon": 118.4, "radius_m": 80},
        )
        assert world.client.put(f"/v1/shipments/{DOOR}", json=whole).is_success
        at_ms = start_ms + HOUR
        pressed = Event(event="delivered", time_ms=at_ms, shipment=DOOR, box=f"BX-{OWN}")
        world.register.custody.add_events([pressed], [at_ms])
        _sent(world, OWN, start_ms, delivery={"platform": "示例平台"})
        (clue,) = (
            one["clue"]["id"]
            for one in world.get("/v1/clues").json()["items"]
            if one["clue"]["shipment"] == OWN and one["clue"]["subtype"] == "copied"
        )
        due = world.client.patch(f"/v1/clues/{clue}", json={"statement_due_on": "2026-12-01"})
        assert due.is_success, due.text
        keys: dict[Role, dict[str, str]] = {}
        for role in ROLES:
            key = new_key()
            world.register.client_keys.add(
                role, GRANTS[role], digest=digest_of(key) or "", by="test", now_ms=T0
            )
            keys[role] = {"Authorization": f"Bearer {key}"}
        yield Told(world, keys, clue)


def _sent(world: World, name: str, start_ms: int, **more: object) -> None:
    values = curve(1)
    end_ms = start_ms + (len(values) - 1) * MINUTE
    whole = manifest(name, dispatched_at=rfc3339(start_ms), delivered_at=rfc3339(end_ms), **more)
    assert world.client.put(f"/v1/shipments/{name}", json=whole).is_success
    courier = str(whole["courier"]["id"])
    world.send(name, values, start_ms=start_ms, courier=courier, judge=False)
    world.judge.touch([name])
    while not world.judge.idle:
        world.judge.tick()


def text_of(answer: httpx.Response) -> str:
    """What somebody reads in it, whatever its form."""
    kind = answer.headers["content-type"].partition(";")[0]
    if kind == "application/pdf":
        return _of_pdf(answer.content)
    if kind == "application/zip" or kind.startswith("application/vnd.openxmlformats"):
        return _of_zip(answer.content)
    return answer.text


def _of_pdf(body: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(body)).pages)


def _of_zip(body: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(body)) as files:
        told = []
        for name in files.namelist():
            part = files.read(name)
            read = {"zip": _of_zip, "docx": _of_zip, "xlsx": _of_zip, "pdf": _of_pdf}
            open_ = read.get(name.rpartition(".")[2], lambda raw: raw.decode("utf-8", "replace"))
            told.append(f"{name}\n{open_(part)}")
    return "\n".join(told)


def routes_of_own(role: Role) -> list[tuple[str, dict[str, str]]]:
    """Every GET about one's own shipment or clue, or about all, with what its path names."""
    found = []
    for route in sorted(RIGHTS):
        named = set(re.findall(r"{(\w+)}", route))
        if not route.startswith("GET ") or route in OPEN | NOT_HERE:
            continue
        if role not in RIGHTS[route] or route in PERSONAL:
            continue
        if not named <= {"shipment", "clue", "format", "form"}:
            continue
        formats = {"form": ("docx",), "format": ("json", "html")}  # a PDF is drawn of the same
        wanted = next((its for name, its in formats.items() if name in named), ("json",))
        found += [(route, {"format": format_, "form": "4"}) for format_ in wanted]
    return found


@pytest.mark.parametrize(
    "role", ["courier", "platform", "inspector"]
)  # a case system reads as these
def test_no_answer_about_one_s_own_names_another_s(told: Told, role: Role) -> None:
    read = 0
    for route, more in routes_of_own(role):
        answer = told.ask(route, role, **more)
        if answer.status_code == 409 and "copied" not in answer.text:
            continue  # a form that cannot be made of this kind of clue
        assert answer.status_code in (200, 303), (route, more, answer.text[:300])
        text = text_of(answer)
        read += OWN in text
        for name in (TWIN, DOOR):
            assert name not in text, (route, more)
    assert read > 8, "answers that name one's own were read"


def test_the_administrator_is_told_the_names_in_the_same_places(told: Told) -> None:
    for route in (
        "GET /v1/shipments/{shipment}/check",
        "GET /v1/shipments/{shipment}/report.{format}",
        "GET /v1/clues/{clue}",
        "GET /shipments/{shipment}",
    ):
        assert TWIN in told.ask(route, "admin").text, route
    check = told.ask("GET /v1/shipments/{shipment}/check", "admin").json()
    assert [one["shipment"] for one in check["evidence"]["deliveries"]] == [DOOR]


@pytest.mark.parametrize("role", ["courier", "inspector"])
def test_a_report_without_the_names_holds_and_is_another_than_the_whole_one(
    told: Told, role: Role
) -> None:
    route = "GET /v1/shipments/{shipment}/report.{format}"
    mine, whole = told.ask(route, role), told.ask(route, "admin")
    assert HIDDEN in mine.text
    rulebook = told.world.services.rulebook
    for answer in (mine, whole):
        assert not verify_bytes(answer.content, rulebook=rulebook).problems
    assert mine.headers["etag"] != whole.headers["etag"], "no cache may take one for the other"
    held = {"If-None-Match": whole.headers["etag"], **told.keys[role]}
    again = told.world.get(f"/v1/shipments/{OWN}/report.json", headers=held)
    assert again.status_code == 200


def test_what_a_courier_is_asked_about_and_answers_names_none(told: Told) -> None:
    asked = told.ask("GET /v1/statement-requests", "courier")
    (request,) = asked.json()["items"]
    assert request["shipments"] == [OWN]
    kept = told.world.client.post(
        STATED.format(clue=told.clue), json={"text": "各自的记录"}, headers=told.keys["courier"]
    )
    assert kept.status_code == 201
    page = told.world.get("/courier", headers=told.keys["courier"])
    for text in (asked.text, kept.text, page.text):
        assert OWN in text
        assert TWIN not in text
        assert HIDDEN in text


def test_the_stream_names_none(told: Told) -> None:
    headers = {**told.keys["courier"], "Last-Event-ID": "0"}
    seen = set()
    with told.world.client.stream("GET", "/v1/live", headers=headers) as answer:
        for line in answer.iter_lines():
            assert TWIN not in line
            if line.startswith("data: ") and "copied" in line:
                seen.add(json.loads(line.removeprefix("data: "))["shipment"])
                break
    assert seen == {OWN}
