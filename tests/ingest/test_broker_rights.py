"""`coldwitness setup broker`: real brokers by what it writes; couriers speak in their own names."""

import contextlib
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from coldwitness.cli.main import main
from coldwitness.config.settings import MqttSettings
from coldwitness.ingest.mqtt.broker_check import _client, question_broker
from coldwitness.ingest.mqtt.credentials import tls_context
from coldwitness.ingest.mqtt.embedded import _program
from tests.ingest.conftest import free_port, wait_until

WORKER = "coldwitness-ingest"
WITHIN_S = 30.0


@dataclass
class Guarded:
    """A broker by the files in `folder`. certified : it asks clients for certificates."""

    folder: Path
    port: int
    certified: bool
    log: Path

    def settings(self, user: str, *, password: str | None = None) -> MqttSettings:
        clients = self.folder / "clients"
        own = {"certificate_file": clients / f"{user}.crt", "key_file": clients / f"{user}.key"}
        return MqttSettings(
            port=self.port,
            tls=True,
            ca_file=self.folder / "ca.crt",
            username=user,
            password=password or (clients / f"{user}.password").read_text().strip(),
            **(own if self.certified else {}),
        )

    def client(self, user: str) -> paho.Client:
        settings = self.settings(user)
        made = paho.Client(CallbackAPIVersion.VERSION2, f"{user}-{time.monotonic_ns()}")
        assert settings.password is not None
        made.username_pw_set(user, settings.password.get_secret_value())
        made.tls_set_context(tls_context(settings))
        return made

    def publish(self, user: str, *topics: str) -> None:
        """Each topic once, its own name as payload, at QoS 1; a refusal may end the connection."""
        for topic in topics:
            client = self.client(user)
            client.connect("127.0.0.1", self.port)
            client.loop_start()
            with contextlib.suppress(RuntimeError, ValueError):
                client.publish(topic, topic, qos=1).wait_for_publish(2.0)
            client.disconnect()
            client.loop_stop()

    @contextlib.contextmanager
    def heard(self, user: str, topic: str) -> Iterator[list[str]]:
        """What arrives at somebody who subscribes."""
        got: list[str] = []
        subscribed: list[int] = []
        client = self.client(user)
        client.on_message = lambda _c, _d, message: got.append(message.topic)
        client.on_subscribe = lambda _c, _d, mid, _r, _p: subscribed.append(mid)
        client.connect("127.0.0.1", self.port)
        client.loop_start()
        client.subscribe(topic, 1)
        wait_until(lambda: bool(subscribed), within_s=WITHIN_S, saying=self.log.read_text)
        try:
            yield got
        finally:
            client.disconnect()
            client.loop_stop()


def written(folder: Path, kind: str, port: int, *, certified: bool) -> None:
    arguments = ["setup", "broker", str(folder), "--kind", kind, "--port", str(port)]
    arguments += ["--listen", "127.0.0.1", "--name", "127.0.0.1", "--name", "localhost"]
    arguments += ["--courier", "ql-express", "--courier", "zb-flash"]
    assert main([*arguments, *(["--client-certificates"] if certified else [])]) == 0


@pytest.fixture(scope="module", params=["mosquitto", "mosquitto-certified", "nats-certified"])
def guarded_broker(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Guarded]:
    kind, _, certified = request.param.partition("-")
    folder, port = tmp_path_factory.mktemp("broker"), free_port()
    written(folder, kind, port, certified=bool(certified))
    log = folder / "log"
    if kind == "mosquitto":
        file = folder / "mosquitto.conf"
        # As root it would run as another user, to whom the test's files are closed.
        file.write_text(file.read_text(encoding="utf-8") + "user root\n", encoding="utf-8")
        command = ["/usr/sbin/mosquitto", "-c", str(file)]
    else:
        file = folder / "nats-server.conf"
        text = file.read_text(encoding="utf-8").replace(
            "127.0.0.1:4222", f"127.0.0.1:{free_port()}"
        )
        file.write_text(text, encoding="utf-8")
        command = [str(_program()), "-c", str(file)]
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out)
    broker = Guarded(folder, port, bool(certified), log)
    try:
        wait_until(lambda: _answers(broker), within_s=WITHIN_S, saying=log.read_text)
        yield broker
    finally:
        process.terminate()
        process.wait(10)


