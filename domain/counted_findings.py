"""Findings of a shipment in short, as a list says them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class CountedFindings:
    """How many of a shipment's findings are alike in kind, subtype and certainty."""

    kind: str
    subtype: str
    certainty: str
    count: int
