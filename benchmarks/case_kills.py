"""From a finding to a case and back, with both programs killed at random.

The server (judging, clues, webhooks, HTTP) and the case system are processes of their own; either
is killed with -9 at random moments and started again at its address. Meanwhile readings come,
manifests are sent, corrected and accepted over HTTP, as their senders do: again until they are
answered. At the end everything is delivered, and the case system has to have each change of the
feed once and in order of each clue, and every case the status that its clue has.

    python -m benchmarks.case_kills [--kills 40] [--seed 1]
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from coldwitness.api.clues.signature import new_secret
from coldwitness.domain.reading import Reading
from coldwitness.judging.clock import system_clock
from coldwitness.storage.register import open_register
from coldwitness.storage.telemetry.embedded import EmbeddedTelemetry
from tests.api.world import COLD, MINUTE, NO_TLS, T0, WARM, manifest, running_world

WITHIN_S = 120.0
OFFICERS = ("鲁C-0101", "鲁C-0102")


@dataclass
class Process:
    """A program that tells its address in its first line, and comes back there."""

    command: Callable[[int], list[str]]
    port: int = 0
    kills: int = 0
    running: subprocess.Popen[str] | None = None

    def start(self) -> None:
        self.running = subprocess.Popen(
            self.command(self.port), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.running.stdout is not None
        address = self.running.stdout.readline().strip()
        self.port = int(address.rpartition(":")[2].partition("/")[0])

    def kill(self) -> None:
        assert self.running is not None
        self.running.send_signal(signal.SIGKILL)
        self.running.communicate()
        self.kills += 1

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@dataclass
class Outcome:
    """told : versions of each clue in the feed. had : those the case system had an effect of, in
    the order in which it had them. statuses, cases : of clues and of their cases."""

    kills: int
    told: dict[str, list[int]] = field(default_factory=dict)
    had: dict[str, list[int]] = field(default_factory=dict)
    statuses: dict[str, str] = field(default_factory=dict)
    cases: dict[str, str] = field(default_factory=dict)

    @property
    def right(self) -> bool:
        return self.told == self.had and self.statuses == self.cases


@contextmanager
def running(folder: Path) -> Iterator[tuple[Process, Process]]:
    """Server and case system; they end with the context."""
    secret = folder / "secret"
    secret.write_text(new_secret())
    server = Process(
        lambda port: [
            sys.executable,
            "-m",
            "benchmarks.case_kills",
            f"--serve={folder}",
            f"--port={port}",
        ]
    )
    office = Process(
        lambda port: [
            sys.executable,
            "-m",
            "coldwitness.simulators.case_system",
            f"--database={folder / 'cases.sqlite'}",
            f"--secret-file={secret}",
            f"--port={port}",
        ]
    )
    with ExitStack() as stack:
        for program in (server, office):
            program.start()
            stack.callback(program.kill)
        yield server, office


def one_run(seed: int, folder: Path, *, kills: int, shipments: int) -> Outcome:
    """Random changes and kills, and what both sides have in the end."""
    rng = random.Random(seed)
    with (
        running(folder) as (server, office),
        httpx.Client(trust_env=False, verify=NO_TLS) as client,
    ):
        hook = {"url": office.url("/clues"), "secret": (folder / "secret").read_text()}
        asked(client, server, "POST", "/v1/webhooks", hook)
        left = kills
        for number in range(shipments):
            name = f"ZB-{number}"
            asked(client, server, "PUT", f"/v1/shipments/{name}", manifest(name))
            values = [*WARM, *rng.choice(([], COLD, [13.0] * 5))]
            heard(folder, name, values)
            left -= killed(rng, server, office, most=left)
            if rng.random() < 0.5:
                cool = {"name": "胰岛素", "category": "drug", "storage": "cool"}
                corrected = manifest(name, items=[cool])
                asked(client, server, "PUT", f"/v1/shipments/{name}", corrected)
                for officer in OFFICERS:
                    left -= killed(rng, server, office, most=left)
                    accepted = {
                        "officer": officer,
                        "outcome": "correction_accepted",
                        "note": "标签为阴凉",
                        "manifest_version": 2,
                    }
                    asked(client, server, "POST", f"/v1/shipments/{name}/reviews", accepted)
        while left > 0:
            left -= killed(rng, server, office, most=left)
        settled(client, server, office)
        return outcome(client, server, office, kills=kills - left)


def killed(rng: random.Random, server: Process, office: Process, *, most: int) -> int:
    """Neither, either or both, after a moment; how many were."""
    chosen = [one for one in (server, office) if rng.random() < 0.6][:most]
    time.sleep(rng.random() * 0.8)
    for one in chosen:
        one.kill()
    time.sleep(rng.random() * 0.3)
    for one in chosen:
        one.start()
    return len(chosen)


def asked(
    client: httpx.Client, server: Process, method: str, path: str, body: object = None
) -> Any:
    """As a sender does: again until it is answered; the same key, so that it counts once."""
    headers = {"Idempotency-Key": f"{os.getpid()}-{path}-{hash(json.dumps(body, sort_keys=True))}"}
    end = time.monotonic() + WITHIN_S
    while True:
        try:
            answer = client.request(method, server.url(path), json=body, headers=headers)
        except httpx.HTTPError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)
            continue
        if answer.status_code < 500:
            assert answer.is_success, answer.text
            return answer.json()


def heard(folder: Path, name: str, values: list[float]) -> None:
    """Readings stored as an ingest worker of another process stores them."""
    readings = [
        Reading(
            logger=f"LG-{name}",
            time_ms=T0 + n * MINUTE,
            seq=n,
            temperature_c={"drug": value},
            shipment=name,
            courier="ql-express",
            box=f"BX-{name}",
        )
        for n, value in enumerate(values)
    ]
    store = EmbeddedTelemetry(folder / "telemetry.sqlite")
    register = open_register(f"sqlite:///{folder / 'register.sqlite'}")
    try:
        store.append(readings, [one.time_ms + 500 for one in readings])
        register.custody.note_seen({name: "ql-express"})
        register.waiting.leave([name])
    finally:
        store.close()
        register.close()


def settled(client: httpx.Client, server: Process, office: Process) -> None:
    """Nothing waits on either side, and nothing came for a while. AssertionError when never."""
    end, quiet_since, last = time.monotonic() + WITHIN_S, time.monotonic(), None
    while time.monotonic() < end:
        (hook,) = asked(client, server, "GET", "/v1/webhooks")["items"]
        shown = client.get(office.url("/cases")).json()
        told = all(one["told"] for one in shown["tells"])
        now = (hook["waiting"], len(shown["effects"]), len(feed(client, server)), told)
        if now != last or hook["waiting"] or not told or now[1] != now[2]:
            last, quiet_since = now, time.monotonic()
        if time.monotonic() - quiet_since > 2.0:
            return
        time.sleep(0.2)
    raise AssertionError(f"not settled within {WITHIN_S} s: {last}")


def feed(client: httpx.Client, server: Process) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = None
    while True:
        query = "?limit=200" + ("" if after is None else f"&after={after}")
        page = asked(client, server, "GET", f"/v1/clues{query}")
        found += page["items"]
        after = page["next_cursor"]
        if not page["has_more"]:
            return found


def outcome(client: httpx.Client, server: Process, office: Process, *, kills: int) -> Outcome:
    shown = client.get(office.url("/cases")).json()
    made = Outcome(kills)
    for entry in feed(client, server):
        clue = entry["clue"]
        made.told.setdefault(clue["id"], []).append(entry["change"]["version"])
        made.statuses[clue["id"]] = clue["status"]
    for one in shown["effects"]:
        made.had.setdefault(one["clue"], []).append(one["version"])
    made.cases = {one["clue"]: one["status"] for one in shown["cases"]}
    return made


def serve(folder: Path, port: int) -> None:
    """The server as a process of its own, until its standard input closes."""
    with running_world(folder, ticking=True, sending=True, clock=system_clock, port=port) as world:
        print(world.client.base_url, flush=True)
        sys.stdin.read()


def main() -> int:
    """Print what came out; 1 if one side differs from the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--port", type=int, default=0, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve is not None:
        serve(arguments.serve, arguments.port)
        return 0
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        made = one_run(
            arguments.seed,
            Path(folder),
            kills=arguments.kills,
            shipments=max(3, arguments.kills // 4),
        )
    changes = sum(map(len, made.told.values()))
    took_s = time.perf_counter() - started
    print(
        f"{made.kills} kills, {len(made.told)} clues, {changes} changes,"
        f" each once and in order: {made.right}; {took_s:.0f} s"
    )
    return 0 if made.right else 1


if __name__ == "__main__":
    sys.exit(main())
