"""From a finding to a case and back, between two programs of which either may be killed."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from benchmarks.case_kills import one_run
from coldwitness.api.clues.signature import new_secret
from coldwitness.judging.clock import system_clock
from coldwitness.simulators.case_system import clerk
from tests.api.world import NO_TLS, WARM, World, manifest, running_world, wait_until

LONG_S = 60.0


@dataclass
class Program:
    """The case system as a process of its own, with its file and its port."""

    folder: Path
    secret: str
    port: int = 0
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/clues"

    def start(self) -> None:
        secret = self.folder / "secret"
        secret.write_text(self.secret)
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "coldwitness.simulators.case_system",
                f"--database={self.folder / 'cases.sqlite'}",
                f"--secret-file={secret}",
                f"--port={self.port}",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        address = self.process.stdout.readline().strip()
        self.port = int(address.rpartition(":")[2].partition("/")[0])

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate()

    def shown(self) -> dict[str, list[dict[str, Any]]]:
        with httpx.Client(trust_env=False, verify=NO_TLS, timeout=LONG_S) as client:
            told: dict[str, list[dict[str, Any]]] = client.get(
                self.url.replace("/clues", "/cases")
            ).json()
        return told


@contextmanager
def case_system(folder: Path) -> Iterator[Program]:
    program = Program(folder, new_secret())
    program.start()
    try:
        yield program
    finally:
        program.kill()


@contextmanager
def server(folder: Path, *, port: int = 0) -> Iterator[World]:
    """The same address again, as behind an office's public one."""
    with running_world(folder, sending=True, clock=system_clock, port=port) as world:
        yield world


def told_back(world: World, program: Program) -> list[str]:
    """Statuses of the clues as the server has them, once nothing waits on either side."""

    def quiet() -> bool:
        (hook,) = world.get("/v1/webhooks").json()["items"]
        tells = program.shown()["tells"]
        return hook["waiting"] == 0 and bool(tells) and all(one["told"] for one in tells)

    def settled() -> bool:
        return quiet() and len(program.shown()["effects"]) == len(entries(world))

    wait_until(settled, within_s=LONG_S)
    return sorted(entry["clue"]["status"] for entry in newest(world).values())


def entries(world: World) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = world.get("/v1/clues?limit=200").json()["items"]
    return told


def newest(world: World) -> dict[str, dict[str, Any]]:
    return {entry["clue"]["id"]: entry for entry in entries(world)}


def test_a_clue_becomes_a_case_and_a_withdrawal_ends_it_whichever_side_is_killed(
    tmp_path: Path,
) -> None:
    with case_system(tmp_path) as program:
        with server(tmp_path) as world:
            hook = {"url": program.url, "secret": program.secret}
            assert world.client.post("/v1/webhooks", json=hook).status_code == 201
            world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1"))
            world.send("ZB-1", WARM)
            assert told_back(world, program) == ["filed"]
            (case,) = program.shown()["cases"]
            assert (case["shipment"], case["status"]) == ("ZB-1", "filed")
            assert "待核查" in case["content"]
            program.kill()
            world.client.put("/v1/shipments/ZB-2", json=manifest("ZB-2"))
            world.send("ZB-2", WARM)
            port = world.client.base_url.port or 0
        # The server is gone too: what it owes stands in its register.
        program.start()
        with server(tmp_path, port=port) as world:
            assert told_back(world, program) == ["filed", "filed"]
            cool = {"name": "胰岛素", "category": "drug", "storage": "cool"}
            world.client.put("/v1/shipments/ZB-1", json=manifest("ZB-1", items=[cool]))
            for officer in ("鲁C-0101", "鲁C-0102"):
                review = {
                    "officer": officer,
                    "outcome": "correction_accepted",
                    "note": "标签为阴凉",
                    "manifest_version": 2,
                }
                answer = world.client.post("/v1/shipments/ZB-1/reviews", json=review)
                assert answer.status_code == 201
            world.judge.tick()
            program.kill()
            program.start()
            assert told_back(world, program) == ["filed", "rejected"]
            told = [
                (entry["clue"]["id"], entry["change"]["version"], entry["change"]["kind"])
                for entry in entries(world)
            ]
        shown = program.shown()
    had = [(one["clue"], one["version"], one["kind"]) for one in shown["effects"]]
    assert sorted(had) == sorted(told), "each change once"
    for clue in {name for name, _, _ in had}:
        versions = [version for name, version, _ in had if name == clue]
        assert versions == list(range(1, len(versions) + 1)), "in order"
    withdrawn = [one for one in shown["cases"] if one["standing"] == "withdrawn"]
    assert [one["shipment"] for one in withdrawn] == ["ZB-1"]


def test_both_killed_with_9_at_random_have_each_change_once_and_in_order(tmp_path: Path) -> None:
    """A short form of what `benchmarks/case_kills.py` does for longer."""
    made = one_run(3, tmp_path, kills=2, shipments=2)
    assert made.kills == 2
    assert made.had == made.told
    assert made.cases == made.statuses
    assert sum(map(len, made.told.values())) >= 4


def test_the_clerk_asks_for_an_extension_before_the_end() -> None:
    clue = {"status": "checking", "version": 7, "certainty": "probable"}
    (asked,) = clerk({"kind": "due", "reason": "x"}, clue)
    assert asked["extended"] is True
    assert clerk({"kind": "due", "reason": "x"}, {**clue, "status": "closed"}) == []
    assert clerk({"kind": "opened", "reason": "x"}, clue) == [{"status": "checking"}]


def test_what_is_not_genuine_is_refused(tmp_path: Path) -> None:
    with (
        case_system(tmp_path) as program,
        httpx.Client(trust_env=False, verify=NO_TLS) as client,
    ):
        answer = client.post(program.url, content=json.dumps({"data": {}}).encode())
        assert answer.status_code == 401
        assert program.shown() == {"cases": [], "effects": [], "tells": []}
