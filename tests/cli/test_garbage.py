"""How often a command looks for garbage."""

import subprocess
import sys

LOADED = """
import gc, sys
from coldwitness.cli import main
main.main = lambda arguments: print(gc.get_threshold()[0], "numpy" in sys.modules) or 0
main.run()
"""


def test_a_command_collects_seldom_from_before_it_loads_anything() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, check=True)
    assert done.stdout.split() == [b"100000", b"False"]
