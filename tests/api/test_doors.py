"""Where the server may listen, and what it believes of who calls."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from coldwitness.api.http.doors import Doors, require_safe_doors
from coldwitness.api.http.keys import digest_of, new_key
from coldwitness.api.http.passwords import hashed
from coldwitness.api.http.server import address_of, listen
from coldwitness.cli.running import Running
from coldwitness.config.settings import HttpSettings, JournalSettings, Settings, StoreSettings
from coldwitness.domain.errors import ConfigError
from coldwitness.domain.grants import Grant
from coldwitness.ingest.mqtt.certificates import authority, server_certificate
from coldwitness.storage.register import SqlRegister, open_register
from tests.api.world import T0, World, running_world

FILES = {"certificate_file": Path("s.crt"), "key_file": Path("s.key")}
PROXY = {"proxies": ("10.0.0.2",)}


@pytest.fixture(scope="module")
def register(tmp_path_factory: pytest.TempPathFactory) -> Any:
    opened = open_register(f"sqlite:///{tmp_path_factory.mktemp('doors') / 'register.sqlite'}")
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("http", "missing"),
    [
        ({}, None),
        ({"host": "::1"}, None),
        ({"public_url": "http://localhost:8000"}, None),
        ({"host": "0.0.0.0"}, "neither a user nor a key"),
        ({"host": "192.0.2.7", **FILES}, "neither a user nor a key"),
        ({"public_url": "https://coldwitness.example.cn"}, "neither a user nor a key"),
        (PROXY, "neither a user nor a key"),
        ({"certificate_file": Path("s.crt")}, "belong together"),
        ({"proxies": ("next door",)}, r"http\.proxies"),
    ],
)
def test_without_a_key_it_is_this_machines_alone(
    register: SqlRegister, http: dict[str, Any], missing: str | None
) -> None:
    if missing is None:
        return require_safe_doors(HttpSettings(**http), Doors(register))
    with pytest.raises(ConfigError, match=missing):
        require_safe_doors(HttpSettings(**http), Doors(register))


@pytest.mark.parametrize("who", ["key", "person"])
def test_elsewhere_it_wants_tls_or_a_proxy_as_well(tmp_path: Path, who: str) -> None:
    register = open_register(f"sqlite:///{tmp_path / 'register.sqlite'}")
    doors = Doors(register)
    if who == "key":
        made = register.client_keys.add("a", Grant("admin"), digest="d", by="test", now_ms=1)
        register.client_keys.end(made.id, at_ms=2)
    else:
        register.people.add("a", Grant("admin"), password=None, by="test", now_ms=1)
        register.people.disable("a", at_ms=2)
    assert doors.closed(), "also by one that opens nothing any more"
    for host in ("0.0.0.0", "::", "192.0.2.7", "coldwitness.example.cn"):
        with pytest.raises(ConfigError, match="in the clear"):
            require_safe_doors(HttpSettings(host=host), doors)
        require_safe_doors(HttpSettings(host=host, **FILES), doors)
        require_safe_doors(HttpSettings(host=host, **PROXY), doors)
    register.close()


def test_serve_does_not_start_where_others_reach_it_and_nobody_has_to_sign_in(
    tmp_path: Path,
) -> None:
    stored = StoreSettings(
        embedded_file=tmp_path / "telemetry.sqlite",
        register_url=f"sqlite:///{tmp_path / 'register.sqlite'}",
    )
    settings = Settings(
        store=stored,
        journal=JournalSettings(directory=tmp_path / "journal"),
        http=HttpSettings(host="0.0.0.0", port=0),
    )
    with pytest.raises(ConfigError, match="coldwitness users add"):
        Running(settings, own_ingest=False)


def test_the_address_of_a_server_with_a_certificate_is_https() -> None:
    with listen("127.0.0.1", 0) as listener:
        assert address_of(listener, tls=True).startswith("https://127.0.0.1:")


def key_of(world: World, name: str = "client") -> dict[str, str]:
    """The header of a new administrator's key."""
    key = new_key()
    digest = digest_of(key) or ""
    world.register.client_keys.add(name, Grant("admin"), digest=digest, by="test", now_ms=T0)
    return {"Authorization": f"Bearer {key}"}


