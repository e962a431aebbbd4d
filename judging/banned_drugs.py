"""Which drugs of a manifest use the words of the list of those banned from online sale."""

from collections.abc import Sequence

from coldwitness.config.ban_list import Banned
from coldwitness.domain.manifest import Item, Manifest


def sold_online(manifest: Manifest) -> bool | None:
    """As the manifest says; None: it does not."""
    if manifest.delivery is not None and manifest.delivery.platform:
        return True
    return None if manifest.order is None else manifest.order.online


def banned_drugs(drugs: Sequence[Item], entries: Sequence[Banned]) -> tuple[str, str]:
    """The items that the entries name, parted by `; `, and the titles of those entries in both
    languages, parted by ` / `; both empty where none is named."""
    lines, titles = [], []
    for number, item in enumerate(drugs, start=1):
        found = [entry.title for entry in entries if entry.names(item)]
        if found:
            lines.append(item.name or f"#{number}")
            titles += found
    told = list(dict.fromkeys(titles))
    both = ("、".join(one.zh for one in told), ", ".join(one.en for one in told))
    return "; ".join(lines), " / ".join(both) if told else ""
