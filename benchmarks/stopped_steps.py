"""Every command that works in several steps, stopped at every one of them.

    python -m benchmarks.stopped_steps [--every 1] [--first 1] [--last N] [--placing]
                                       [--work NAME …] [--mode NAME …]

Each write, truncation, rename, link, unlink, made folder and fsync below the data folder is a step
(tests/stopped/disk_steps.c counts them in front of libc, SQLite's and DuckDB's too). A command is
killed before step 1, 2, … until it runs through (before step n is after step n - 1: nothing else
writes there), with half of the write done (torn), and with all that was not forced to the disk
taken back (lost: a power cut); a step fails with EIO (error), or the disk is full from it on
(full). Then it is started again, and has to end as one that nobody stopped: same rows, readings,
results, archive, keys; nothing left over; no traceback. Prints a line a work and mode.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.stopped.stops import Stops
from tests.stopped.trials import Mode, trials
from tests.stopped.works import WORKS

MODES = [mode.name.lower() for mode in Mode if mode is not Mode.COUNT]
SHOWN = 3
SERVICES = ("ingest", "serve", "demo")


def main() -> int:
    """1 if anything did not end as it should."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=1, help="only each n-th step")
    parser.add_argument("--first", type=int, default=1, help="from this step on")
    parser.add_argument("--last", type=int, help="up to this step; else to the end")
    parser.add_argument(
        "--placing", action="store_true", help="only steps that put something in its place"
    )
    parser.add_argument("--work", action="append", choices=[work.name for work in WORKS])
    parser.add_argument("--mode", action="append", choices=MODES)
    parser.add_argument("--together", action="store_true", help="only: two of each at once")
    arguments = parser.parse_args()
    tried = failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with trials(folder / "scratch", folder / "world") as runs:
            for work in WORKS:
                if arguments.work and work.name not in arguments.work:
                    continue
                if arguments.together and work.name in SERVICES:
                    continue  # what takes messages is refused its name by the other's lock
                stops = Stops(runs, work, folder / "templates")
                all_steps = stops.whole.placing() if arguments.placing else stops.all_steps()
                last = arguments.last or stops.whole.steps
                steps = [at for at in all_steps if arguments.first <= at <= last]
                steps = steps[:: arguments.every]
                if arguments.together:
                    text = stops.together()
                    tried, failed = tried + 1, failed + bool(text)
                    print(f"{work.name:24}two at once: {text or 'right'}", flush=True)
                    continue
                for mode in arguments.mode or MODES:
                    started = time.perf_counter()
                    wrong = list(stops.wrong(Mode[mode.upper()], steps))
                    took_s = time.perf_counter() - started
                    tried, failed = tried + len(steps), failed + len(wrong)
                    right = len(steps) - len(wrong)
                    share = f"{right:6} of {len(steps):5} tried, {stops.whole.steps:5} steps"
                    print(f"{work.name:24}{mode:8}{share}  {took_s:6.0f} s")
                    for one in wrong[:SHOWN]:
                        print(f"    {one.step}: {one.text[:400]}")
                    sys.stdout.flush()
    print(f"{tried - failed} of {tried} stops ended as a run that nobody stopped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