def test_over_tls_behind_a_proxy_that_was_declared(tmp_path: Path) -> None:
    now = datetime.now(tz=UTC)
    by = authority(now)
    made = server_certificate(by, ["127.0.0.1"], now)
    files = {"certificate_file": tmp_path / "s.crt", "key_file": tmp_path / "s.key"}
    files["certificate_file"].write_bytes(made.certificate_pem + by.certificate_pem)
    files["key_file"].write_bytes(made.key_pem)
    http = HttpSettings(**files, proxies=("127.0.0.1",))
    with running_world(tmp_path, settings=Settings(http=http)) as world:
        assert world.server.url.startswith("https://")
        headers = key_of(world)
        told = {**headers, "X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "https"}
        assert world.get("/v1/quarantine", headers=told).status_code == 200
        world.client.put("/v1/boxes/BX-1", json={"model": "A"}, headers=told)
        world.register.people.add(
            "officer", Grant("admin"), password=hashed("a long password", name="x", length=12),
            by="t", now_ms=T0,
        )  # fmt: skip
        fields = {"name": "officer", "password": "a long password"}
        cookie = world.client.post("/sign-in", data=fields, headers=told).headers["set-cookie"]
        assert cookie.startswith("__Host-coldwitness=")
        assert "Secure" in cookie
        line = world.register.audit.entries()[-1]
        assert (line.action, line.address) == ("sign_in", "203.0.113.9")


def test_a_proxy_that_was_not_declared_is_not_believed(tmp_path: Path) -> None:
    with running_world(tmp_path) as world:
        through = {"X-Forwarded-For": "127.0.0.1"}
        assert world.get("/v1/shipments").status_code == 200
        for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP"):
            answer = world.get("/v1/shipments", headers={name: "127.0.0.1"})
            assert answer.status_code == 403, "before there are keys nobody comes through a proxy"
        headers = key_of(world)
        world.client.post("/v1/webhooks", json={"url": "http://127.0.0.1:9/x"}, headers=headers)
        world.get("/v1/audit?format=csv", headers={**headers, **through, "X-Real-IP": "9.9.9.9"})
        assert {line.address for line in world.register.audit.entries()} == {"127.0.0.1"}


def test_who_asks_too_often_waits_and_others_do_not(tmp_path: Path) -> None:
    settings = Settings(http=HttpSettings(requests_per_minute=3))
    with running_world(tmp_path, settings=settings) as world:
        for _ in range(9):
            assert world.get("/v1/shipments").status_code == 200, "at the machine nobody counts"
        one, other = key_of(world, "one"), key_of(world, "other")
        asked = [world.get("/v1/shipments", headers=one) for _ in range(4)]
        assert [answer.status_code for answer in asked] == [200, 200, 200, 429]
        assert int(asked[-1].headers["retry-after"]) >= 1
        assert asked[-1].json()["type"] == "urn:coldwitness:problem:too-many"
        assert world.get("/v1/shipments", headers=other).status_code == 200
        tried = [
            world.get("/v1/shipments", headers={"Authorization": f"Bearer {new_key()}"})
            for _ in range(4)
        ]
        assert [answer.status_code for answer in tried] == [401, 401, 401, 429], "guesses too"


def test_a_platform_has_a_quota_a_day_over_all_its_keys(tmp_path: Path) -> None:
    settings = Settings(http=HttpSettings(platform_requests_per_day=3))
    with running_world(tmp_path, settings=settings) as world:
        keys = []
        for name in ("one", "two"):
            keys.append(new_key())
            grant = Grant("platform", platform="示例平台")
            world.register.client_keys.add(
                name, grant, digest=digest_of(keys[-1]) or "", by="test", now_ms=T0
            )
        asked = [
            world.get("/v1/shipments", headers={"Authorization": f"Bearer {keys[n % 2]}"})
            for n in range(4)
        ]
        assert [answer.status_code for answer in asked] == [200, 200, 200, 429]
        assert int(asked[-1].headers["retry-after"]) > 60
        assert world.get("/v1/shipments", headers=key_of(world)).status_code == 200, "no platform"


def test_no_key_no_password_and_no_session_is_in_a_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    password = "a long password"
    with running_world(tmp_path) as world:
        headers = key_of(world)
        kept = hashed(password, name="x", length=12)
        world.register.people.add("officer", Grant("admin"), password=kept, by="t", now_ms=T0)
        for said in (password, "another password"):
            answer = world.client.post("/sign-in", data={"name": "officer", "password": said})
        world.client.post("/sign-in", data={"name": "officer", "password": password})
        session = world.client.cookies["coldwitness"]
        world.get("/v1/shipments", headers=headers)
        world.get("/v1/nothing?key=" + headers["Authorization"].split()[1])
        world.client.put("/v1/boxes/BX-1", content=b"{", headers=headers)
        assert answer.status_code == 403
        secrets = (password, "another password", session, kept, headers["Authorization"].split()[1])
    ours = "\n".join(
        record.getMessage()
        for record in caplog.records
        if not record.name.startswith("httpcore") and not record.name.startswith("httpx")
    )
    assert all(secret not in ours for secret in secrets)
    assert all(secret not in repr(world.services.settings.shown()) for secret in secrets)
