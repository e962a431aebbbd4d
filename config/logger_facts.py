"""What loggers send that is no temperature, or not the drug's: codes of no value, models whose
numbers mean something else, words in the names of values. Dated facts with their sources.
"""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from coldwitness.config.checked import checked, toml_file
from coldwitness.config.numbers import Words
from coldwitness.domain.errors import ConfigError

FACTS_FILE = Path(__file__).parent / "logger_facts.toml"


class NoValue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number [°C] that says that there is none; `only`: in that kind of format."""

    celsius: float
    meaning: Words
    source: Words
    full_register: bool = False
    only: Literal["zigbee"] | None = None


class Teltonika(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """engine_models : beginnings of models whose AVL ids 25 to 28 are no Bluetooth probes."""

    engine_models: Annotated[tuple[Words, ...], Meta(min_length=1)]
    source: Words


class Tasmota(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """self_measuring : sensors whose `Temperature` is the chip's own."""

    self_measuring: frozenset[Words]
    source: Words


class NameWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """words : whole words of a name, in small letters; parts : what stands anywhere in it."""

    words: frozenset[Words]
    parts: tuple[Words, ...]


class Names(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the words of a maker's name say of its temperature.

    no_measurement : a setting, a statistic, something computed. own : the logger's own.
    elsewhere : measured, and not in the drug's compartment. other_quantity : no temperature at all.
    """

    no_measurement: NameWords
    own: NameWords
    elsewhere: NameWords
    other_quantity: NameWords
    source: Words


class LoggerFacts(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    day: date
    no_value: tuple[NoValue, ...]
    teltonika: Teltonika
    tasmota: Tasmota
    names: Names

    def codes_c(self, *, only: str | None = None, full_register: bool = False) -> frozenset[float]:
        """Codes of every format, or those `only` of one; of these the full registers alone."""
        return frozenset(
            code.celsius
            for code in self.no_value
            if code.only == only and (code.full_register or not full_register)
        )


@cache
def logger_facts() -> LoggerFacts:
    """Those of the program's own file, read once."""
    return load_logger_facts(FACTS_FILE)


def load_logger_facts(path: Path) -> LoggerFacts:
    """Raises ConfigError naming file, key and value."""
    facts = checked(toml_file(path), LoggerFacts, where=path.name)
    seen: set[float] = set()
    for code in facts.no_value:
        if code.celsius in seen:
            raise ConfigError(f"{path.name}: no_value: {code.celsius} stands twice")
        seen.add(code.celsius)
    return facts
