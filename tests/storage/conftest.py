"""Databases for the register's suite: each test has an empty one of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.register import SqlRegister, open_register


@pytest.fixture(params=["sqlite"])
def register_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'register.sqlite'}"


@pytest.fixture
def register(register_url: str) -> Iterator[SqlRegister]:
    opened = open_register(register_url)
    yield opened
    opened.close()
