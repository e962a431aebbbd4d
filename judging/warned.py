"""What a result warns of: what was not understood, or used without being named. Nothing of it
weighs on a line."""

from collections.abc import Mapping, Sequence

import numpy as np

from coldwitness.config.labels import labels
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.result import Warning
from coldwitness.domain.text import Text
from coldwitness.domain.tracks import Tracks

_WORDS = labels("warnings")["warnings"]

MOST = 50
"""Warnings of one code in a result: a file may have any number of what is warned of."""


def warnings_of(tracks: Tracks, manifests: Mapping[str, Manifest]) -> Sequence[tuple[Warning, ...]]:
    """The warnings of each shipment of `tracks`, in their order."""
    unnamed = _unnamed_loggers(tracks, manifests)
    return [
        tuple(_warning("unnamed_logger", name) for name in unnamed.get(shipment, ())[:MOST])
        for shipment in range(len(tracks.shipments))
    ]


def _warning(code: str, named: str) -> Warning:
    words = _WORDS[code]
    return Warning(code=code, text=Text(words.zh.format(named), words.en.format(named)))


def _unnamed_loggers(tracks: Tracks, manifests: Mapping[str, Manifest]) -> dict[int, Sequence[str]]:
    """Loggers of each shipment that its manifest, which names some, does not name."""
    owner = tracks.shipment
    loggers = len(tracks.loggers) + 1
    key = owner * loggers + tracks.logger + 1
    changes = np.ones(key.size, dtype=np.bool_)
    changes[1:] = key[1:] != key[:-1]
    found: dict[int, list[str]] = {}
    for code in np.unique(key[changes]).tolist():
        shipment, logger = divmod(code, loggers)
        manifest = manifests.get(tracks.shipments[shipment])
        named = frozenset() if manifest is None else manifest.logger_ids()
        if logger and named and tracks.loggers[logger - 1] not in named:
            found.setdefault(shipment, []).append(tracks.loggers[logger - 1])
    return {shipment: sorted(names) for shipment, names in found.items()}
