"""Failures of a running server, its webhooks and its broker, with secrets in what is given them."""

import base64
import logging
import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from coldwitness.api.http.keys import digest_of, new_key
from coldwitness.cli.logs import log_to_stderr
from coldwitness.config.settings import AlarmSettings, ClueSettings, MqttSettings, Settings
from coldwitness.domain.errors import ColdWitnessError
from coldwitness.domain.grants import Grant
from coldwitness.ingest.mqtt.broker import BrokerConnection
from tests.api.world import T0, WARM, World, manifest, running_world

RECEIVERS = ClueSettings(webhook_networks=("127.0.0.0/8", "::1/128"))
POLLS = 8


@dataclass(frozen=True)
class Served:
    """What a failure told whoever asked; its logs stand on stderr. name : its kind."""

    name: str
    secret: str
    said: str


def served(count: int, *, seed: int, folder: Path, refusing: int) -> Iterator[Served]:
    """So many, of each kind in turn, by one server. refusing : port of `refusing_server`."""
    chance = random.Random(f"served {seed}")
    own = _secret(chance)
    settings = Settings(
        clues=RECEIVERS,
        alarms=AlarmSettings.model_validate(
            {"people": [{"name": "a", "webhook": f"http://127.0.0.1:{refusing}/{own}{own}"}]}
        ),
    )
    log_to_stderr()
    with running_world(folder, settings=settings) as world:
        world.client.put("/v1/shipments/S-1", json=manifest("S-1"))
        world.send("S-1", WARM)
        key = new_key()
        grant = Grant("admin")
        digest = digest_of(key) or ""
        world.register.client_keys.add("a", grant, digest=digest, by="test", now_ms=T0)
        world.register.people.add("officer", grant, password=None, by="test", now_ms=T0)
        world.client.headers["Authorization"] = f"Bearer {key}"
        asking = _Asking(world, chance, refusing, folder)
        for number in range(count):
            secret = _secret(chance)
            name, act = _KINDS[number % len(_KINDS)]
            yield Served(name, secret, act(asking, secret))


def _secret(chance: random.Random) -> str:
    return "q7" + "".join(chance.choices(string.ascii_letters + string.digits, k=14))


@dataclass(frozen=True)
class _Asking:
    world: World
    chance: random.Random
    refusing: int
    folder: Path

    def said(self, method: str, path: str, **more: object) -> str:
        answer = self.world.client.request(method, path, **more)  # type: ignore[arg-type]
        return f"{answer.status_code} {dict(answer.headers)} {answer.text}"


def _wrong_key(asking: _Asking, secret: str) -> str:
    """Whatever stands where a key should."""
    chance = asking.chance
    basic = base64.b64encode(f"u:{secret}".encode()).decode()
    head = chance.choice(
        (
            {"Authorization": f"Bearer {secret}"},
            {"Authorization": f"Bearer cw_{secret}{secret}"},
            {"Authorization": f"Basic {basic}"},
            {"Authorization": secret},
            {"Cookie": f"coldwitness_session={secret}"},
            {"Idempotency-Key": "k", "Authorization": f"Bearer {secret}"},
        )
    )
    method, path = chance.choice(
        (
            ("GET", "/v1/shipments"),
            ("GET", "/v1/shipments/S-1/report.json"),
            ("PUT", "/v1/shipments/S-2"),
            ("POST", "/v1/webhooks"),
            ("GET", "/nowhere"),
            ("GET", "/"),
        )
    )
    return asking.said(method, path, headers=head)


def _wrong_sign_in(asking: _Asking, secret: str) -> str:
    chance = asking.chance
    fields = chance.choice(
        (
            {"name": "officer", "password": secret},
            {"name": "nobody", "password": secret},
            {"name": "officer", "password": secret * 100},
            {"name": "officer", "password": f"{secret}\x00"},
            {"name": "", "password": secret},
            {"password": secret},
        )
    )
    if chance.random() < 0.3:
        return asking.said("POST", "/sign-in", json=fields)
    if chance.random() < 0.3:
        return asking.said("GET", "/sign-in/openid/back", params={"code": secret, "state": secret})
    origin = {"Origin": asking.world.server.url}
    return asking.said("POST", "/sign-in", data=fields, headers=origin)


_WEBHOOKS = (
    "https://127.0.0.1:{port}/hook/{token}",
    "http://u:{secret}@127.0.0.1:{port}/x",
    "https://u:{secret}/@127.0.0.1:{port}/x",
    "http://127.0.0.1:{port}/x?access_token={secret}",
    "ftp://127.0.0.1/{token}",
    "http://10.0.0.1/{token}",
    "http://nowhere.invalid/{token}?key={secret}",
    "{token}",
)


