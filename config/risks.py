"""How often findings of each kind were wrong in simulated deliveries: data of the scoreboard."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from coldwitness.config.checked import checked, toml_file
from coldwitness.config.numbers import Words
from coldwitness.domain.errors import ConfigError
from coldwitness.domain.result import Risk

RISKS_FILE = Path(__file__).parent / "risks.toml"
_Count = Annotated[int, Meta(ge=0)]


class _Found(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    found_wrong: _Count
    n: Annotated[int, Meta(ge=1)]


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """scoreboard : how the deliveries were drawn, version : the software that judged them."""

    scoreboard: Words
    day: date
    version: Words
    source: Words
    kinds: dict[str, _Found]


@cache
def risks() -> Mapping[tuple[str, str], Risk]:
    """Those of the program's own file, by kind and subtype, read once."""
    return load_risks(RISKS_FILE)


def load_risks(path: Path) -> Mapping[tuple[str, str], Risk]:
    """By kind and subtype; raises ConfigError naming file, key and value."""
    told = checked(toml_file(path), _File, where=path.name)
    found = {}
    for name, its in told.kinds.items():
        kind, _, subtype = name.partition("/")
        if its.found_wrong > its.n:
            raise ConfigError(
                f"{path.name}: kinds.{name}: found_wrong {its.found_wrong} > n {its.n}"
            )
        found[kind, subtype] = Risk(
            found_wrong=its.found_wrong,
            n=its.n,
            scoreboard=f"{told.day.isoformat()}, {told.scoreboard}",
            version=told.version,
        )
    return found
