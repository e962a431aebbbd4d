"""Which drugs of a manifest use the words of the list of those banned from online sale."""

import math
from collections.abc import Mapping, Sequence

from coldwitness.config.ban_list import Banned, banned_on
from coldwitness.domain.instants import china_day
from coldwitness.domain.manifest import Item, Manifest
from coldwitness.domain.text import Text


def sold_online(manifest: Manifest) -> bool | None:
    """As the manifest says; None: it does not."""
    if manifest.delivery is not None and manifest.delivery.platform:
        return True
    return None if manifest.order is None else manifest.order.online


_Named = tuple[str | None, str | None]
"""What of an item tells whether an entry names it."""


def banned_drugs(
    named: Sequence[Sequence[Item]], entries: Sequence[Banned], begun_s: Sequence[float]
) -> list[tuple[str, str]]:
    """Of each shipment's drugs the items that an entry in force when it began names, parted by
    `; `, and the titles of those entries in both languages, parted by ` / `; both empty where none
    is named. begun_s : UTC epoch s, NaN unknown. A fleet's few drugs are looked up once a day."""
    days = [None if math.isnan(one_s) else china_day(one_s) for one_s in begun_s]
    found: dict[object, dict[_Named, Sequence[Text]]] = {}
    for drugs, day, one_s in zip(named, days, begun_s, strict=True):
        known = found.setdefault(day, {})
        its = {(item.name, item.dosage_form): item for item in drugs}
        if not its.keys() <= known.keys():
            in_force = banned_on(entries, one_s)
            for name, item in its.items():
                known[name] = [entry.title for entry in in_force if entry.names(item)]
    return [_told(drugs, found[day]) for drugs, day in zip(named, days, strict=True)]


def _told(drugs: Sequence[Item], known: Mapping[_Named, Sequence[Text]]) -> tuple[str, str]:
    lines: list[str] = []
    titles: list[Text] = []
    for number, item in enumerate(drugs, start=1):
        found = known[item.name, item.dosage_form]
        if found:
            lines.append(item.name or f"#{number}")
            titles += found
    told = list(dict.fromkeys(titles))
    both = ("、".join(one.zh for one in told), ", ".join(one.en for one in told))
    return "; ".join(lines), " / ".join(both) if told else ""
