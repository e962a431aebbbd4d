"""Drugs that may not be sold online: dated data, found by the words a manifest uses."""

import math
from collections.abc import Sequence
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from coldwitness.config.checked import checked, toml_file
from coldwitness.config.numbers import Confirmed, Words
from coldwitness.domain.errors import ConfigError
from coldwitness.domain.instants import china_day
from coldwitness.domain.manifest import Item
from coldwitness.domain.text import Text

BAN_LIST_FILE = Path(__file__).parent / "ban_list.toml"
_Some = Annotated[tuple[Words, ...], Meta(min_length=1)]


class Banned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of the list; docs of its keys stand at the head of its file. id : its name there,
    or in the office's register."""

    title: Text
    source: Text
    confirmed: Confirmed
    valid_from: date
    words: _Some | None = None
    forms: _Some | None = None
    unless: _Some | None = None
    valid_to: date | None = None
    id: str = ""

    def names(self, item: Item) -> bool:
        """Whether the item's name or dosage form uses its words."""
        name, form = (item.name or "").casefold(), (item.dosage_form or "").casefold()
        if _any_in(self.unless, name):
            return False
        return (
            _any_in(self.words, name)
            or _any_in(self.words, form)
            or _any_in(self.forms, form or name)
        )

    def in_force(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


def _any_in(words: Sequence[str] | None, text: str) -> bool:
    return any(word.casefold() in text for word in words or ())


@cache
def load_ban_list(path: Path = BAN_LIST_FILE) -> tuple[Banned, ...]:
    """The entries of the list. Raises ConfigError naming file, key and value."""
    found = []
    for name, entry in toml_file(path).items():
        place = f"{path.name}: {name}"
        told = checked(entry, Banned, where=place)
        if told.words is None and told.forms is None:
            raise ConfigError(f"{place}: expected words or forms")
        if told.valid_to is not None and told.valid_to < told.valid_from:
            raise ConfigError(f"{place}: valid_to: expected no earlier than {told.valid_from}")
        found.append(msgspec.structs.replace(told, id=name))
    return tuple(found)


def banned_on(entries: Sequence[Banned], epoch_s: float) -> tuple[Banned, ...]:
    """Those in force on the China-time day of an instant; all of them where it is not known."""
    if math.isnan(epoch_s):
        return tuple(entries)
    day = china_day(epoch_s)
    return tuple(entry for entry in entries if entry.in_force(day))
