"""What a worker says of itself: one retained message on a topic of its own."""

from importlib import metadata
from typing import Any, Literal

import msgspec

State = Literal["running", "no_broker", "not_acknowledging", "stopped", "lost"]
HEALTH_PREFIX = "coldchain/v1/_workers/"


def health_topic(worker: str) -> str:
    """Where a worker says how it is: retained, and the broker says `lost` there if it dies."""
    return f"{HEALTH_PREFIX}{worker}/health"


def health_payload(*, worker: str, state: State, **more: Any) -> bytes:
    """What stands, retained, on the worker's health topic."""
    software = f"coldwitness {metadata.version('coldwitness')}"
    return msgspec.json.encode({"worker": worker, "state": state, "software": software, **more})
