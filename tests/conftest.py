"""What every test shares."""

import logging
import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

from coldwitness.cli.garbage import collect_seldom
from coldwitness.cli.main import one_thread_for_algebra

# Each of the hundreds of commands that the tests start would compile every module anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# As the command has it: before numpy is loaded.
one_thread_for_algebra()

# A worker holds half a million objects that stay: to look through them all so often took a twelfth
# of its time.
collect_seldom()

# How long the drawing of an example takes says something of the machine alone.
settings.register_profile("any machine", suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.fixture(autouse=True)
def _root_logging_stays_as_it_was() -> Iterator[None]:
    """A command run in this process sets up logging for good; the next test starts clean."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
