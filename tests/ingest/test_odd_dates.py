"""A server at days on which clocks go wrong: libfaketime sets its wall clock."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from coldwitness.domain.instants import instant_ms
from coldwitness.storage.journal import JournalReader, verify_journal
from tests.ingest.conftest import Mosquitto, wait_until
from tests.ingest.publishing import publish_all, reading, topic
from tests.ingest.wall_clock import Wall
from tests.servers import free_port

pytestmark = [pytest.mark.soak, pytest.mark.timeout(300)]
ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("begin", "right", "days"),
    [
        ("2028-02-29T23:58:40Z", True, ["2028-02-29", "2028-03-01"]),
        ("2026-12-31T23:58:40Z", True, ["2026-12-31", "2027-01-01"]),
        ("1970-01-01T00:00:30Z", False, ["1970-01-01"]),
        ("2101-06-01T00:00:00Z", False, ["2101-06-01"]),
    ],
)
def test_a_server_takes_what_comes_and_says_whether_its_clock_can_be_right(
    begin: str, *, right: bool, days: list[str], mosquitto: Mosquitto, tmp_path: Path
) -> None:
    wall = Wall(tmp_path)
    offset_s = instant_ms(begin) // 1000 - int(time.time())
    wall.set(f"{offset_s:+d}")
    port = free_port()
    settings = {
        "MQTT__PORT": mosquitto.port,
        "HTTP__PORT": port,
        "JOURNAL__DIRECTORY": tmp_path / "journal",
        "STORE__EMBEDDED_FILE": tmp_path / "telemetry.sqlite",
        "STORE__REGISTER_URL": f"sqlite:///{tmp_path}/register.sqlite",
    }
    own = {f"COLDWITNESS_{name}": str(value) for name, value in settings.items()}
    reader = JournalReader(tmp_path / "journal")
    with (tmp_path / "log").open("wb") as log:
        serving = subprocess.Popen(
            [sys.executable, "-m", "coldwitness.cli", "serve"],
            cwd=ROOT,
            env=os.environ | own | wall.environment(),
            stderr=log,
        )
    try:
        wait_until(lambda: _parts(port).get("ingest", {}).get("ready") is True, within_s=90)
        for day in days:
            wait_until(lambda day=day: _day(offset_s) >= day, within_s=120)
            now_ms = int((time.time() + offset_s) * 1000)
            before = _kept(reader)
            publish_all(mosquitto.port, [(topic(), reading(before, time=now_ms))])
            wait_until(lambda before=before: _kept(reader) > before, within_s=30)
        clock = _parts(port)["clock"]
        assert clock["ready"] == right
        assert right or days[0] in clock["detail"]
        serving.send_signal(signal.SIGTERM)
        assert serving.wait(60) == 0
    finally:
        serving.kill()
        serving.wait()
    assert [one.day for one in reader.segments("w1")] == days
    assert all(not report.problems for report in verify_journal(tmp_path / "journal", public=None))


def _parts(port: int) -> dict[str, Any]:
    try:
        answer = httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False).json()
    except httpx.HTTPError:
        return {}
    return dict(answer.get("parts", {}))


def _day(offset_s: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(time.time() + offset_s))


def _kept(reader: JournalReader) -> int:
    return sum(1 for row in reader.read("w1") if not row.note)
