"""A million hostile payloads over every decoder: neither crash nor hang, memory bounded."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def fuzz(count: int, *, seed: int) -> list[float]:
    """Resident memory in MB after each format; fails if a decoder did what it should not."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.fuzz_formats",
            "--count",
            str(count),
            "--seed",
            f"{seed}",
        ],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-1000:] + done.stderr[-1000:]
    return [float(line.split()[-1]) for line in done.stdout.splitlines()[1:]]


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_a_million_hostile_payloads_are_read_or_refused_in_bounded_memory() -> None:
    assert max(fuzz(1_000_000, seed=20261122)) < 500
