"""Does a case system have the effect of each change of a clue exactly once, and in order?

Each run has its own register, receiver and seed. Shipments are judged to random findings, people
act on clues, time passes, the sender is stopped at random and started anew, and the receiver at
random refuses, times out before or after it took what came, or takes it and answers 500. It keeps
the ids it took, as docs/case-systems.md asks. At the end everything is delivered, and the versions
that the receiver saw of each clue have to be those of the feed, each once, in their order.

    python -m benchmarks.feed_faults [--runs 1000] [--seed 1] [--processes 2]
"""

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from multiprocessing import Pool
from pathlib import Path

import httpx
import msgspec

from coldwitness.api.clues.outbox import Outbox
from coldwitness.api.clues.signature import new_secret
from coldwitness.config.settings import ClueSettings, Settings
from coldwitness.domain.clues import ClueAct
from coldwitness.domain.instants import rfc3339
from coldwitness.judging.clues import ClueRules
from coldwitness.storage.register import SqlRegister, open_register
from tests.storage.results import finding, result

START_MS = 1_795_000_000_000
SHIPMENTS = 4
STEPS = 40
RULES = ClueRules()
_TOLD_EVERY = 20


@dataclass
class CaseSystem:
    """The receiver: it keeps what it took, whatever it then answers."""

    rng: random.Random
    faulty: bool = True
    taken: set[str] = field(default_factory=set)
    effects: dict[str, list[int]] = field(default_factory=dict)
    refused: int = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        fate = self.rng.random() if self.faulty else 1.0
        if fate < 0.15:
            self.refused += 1
            raise httpx.ConnectTimeout("before it took anything", request=request)
        if fate < 0.3:
            self.refused += 1
            return _answer(500)
        self._take(request)
        if fate < 0.4:
            raise httpx.ReadTimeout("after it took it", request=request)
        return _answer(500 if fate < 0.5 else 204)

    def _take(self, request: httpx.Request) -> None:
        name = request.headers["webhook-id"]
        if name in self.taken:
            return
        self.taken.add(name)
        data = msgspec.json.decode(request.content)["data"]
        versions = self.effects.setdefault(data["clue"]["id"], [])
        versions.append(data["change"]["version"])


def _answer(status: int) -> httpx.Response:
    return httpx.Response(status, stream=httpx.ByteStream(b""))


@dataclass
class Run:
    """One seed: what the feed told, and what the case system had of it."""

    seed: int
    told: dict[str, list[int]]
    had: dict[str, list[int]]
    refused: int

    @property
    def whole(self) -> bool:
        return self.told == self.had


class _Clock:
    def __init__(self) -> None:
        self.now_ms = START_MS

    def __call__(self) -> int:
        return self.now_ms


def one_run(seed: int, register: SqlRegister) -> Run:
    """An empty register is filled and delivered."""
    rng = random.Random(seed)
    clock, receiver = _Clock(), CaseSystem(rng)
    register.outbox.add_webhook("http://127.0.0.1:9/in", new_secret(), now_ms=START_MS)
    outbox = _sender(register, clock, receiver)
    for _ in range(STEPS):
        _something_happens(rng, register, clock)
        if rng.random() < 0.5:
            _send(outbox)
        if rng.random() < 0.1:
            outbox.stop()
            outbox = _sender(register, clock, receiver)
    receiver.faulty = False
    for _ in range(200):
        clock.now_ms += 86_400_000
        _send(outbox)
        if not register.outbox.health(register.outbox.webhooks()[0].id).waiting:
            break
    outbox.stop()
    told: dict[str, list[int]] = {}
    after = 0
    while page := register.clues.after(after, limit=500):
        for entry in page:
            told.setdefault(entry.clue.id, []).append(entry.change.version)
        after = page[-1].cursor
    return Run(seed, told, receiver.effects, receiver.refused)


def _sender(register: SqlRegister, clock: _Clock, receiver: CaseSystem) -> Outbox:
    settings = Settings(clues=ClueSettings(webhook_networks=("127.0.0.0/8",)))
    outbox = Outbox(register, settings, clock, base_url="http://127.0.0.1:8000")
    outbox._client.close()
    outbox._client = httpx.Client(transport=httpx.MockTransport(receiver))
    return outbox


def _send(outbox: Outbox) -> None:
    outbox.owe_new()
    outbox.send_due()
    outbox._rounds.wait_for_turns()


def _something_happens(rng: random.Random, register: SqlRegister, clock: _Clock) -> None:
    clock.now_ms += rng.choice((1000, 60_000, 900_000))
    shipment = f"S-{rng.randrange(SHIPMENTS)}"
    if rng.random() < 0.25 and (known := register.clues.listed(limit=10)):
        clue = rng.choice(known).clue
        status = rng.choice(("checking", "filed", "closed"))
        register.clues.act(clue.id, ClueAct(by="x", at=rfc3339(clock.now_ms), status=status))
        return
    found = [
        finding("F-1", end=rng.randrange(1, 60)),
        finding("F-2", kind="temporary_storage", subtype="suspected", end=rng.randrange(1, 60)),
    ]
    judged = result(*(one for one in found if rng.random() < 0.6), shipment=shipment)
    register.results.record([judged], judged_ms=clock.now_ms, reason="readings", clue_policy=RULES)


def _made_ready(folder: str) -> None:
    """A register without anything, of this process alone, which each run copies."""
    own = Path(folder) / str(os.getpid())
    own.mkdir()
    open_register(f"sqlite:///{own / 'empty.sqlite'}").close()
    os.chdir(own)


def _apart(seed: int) -> Run:
    for old in Path().glob("run.sqlite*"):
        old.unlink()
    shutil.copy("empty.sqlite", "run.sqlite")
    register = open_register("sqlite:///run.sqlite")
    try:
        return one_run(seed, register)
    finally:
        register.close()


def main() -> int:
    """Say how many of the runs were whole; 1 if any was not."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    started, changes, refused, broken = time.perf_counter(), 0, 0, []
    seeds = range(arguments.seed, arguments.seed + arguments.runs)
    with (
        tempfile.TemporaryDirectory() as name,
        Pool(arguments.processes, initializer=_made_ready, initargs=(name,)) as pool,
    ):
        for count, run in enumerate(pool.imap(_apart, seeds), start=1):
            changes += sum(map(len, run.told.values()))
            refused += run.refused
            if not run.whole:
                broken.append(run.seed)
            if count % _TOLD_EVERY == 0:
                print(f"{count} runs, {changes} changes, broken {broken[:10]}", flush=True)
    took_s = time.perf_counter() - started
    print(
        f"{arguments.runs} runs, {changes} changes, {refused} attempts failed before anything was"
        f" taken; not exactly once and in order: {len(broken)} {broken[:10]}; {took_s:.0f} s"
    )
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
