"""Every failure is a problem (RFC 9457): stable type, reader's language, one clear line."""

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest

from coldwitness.api.http.edge import BODY_BYTES_MAX
from coldwitness.domain.errors import Unavailable
from tests.api.world import COLD, World, manifest, running_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One server for all of these: none of them leaves anything that another would see."""
    with running_world(tmp_path_factory.mktemp("errors")) as running:
        yield running


def problem(answer: Any, status: int) -> dict[str, Any]:
    """The problem of an answer, after what all problems have in common."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["status"] == status
    assert body["type"].startswith("urn:coldwitness:problem:")
    assert body["instance"].endswith(answer.headers["x-request-id"])
    assert "Traceback" not in answer.text
    return body


def test_an_unknown_path_is_404(world: World) -> None:
    assert problem(world.get("/v1/nothing"), 404)["detail"] == "/v1/nothing: no such resource"


def test_a_method_that_a_resource_lacks_is_405_and_says_which_it_has(world: World) -> None:
    answer = world.client.post("/v1/shipments/ZB-1", json={})
    assert problem(answer, 405)["detail"] == "POST is not a method of /v1/shipments/ZB-1"
    assert answer.headers["allow"]


@pytest.mark.parametrize(
    "name", ["a b", "-x", "_x", "x.y", "x" * 65, "%2e%2e", "运单", "x;drop", "x%0a", "x%00"]
)
def test_what_is_no_id_is_refused_or_not_found_and_never_looked_up(world: World, name: str) -> None:
    for path in ("", "/check", "/readings"):
        answer = world.get(f"/v1/shipments/{name}{path}")
        assert answer.status_code in (404, 422)
        assert problem(answer, answer.status_code)


def test_an_id_with_a_slash_is_no_resource(world: World) -> None:
    problem(world.get("/v1/shipments/a%2Fb/check"), 404)


def test_an_id_of_64_characters_is_accepted_and_one_of_65_refused(world: World) -> None:
    body = {"items": [{"storage": "refrigerated"}]}
    assert world.client.put(f"/v1/shipments/{'x' * 64}", json=body).status_code == 201
    answer = world.client.put(f"/v1/shipments/{'x' * 65}", json=body)
    assert problem(answer, 422)["errors"][0]["field"] == "shipment"


@pytest.mark.parametrize(
    "body", [b"", b"  ", b"{", b"nope", b'{"id": NaN}', b'{"a": 1e999}', b"\xff\xfe", b"[" * 5000]
)
def test_what_is_not_json_is_400(world: World, body: bytes) -> None:
    problem(world.client.put("/v1/shipments/ZB-1", content=body), 400)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"items": [{"storage": "warm"}]}, "items[0].storage"),
        ({"items": [{"storage": 7}]}, "items[0].storage"),
        ({"origin": {"lat": 91, "lon": 0}}, "origin.lat"),
        ({"dispatched_at": "2026-11-20T08:00:00"}, "dispatched_at"),
        ({"box": {"id": "a/b"}}, "box.id"),
        ({"logger": {"interval_s": -1}}, "logger.interval_s"),
    ],
)
def test_a_wrong_value_in_a_manifest_is_named_by_its_field(
    world: World, change: dict[str, Any], field: str
) -> None:
    answer = world.client.put("/v1/shipments/ZB-8", json={**manifest("ZB-8"), **change})
    assert problem(answer, 422)["errors"][0]["field"] == field


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"7", b"null", b"{}"])
def test_json_that_is_no_manifest_is_422_with_the_place(world: World, body: bytes) -> None:
    found = problem(world.client.put("/v1/shipments/ZB-1", content=body), 422)
    assert found["errors"]


def test_a_body_that_says_it_is_too_long_is_refused_before_it_is_read(world: World) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", int(world.server.url.rpartition(":")[2]))
    connection.putrequest("PUT", "/v1/shipments/ZB-1")
    connection.putheader("Content-Length", str(BODY_BYTES_MAX + 1))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert json.loads(answer.read())["type"] == "urn:coldwitness:problem:too-large"
    connection.close()


