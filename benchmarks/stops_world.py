"""How storage on the way is judged in a second world (`benchmarks.grid_city`), from files.

    python -m benchmarks.stops_world [--boxes 100] [--seed 1] [--only TEXT]

Each line is a family of deliveries: what is true, and of how many ANNEX6-14 is compliant (asserted
and not applicable included: a word that acquits is an acquittal), insufficient, suspected, breach.
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import numpy as np

from benchmarks.grid_city import Driver, Place, Receiver, Way
from coldwitness.cli.judge_files import judge_files
from coldwitness.config.settings import JudgingSettings
from coldwitness.domain.instants import instant_ms, rfc3339
from coldwitness.domain.map_datums import from_wgs84
from coldwitness.domain.tracks import FloatArray
from coldwitness.judging.rulebook import load_rulebook

LINE = "ANNEX6-14"
BEGIN_MS = instant_ms("2026-06-10T01:00:00Z")
CITY_DEG = (36.79, 118.05)
METRES_PER_DEG = 111_195.0
FAR_M, APART_M = 800.0, 125.0
"""How far a depot lies from both ends, and one door from another, at least."""
Said = dict[str, float]
Row = dict[str, object]
Truth = Literal["honest", "stored"]


@dataclass
class Delivery:
    """A way, how its box's logger saw it, and what was pressed and written down.

    gone : stretches [s] without a fix. held : stretches in which the last fix is repeated. motion :
    of the sensor; at : places of the events that were pressed elsewhere.
    """

    way: Way
    receiver: Receiver = field(default_factory=Receiver)
    gone: list[tuple[float, float]] = field(default_factory=list)
    held: list[tuple[float, float]] = field(default_factory=list)
    motion: Literal["works", "stuck"] = "works"
    interval_s: float = 60.0
    datum: Literal["none", "fixes", "places"] = "none"
    phone: Way | None = None
    cells_m: float = 0.0
    radius_m: float = 100.0
    destination: Place | None = None
    pressed: list[tuple[str, float]] = field(default_factory=list)


def _between(random: np.random.Generator, low: float, high: float) -> float:
    return 60.0 * random.uniform(low, high)


def _start(random: np.random.Generator, **options: float) -> Driver:
    driver = Driver(random, **options)
    driver.stand(_between(random, 3.0, 9.0), "origin")
    return driver.drive(int(random.integers(8, 16)), name="first")


def _end(driver: Driver, random: np.random.Generator, wait: tuple[float, float] = (2, 6)) -> Way:
    driver.drive(int(random.integers(8, 16)), name="last")
    return driver.stand(_between(random, *wait), "destination").way()


def _halt(random: np.random.Generator, low: float, high: float) -> Way:
    """A ride with one halt of so many minutes at a place of its own, far from both ends."""
    while True:
        driver = _start(random)
        way = _end(driver.aside(40.0).stand(_between(random, low, high), "halt"), random)
        if _far_from_ends(way) > FAR_M:
            return way


def _delivery(
    random: np.random.Generator, *, motion: Literal["works", "stuck"] = "works"
) -> Delivery:
    return Delivery(_halt(random, 20.0, 60.0), Receiver().drawn(random), motion=motion)


def _far_from_ends(way: Way) -> float:
    """How far the halt lies from the nearer end [m]."""
    x_m, y_m = way.at(way.marks["halt"][1])
    ends = np.hypot(way.x_m[[0, -1]] - x_m, way.y_m[[0, -1]] - y_m)
    return float(ends.min())


def _ride(random: np.random.Generator, **options: float) -> Way:
    return _end(_start(random, **options), random)


def _jam(random: np.random.Generator) -> Delivery:
    driver = _start(random).creep(_between(random, 15.0, 25.0), step_m=18.0)
    return Delivery(_end(driver, random), Receiver().drawn(random))


def _indoors(random: np.random.Generator) -> Delivery:
    """No sky in the pharmacy and in the consumer's house; the ends of the unseen time are those of
    the stay and some way more."""
    driver = Driver(random).stand(_between(random, 10.0, 45.0), "origin")
    driver.drive(int(random.integers(10, 20)), name="first")
    way = _end(driver, random, (10.0, 40.0))
    gone = [
        (0.0, way.marks["origin"][1] - 40.0),
        (way.marks["destination"][0] + 40.0, way.length_s),
    ]
    return Delivery(way, Receiver().drawn(random), gone=gone)


def _tunnel(random: np.random.Generator) -> Delivery:
    driver = _start(random)
    driver.drive(int(random.integers(25, 45)), name="tunnel")
    way = _end(driver, random)
    return Delivery(way, Receiver().drawn(random), held=[way.marks["tunnel"]])


def _drops(random: np.random.Generator) -> Delivery:
    """Two or three other doors in a quarter, a few minutes each, a block and more apart."""
    driver, doors = _start(random), []
    for _ in range(int(random.integers(2, 4))):
        doors.append(driver.here)
        driver.stand(_between(random, 3.0, 8.0)).drive(2)
        while min(np.hypot(x - driver.here[0], y - driver.here[1]) for x, y in doors) < APART_M:
            driver.drive(1)
    return Delivery(_end(driver, random), Receiver().drawn(random))


def _wait(random: np.random.Generator) -> Delivery:
    way = _end(_start(random), random, (12.0, 28.0))
    return Delivery(way, Receiver().drawn(random))


def _masts(random: np.random.Generator) -> Delivery:
    receiver = replace(Receiver().drawn(random), states_m=None, walk_m=1.0, noise_m=0.0, outliers=0)
    return Delivery(_ride(random), receiver, cells_m=random.uniform(400.0, 900.0))


def _late(random: np.random.Generator) -> Delivery:
    way = _ride(random)
    late = [("delivered", way.length_s - _between(random, 0.1, 1.0))]
    return Delivery(way, Receiver().drawn(random), pressed=late)


def _yard(random: np.random.Generator) -> Delivery:
    driver = _start(random).stand(_between(random, 8.0, 14.0), "halt")
    driver.aside(random.uniform(55.0, 90.0)).stand(_between(random, 8.0, 14.0))
    return Delivery(_end(driver, random), Receiver().drawn(random))


def _hops(random: np.random.Generator) -> Delivery:
    driver = _start(random)
    for _ in range(4):
        driver.stand(_between(random, 11.0, 13.0)).aside(random.uniform(115.0, 150.0))
    return Delivery(_end(driver, random), Receiver().drawn(random))


def _short_of_the_door(random: np.random.Generator) -> Delivery:
    driver = _start(random)
    driver.drive(int(random.integers(6, 12))).stand(_between(random, 18.0, 30.0), "halt")
    place = driver.here
    driver.aside(random.uniform(200.0, 480.0))
    destination = driver.here
    way = driver.stand(_between(random, 1.0, 3.0), "destination").way()
    assert np.hypot(place[0] - destination[0], place[1] - destination[1]) > 150.0
    return Delivery(way, Receiver().drawn(random), destination=destination)


def _in_the_radius(random: np.random.Generator) -> Delivery:
    return replace(_delivery(random), radius_m=3000.0)


def _phone(random: np.random.Generator) -> Delivery:
    """The box stands in a depot, the courier's phone rides on; both positions are in the record."""
    made = _delivery(random)
    return replace(made, phone=_ride(random))


