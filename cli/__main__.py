"""`python -m coldwitness.cli` is `coldwitness`."""

from coldwitness.cli.main import run

run()