def _answers(broker: Guarded) -> bool:
    client = broker.client(WORKER)
    try:
        client.connect("127.0.0.1", broker.port)
    except OSError:
        return False
    client.disconnect()
    return True


def test_a_courier_publishes_under_its_own_id_alone(guarded_broker: Guarded) -> None:
    own = ["coldchain/v1/ql-express/BX-1/readings", "coldchain/v1/ql-express/BX-1/events"]
    foreign = [
        "coldchain/v1/zb-flash/BX-1/readings",
        "coldchain/v1/ql-express/_refused/LG-1",
        "coldchain/v1/_workers/w1/health",
        "coldchain/v1/_heads/w1",
        "v3/app/devices/d/up",
    ]
    last = "coldchain/v1/zb-flash/BX-2/readings"
    with guarded_broker.heard(WORKER, "coldchain/v1/#") as got:
        guarded_broker.publish("ql-express", *foreign, *own)
        guarded_broker.publish("zb-flash", last)
        wait_until(lambda: last in got, within_s=WITHIN_S, saying=guarded_broker.log.read_text)
    assert sorted(got) == sorted([*own, last])


def test_a_courier_hears_what_was_refused_of_its_own_alone(guarded_broker: Guarded) -> None:
    theirs, own = "coldchain/v1/zb-flash/_refused/LG-1", "coldchain/v1/ql-express/_refused/LG-1"
    with guarded_broker.heard("ql-express", own) as got:
        guarded_broker.publish(WORKER, theirs, own)
        wait_until(lambda: own in got, within_s=WITHIN_S, saying=guarded_broker.log.read_text)
        assert got == [own]


def test_the_doctor_finds_it_closed_and_the_worker_at_home(guarded_broker: Guarded) -> None:
    answers = question_broker(guarded_broker.settings(WORKER), ["coldchain/v1/#"])
    assert (answers.problem, answers.refused_topics, answers.open) == ("", [], False)
    assert answers.kept == 1200


def test_a_wrong_password_stays_outside(guarded_broker: Guarded) -> None:
    """But who brings a certificate to mosquitto is known by it, whatever password it says."""
    settings = guarded_broker.settings(WORKER, password="wrong")
    (file,) = guarded_broker.folder.glob("*.conf")
    known = "use_identity_as_username" in file.read_text(encoding="utf-8")
    with _client(settings, MQTTProtocolVersion.MQTTv311) as client:
        assert (client.connected() == 0) == known


def test_secrets_are_their_owners_alone_and_stay_when_it_is_run_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(tmp_path, "mosquitto", 8883, certified=False)
    said = capsys.readouterr().out
    kept = {path.name: path.read_bytes() for path in (tmp_path / "clients").iterdir()}
    passwords = [body.decode().strip() for name, body in kept.items() if name.endswith("password")]
    assert len(passwords) == 3
    public = (tmp_path / "passwords").read_text()
    for password in passwords:
        assert password not in said
        assert password not in public
    for path in (*tmp_path.glob("clients/*.password"), *tmp_path.rglob("*.key")):
        assert path.stat().st_mode & 0o077 == 0, path
    authority = (tmp_path / "ca.crt").read_bytes()
    written(tmp_path, "nats", 8883, certified=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "clients").iterdir()} == kept
    assert (tmp_path / "ca.crt").read_bytes() == authority
    assert all(word not in (tmp_path / "nats-server.conf").read_text() for word in passwords)


@pytest.mark.parametrize(
    "arguments", [(), ("--courier", "a b"), ("--courier", "ql", "--kind", "emqx")]
)
def test_a_mistake_is_one_line_and_writes_nothing(
    tmp_path: Path, arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["setup", "broker", str(tmp_path / "b"), *arguments]) == 2
    assert capsys.readouterr().err.startswith("coldwitness: ")
    assert not (tmp_path / "b").exists()
