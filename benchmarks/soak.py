"""Many boxes live while everything around them fails at random; afterwards the ledger.

    python -m benchmarks.soak [--boxes 2000] [--minutes 30] [--seed 1]

Mosquitto, InfluxDB, PostgreSQL, one `coldwitness ingest` and `coldwitness serve --no-ingest`, each
a process of its own. Every box publishes a reading a minute (QoS 1); a tenth of them is too warm
from a third of the time on. Meanwhile, one after another in random order: the broker is restarted,
InfluxDB is killed and comes back, the disk of journal and archive is full, ingest or server is
killed with -9, each fsync takes 200 ms, the wall clock of both is a minute and a half off. Then
nothing fails any more, and what every stage holds is compared: what the broker acknowledged, the
journal, the stores, the results, and the feed of clues. Memory is that of each process as long as
it lived.
"""

import argparse
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from benchmarks.soak_faults import trouble
from benchmarks.soak_world import World, answered, waited, world
from coldwitness.storage.opening import stores
from coldwitness.storage.ports import Register

MINUTE_MS = 60_000
WARM_SHARE = 10
"""One box in so many is too warm."""
COLD_C, WARM_C = 5.0, 16.0
SETTLED_WITHIN_S = 300.0
QUIET_S = 3.0
GROWTH_AIM = 1.25
"""Memory is flat where the last third of a process's life takes no more than so many times what
its middle third took."""


@dataclass(frozen=True)
class Fleet:
    """boxes : how many. readings : of each. period_s : between two of them on the wall; their own
    times are a minute apart whatever that is, and the last is about now."""

    boxes: int
    readings: int
    period_s: float
    began_ms: int

    @property
    def seconds(self) -> float:
        return self.readings * self.period_s

    def is_warm(self, box: int) -> bool:
        return box % WARM_SHARE == 0

    def shipment(self, box: int) -> str:
        return f"ZB-{box:05d}"

    def message(self, box: int, number: int) -> tuple[str, bytes]:
        warm = self.is_warm(box) and number >= self.readings // 3
        body = {
            "shipment": self.shipment(box),
            "logger": f"LG-{box:05d}",
            "seq": number,
            "time": self.began_ms + number * MINUTE_MS + box,
            "temperature": {"drug": WARM_C if warm else COLD_C, "ambient": 24.0},
        }
        return f"coldchain/v1/ql-express/BX-{box:05d}/readings", json.dumps(body).encode()


class Boxes(threading.Thread):
    """Publishes the fleet's readings, each box's minute at its own moment; knows what the broker
    acknowledged."""

    def __init__(self, fleet: Fleet, port: int) -> None:
        super().__init__(daemon=True)
        self._fleet = fleet
        self._acknowledged: Counter[int] = Counter()
        self._sent: dict[int, list[int]] = {}
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2, "soak", protocol=mqtt.MQTTv311, clean_session=False
        )
        self._client.max_inflight_messages_set(200)
        self._client.max_queued_messages_set(0)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_publish = self._acknowledge
        self._client.connect("127.0.0.1", port)
        self._client.loop_start()

    def _acknowledge(self, _client: object, _user: object, mid: int, *_: object) -> None:
        self._acknowledged[mid] += 1  # possibly before `publish` has told who it is

    def run(self) -> None:
        fleet, began_s = self._fleet, time.monotonic()
        for at in range(fleet.readings * fleet.boxes):
            number, box = divmod(at, fleet.boxes)
            due_s = began_s + at * fleet.period_s / fleet.boxes
            time.sleep(max(due_s - time.monotonic(), 0.0))
            topic, payload = fleet.message(box, number)
            told = self._client.publish(topic, payload, qos=1)
            self._sent.setdefault(told.mid, []).append(at)  # numbers begin anew after 65,535

    def acknowledged(self) -> list[tuple[int, int]]:
        """(box, number) of every reading that the broker took, once all of them are."""
        self.join()
        every = self._fleet.readings * self._fleet.boxes
        waited(lambda: self._acknowledged.total() >= every, what="the broker's acknowledgements")
        self._client.disconnect()
        self._client.loop_stop()
        taken = [at for mid, its in self._sent.items() for at in its[: self._acknowledged[mid]]]
        return [divmod(at, self._fleet.boxes)[::-1] for at in sorted(taken)]


@dataclass(frozen=True)
class Ledger:
    """What each stage holds of what the broker acknowledged."""

    published: int
    journalled: int
    twice: int
    stored: int
    judged: int
    warm: int
    warm_told: int
    cold_told: int
    changes: int
    changes_wrong: int

    @property
    def adds_up(self) -> bool:
        readings = {self.published, self.journalled, self.stored, self.judged}
        clues = self.warm == self.warm_told and not self.cold_told and not self.changes_wrong
        return len(readings) == 1 and clues


