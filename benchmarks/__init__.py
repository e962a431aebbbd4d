"""Measurements, each a program: `python -m benchmarks.NAME`."""

from coldwitness.cli.main import one_thread_for_algebra

one_thread_for_algebra()
