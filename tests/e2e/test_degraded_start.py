"""What a server cannot open at its start does not end it: it says what is missing, serves what it
can, and goes on by itself."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import httpx
import pytest

from coldwitness.config.settings import load_settings
from coldwitness.storage.opening import stores
from coldwitness.storage.spare_room import TRAIL_BYTES, give_room, keep_room
from tests.e2e.demo_process import COLDWITNESS
from tests.e2e.test_whole_stack import wait
from tests.forked import Forked
from tests.servers import free_port
from tests.stopped.trials import full_disk
from tests.storage import evidence

pytestmark = pytest.mark.timeout(400)
READY = {"ready": True, "detail": None, "mend": None}


def world(folder: Path, **store: str) -> int:
    """Settings, and a delivery in journal and stores; returns the port. The broker is not there."""
    port = free_port()
    named = {
        "embedded_file": f"{folder}/data/telemetry.sqlite",
        "register_url": f"sqlite:///{folder}/data/register.sqlite",
    }
    lines = [f'{name} = "{value}"' for name, value in (named | store).items()]
    (folder / "cw.toml").write_text(
        f"[http]\nport = {port}\n[mqtt]\nport = {free_port()}\n"
        f'[journal]\ndirectory = "{folder}/data/journal"\n'
        f'[judging]\ndefault_storage = "refrigerated"\n[store]\n' + "\n".join(lines) + "\n"
    )
    return port


def filled(folder: Path) -> None:
    settings = load_settings(folder / "cw.toml")
    evidence.journal(settings, evidence.messages(shipments=1))
    with stores(settings.store) as (store, register):
        evidence.store_all(settings, store, register)
        register.waiting.leave(["S-0"])


def started(
    arguments: list[str | Path], environment: dict[str, str], stderr: IO[str]
) -> "Forked | subprocess.Popen[str]":
    """By its name where the environment is read by the system's loader, before Python runs."""
    if "LD_PRELOAD" not in environment:
        return Forked(arguments, env=os.environ | environment, stderr=stderr)
    return subprocess.Popen(
        [COLDWITNESS, *arguments],
        env=os.environ | environment,
        stderr=stderr,
        text=True,
        start_new_session=True,
    )


@contextmanager
def served(folder: Path, port: int, environment: dict[str, str]) -> Iterator[httpx.Client]:
    """`serve` from its first answer on; it has to end by SIGTERM, with 0."""
    log = folder / "serve.log"
    with log.open("w") as stderr:
        process = started(["--config", folder / "cw.toml", "serve"], environment, stderr)

    def answers() -> bool:
        assert process.poll() is None, log.read_text()
        try:
            return client.get("/healthz").status_code == 200
        except httpx.TransportError:
            return False

    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=30) as client:
        try:
            wait(answers, log.read_text, within_s=120.0)
            yield client
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            code = process.wait(30)
    assert code == 0, log.read_text()


def readiness(client: httpx.Client) -> dict[str, Any]:
    answer = client.get("/readyz")
    assert (answer.status_code == 503) == ("retry-after" in answer.headers)
    parts: dict[str, Any] = answer.json()["parts"]
    assert all(part["ready"] or part["mend"] for part in parts.values())
    return parts


def test_a_register_that_does_not_answer_at_the_start_is_waited_for(tmp_path: Path) -> None:
    away = f"postgresql://cw:geheim@127.0.0.1:{free_port()}/cw"
    port = world(tmp_path, register_url=away)
    with served(tmp_path, port, {}) as client:
        start = readiness(client)["start"]
        assert "register" in start["detail"]
        assert "geheim" not in start["detail"] + (tmp_path / "serve.log").read_text()
        page = client.get("/shipments", headers={"Accept": "text/html"})
        assert (page.status_code, page.headers["content-type"][:9]) == (503, "text/html")
        asked = client.put("/v1/shipments/S-1", json={})
        assert (asked.status_code, asked.headers["retry-after"]) == (503, "5")
        assert asked.json()["type"] == "urn:coldwitness:problem:unavailable"


