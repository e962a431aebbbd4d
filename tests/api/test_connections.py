"""Slow, large and foreign requests, over bare sockets."""

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from coldwitness.api.http import connections
from tests.api.world import World


@contextmanager
def connected(world: World) -> Iterator[socket.socket]:
    host, _, port = world.server.url.removeprefix("http://").rpartition(":")
    with socket.create_connection((host, int(port)), timeout=10.0) as made:
        yield made


def answer(world: World, sent: bytes) -> bytes:
    """Everything that comes until the server closes."""
    with connected(world) as made:
        made.sendall(sent)
        said = b""
        with suppress(ConnectionResetError):
            while part := made.recv(65_536):
                said += part
        return said


def status(world: World, *lines: str, body: bytes = b"") -> int:
    head = "\r\n".join([*lines, "Connection: close", f"Content-Length: {len(body)}", "", ""])
    return int(answer(world, head.encode() + body).split(b" ", 2)[1])


def test_a_head_and_a_body_that_do_not_come_end_their_connection(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEAD_WITHIN_S", 0.2)
    monkeypatch.setattr(connections, "BODY_WITHIN_S", 0.2)
    host = f"Host: {world.server.url.removeprefix('http://')}"
    assert answer(world, b"").startswith(b"HTTP/1.1 408 ")
    assert answer(world, b"GET /healthz HTTP/1.1\r\nX-").startswith(b"HTTP/1.1 408 ")
    body = f"POST /v1/clues HTTP/1.1\r\n{host}\r\nContent-Type: application/json\r\n"
    assert b" 408 " in answer(world, f"{body}Content-Length: 50\r\n\r\n{{".encode())
    assert status(world, "GET /healthz HTTP/1.1", host) == 200


def test_a_body_that_comes_steadily_has_its_time(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "BODY_WITHIN_S", 0.3)
    monkeypatch.setattr(connections, "BODY_LEAST_BYTES_PER_S", 10.0)
    host = world.server.url.removeprefix("http://")
    with connected(world) as made:
        made.sendall(
            f"PUT /v1/shipments/S HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n"
            "Content-Type: application/json\r\nContent-Length: 40\r\n\r\n".encode()
        )
        for part in (b'{"id":"S" ', b" " * 10, b" " * 10, b"         }"):
            made.sendall(part)
            time.sleep(0.15)
        assert b" 422 " in made.recv(4096)


def test_as_many_slow_connections_as_there_may_be_keep_no_other_out(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "CONNECTIONS_MAX", 20)
    with ExitStack() as slow:
        held = [slow.enter_context(connected(world)) for _ in range(40)]
        for one in held:
            with suppress(OSError):  # closed for one that came later
                one.sendall(b"GET / HTTP/1.1\r\nX-")
        assert world.get("/healthz").status_code == 200


def test_a_head_has_a_size_and_a_number_of_lines(world: World) -> None:
    host = f"Host: {world.server.url.removeprefix('http://')}"
    assert status(world, "GET /healthz HTTP/1.1", host, f"X-A: {'a' * 60_000}") == 200
    assert status(world, "GET /healthz HTTP/1.1", host, f"X-A: {'a' * 70_000}") == 431
    lines = [f"X-{n}: a" for n in range(250)]
    assert status(world, "GET /healthz HTTP/1.1", host, *lines) == 431
    assert answer(world, b"GET /healthz HTTP/1.1\r\nX-A: " + b"a" * 500_000)[:13] in (
        b"HTTP/1.1 431 ",
        b"",
    )


@pytest.mark.parametrize(
    "hosts",
    [(), ("{}", "{}"), ("{}", "evil.example"), ("{}@evil.example",), ("{}/x",), ("[::1",), ("",)],
)
def test_host_is_one_and_a_name(world: World, hosts: tuple[str, ...]) -> None:
    own = world.server.url.removeprefix("http://")
    lines = [f"Host: {host.format(own)}" for host in hosts]
    assert status(world, "GET /healthz HTTP/1.1", *lines) == 400


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 422),
        ({"Origin": "{url}"}, 422),
        ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, 422),
        ({"Origin": "null"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "{url}.evil.example"}, 403),
        ({"Origin": "http://["}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}, 415),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE"])
def test_a_change_is_asked_for_by_our_own_pages_or_none(
    world: World, method: str, headers: dict[str, str], expected: int
) -> None:
    given = {"Content-Type": "application/json"}
    given |= {name: value.format(url=world.server.url) for name, value in headers.items()}
    paths = {"PUT": "/v1/shipments/S", "POST": "/v1/clues", "PATCH": "/v1/clues/c-1"}
    path = paths.get(method, "/v1/webhooks/w-1")
    got = world.client.request(method, path, content=b"{}", headers=given).status_code
    if method == "DELETE":
        assert got == (404 if expected in (415, 422) else expected)
    else:
        assert got in (expected, 404 if expected == 422 else expected)
