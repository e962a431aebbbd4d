"""What this program starts ends with it. `benchmarks/orphans.py` ends each parent in six ways."""

import subprocess
import sys

from tests.e2e.demo_process import still_living

FORKS = """
import os, subprocess, sys, time
from coldwitness.ingest.files.in_processes import in_processes
from coldwitness.storage.with_parent import ending_with_us

print(subprocess.Popen(ending_with_us(["sleep", "600"])).pid, flush=True)
def told(number):
    print(os.getpid(), flush=True)
    time.sleep(600)
list(in_processes(told, range(8), processes=2))
"""


def test_forks_and_programs_end_with_a_parent_that_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", FORKS], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        children = [int(parent.stdout.readline()) for _ in range(3)]
        parent.kill()
    assert still_living(children, within_s=20) == []
