"""What fails around the processes of `benchmarks.soak`: each fault ends by itself."""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.soak_world import World

CLOCK_STEPS = ("+90", "-90")


def broker_restarted(world: World, chance: random.Random) -> None:
    world.broker.stop()
    time.sleep(chance.uniform(0.0, 3.0))
    world.broker.start()


def store_down(world: World, chance: random.Random) -> None:
    world.influx.kill()
    time.sleep(chance.uniform(0.5, 6.0))
    world.influx.start()


def disk_full(world: World, chance: random.Random) -> None:
    _there(world.full, chance.uniform(1.0, 6.0))


def disk_slow(world: World, chance: random.Random) -> None:
    _there(world.slow, chance.uniform(2.0, 8.0))


def _there(sign: Path, seconds: float) -> None:
    sign.touch()
    time.sleep(seconds)
    sign.unlink()


def clock_stepped(world: World, chance: random.Random) -> None:
    world.wall.set(chance.choice(CLOCK_STEPS))
    time.sleep(chance.uniform(1.0, 6.0))
    world.wall.set("+0")


def killed(world: World, chance: random.Random) -> None:
    process = chance.choice([world.ingest, world.serve])
    process.kill()
    time.sleep(chance.uniform(0.0, 1.0))
    process.start()


FAULTS: Mapping[str, Callable[[World, random.Random], None]] = {
    "broker restarted": broker_restarted,
    "store down": store_down,
    "disk full": disk_full,
    "process killed": killed,
    "disk slow": disk_slow,
    "clock stepped": clock_stepped,
}


def trouble(world: World, chance: random.Random, *, until_s: float, pause_s: float) -> Counter[str]:
    """One fault after another, each kind once and then as often as the others; how often each
    was."""
    times: Counter[str] = Counter()
    while True:
        kinds = list(FAULTS)
        chance.shuffle(kinds)
        for kind in kinds:
            if time.monotonic() >= until_s and len(times) == len(FAULTS):
                return times
            FAULTS[kind](world, chance)
            times[kind] += 1
            rest_s = time.monotonic() + chance.uniform(0.3, 1.0) * pause_s
            while time.monotonic() < rest_s:
                world.ingest.look()
                world.serve.look()
                time.sleep(0.25)
