"""Score the judgements on simulated shipments whose truth is known; `make scoreboard`.

Prints the page and writes it to docs/scoreboard.md. Exit 0 always: it measures, the reader
judges; mistakes are listed with the seeds that make them again.
"""

import argparse
import sys
import time
import zlib
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from benchmarks.scoreboard_classes import CLASSES
from benchmarks.scoreboard_page import page
from benchmarks.scoreboard_risk import risks
from benchmarks.scoreboard_run import Answers, run_class
from benchmarks.scoreboard_score import detection, false_findings, score_class

PAGE = Path(__file__).parent.parent / "docs" / "scoreboard.md"


def class_seed(seed: int, name: str) -> int:
    """A seed of the class's own, so that adding a class changes no other's shipments."""
    return seed + zlib.crc32(name.encode()) % 1_000_000


def main() -> None:
    """Run all classes on two processes and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boxes", type=int, default=200, help="shipments a class")
    parser.add_argument("--seed", type=int, default=20260618)
    parser.add_argument("--class", dest="names", action="append", help="only this class; repeat")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, default=PAGE)
    parser.add_argument("--risks", type=Path, help="also write how often findings were wrong")
    options = parser.parse_args()
    chosen = [c for c in CLASSES if not options.names or c.name in options.names]
    if not chosen:
        parser.error(f"unknown class; known: {', '.join(c.name for c in CLASSES)}")
    begun = time.monotonic()
    runs: list[Answers] = []
    with ProcessPoolExecutor(options.processes) as pool:
        waiting = [
            pool.submit(
                run_class, scored, boxes=options.boxes, seed=class_seed(options.seed, scored.name)
            )
            for scored in chosen
        ]
        for future in waiting:
            run = future.result()
            runs.append(run)
            print(
                f"{run.scored.name:22} {len(run.answers)} shipments, {run.readings} readings, "
                f"simulated in {run.simulate_s:.1f} s, judged in {run.judge_s:.1f} s",
                file=sys.stderr,
            )
    scores = [score_class(run) for run in runs]
    zones = [detection(runs, zone) for zone in ("coolant", "goods")]
    text = page(scores, runs, false_findings(runs), zones)
    options.out.write_text(text, encoding="utf-8")
    if options.risks is not None:
        name = f"seed {options.seed}, {len(chosen)} classes of {options.boxes}"
        told = risks(
            runs,
            scoreboard=name,
            day=datetime.now(UTC).date(),
            version=metadata.version("coldwitness"),
        )
        options.risks.write_text(told, encoding="utf-8")
    print(text)
    print(f"{time.monotonic() - begun:.0f} s, written to {options.out}", file=sys.stderr)


if __name__ == "__main__":
    main()