def _pressed_there(random: np.random.Generator) -> Delivery:
    made = _delivery(random)
    begin, _ = made.way.marks["halt"]
    return replace(made, pressed=[("delivered", begin + 120.0)])


def _packed_on_the_way(random: np.random.Generator) -> Delivery:
    made = _delivery(random)
    _, end = made.way.marks["halt"]
    return replace(made, pressed=[("packed", end + 60.0)])


def _refused_there(random: np.random.Generator) -> Delivery:
    made = _delivery(random)
    begin, _ = made.way.marks["halt"]
    return replace(made, pressed=[("refused", begin + 120.0), ("delivered", made.way.length_s)])


def _hidden(random: np.random.Generator) -> Delivery:
    made = _delivery(random)
    begin, end = made.way.marks["halt"]
    return replace(made, gone=[(begin + 30.0, end - 30.0)])


def _with(receiver: Receiver, way: Callable[[np.random.Generator], Way]) -> Callable[..., Delivery]:
    return lambda random: Delivery(way(random), receiver.drawn(random))


CANYON = Receiver(walk_m=22.0, memory_s=90.0, outliers=0.06, states_m=30.0)
SPARSE = Receiver(every_s=300.0)
ROUGH = Receiver(digits=3, states_m=None)
COARSE = Receiver(walk_m=700.0, memory_s=400.0, noise_m=200.0, states_m=3000.0)
DRIFT = Receiver(walk_m=28.0, memory_s=900.0, noise_m=4.0)
FAMILIES: Mapping[str, tuple[Truth, Callable[[np.random.Generator], Delivery]]] = {
    "a ride": ("honest", _with(Receiver(), _ride)),
    "long lights": ("honest", _with(Receiver(), lambda random: _ride(random, light_s=70.0))),
    "a halt of 4 to 12 min": ("honest", _with(Receiver(), lambda random: _halt(random, 4.0, 12.0))),
    "a jam that creeps": ("honest", _jam),
    "indoors without a fix at both ends": ("honest", _indoors),
    "the last fix repeated in a tunnel": ("honest", _tunnel),
    "other doors in one quarter": ("honest", _drops),
    "12 to 28 min at the door": ("honest", _wait),
    "between tall houses": ("honest", _with(CANYON, _ride)),
    "a fix in 5 min": ("honest", _with(SPARSE, _ride)),
    "three decimals": ("honest", _with(ROUGH, _ride)),
    "positions of masts": ("honest", _masts),
    "fixes shifted as GCJ-02, unsaid": (
        "honest",
        lambda random: Delivery(_ride(random), Receiver().drawn(random), datum="fixes"),
    ),
    "places off a shifted map": (
        "honest",
        lambda random: Delivery(_ride(random), Receiver().drawn(random), datum="places"),
    ),
    "delivered pressed a little early": ("honest", _late),
    "in a depot, 20 to 60 min": ("stored", _delivery),
    "motion flag stuck at true": ("stored", lambda random: _delivery(random, motion="stuck")),
    "shifted 55 to 90 m in the yard": ("stored", _yard),
    "moved 115 to 150 m every 12 min": ("stored", _hops),
    "a receiver that drifts": (
        "stored",
        _with(DRIFT, lambda random: _halt(random, 20.0, 40.0)),
    ),
    "between tall houses, in a depot": (
        "stored",
        _with(CANYON, lambda random: _halt(random, 20.0, 40.0)),
    ),
    "a fix in 5 min, in a depot": ("stored", _with(SPARSE, lambda r: _halt(r, 30.0, 60.0))),
    "fixes good to kilometres": ("stored", _with(COARSE, lambda r: _halt(r, 30.0, 60.0))),
    "a phone that rides on": ("stored", _phone),
    "short of the door": ("stored", _short_of_the_door),
    "within a stated radius of 3 km": ("stored", _in_the_radius),
    "delivered pressed in the depot": ("stored", _pressed_there),
    "packed pressed after the depot": ("stored", _packed_on_the_way),
    "refused in the depot, then delivered": ("stored", _refused_there),
    "no fix in the depot": ("stored", _hidden),
}


