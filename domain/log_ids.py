"""The ids by which lines of the log belong together: of a request, a message, what it is about.

A message is named by its row of the journal, `w1/4711`: worker and number, which every part knows
and which leads to the evidence. No line has anything of a payload.
"""

import logging
from contextvars import ContextVar

REQUEST: ContextVar[str] = ContextVar("coldwitness_request", default="")
"""Of the request that is being answered; "" outside one."""
IDS = ("request_id", "message_id", "device", "box", "shipment", "clue", "courier")
"""Fields of a line that name something."""
FIGURES = ("rows", "reason", "change", "verdict", "method", "route", "status", "took_ms")
"""Fields of a line that say something of it."""

trail = logging.getLogger("coldwitness.messages")
"""A line for each step of each message; silent without `log.messages` in the settings."""


def message_id(worker: str, row: int) -> str:
    """
    >>> message_id("w1", 4711)
    'w1/4711'
    """
    return f"{worker}/{row}"


def follow(step: str, message: str, **ids: str | None) -> None:
    """One step of a message; ids that are None are left out."""
    known = {name: value for name, value in ids.items() if value is not None}
    trail.info(step, extra={"message_id": message, **known})


def followed() -> bool:
    """Whether anybody wants these lines: to make them costs more than to ask."""
    return trail.isEnabledFor(logging.INFO)
