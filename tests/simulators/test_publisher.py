"""Publishing over a real broker: everything arrives, in each box's order, at the pace asked."""

import re
import shutil
import socket
import subprocess
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from typer.testing import CliRunner

from coldwitness.cli.main import program
from coldwitness.domain.errors import BadInput, Unavailable
from coldwitness.domain.instants import instant_ms
from coldwitness.simulators.fleet import Fleet, simulate_fleet
from coldwitness.simulators.publisher import publish
from coldwitness.simulators.scenario import scenario

END_MS = instant_ms("2026-06-18T03:30:00Z")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Broker:
    """A mosquitto of the test's own; keeps nothing when it is killed."""

    def __init__(self, folder: Path) -> None:
        program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin")
        assert program is not None, "mosquitto is needed: apt-get install mosquitto"
        self.port = free_port()
        config = folder / "mosquitto.conf"
        config.write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n"
        )
        self.command = [program, "-c", str(config)]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                assert time.monotonic() < deadline, "mosquitto did not start"
                time.sleep(0.02)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[Broker]:
    made = Broker(tmp_path)
    yield made
    made.kill()


@pytest.fixture
def broker(own_broker: Broker) -> int:
    return own_broker.port


class Listener:
    """A subscriber of its own that keeps what it hears."""

    def __init__(self, port: int) -> None:
        self.heard: list[tuple[str, bytes]] = []
        ready = threading.Event()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="listener")
        self.client.on_connect = lambda c, *_: c.subscribe("coldchain/#", qos=1)
        self.client.on_subscribe = lambda *_: ready.set()
        self.client.on_message = lambda _c, _u, m: self.heard.append((m.topic, m.payload))
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()
        assert ready.wait(10)

    def wait_for(self, number: int) -> None:
        deadline = time.monotonic() + 20
        while len(self.heard) < number and time.monotonic() < deadline:
            time.sleep(0.01)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@pytest.fixture
def listener(broker: int) -> Iterator[Listener]:
    made = Listener(broker)
    yield made
    made.close()


def fleet() -> Fleet:
    stories = [scenario("clean"), scenario("late_backlog"), scenario("depot_storage")]
    return simulate_fleet(stories, boxes=6, seed=2, end_ms=END_MS)


def test_every_message_arrives_in_the_order_of_its_box(broker: int, listener: Listener) -> None:
    made, steps = fleet(), []
    done = publish(
        made,
        host="127.0.0.1",
        port=broker,
        max_in_flight=50,
        progress=lambda sent, total: steps.append((sent, total)),
    )
    listener.wait_for(made.message_count)
    assert done.messages == made.message_count == len(listener.heard)
    assert done.readings == made.reading_count
    assert steps[-1] == (made.message_count, made.message_count)
    wanted: dict[str, list[bytes]] = defaultdict(list)
    got: dict[str, list[bytes]] = defaultdict(list)
    for _, topic, payload in made.messages():
        wanted[topic.rpartition("/")[0]].append(payload)
    for topic, payload in listener.heard:
        got[topic.rpartition("/")[0]].append(payload)
    assert got == wanted


def test_the_whole_fits_into_the_duration_asked_for(broker: int) -> None:
    done = publish(fleet(), host="127.0.0.1", port=broker, duration_s=1.5)
    assert 1.4 < done.seconds < 6.0


def test_speedup_sets_the_pace(broker: int) -> None:
    made = fleet()
    first, last = (
        min(s.span_ms[0] for s in made.shipments),
        max(s.span_ms[1] for s in made.shipments),
    )
    done = publish(made, host="127.0.0.1", port=broker, speedup=(last - first) / 1000)
    assert 0.95 < done.seconds < 6.0


def test_the_command_says_what_rate_it_reached(broker: int) -> None:
    arguments = ["simulate", "--broker", f"127.0.0.1:{broker}", "--boxes", "3", "--speedup", "1e6"]
    said = CliRunner().invoke(program(arguments), arguments).stderr
    found = re.search(
        r"(\d+) messages of 3 boxes acknowledged in ([\d.]+) s: (\d+) messages/s, "
        r"([\d.e+]+) simulated seconds per second \(1e\+06 wanted\)",
        said,
    )
    assert found is not None, said
    messages, seconds, rate, speedup = map(float, found.groups())
    assert messages > 100
    assert rate * (seconds + 0.06) >= messages  # seconds are printed to a tenth
    assert 60.0 < speedup < 1e6


def test_it_stops_when_told(broker: int) -> None:
    stop = threading.Event()
    threading.Timer(0.3, stop.set).start()
    begun = time.monotonic()
    publish(fleet(), host="127.0.0.1", port=broker, speedup=1.0, stop=stop)
    assert time.monotonic() - begun < 10


def test_an_absent_broker_is_unavailable_in_one_line() -> None:
    with pytest.raises(Unavailable, match=r"broker 127\.0\.0\.1:\d+: cannot be reached"):
        publish(fleet(), host="127.0.0.1", port=free_port())


def test_a_speedup_of_nothing_is_refused() -> None:
    with pytest.raises(BadInput, match="speedup: expected more than 0"):
        publish(fleet(), host="127.0.0.1", port=1, speedup=0.0)


def test_a_broker_that_dies_and_comes_back_still_gets_everything(own_broker: Broker) -> None:
    made, done = fleet(), []
    begun = threading.Event()

    def play() -> None:
        done.append(
            publish(
                made,
                host="127.0.0.1",
                port=own_broker.port,
                duration_s=2.0,
                progress=lambda sent, _: begun.set() if sent > 50 else None,
            )
        )

    thread = threading.Thread(target=play)
    thread.start()
    assert begun.wait(20)
    own_broker.kill()
    own_broker.start()
    thread.join(40)
    assert done
    assert done[0].messages == made.message_count
