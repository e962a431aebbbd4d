"""The server in a thread: its port, its start and its end."""

import socket

import httpx
import pytest

from coldwitness.api.http.server import address_of, listen
from coldwitness.domain.errors import ConfigError
from tests.api.world import World


def test_a_busy_port_is_an_error_or_gives_way_to_a_free_one() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigError, match=f"127.0.0.1 port {port}: Address already in use"):
            listen("127.0.0.1", port)
        with listen("127.0.0.1", port, or_any_free=True) as other:
            assert address_of(other) != address_of(taken)


def test_a_host_that_is_not_ours_is_one_clear_line() -> None:
    with pytest.raises(ConfigError, match=r"http: cannot listen on 203\.0\.113\.1 port 0"):
        listen("203.0.113.1", 0)


def test_an_ipv6_address_stands_in_brackets() -> None:
    with listen("::1", 0) as listener:
        assert address_of(listener).startswith("http://[::1]:")


def test_the_server_answers_as_soon_as_it_is_started_and_not_after_its_end(world: World) -> None:
    assert world.get("/healthz").json()["status"] == "ok"
    world.server.stop()
    assert not world.server.alive
    with pytest.raises(httpx.ConnectError), httpx.Client(trust_env=False) as client:
        client.get(f"{world.server.url}/healthz")


def test_metrics_count_requests_by_route_and_never_name_a_shipment(world: World) -> None:
    world.send("ZB-SECRET", [5.0])
    world.get("/v1/shipments/ZB-SECRET/check")
    text = world.get("/metrics").text
    assert 'route="/v1/shipments/{shipment}/check",status="200"} 1.0' in text
    assert "coldwitness_judged_shipments_total 1.0" in text
    assert "ZB-SECRET" not in text


def test_readiness_names_each_part(world: World) -> None:
    answer = world.get("/readyz")
    assert answer.status_code == 503, "neither judging nor webhooks run in this world"
    assert int(answer.headers["Retry-After"]) > 0
    parts = answer.json()["parts"]
    assert parts["register"] == {"ready": True, "detail": None, "mend": None}
    assert parts["judging"]["detail"] == "the judging thread does not run"
    assert parts["webhooks"]["detail"] == "the webhook worker does not run"


def test_a_running_world_is_ready(live_world: World) -> None:
    answer = live_world.get("/readyz")
    assert (answer.status_code, answer.json()["ready"]) == (200, True)


def test_sockets_are_given_back(world: World) -> None:
    port = int(world.server.url.rpartition(":")[2])
    world.server.stop()
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))