def test_a_body_that_grows_too_long_without_saying_so_is_413(world: World) -> None:
    chunks = (b" " * 100_000 for _ in range(BODY_BYTES_MAX // 100_000 + 1))
    problem(world.client.put("/v1/shipments/ZB-1", content=chunks), 413)


def test_a_body_of_just_the_longest_length_is_read(world: World) -> None:
    text = json.dumps(manifest("ZB-9")).encode()
    body = text + b" " * (BODY_BYTES_MAX - len(text))
    assert world.client.put("/v1/shipments/ZB-9", content=body).status_code == 201


def test_a_path_and_query_beyond_8192_bytes_are_414(world: World) -> None:
    problem(world.get("/v1/shipments?cursor=" + "x" * 8192), 414)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/shipments?limit=0", "limit"),
        ("/v1/shipments?limit=201", "limit"),
        ("/v1/shipments?limit=many", "limit"),
        ("/v1/shipments?verdict=bad", "verdict"),
        ("/v1/shipments?from=yesterday", "from"),
        ("/v1/shipments?from=2026-11-20T08:00:00", "from"),
        ("/v1/shipments?division=x", "division"),
        ("/v1/shipments?courier=a/b", "courier"),
        ("/v1/shipments?verdct=breach", "verdct"),
        ("/v1/shipments?cursor=nonsense", "cursor"),
        ("/v1/clues?after=nonsense", "cursor"),
        ("/v1/findings?kind=cold", "kind"),
        ("/v1/shipments/ZB-1/readings?format=xml", "format"),
        ("/v1/shipments/ZB-1/report.docx", "format"),
    ],
)
def test_a_wrong_parameter_is_422_and_named(world: World, path: str, field: str) -> None:
    assert problem(world.get(path), 422)["errors"][0]["field"] == field


def test_the_smallest_and_the_largest_limit_are_accepted(world: World) -> None:
    assert world.get("/v1/shipments?limit=1").status_code == 200
    assert world.get("/v1/shipments?limit=200").status_code == 200


def test_a_cursor_of_one_list_is_refused_by_another(world: World) -> None:
    world.register.custody.note_seen({"S-1": None, "S-2": None})
    cursor = world.get("/v1/shipments?limit=1").json()["next_cursor"]
    assert cursor
    problem(world.get(f"/v1/findings?cursor={cursor}"), 422)


def test_problems_speak_the_readers_language(world: World) -> None:
    zh = world.get("/v1/nothing")
    assert (zh.json()["title"], zh.headers["content-language"]) == ("未找到", "zh")
    en = world.get("/v1/nothing", headers={"Accept-Language": "en-GB, zh;q=0.5"})
    assert (en.json()["title"], en.headers["content-language"]) == ("Not found", "en")
    by_query = world.get("/v1/nothing?lang=en")
    assert by_query.json()["title"] == "Not found"


def test_a_store_that_is_away_is_503_with_a_time_to_come_back(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: object, **kwargs: object) -> None:
        raise Unavailable("register: the disk is full")

    monkeypatch.setattr(world.register.shipments, "rows", away)
    answer = world.get("/v1/shipments")
    assert problem(answer, 503)["detail"] == "register: the disk is full"
    assert answer.headers["retry-after"] == "2"
    ready = world.get("/readyz")
    assert ready.status_code == 503
    part = ready.json()["parts"]["register"]
    assert (part["ready"], part["detail"]) == (False, "register: the disk is full")
    assert "register_url" in part["mend"]
    assert world.get("/healthz").status_code == 200


def test_our_own_mistake_is_500_without_its_insides(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise KeyError("secret detail")

    monkeypatch.setattr(world.register.shipments, "rows", broken)
    answer = world.get("/v1/shipments", headers={"X-Request-ID": "case-7"})
    assert "secret detail" not in answer.text
    problem(answer, 500)
    assert "request case-7 failed: /v1/shipments" in caplog.text
    assert "secret detail" in caplog.text


@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/shipments", "/v1/shipments/none/check"])
def test_head_answers_as_get_without_a_body(world: World, path: str) -> None:
    head, get = world.client.head(path), world.get(path)
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers["content-type"] == get.headers["content-type"]


def test_a_request_for_another_host_is_421(world: World) -> None:
    answer = world.get("/v1/shipments", headers={"Host": "evil.example"})
    assert problem(answer, 421)["detail"].startswith("host: expected one of 127.0.0.1")
    assert world.get("/healthz", headers={"Host": "localhost:9"}).status_code == 200


def test_every_answer_carries_safe_headers_and_a_request_id(world: World) -> None:
    world.send("ZB-1", COLD)
    for path in ("/", "/v1/shipments", "/v1/nothing", "/healthz", "/static/live.js", "/docs"):
        headers = world.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe-inline" not in headers["content-security-policy"]
        assert "server" not in headers
        assert len(headers["x-request-id"]) == 32
    report = world.get("/v1/shipments/ZB-1/report.html").headers["content-security-policy"]
    assert "script-src" not in report
    assert "default-src 'none'" in report


def test_a_callers_request_id_is_kept_if_it_is_harmless(world: World) -> None:
    kept = world.get("/healthz", headers={"X-Request-ID": "case-7.a"})
    assert kept.headers["x-request-id"] == "case-7.a"
    replaced = world.get("/healthz", headers={"X-Request-ID": "a b\tc"})
    assert replaced.headers["x-request-id"] != "a b\tc"
