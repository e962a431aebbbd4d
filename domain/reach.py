"""How far somebody sees: which shipments are theirs to know of."""

from dataclasses import dataclass, field
from typing import Literal

Side = Literal["seller", "courier", "origin", "destination", "platform"]
"""By what a shipment belongs somewhere: the division of its seller, of its courier or of an end of
its way, or the platform it was sold on."""
DIVISION_SIDES: tuple[Side, ...] = ("seller", "courier", "origin", "destination")


@dataclass(frozen=True)
class Reach:
    """Shipments of any of these; with `everything`, all. Without any, none.

    couriers : their ids. platforms : as manifests name them. divisions : GB/T 2260 codes, each with
    those below it.
    """

    everything: bool = False
    couriers: frozenset[str] = field(default_factory=frozenset)
    platforms: frozenset[str] = field(default_factory=frozenset)
    divisions: frozenset[str] = field(default_factory=frozenset)


EVERYTHING = Reach(everything=True)
NOTHING = Reach()


def division_prefix(division: str) -> str:
    """What all codes of a division and of those below it begin with.

    >>> division_prefix("370300"), division_prefix("370305"), division_prefix("37")
    ('3703', '370305', '37')
    """
    prefix = division
    while len(prefix) > 2 and prefix.endswith("00"):
        prefix = prefix[:-2]
    return prefix
