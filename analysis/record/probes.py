"""Which probes a record has, by the role that each plays in the box."""

from coldwitness.domain.reading import split_probe
from coldwitness.domain.tracks import Tracks

ZONES = ("coolant", "goods", "ambient")
"""Roles beside the drug, in the order of every table of zones."""


def probes_of(tracks: Tracks, role: str) -> tuple[str, ...]:
    """Names of a role's probes in these tracks, first one first."""
    named = [(split, name) for name in tracks.temperature_c if (split := split_probe(name))]
    return tuple(name for (its, _), name in sorted(named) if its == role)
