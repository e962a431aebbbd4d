"""`coldwitness serve` as an operator runs it: mosquitto, InfluxDB, PostgreSQL, and a kill -9."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import servers
from tests.e2e.demo_process import children_of, still_living
from tests.forked import Forked, ran
from tests.ingest.conftest import Mosquitto, shipped_limits
from tests.ingest.publishing import publish_all

SHIPMENT, MINUTES = "ZB-STACK-1", 121
TOPIC = "coldchain/v1/ql-express/BX-77/readings"


@dataclass
class Serving:
    process: Forked
    address: str

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.address + path, timeout=20)

    def check(self) -> dict[str, Any]:
        answer = self.get(f"/v1/shipments/{SHIPMENT}/check")
        return answer.json() if answer.status_code == 200 else {"metrics": {"readings": 0}}

    def until_judged(self, readings: int) -> dict[str, Any]:
        said: dict[str, Any] = {}

        def judged() -> bool:
            said.update(self.check())
            return bool(said["metrics"]["readings"] == readings)

        wait(judged, lambda: f"{said['metrics']['readings']} of {readings} readings judged")
        return said


def wait(condition: Callable[[], bool], saying: Callable[[], str], within_s: float = 40.0) -> None:
    end_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < end_s, saying()
        time.sleep(0.1)


@contextmanager
def serving(folder: Path, environment: dict[str, str]) -> Iterator[Serving]:
    log = folder / "serve.log"
    with log.open("w") as stderr:
        process = Forked(
            ["--config", "coldwitness.toml", "serve"], cwd=folder, env=environment, stderr=stderr
        )
    try:
        found: list[str] = []

        def ready() -> bool:
            assert process.poll() is None, log.read_text("utf-8")
            found[:] = re.findall(r"http://127\.0\.0\.1:\d+", log.read_text("utf-8"))
            return bool(found) and httpx.get(found[0] + "/readyz").status_code == 200

        wait(ready, lambda: log.read_text("utf-8"))
        yield Serving(process, found[0])
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def begin() -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(hours=3)


def text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def reading(minute: int, start: datetime) -> tuple[str, bytes]:
    """Warm from minute 40 to 59, on a straight road north."""
    fields = {
        "shipment": SHIPMENT,
        "logger": "LG-77",
        "seq": minute,
        "time": text(start + timedelta(minutes=minute)),
        "temperature": {"drug": 11.5 if 40 <= minute < 60 else 4.5, "ambient": 21.0},
        "position": {"lat": round(36.80 + minute * 0.004, 6), "lon": 118.0, "accuracy_m": 8},
    }
    return TOPIC, json.dumps(fields).encode()


def manifest(start: datetime) -> dict[str, Any]:
    return {
        "id": SHIPMENT,
        "courier": {"id": "ql-express", "entrusted": True},
        "box": {"id": "BX-77", "cooling": "passive", "isolation": {"coolant": True}},
        "items": [{"name": "门冬胰岛素", "category": "drug", "storage": "refrigerated"}],
        "dispatched_at": text(start),
        "delivered_at": text(start + timedelta(minutes=MINUTES - 1)),
        "logger": {"id": "LG-77", "interval_s": 60, "calibrated_until": "2099-01-01"},
    }


@pytest.fixture(scope="module")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    folder = tmp_path_factory.mktemp("databases")
    with servers.influxd(folder / "influx") as influx, servers.postgres(folder) as postgres:
        yield influx, postgres


def test_a_shipment_survives_a_kill_of_serve_and_its_package_verifies(
    tmp_path: Path, databases: tuple[str, str]
) -> None:
    influx, postgres = databases
    environment = {**os.environ, "NO_COLOR": "1"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["--config", "coldwitness.toml", *arguments]
        return ran(command, cwd=tmp_path, env=environment)

    limits = shipped_limits() + "\nallow_anonymous true"
    with Mosquitto(tmp_path / "mosquitto", limits) as broker:
        (tmp_path / "coldwitness.toml").write_text(
            f"""
[mqtt]
port = {broker.port}
[store]
telemetry = "influx"
influx_url = "{influx}"
influx_bucket = "stack"
register_url = "{postgres}"
[http]
port = 0
"""
        )
        made = run("setup", "influx")
        assert made.returncode == 0, made.stderr
        start = begin()
        with serving(tmp_path, environment) as before:
            answer = httpx.put(
                f"{before.address}/v1/shipments/{SHIPMENT}", json=manifest(start), timeout=20
            )
            assert answer.status_code in (200, 201), answer.text
            publish_all(broker.port, [reading(m, start) for m in range(70)])
            assert before.until_judged(70)["verdict"] == "breach"
            counted = before.get("/metrics").text
            assert 'coldwitness_journalled_messages_total{worker="w1"} 70.0' in counted
            assert 'coldwitness_stored_rows_total{worker="w1"}' in counted
            before.process.kill()
            before.process.wait()
        publish_all(broker.port, [reading(m, start) for m in range(70, MINUTES)])
        with serving(tmp_path, environment) as after:
            result = after.until_judged(MINUTES)
            assert result["verdict"] == "breach"
            assert result["metrics"]["coverage"] == 1.0
            assert [f["subtype"] for f in result["findings"]] == ["above_range"]
            clues = after.get("/v1/clues").json()["items"]
            assert {entry["clue"]["shipment"] for entry in clues} == {SHIPMENT}
            (tmp_path / "served.pdf").write_bytes(
                after.get(f"/v1/shipments/{SHIPMENT}/report.pdf").content
            )
            packed = run("report", SHIPMENT, "--package", "x.zip", "-o", "r.json")
            assert packed.returncode == 0, packed.stderr
            for file in ("x.zip", "served.pdf"):
                verified = run("verify", file, "--json")
                assert (file, verified.returncode) == (file, 0), verified.stdout
            with zipfile.ZipFile(tmp_path / "x.zip") as package:
                (tmp_path / "alone.py").write_bytes(package.read("verify.py"))
                rows = json.loads(package.read("journal.json"))["rows"]
            assert len(rows) == MINUTES
            alone = subprocess.run(
                [sys.executable, "-I", "alone.py", "x.zip", "--json"],
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            assert alone.returncode == 3, alone.stdout + alone.stderr  # whole; no key was named
            whole = run("journal", "verify")
            assert whole.returncode == 3, whole.stdout  # whole; no key kept elsewhere was given
            assert "nothing wrong" in whole.stdout
            children = children_of(after.process.pid)
            after.process.send_signal(signal.SIGINT)
            assert after.process.wait(30) in (0, 130)
            assert still_living(children) == []
        said = (tmp_path / "serve.log").read_text("utf-8")
        assert "Traceback" not in said
