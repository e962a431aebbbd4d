"""Fixtures of the API's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.api.world import Receiver, World, running_world
from tests.browser import chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Ends with its module: as long as it runs no other test of the process may run a loop."""
    with chromium() as started:
        yield started


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A server whose judge and outbox run only when the test says so."""
    with running_world(tmp_path) as running:
        yield running


@pytest.fixture
def live_world(tmp_path: Path) -> Iterator[World]:
    """A server that judges and sends by itself."""
    with running_world(tmp_path, ticking=True, sending=True) as running:
        yield running


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    started = Receiver()
    yield started
    started.stop()