def ledger(world: World, fleet: Fleet, acknowledged: list[tuple[int, int]]) -> Ledger:
    """Once nothing moves any more."""
    due = Counter(fleet.shipment(box) for box, _ in acknowledged)
    names = list(due)
    with stores(world.stores, sole_writer=False) as (store, register):
        results = judged(register, due, within_s=SETTLED_WITHIN_S)
        stored = sum(
            len(set(zip(its.shipment.tolist(), its.seq.tolist(), strict=True)))
            for its in (store.readings(names[at : at + 500], []) for at in range(0, len(due), 500))
        )
    last: list[Any] = []
    quiet_s = time.monotonic()
    while time.monotonic() - quiet_s < QUIET_S:
        if (now := feed(world)) != last:
            last, quiet_s = now, time.monotonic()
        time.sleep(0.5)
    kept: Counter[tuple[str, int]] = Counter()
    for row in world.journal.read("w1"):
        if row.topic.endswith("/readings") and not row.note:
            said = json.loads(row.payload)
            kept[said["shipment"], said["seq"]] += 1
    versions: dict[str, list[int]] = {}
    of: dict[str, str] = {}
    for entry in last:
        versions.setdefault(entry["clue"]["id"], []).append(entry["change"]["version"])
        of[entry["clue"]["id"]] = entry["clue"]["shipment"]
    wrong = sum(told != list(range(1, len(told) + 1)) for told in versions.values())
    warm = {fleet.shipment(box) for box in range(fleet.boxes) if fleet.is_warm(box)}
    return Ledger(
        published=len(acknowledged),
        journalled=len(kept),
        twice=sum(count - 1 for count in kept.values()),
        stored=stored,
        judged=sum(results.values()),
        warm=len(warm),
        warm_told=len(warm & set(of.values())),
        cold_told=len(set(of.values()) - warm),
        changes=len(last),
        changes_wrong=wrong,
    )


def judged(register: Register, due: Counter[str], *, within_s: float) -> Counter[str]:
    """How many readings the newest result of each shipment rests on, once that is as many as are
    due, or at the end of the patience."""
    names = list(due)
    end = time.monotonic() + within_s
    while True:
        found: Counter[str] = Counter()
        for at in range(0, len(names), 200):
            newest = register.results.newest(names[at : at + 200])
            found |= Counter({name: its.metrics.readings or 0 for name, its in newest.items()})
        if found == due or time.monotonic() > end:
            return found
        time.sleep(0.5)


def feed(world: World) -> list[Any]:
    """Every entry."""
    entries: list[Any] = []
    after = ""
    while True:
        page = answered(world, f"/v1/clues?limit=200{after}")
        if page is None:
            raise AssertionError("the feed of clues is not answered")
        entries += page["items"]
        if not page["has_more"]:
            return entries
        after = f"&after={page['next_cursor']}"


@dataclass(frozen=True)
class Soaked:
    ledger: Ledger
    faults: Counter[str]
    memory: dict[str, tuple[float, float, int]]
    """Of each process: most MB, growth, kills."""


def soaked(folder: Path, fleet: Fleet, *, seed: int, pause_s: float) -> Soaked:
    """The whole of it; AssertionError where something never comes back."""
    with world(folder) as made:
        boxes = Boxes(fleet, made.broker.port)
        boxes.start()
        faults = trouble(
            made,
            random.Random(seed),
            until_s=time.monotonic() + fleet.seconds,
            pause_s=pause_s,
        )
        made.mend()
        found = ledger(made, fleet, boxes.acknowledged())
        memory = {
            one.arguments[0]: (one.highest_mb, one.growth(), one.kills)
            for one in (made.ingest, made.serve)
        }
        return Soaked(found, faults, memory)


def main() -> int:
    """Print the ledger; 1 where it does not add up, or memory grew."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--boxes", type=int, default=2000)
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    began_ms = time.time_ns() // 1_000_000
    fleet = Fleet(given.boxes, given.minutes, 60.0, began_ms)
    with tempfile.TemporaryDirectory(prefix="coldwitness-soak-") as folder:
        found = soaked(Path(folder), fleet, seed=given.seed, pause_s=20.0)
    one = found.ledger
    print(f"{given.boxes:,} boxes, a reading a minute, {given.minutes} minutes; faults:")
    for kind, times in sorted(found.faults.items()):
        print(f"  {kind:<20}{times:>5}")
    for stage in ("published", "journalled", "stored", "judged"):
        print(f"{stage:<12}{getattr(one, stage):>10,}")
    print(f"sent again by broker or logger, and journalled so: {one.twice:,}")
    print(f"clues: {one.warm_told} of {one.warm} warm boxes, {one.cold_told} of others;")
    print(f"  {one.changes} changes, {one.changes_wrong} clues whose changes are not each once")
    flat = True
    for name, (highest_mb, growth, kills) in found.memory.items():
        flat &= not growth > GROWTH_AIM
        print(f"{name}: {highest_mb:.0f} MB at most, {growth:.2f} x at the end, {kills} kills")
    return 0 if one.adds_up and flat else 1


if __name__ == "__main__":
    sys.exit(main())
