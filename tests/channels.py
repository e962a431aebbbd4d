"""A value for every channel of a reading, so that a test meets each one that there is."""

from typing import Any

from coldwitness.domain.channels import CHANNELS, Channel
from coldwitness.domain.reading import Reading

T0 = 1_795_000_000_000


def value_of(channel: Channel) -> Any:
    """A value the channel can have, and none that stands for nothing or for another channel."""
    if channel.kind == "flag":
        return CHANNELS.index(channel) % 2 == 0
    if channel.kind == "count":
        return 7
    low = max(channel.low, -1000.0)
    return low + (min(channel.high, 1000.0) - low) * 0.25 + CHANNELS.index(channel) / 8


VALUES = {channel.name: value_of(channel) for channel in CHANNELS}
EVERYTHING = Reading(
    logger="LG-9",
    time_ms=T0 + 123,
    temperature_c={"drug": 4.5},
    courier="ql",
    box="BX-9",
    shipment="S-9",
    **VALUES,
)
"""A reading that says all that a reading can say."""