def _webhook(asking: _Asking, secret: str) -> str:
    """Refused, or kept and called: then the receiver answers with what it was sent."""
    chance = asking.chance
    url = chance.choice(_WEBHOOKS).format(
        port=chance.choice((1, asking.refusing)), token=secret * 2, secret=secret
    )
    own = base64.b64encode(f"{secret}{secret}".encode()).decode()
    body = {
        "url": url,
        "secret": chance.choice((f"whsec_{own}", secret, {"a": secret}, None)),
        "note": "x",
    }
    if chance.random() < 0.8:
        del body["note"]
    if body["secret"] is None:
        del body["secret"]
    made = asking.world.client.post("/v1/webhooks", json=body)
    if made.status_code != 201:
        return made.text
    named = made.json()["id"]
    said = [
        asking.said("POST", f"/v1/webhooks/{named}/test"),
        asking.said("GET", f"/v1/webhooks/{named}/deliveries"),
        asking.said("GET", "/v1/webhooks"),
        asking.said("POST", f"/v1/webhooks/{named}/secret", json={"secret": secret}),
        asking.said("GET", "/settings"),
        asking.said("GET", "/v1/audit"),
        asking.said("DELETE", f"/v1/webhooks/{named}"),
    ]
    return "\n".join(said)


def _broken_request(asking: _Asking, secret: str) -> str:
    """A body or a question that is refused, beside a secret in it where one is usual."""
    chance = asking.chance
    key = {"Cookie": f"s={secret}"}
    if chance.random() < 0.3:
        key["Authorization"] = f"Bearer {secret}"
    body = chance.choice((b"{", b"[" * 100, b'{"id":1}', b"\xff", b"null"))
    way = chance.choice(("PUT", "POST", "PATCH"))
    path = chance.choice(
        (
            "/v1/shipments/S-1",
            "/v1/shipments/S-1/reviews",
            "/v1/clues/none",
            "/v1/webhooks/none/secret",
            f"/v1/shipments?access_token={secret}",
            f"/nowhere?key={secret}",
        )
    )
    return asking.said(way, path, content=body, headers=key)


def _broker(asking: _Asking, secret: str) -> str:
    """A broker that closes, refuses, or sends back what it was told."""
    chance = asking.chance
    connection = BrokerConnection(
        MqttSettings.model_validate(
            {
                "host": chance.choice(("127.0.0.1", "127.0.0.1", "nowhere.invalid")),
                "port": chance.choice((1, asking.refusing)),
                "username": "u",
                "password": secret,
            }
        ),
        worker="w1",
        topics=["coldchain/v1/#"],
        now_ms=lambda: T0,
        last_will=b"{}",
    )
    try:
        for _ in range(POLLS):
            connection.poll(0.01)
        said = f"{connection.last_problem} {connection.taken_over} {connection.connected}"
    finally:
        connection.close()
    logging.getLogger("broker").warning("%s", said)
    return said


def _data_file(asking: _Asking, secret: str) -> str:
    """A file that is none, by an operator whose settings have secrets."""
    from coldwitness.cli.main import main  # noqa: PLC0415

    chance = asking.chance
    ending, content = chance.choice(
        (
            ("ndjson", b'{"shipment":'),
            ("csv", b"a,b\n1,2\n"),
            ("parquet", b"PAR1 nothing PAR1"),
            ("xlsx", b"PK\x03\x04 no book"),
            ("json", b"[" * 5000),
            ("gz", b"\x1f\x8b\x08 cut"),
            ("zip", b"PK\x05\x06"),
        )
    )
    broken = asking.folder / f"broken.{ending}"
    broken.write_bytes(content)
    settings = asking.folder / "cw.toml"
    settings.write_text(
        f'[mqtt]\nusername = "u"\npassword = "{secret}"\n'
        f'[store]\nregister_url = "sqlite:///{asking.folder}/r.sqlite"\n'
        f'influx_url = "http://u:{secret}@127.0.0.1:1"\ninflux_token = "{secret}"\n'
        f'[journal]\ndirectory = "{asking.folder}/journal"\n'
        f'[[webhooks]]\nurl = "https://127.0.0.1:1/{secret}{secret}"\nsecret = "{secret}"\n'
    )
    command = chance.choice(
        (
            ["check", str(broken)],
            ["decode", str(broken)],
            ["verify", str(broken)],
            ["report", "--from", str(broken), "-o", str(asking.folder / "r.json")],
            ["check", str(broken), "--manifest", str(broken)],
        )
    )
    try:
        return str(main(["--config", str(settings), *command]))
    except ColdWitnessError as error:
        return str(error)


_KINDS: tuple[tuple[str, Callable[[_Asking, str], str]], ...] = (
    ("wrong key", _wrong_key),
    ("wrong sign-in", _wrong_sign_in),
    ("webhook", _webhook),
    ("broken request", _broken_request),
    ("broker", _broker),
    ("data file", _data_file),
)
