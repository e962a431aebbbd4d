"""What a worker says of itself: one retained message on a topic of its own."""

from importlib import metadata
from typing import Any, Literal

import msgspec

State = Literal["running", "no_broker", "not_acknowledging", "stopped", "lost"]
HEALTH_PREFIX = "coldchain/v1/_workers/"


HEADS_PREFIX = "coldchain/v1/_heads/"


OWN_PREFIXES = (HEALTH_PREFIX, HEADS_PREFIX)
_COURIERS = "coldchain/v1/"
_REFUSED = "_refused"


def is_own(topic: str) -> bool:
    """True for what workers say themselves: no evidence, not journalled. A logger may be called
    anything (`readings`): it is the level of the box that tells."""
    if topic.startswith(OWN_PREFIXES):
        return True
    return topic.startswith(_COURIERS) and topic.split("/", 4)[3:4] == [_REFUSED]


def refused_topic(courier: str, logger: str) -> str:
    """Where a courier reads what was refused of a logger of its own, retained."""
    return f"{_COURIERS}{courier}/{_REFUSED}/{logger}"


def heads_topic(worker: str) -> str:
    """Where a worker's newest checkpoint stands, retained, for whoever wants to keep it."""
    return f"{HEADS_PREFIX}{worker}"


def health_topic(worker: str) -> str:
    """Where a worker says how it is: retained, and the broker says `lost` there if it dies."""
    return f"{HEALTH_PREFIX}{worker}/health"


EVERY_HEALTH = f"{HEALTH_PREFIX}+/health"
"""The topics of all workers."""


def health_payload(*, worker: str, state: State, **more: Any) -> bytes:
    """What stands, retained, on the worker's health topic."""
    software = f"coldwitness {metadata.version('coldwitness')}"
    return msgspec.json.encode({"worker": worker, "state": state, "software": software, **more})