def _degrees(x_m: FloatArray, y_m: FloatArray) -> tuple[FloatArray, FloatArray]:
    lat = CITY_DEG[0] + y_m / METRES_PER_DEG
    return lat, CITY_DEG[1] + x_m / (METRES_PER_DEG * np.cos(np.radians(CITY_DEG[0])))


def _position(place: Place, *, shifted: bool) -> dict[str, float]:
    lat, lon = (float(value) for value in _degrees(np.array(place[0]), np.array(place[1])))
    if shifted:
        lat, lon = from_wgs84(lat, lon, datum="GCJ02")
    return {"lat": round(lat, 6), "lon": round(lon, 6)}


def _fixes(
    made: Delivery, way: Way, time_s: FloatArray, random: np.random.Generator
) -> list[Said | None]:
    """Position of each reading as a message states it; None without."""
    receiver = made.receiver
    x_m, y_m = way.at(time_s)
    if made.cells_m:
        x_m = np.round(x_m / made.cells_m) * made.cells_m + 37.0
        y_m = np.round(y_m / made.cells_m) * made.cells_m - 61.0
    else:
        error = receiver.error_m(random, time_s)
        x_m, y_m = x_m + error[:, 0], y_m + error[:, 1]
    lat, lon = _degrees(x_m, y_m)
    out: list[Said | None] = []
    for at_s, *true in zip(time_s.tolist(), lat.tolist(), lon.tolist(), strict=True):
        place = from_wgs84(*true, datum="GCJ02") if made.datum == "fixes" else tuple(true)
        said = {"lat": round(place[0], receiver.digits), "lon": round(place[1], receiver.digits)}
        if receiver.states_m is not None:
            said["accuracy_m"] = round(receiver.states_m * random.uniform(0.7, 1.4), 1)
        if any(low < at_s < high for low, high in made.held) and out and out[-1]:
            said = out[-1]
        if any(low < at_s < high for low, high in made.gone) or at_s % receiver.every_s >= 59.0:
            out.append(None)
        else:
            out.append(said)
    return out


def _moving(way: Way, time_s: FloatArray, random: np.random.Generator) -> list[bool]:
    """Any motion in the ten seconds before; one in fifty is wrong."""
    ridden = np.cumsum(way.speed_m_s() > 0.5)
    second = np.clip(time_s.astype(np.int64), 0, ridden.size - 1)
    moves = ridden[second] > ridden[np.maximum(second - 10, 0)]
    return (moves ^ (random.random(time_s.size) < 0.02)).tolist()


