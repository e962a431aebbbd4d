"""`python -m cli` is `coldwitness`."""

from cli.main import run

run()
