"""Processes that judge are lost again and again while readings come: how soon others have what
they had, and whether a clue or a result was lost or doubled.

    python -m benchmarks.worker_kills [--kills 100] [--judges 3] [--boxes 300] [--seed 1]

A real PostgreSQL; `judges` processes of `coldwitness judge`; this one stores a reading of every box
each round, as ingest does, and leaves word. One process is lost at a time, in turn
- killed (kill -9) on the machine of the others, who see that it is gone;
- stopped, and killed once others have its shares: a machine that vanished, whose lease runs out;
- stopped, and woken once others have its shares: in the middle of whatever it did.
The time runs from the signal until others hold every share of it, and until every shipment is
judged of which evidence was stored before that. A new process takes the place of a killed one.
At the end every box is delivered and judged by this process alone: each recorded result has to be
that, versions and the feed's cursors have no hole, and each clue was opened once.
"""

import argparse
import random
import signal
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import numpy as np

from coldwitness.config.settings import JudgingSettings
from coldwitness.domain.reading import Event, Reading
from coldwitness.judging.batch import judge_batch
from coldwitness.judging.clock import system_clock
from coldwitness.judging.rulebook import load_rulebook
from coldwitness.storage.register import SqlRegister, open_register
from coldwitness.storage.share_ports import SHARES, LeftToJudge
from coldwitness.storage.telemetry.embedded import EmbeddedTelemetry
from tests import servers
from tests.forked import Forked

LOSSES = ("killed", "stopped, then killed", "stopped, then woken")
WITHIN_S = 60.0
MINUTE_MS = 60_000
_Found = TypeVar("_Found")
JUDGING = JudgingSettings(default_storage="refrigerated", processes=1)


@dataclass
class Office:
    """The processes by their name in the register, and what they work on."""

    folder: Path
    register: SqlRegister
    store: EmbeddedTelemetry
    boxes: int
    start_ms: int
    rng: random.Random
    running: dict[str, Forked] = field(default_factory=dict)
    minute: int = 0

    @property
    def names(self) -> list[str]:
        return [f"ZB-{n:05d}" for n in range(self.boxes)]

    def judge(self) -> None:
        """One more process, once it holds its even part."""
        before = self.register.judge_shares.judges()
        log = (self.folder / "judges.log").open("a")
        with log:
            command = ["--config", self.folder / "coldwitness.toml", "judge"]
            process = Forked(command, cwd=self.folder, stderr=log)
        (name,) = self.wait(
            lambda: self.register.judge_shares.judges().keys() - before.keys(), "a new process"
        )
        self.running[name] = process
        self.wait(self.is_even, "even parts")

    def is_even(self) -> bool:
        held = self.register.judge_shares.judges()
        return len(held) == len(self.running) and max(held.values()) - min(held.values()) <= len(
            held
        )

    def wait(self, found: Callable[[], _Found], what: str) -> _Found:
        """What is found, once it is something; readings come meanwhile."""
        end_s = time.monotonic() + WITHIN_S
        while not (value := found()):
            assert time.monotonic() < end_s, f"{what}: not within {WITHIN_S:.0f} s"
            time.sleep(0.02)
        return value

    def send(self) -> None:
        """A reading of every box, a sixth of them too warm for a while."""
        minute, now_ms = self.minute, system_clock()
        readings = [
            Reading(
                logger=f"LG-{n:05d}",
                time_ms=self.start_ms + minute * MINUTE_MS,
                seq=minute,
                temperature_c={"drug": self._celsius(n, minute)},
                shipment=name,
                courier="ql-express",
                box=f"BX-{n:05d}",
            )
            for n, name in enumerate(self.names)
        ]
        self.store.append(readings, [now_ms] * len(readings))
        self.register.waiting.leave(self.names)
        self.minute += 1

    def _celsius(self, n: int, minute: int) -> float:
        warm = n % 6 == 0 and 5 <= (minute + n) % 40 < 15
        return round((11.0 if warm else 4.5) + self.rng.gauss(0.0, 0.3), 2)

    def lose(self, how: str) -> tuple[float, float]:
        """Seconds until others hold what one of the processes held, and until all that was stored
        before is judged."""
        name = self.rng.choice(sorted(self.running))
        process = self.running.pop(name)
        self.send()
        time.sleep(self.rng.uniform(0.0, 1.5))
        began_s = time.monotonic()
        process.send_signal(signal.SIGKILL if how == LOSSES[0] else signal.SIGSTOP)
        waiting = self.register.waiting.left()
        self.wait(lambda: self._others_hold_all(name), "another holder")
        held_s = time.monotonic() - began_s
        self.wait(lambda: not self._still(waiting), "every result")
        judged_s = time.monotonic() - began_s
        if how == LOSSES[2]:
            process.send_signal(signal.SIGCONT)
            self.running[name] = process
            self.wait(self.is_even, "even parts")
        else:
            if how == LOSSES[1]:
                process.send_signal(signal.SIGKILL)
            process.wait(10)
            self.judge()
        self.send()
        return held_s, judged_s

    def _others_hold_all(self, lost: str) -> bool:
        held = self.register.judge_shares.judges()
        return lost not in held and sum(held.values()) == SHARES

    def _still(self, before: Mapping[str, LeftToJudge]) -> bool:
        now = self.register.waiting.left()
        return any(now.get(name) == its for name, its in before.items())

    def deliver(self) -> None:
        end_ms = self.start_ms + self.minute * MINUTE_MS
        told = [
            Event(event="delivered", time_ms=end_ms, shipment=name, box=f"BX-{n:05d}")
            for n, name in enumerate(self.names)
        ]
        self.register.custody.add_events(told, [system_clock()] * len(told))
        self.register.waiting.leave(self.names)
        self.wait(lambda: not self.register.waiting.left(), "every last result")


