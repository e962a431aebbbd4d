"""A journal on a temporary disk, with a key made for the test."""

from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from coldwitness.storage.journal import Journal, Message, Signer

NOON_MS = 1_717_243_200_000
"""2024-06-01T12:00:00Z."""
DAY_MS = 86_400_000


@pytest.fixture(scope="session")
def signer() -> Signer:
    return Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))


@pytest.fixture
def open_journal(tmp_path: Path, signer: Signer) -> Callable[..., Journal]:
    def make(worker: str = "w1") -> Journal:
        return Journal(tmp_path, worker=worker, signer=signer)

    return make


def message(number: int, *, received_ms: int = NOON_MS, dup: bool = False) -> Message:
    return Message(
        "coldchain/v1/ql-express/BX-1/readings",
        b'{"logger":"LG-1","seq":%d}' % number,
        received_ms,
        dup=dup,
    )


def messages(first: int, count: int, *, received_ms: int = NOON_MS) -> list[Message]:
    return [message(i, received_ms=received_ms + i) for i in range(first, first + count)]
