"""Which office a clue should go to: dated rules, and what an office is called."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
from stdnum import numdb

from coldwitness.config.checked import checked, toml_file
from coldwitness.config.numbers import Confirmed
from coldwitness.domain.clues import PartyRole
from coldwitness.domain.text import Text

OFFICES_FILE = Path(__file__).parent / "offices.toml"


class OfficeRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One rule; docs of its keys stand at the head of its file."""

    role: PartyRole
    by: Literal["business", "act"]
    level: Literal["county", "province"]
    title: Text
    document: Text
    confirmed: Confirmed
    valid_from: date
    article: Text | None = None
    valid_to: date | None = None

    def in_force(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


Matter = Literal[
    "e_commerce", "advertising", "unfair_competition", "postal", "medical_service", "crime"
]
"""Other matters of the Shandong measures, article 37."""


class MatterRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Which department takes a matter that is not this office's."""

    matter: Matter
    title: Text
    department: Text
    document: Text
    confirmed: Confirmed
    valid_from: date
    article: Text | None = None
    valid_to: date | None = None

    def in_force(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    rule: list[OfficeRule]
    matter: list[MatterRule]


@cache
def load_office_rules(path: Path = OFFICES_FILE) -> tuple[OfficeRule, ...]:
    """All rules in the order in which they are asked. Raises ConfigError naming file, key and
    value."""
    return tuple(checked(toml_file(path), _File, where=path.name).rule)


@cache
def load_matter_rules(path: Path = OFFICES_FILE) -> tuple[MatterRule, ...]:
    """Departments of other matters. Raises ConfigError naming file, key and value."""
    return tuple(checked(toml_file(path), _File, where=path.name).matter)


def office_name(division: str, level: Literal["county", "province"]) -> Text | None:
    """What the authority of a division is called; None where the table has no name for it.

    Source: the tables of python-stdnum (GB/T 2260); names of authorities by their usual form.
    """
    found = _division_name(division if level == "county" else f"{division[:2]}0000")
    if found is None:
        return None
    if level == "province":
        return Text(f"{found}药品监督管理局", f"{found} drug authority")
    return Text(f"{found}市场监督管理局", f"{found} market supervision bureau")


def _division_name(code: str) -> str | None:
    parts: list[Mapping[str, str]] = [told for _, told in numdb.get("cn/loc").info(code)]
    told = next((part["county"] for part in parts if "county" in part), None)
    if told is None:
        return None
    # Of a division with earlier names the table gives all, each with its years.
    newest = told.rpartition(",")[2]
    return newest.rpartition("]")[2] or None