def faults(office: Office) -> Iterator[str]:
    """What is not as one process alone would have made it."""
    names, register = office.names, office.register
    alone = judge_batch(
        office.store, register, load_rulebook(JUDGING), JUDGING, names, system_clock()
    )
    recorded = register.results.newest(names)
    differing = [one.shipment for one in alone.results if recorded.get(one.shipment) != one]
    if differing:
        yield f"{len(differing)} results are not those of one process: {differing[:3]}"
    for name in names:
        versions = [kept.version for kept in register.results.versions(name)]
        if versions != [*range(1, len(versions) + 1)]:
            yield f"{name}: versions {versions}"
    entries = register.clues.after(0, limit=1_000_000)
    if [entry.cursor for entry in entries] != [*range(1, len(entries) + 1)]:
        yield "the feed's cursors have a hole, or are doubled"
    told = defaultdict(list)
    for entry in entries:
        told[entry.clue.id].append(entry.change.version)
    for clue, versions in told.items():
        if versions != [*range(1, len(versions) + 1)]:
            yield f"clue {clue}: changes {versions}"
    opened = Counter(entry.clue.id for entry in entries if entry.change.kind == "opened")
    if max(opened.values(), default=0) > 1:
        yield "a clue was opened twice"
    if not opened:
        yield "no clue was opened: nothing is shown"


def told(times: Sequence[tuple[float, float]]) -> str:
    """Medians and longest of both."""
    held, judged = np.array(times).T
    return " | ".join(f"{np.median(of):.1f} s | {of.max():.1f} s" for of in (held, judged))


def main() -> int:
    """Print a table; 1 where something was lost or doubled, or took 10 s or more."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--judges", type=int, default=3)
    parser.add_argument("--boxes", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    began_s = time.monotonic()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(servers.postgres(folder / "postgres"))
        (folder / "coldwitness.toml").write_text(
            f'[store]\nregister_url = "{url}"\nembedded_file = "{folder}/telemetry.sqlite"\n'
            f'[journal]\ndirectory = "{folder}/journal"\n'
            '[judging]\ndefault_storage = "refrigerated"\nprocesses = 1\n'
        )
        office = Office(
            folder,
            stack.enter_context(closing(open_register(url))),
            stack.enter_context(closing(EmbeddedTelemetry(folder / "telemetry.sqlite"))),
            asked.boxes,
            system_clock() - 4 * 60 * MINUTE_MS,
            random.Random(asked.seed),
        )
        stack.callback(lambda: [one.kill() for one in office.running.values()])
        office.register.custody.note_seen(dict.fromkeys(office.names, "ql-express"))
        for _ in range(asked.judges):
            office.judge()
        times: dict[str, list[tuple[float, float]]] = {how: [] for how in LOSSES}
        for number in range(asked.kills):
            how = LOSSES[number % len(LOSSES)]
            times[how].append(office.lose(how))
            print(f"{number + 1}: {how}: {times[how][-1]}", file=sys.stderr)
        office.deliver()
        wrong = list(faults(office))
        entries = office.register.clues.last_cursor()
        traces = (folder / "judges.log").read_text("utf-8").count("Traceback")
    print("| | times | others hold its shares, median | longest | judged, median | longest |")
    print("|---|---|---|---|---|---|")
    for how, those in times.items():
        if those:
            print(f"| {how} | {len(those)} | {told(those)} |")
    slow = [of for those in times.values() for of in those if max(of) >= 10.0]
    print(
        f"{asked.boxes} shipments, {office.minute} readings each, {entries} entries of the feed;"
        f" {len(slow)} took 10 s; {traces} tracebacks; {time.monotonic() - began_s:.0f} s"
    )
    print("\n".join(wrong) or "nothing lost, nothing doubled")
    return 1 if wrong or slow or traces else 0


if __name__ == "__main__":
    sys.exit(main())
