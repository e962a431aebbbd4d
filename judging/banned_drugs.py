"""Which drugs of a manifest use the words of the list of those banned from online sale."""

import math
from collections.abc import Iterable, Mapping, Sequence

from coldwitness.config.ban_list import Banned, banned_on
from coldwitness.domain.instants import china_day
from coldwitness.domain.manifest import Item, Manifest
from coldwitness.domain.office import OfficeBan, RegisteredBan
from coldwitness.domain.text import Text


def sold_online(manifest: Manifest) -> bool | None:
    """As the manifest says; None: it does not."""
    if manifest.delivery is not None and manifest.delivery.platform:
        return True
    return None if manifest.order is None else manifest.order.online


_Named = tuple[str | None, str | None]
"""What of an item tells whether an entry names it."""


def as_listed(name: str, ban: RegisteredBan) -> Banned:
    """An entry of the office's register as one of the list."""
    return Banned(
        title=Text(ban.title, ban.title_en or ban.title),
        source=Text(ban.source, ban.source),
        confirmed="setting",
        valid_from=ban.valid_from,
        valid_to=ban.valid_to,
        words=ban.words or None,
        forms=ban.forms or None,
        unless=ban.unless or None,
        id=name,
    )


def bans_of(
    items: Iterable[Item], bans: Sequence[OfficeBan], shipped: Sequence[Banned]
) -> tuple[OfficeBan, ...]:
    """The registered entries that name one of the items, or stand in place of one that would."""
    all_items = list(items) if bans else []
    replaced = {entry.id for entry in shipped if any(entry.names(item) for item in all_items)}
    return tuple(
        ban
        for ban in bans
        if ban.id in replaced or any(as_listed(ban.id, ban).names(item) for item in all_items)
    )


def banned_drugs(
    named: Sequence[Sequence[Item]],
    entries: Sequence[Banned],
    begun_s: Sequence[float],
    registered: Sequence[Sequence[OfficeBan]],
) -> list[tuple[str, str]]:
    """Of each shipment's drugs the items that an entry in force when it began names, parted by
    `; `, and the titles of those entries in both languages, parted by ` / `; both empty where none
    is named. begun_s : UTC epoch s, NaN unknown. registered : of each shipment, entries of the
    office's register, which take the place of those of their name. A fleet's few drugs are looked
    up once a day."""
    days = [None if math.isnan(one_s) else china_day(one_s) for one_s in begun_s]
    found: dict[object, dict[_Named, Sequence[Text]]] = {}
    for drugs, day, one_s, bans in zip(named, days, begun_s, registered, strict=True):
        known = found.setdefault((day, bans), {})
        its = {(item.name, item.dosage_form): item for item in drugs}
        if not its.keys() <= known.keys():
            in_force = banned_on(_with_register(entries, bans), one_s)
            for name, item in its.items():
                known[name] = [entry.title for entry in in_force if entry.names(item)]
    return [
        _told(drugs, found[day, bans])
        for drugs, day, bans in zip(named, days, registered, strict=True)
    ]


def _with_register(entries: Sequence[Banned], bans: Sequence[OfficeBan]) -> Sequence[Banned]:
    own = {ban.id: as_listed(ban.id, ban) for ban in bans}
    return [*(entry for entry in entries if entry.id not in own), *own.values()]


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