@pytest.mark.soak
def test_who_is_not_on_this_machine_is_not_told_what_is_missing(tmp_path: Path) -> None:
    port = world(tmp_path, register_url=f"postgresql://cw@127.0.0.1:{free_port()}/cw")
    settings = tmp_path / "cw.toml"
    settings.write_text(settings.read_text().replace("[http]", '[http]\nhost = "0.0.0.0"'))
    with served(tmp_path, port, {}) as client:
        assert "127.0.0.1" not in readiness(client)["start"]["detail"]


def test_a_disk_that_is_full_at_the_first_start_is_waited_for(tmp_path: Path) -> None:
    port, full = world(tmp_path), tmp_path / "full"
    full.touch()
    disk = full_disk(tmp_path / "scratch", tmp_path / "data", full=full, room=0)
    with served(tmp_path, port, disk) as client:
        assert "start" in readiness(client)
        full.unlink()
        wait(lambda: "start" not in readiness(client), (tmp_path / "serve.log").read_text)
        assert client.get("/v1/shipments").json()["items"] == []
        assert (tmp_path / "data" / ".room").stat().st_size > 0, "kept once it runs"
        broker = readiness(client)["ingest"]
        assert not broker["ready"]
        assert "no_broker" in broker["detail"]


@pytest.mark.parametrize("without_room", [False, pytest.param(True, marks=pytest.mark.soak)])
def test_a_disk_that_is_full_at_a_start_serves_what_is_there(
    tmp_path: Path, *, without_room: bool
) -> None:
    port, full = world(tmp_path), tmp_path / "full"
    filled(tmp_path)
    folders = [tmp_path / "data", tmp_path / "data" / "journal"]
    give_room(folders) if without_room else keep_room(folders)
    full.touch()
    disk = full_disk(tmp_path / "scratch", tmp_path / "data", full=full, room=0)
    with served(tmp_path, port, disk) as client:
        if without_room:
            assert "start" in readiness(client)
        else:
            assert "start" not in readiness(client)
            listed = client.get("/v1/shipments").json()["items"]
            assert [row["id"] for row in listed] == ["S-0"]
            page = client.get("/shipments/S-0", headers={"Accept": "text/html"})
            assert page.status_code == 200
            assert "data" in readiness(client)["room"]["detail"]
        full.unlink()
        wait(lambda: readiness(client).get("room") == READY, (tmp_path / "serve.log").read_text)
        wait(
            lambda: client.get("/v1/shipments/S-0/report.json").status_code == 200,
            (tmp_path / "serve.log").read_text,
        )


def test_what_is_read_on_a_disk_that_fills_up_is_shown_while_its_line_has_room(
    tmp_path: Path,
) -> None:
    port, full = world(tmp_path), tmp_path / "full"
    filled(tmp_path)
    kept = [tmp_path / "data" / ".trail-room", tmp_path / "data" / "journal" / ".trail-room"]
    disk = full_disk(tmp_path / "scratch", tmp_path / "data", full=full, room=0)
    with served(tmp_path, port, disk) as client:
        log = (tmp_path / "serve.log").read_text
        address = "/v1/shipments/S-0/report.json"
        wait(lambda: client.get(address).status_code == 200, log)
        assert [file.stat().st_size for file in kept] == [TRAIL_BYTES, TRAIL_BYTES]
        assert not any(file.read_bytes().strip(b"\0") for file in kept)
        before = len(lines_read(client))
        full.touch()
        shown = 0
        while all(file.stat().st_size == TRAIL_BYTES for file in kept):
            answer = client.get(address)
            assert answer.status_code == 200, answer.text
            shown += 1
        told = readiness(client)["trail_room"]
        assert "audit trail" in told["detail"]
        assert "room" in told["mend"]
        full.unlink()
        wait(lambda: readiness(client)["trail_room"] == READY, log)
        assert len(lines_read(client)) == before + shown


def lines_read(client: httpx.Client) -> list[Any]:
    lines = client.get("/v1/audit", params={"limit": 200}).json()["items"]
    return [line for line in lines if line["action"] == "read_report_json"]
