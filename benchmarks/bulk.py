"""What a shipment costs in bulk: `python -m benchmarks.bulk [--shipments N] [--boxes N]`.

Each row is a process of its own over one NDJSON of readings and one of manifests, 60 readings a
shipment. Beside them the reference: polars reads the same file of readings and finds the plain
episodes above 8 °C (start, end, peak), nothing else. Times are those of the work, from when the
libraries are loaded to the last byte written; processor time is that of user and system with every
thread and process; medians of the rounds, and the ratio is the median of the rounds' ratios.
`start` judges boxes whose readings stand in the embedded store, as `serve` does when it starts:
from the first touch to the last result in the register.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.bulk_files import READINGS, write_fleet
from benchmarks.episodes_reference import episodes_above_8


@dataclass(frozen=True)
class Taken:
    """Seconds of processor (user and system, all threads) and of the clock on the wall."""

    cpu_s: float
    wall_s: float


def timed(work: Callable[[], object]) -> None:
    """Do it and tell the parent process how long it took."""
    cpu_s, wall_s = _processor_s(), time.perf_counter()
    work()
    sys.stdout.flush()
    print(_processor_s() - cpu_s, time.perf_counter() - wall_s, file=sys.stderr)


def _processor_s() -> float:
    """Of this process and those it began and that have ended."""
    return sum(os.times()[:4])


def reference(readings: Path) -> None:
    """polars' episodes above 8 °C."""
    import polars as pl

    def episodes() -> None:
        read = (
            pl.read_ndjson(readings)
            .filter(pl.col("temperature").is_not_null())
            .select(
                "shipment",
                pl.col("time").str.to_datetime(time_zone="UTC"),
                drug=pl.col("temperature").struct.field("drug"),
            )
        )
        print(episodes_above_8(read).height)

    timed(episodes)


def check(readings: Path, manifests: Path) -> None:
    """`coldwitness check --json`."""
    command("check", "--json", "--manifest", str(manifests), str(readings))


def imported(readings: Path, manifests: Path, *, judge: bool) -> None:
    """`coldwitness import`, with or without judging."""
    command("import", "--judge" if judge else "--no-judge", str(manifests), str(readings))


def command(*arguments: str) -> None:
    """A command with its modules loaded before. That a result accuses is no failure."""
    from coldwitness.cli.garbage import collect_seldom
    from coldwitness.cli.main import main, program

    collect_seldom()
    program(arguments)
    ends: list[int] = []
    timed(lambda: ends.append(main(list(arguments))))
    if ends[0] not in (0, 1, 3):
        raise SystemExit(f"{arguments[0]}: exit {ends[0]}")


def start() -> None:
    """Judging of everything that the stores hold, as at the start of `serve`."""
    from coldwitness.cli.garbage import collect_seldom
    from coldwitness.config.settings import load_settings
    from coldwitness.judging.batch import judge_batch
    from coldwitness.judging.companion import companion
    from coldwitness.judging.live import LiveJudge
    from coldwitness.judging.rulebook import load_rulebook
    from coldwitness.storage.opening import stores

    collect_seldom()  # as the commands do
    settings = load_settings()
    with companion(settings.judging) as second, stores(settings.store) as (store, register):
        judge = LiveJudge(
            store,
            register,
            load_rulebook(settings.judging),
            settings,
            judge=judge_batch if second is None else second.judge_batch,
        )
        boxes: list[str] = []
        while rows := register.shipments.rows(after=boxes[-1] if boxes else None, limit=5000):
            boxes += [row.id for row in rows]

        def judged() -> None:
            judge.touch(boxes)
            if judge.tick() != len(boxes):
                raise SystemExit("not all boxes could be judged")
            if second is not None:
                second.close()  # its processor time is counted once it has ended

        timed(judged)


def run(work: str, folder: Path, readings: Path, manifests: Path) -> Taken:
    """One work in a process of its own, with journal and stores in `folder`."""
    folder.mkdir(exist_ok=True)
    stores = {
        "COLDWITNESS_JOURNAL__DIRECTORY": str(folder / "journal"),
        "COLDWITNESS_STORE__EMBEDDED_FILE": str(folder / "telemetry.sqlite"),
        "COLDWITNESS_STORE__REGISTER_URL": f"sqlite:///{folder / 'register.sqlite'}",
        "COLDWITNESS_STORE__ARCHIVE_DIRECTORY": str(folder / "archive"),
    }
    said = subprocess.run(
        [sys.executable, "-m", "benchmarks.bulk", "--work", work, str(readings), str(manifests)],
        env={**os.environ, **stores},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if said.returncode:
        raise SystemExit(f"{work}: {said.stderr}")
    cpu_s, wall_s = map(float, said.stderr.split("\n")[-2].split())
    return Taken(cpu_s, wall_s)


def measure(shipments: int, boxes: int, rounds: int, names: Sequence[str]) -> None:
    taken: dict[str, list[Taken]] = {"reference": [], **{name: [] for name in names}}
    with tempfile.TemporaryDirectory(prefix="coldwitness-bulk-") as made:
        folder = Path(made)
        bulk = write_fleet(folder, shipments)
        live = folder / "boxes"
        live.mkdir()
        few = write_fleet(live, boxes)
        for number in range(rounds):
            place = folder / f"round{number}"
            place.mkdir()
            taken["reference"].append(run("reference", place, *bulk))
            for name in names:
                files = few if name == "start" else bulk
                if name == "start":
                    run("import-only", place / name, *files)
                taken[name].append(run(name, place / name, *files))
    print(
        f"{shipments:,} shipments, {shipments * READINGS:,} readings, median of {rounds} rounds;"
        f" start: {boxes:,} boxes"
    )
    print(f"{'':<12}{'CPU s':>9}{'wall s':>9}{'CPU ms a shipment':>20}{'x reference':>13}")
    for name, rows in taken.items():
        cpu_s = np.array([row.cpu_s for row in rows])
        ratio = np.median(cpu_s / [row.cpu_s for row in taken["reference"]])
        each = 1000 * float(np.median(cpu_s)) / (boxes if name == "start" else shipments)
        wall_s = float(np.median([row.wall_s for row in rows]))
        shown = "" if name == "start" else f"{ratio:13.1f}"
        print(f"{name:<12}{float(np.median(cpu_s)):9.2f}{wall_s:9.2f}{each:20.3f}{shown}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--shipments", type=int, default=1000)
    parser.add_argument("--boxes", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=["check", "import", "start"])
    parser.add_argument("--work", help=argparse.SUPPRESS)
    parser.add_argument("files", nargs="*", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work is None:
        measure(given.shipments, given.boxes, given.rounds, given.only)
        return
    readings, manifests = given.files
    works: dict[str, Callable[[], None]] = {
        "reference": lambda: reference(readings),
        "check": lambda: check(readings, manifests),
        "import": lambda: imported(readings, manifests, judge=True),
        "import-only": lambda: imported(readings, manifests, judge=False),
        "start": start,
    }
    works[given.work]()


if __name__ == "__main__":
    main()