def messages(made: Delivery, number: int, random: np.random.Generator) -> tuple[list[Row], Row]:
    """Readings and events of one delivery, and its manifest."""
    way, shipment, box = made.way, f"GRID-{number:04d}", f"GB-{number:04d}"
    begin_ms = BEGIN_MS + 7_200_000 * number

    def when(at_s: float) -> str:
        return rfc3339(begin_ms + round(1000.0 * at_s))

    rows: list[Row] = []
    loggers = [(f"GL-{number:04d}", way)]
    if made.phone is not None:
        loggers.append((f"PH-{number:04d}", made.phone))
    for logger, track in loggers:
        time_s = np.arange(0.0, min(track.length_s, way.length_s), made.interval_s)
        moving = _moving(track, time_s, random)
        level = random.uniform(4.0, 6.0) + np.cumsum(random.normal(0.0, 0.02, time_s.size))
        for seq, fix in enumerate(_fixes(made, track, time_s, random)):
            row: Row = {
                "shipment": shipment,
                "logger": logger,
                "seq": seq,
                "time": when(time_s[seq]),
            }
            if track is way:
                row["temperature"] = {"drug": round(float(level[seq]), 1)}
                row["moving"] = True if made.motion == "stuck" else moving[seq]
            else:
                row["temperature"] = {}
            rows.append(row if fix is None else {**row, "position": fix})
    pressed = dict(made.pressed)
    pressed.setdefault("packed", 60.0)
    pressed.setdefault("delivered", way.length_s - 30.0)
    for name, at_s in pressed.items():
        x_m, y_m = way.at(at_s)
        place = _position((float(x_m), float(y_m)), shifted=False)
        rows.append({"shipment": shipment, "event": name, "time": when(at_s), "position": place})
    shifted = made.datum == "places"
    destination = made.destination or (float(way.x_m[-1]), float(way.y_m[-1]))
    manifest: Row = {
        "id": shipment,
        "seller": {"name": "示例药店", "uscc": "91370305MA3XXXXX0X", "division": "370305"},
        "courier": {"id": "grid", "name": "示例配送", "uscc": "91370303MA3YYYYY1Y"},
        "box": {"id": box},
        "items": [{"name": "胰岛素", "category": "drug", "storage": "refrigerated"}],
        "origin": {**_position((0.0, 0.0), shifted=shifted), "radius_m": 100},
        "destination": {**_position(destination, shifted=shifted), "radius_m": made.radius_m},
        "logger": {"id": f"GL-{number:04d}", "interval_s": made.interval_s},
        "dispatched_at": when(60.0),
    }
    return rows, manifest


def judged(name: str, boxes: int, seed: int) -> Counter[str]:
    """How many deliveries of a family have each status of the line."""
    random = np.random.default_rng([seed, *name.encode()])
    made = [messages(FAMILIES[name][1](random), number, random) for number in range(boxes)]
    with tempfile.TemporaryDirectory() as folder:
        readings, manifests = Path(folder) / "readings.ndjson", Path(folder) / "manifests.ndjson"
        readings.write_text("".join(json.dumps(row) + "\n" for rows, _ in made for row in rows))
        manifests.write_text(
            "".join(json.dumps(manifest, ensure_ascii=False) + "\n" for _, manifest in made),
            encoding="utf-8",
        )
        found = judge_files(
            [readings],
            manifest_paths=[manifests],
            rulebook=load_rulebook(JudgingSettings()),
            storage=None,
            timezone=None,
            reader=None,
        )
    return Counter(
        str(line.status)
        for group in found.groups
        for result in group.results
        for line in result.requirements
        if line.id == LINE
    )


COMPLIANT = ("compliant", "asserted", "not_applicable")


def table(boxes: int, seed: int, only: str = "") -> Iterator[str]:
    """The page's lines."""
    yield "| delivery | true | compliant | insufficient | suspected | breach |"
    yield "|---|---|---|---|---|---|"
    for name, (truth, _) in FAMILIES.items():
        if only in name:
            found = judged(name, boxes, seed)
            passed = sum(found[status] for status in COMPLIANT)
            rest = [found[s] for s in ("insufficient_evidence", "suspected", "breach")]
            yield f"| {name} | {truth} | {passed} | " + " | ".join(map(str, rest)) + " |"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boxes", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args(arguments)
    for line in table(chosen.boxes, chosen.seed, chosen.only):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
