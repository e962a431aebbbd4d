"""What a worker says of itself: one retained message on a topic of its own."""

from importlib import metadata
from typing import Any, Literal

import msgspec

State = Literal["running", "no_broker", "not_acknowledging", "stopped", "lost"]
HEALTH_PREFIX = "coldchain/v1/_workers/"


HEADS_PREFIX = "coldchain/v1/_heads/"


OWN_PREFIXES = (HEALTH_PREFIX, HEADS_PREFIX)
"""What workers say themselves: no evidence, not journalled."""


def heads_topic(worker: str) -> str:
    """Where a worker's newest checkpoint stands, retained, for whoever wants to keep it."""
    return f"{HEADS_PREFIX}{worker}"


def health_topic(worker: str) -> str:
    """Where a worker says how it is: retained, and the broker says `lost` there if it dies."""
    return f"{HEALTH_PREFIX}{worker}/health"


def health_payload(*, worker: str, state: State, **more: Any) -> bytes:
    """What stands, retained, on the worker's health topic."""
    software = f"coldwitness {metadata.version('coldwitness')}"
    return msgspec.json.encode({"worker": worker, "state": state, "software": software, **more})
