"""Does the evidence stand against its own keeper? Counts what is found of rewrites and omissions.

    python -m benchmarks.evidence [--rewrites 100] [--omissions 200]

Rewrites: who holds the key makes the journal anew with something older than the last witnessed head
not as it was; found by the witness's checkpoint, and never signed by it. Omissions: rows left out
of a package by who holds every key, of open and sealed days, and rows taken out of the journal's
files by who holds none. Exit 1 if one was not found.
"""

import argparse
import random
import shutil
import sys
import tempfile
from pathlib import Path

import msgspec

from coldwitness.domain.errors import BadInput
from coldwitness.storage.witness.protocol import origin_hash
from coldwitness.storage.witness.seen import SeenCheckpoints
from tests.reports.test_completeness import codes, cut, kept, part_of
from tests.storage.test_witness import (
    KEY,
    LOG,
    LOG_KEY,
    PRIVATE,
    journal,
    problems,
    submit,
    tree_of,
)


def rewrites_found(cases: int, folder: Path) -> int:
    seen = SeenCheckpoints(folder / "seen.sqlite", logs=[LOG_KEY], key=KEY, sign=PRIVATE.sign)
    for run in range(5):
        journal(folder / "journal", first=10 * run, rows=10)
    submit(seen, tree_of(folder / "journal"), old=0, size=5)
    latest = seen.latest(origin_hash(LOG)) or b""
    draw, found, anew = random.Random(14), 0, folder / "anew"
    for _ in range(cases):
        runs, where = draw.choice([3, 5, 8]), draw.randrange(0, 4)
        for run in range(runs):
            hidden = draw.randrange(10) if run == where else None
            less = draw.choice([0, 0, 1, -1]) if run == where else 0
            journal(anew, first=10 * run, rows=10 - less, cool=None if less else hidden)
        tree = tree_of(anew)
        refused = all(
            submit(seen, tree, old=5, size=size)[0] == 422 for size in range(5, tree.size + 1)
        )
        found += bool(problems(anew, latest)) and refused
        shutil.rmtree(anew)
    return found


def omissions_found(cases: int, folder: Path) -> int:
    """Nine in ten by the issuer, over one and three days; one in ten in the files."""
    draw, found = random.Random(200), 0
    made = {days: kept(folder / str(days), days=days) for days in (1, 3)}
    parts = {days: part_of(one) for days, one in made.items()}
    in_files = cases // 10
    for case in range(cases - in_files):
        days = 1 if case % 2 else 3
        rows = parts[days].rows
        gone = set(draw.sample(range(len(rows)), draw.choice([1, 1, 1, 2, 5])))
        left = tuple(row for i, row in enumerate(rows) if i not in gone)
        thinned = msgspec.structs.replace(parts[days], rows=left)
        found += "record_omitted" in codes(thinned, made[days].report)
    for case in range(in_files):
        one = kept(folder / f"cut{case}", days=1)
        mine = [row.row for row in part_of(one).rows]
        cut(one.folder, 0, set(draw.sample(mine, draw.choice([1, 3]))))
        try:
            part_of(one)
        except BadInput:
            found += 1
        shutil.rmtree(one.folder)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rewrites", type=int, default=100)
    parser.add_argument("--omissions", type=int, default=200)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="coldwitness-") as temporary:
        rewrites = rewrites_found(asked.rewrites, Path(temporary) / "rewrites")
        print(f"rewrites found: {rewrites} of {asked.rewrites}", flush=True)
        omissions = omissions_found(asked.omissions, Path(temporary) / "omissions")
        print(f"omissions found: {omissions} of {asked.omissions}")
    return 0 if (rewrites, omissions) == (asked.rewrites, asked.omissions) else 1


if __name__ == "__main__":
    sys.exit(main())
