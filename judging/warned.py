"""What a result warns of: what was not understood, or used without being named. Nothing of it
weighs on a line."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from coldwitness.config.labels import labels
from coldwitness.domain.company_codes import credit_code_mistake, division_code_mistake
from coldwitness.domain.manifest import Manifest
from coldwitness.domain.reading import split_probe
from coldwitness.domain.result import Warning
from coldwitness.domain.text import Text
from coldwitness.domain.tracks import Tracks

_WORDS = labels("warnings")["warnings"]

MOST = 50
"""Warnings of one code in a result: a file may have any number of what is warned of."""


def warnings_of(tracks: Tracks, manifests: Mapping[str, Manifest]) -> Sequence[tuple[Warning, ...]]:
    """The warnings of each shipment of `tracks`, in their order."""
    unnamed = _unnamed_loggers(tracks, manifests)
    unmapped = _unmapped_probes(tracks)
    found = []
    for shipment, name in enumerate(tracks.shipments):
        named = {
            "unmapped_probe": unmapped.get(shipment, ()),
            "unnamed_logger": unnamed.get(shipment, ()),
            **_of_manifest(manifests.get(name)),
        }
        found.append(
            tuple(_warning(code, one) for code, some in named.items() for one in some[:MOST])
        )
    return found


def _of_manifest(manifest: Manifest | None) -> dict[str, Sequence[str]]:
    if manifest is None:
        return {}
    delivery = manifest.delivery
    carrier = None if delivery is None else delivery.sub_carrier
    companies = (("seller", manifest.seller), ("courier", manifest.courier))
    credit = [(name, one.uscc) for name, one in companies if one is not None]
    if carrier is not None:
        credit.append(("delivery.sub_carrier", carrier.uscc))
    placed = (*companies, ("origin", manifest.origin), ("destination", manifest.destination))
    division = [(name, one.division) for name, one in placed if one is not None]
    return {
        "unknown_key": manifest.unknown_keys,
        "credit_code": _mistakes(credit, "uscc", credit_code_mistake),
        "division_code": _mistakes(division, "division", division_code_mistake),
    }


def _mistakes(
    codes: Sequence[tuple[str, str | None]], key: str, mistake: Callable[[str], int | None]
) -> list[str]:
    """Each wrong code by its place in the manifest, with the place of the mistake in it."""
    wrong = [(name, code, mistake(code)) for name, code in codes if code]
    return [
        f"{name}.{key} {code[:40]} [{place}]" for name, code, place in wrong if place is not None
    ]


def _unmapped_probes(tracks: Tracks) -> dict[int, list[str]]:
    """Probes of each shipment whose names are no role's and that gave a value."""
    found: dict[int, list[str]] = {}
    for name, column in tracks.temperature_c.items():
        if split_probe(name) is None:
            for shipment in np.unique(tracks.shipment[~np.isnan(column)]).tolist():
                found.setdefault(shipment, []).append(name)
    return found


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
