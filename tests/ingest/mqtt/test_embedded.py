"""nats-server as a child: durable, found ready, ended with us, on the port we say."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from coldwitness.domain.errors import Unavailable
from coldwitness.ingest.mqtt.embedded import EmbeddedBroker, answers_mqtt
from tests.ingest.conftest import wait_until

ROOT = Path(__file__).parents[3]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    return stat.rpartition(")")[2].split()[0] != "Z"


def test_it_answers_mqtt_while_it_runs_and_leaves_no_process(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path) as broker:
        assert answers_mqtt(broker.host, broker.port)
        assert not broker.port_was_busy
        pid = broker.pid
        assert pid is not None
        assert is_alive(pid)
    assert not is_alive(pid)
    assert not answers_mqtt(broker.host, broker.port)


def test_a_busy_port_gives_another_one_and_says_so(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        wanted = taken.getsockname()[1]
        with EmbeddedBroker(tmp_path, port=wanted) as broker:
            assert broker.port != wanted
            assert broker.port_was_busy
            assert answers_mqtt("127.0.0.1", broker.port)


def test_it_listens_on_loopback_only(tmp_path: Path) -> None:
    with EmbeddedBroker(tmp_path) as broker:
        tables = Path(f"/proc/{broker.pid}/net/tcp").read_text(encoding="ascii").splitlines()
        doors = [line.split()[1] for line in tables if line.split()[3] == "0A"]
        assert f"0100007F:{broker.port:04X}" in doors
        assert f"00000000:{broker.port:04X}" not in doors


def test_it_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path;"
        "from coldwitness.ingest.mqtt.embedded import EmbeddedBroker;"
        "b = EmbeddedBroker(Path(sys.argv[1])); b.start(); print(b.pid, flush=True);"
        "time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert is_alive(pid)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    wait_until(lambda: not is_alive(pid))


def test_a_broker_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "jetstream").write_text("a file where a folder is needed", encoding="utf-8")
    with pytest.raises(
        Unavailable, match=r"did not get ready: .*storage directory is not a directory"
    ):
        EmbeddedBroker(tmp_path).start()
