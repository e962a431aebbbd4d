"""Which probes a record has, by the role that each plays in the box."""

from functools import lru_cache

from coldwitness.domain.reading import ROLES, split_probe
from coldwitness.domain.tracks import Tracks

ZONES = ("coolant", "goods", "ambient")
"""Roles beside the drug, in the order of every table of zones."""

_KEPT = 512
"""Names, and sets of names, whose roles are kept: a judgement asks for the same ones often."""


def probes_of(tracks: Tracks, role: str) -> tuple[str, ...]:
    """Names of a role's probes in these tracks, first one first."""
    return _of_role(tuple(tracks.temperature_c), role)


@lru_cache(maxsize=_KEPT)
def _of_role(names: tuple[str, ...], role: str) -> tuple[str, ...]:
    named = [(split, name) for name in names if (split := split_probe(name))]
    return tuple(name for (its, _), name in sorted(named) if its == role)


@lru_cache(maxsize=_KEPT)
def probe_order(name: str) -> tuple[int, int, str]:
    """Key by which probes are told: drug, coolant, ambient, goods, then those of no role; each by
    number."""
    split = split_probe(name)
    return (ROLES.index(split[0]), split[1], name) if split else (len(ROLES), 0, name)


def is_drug(name: str) -> bool:
    """Whether a probe measures the drug: its readings are judged by the limits."""
    return probe_order(name)[0] == ROLES.index("drug")
