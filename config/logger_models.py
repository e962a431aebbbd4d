"""What the decoders that network servers run call their values, model by model: dated facts with
their sources.
"""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache, lru_cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from coldwitness.config.checked import checked, toml_file
from coldwitness.config.numbers import Words
from coldwitness.domain.errors import ConfigError

MODELS_FILE = Path(__file__).parent / "logger_models.toml"

Unit = Literal["°C", "%RH", "V", "mV", "%", "lx"]


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One name of a model's decoder.

    unit : of its number; `%` is the battery's charge, which is no reading of ours.
    of : `device` for a temperature of the device itself (board, sensor head), which is no probe;
        `nothing` for a place in the frame behind which this model has no sensor.
    no_value : numbers in `unit` that say that there is none, compared exactly.
    absent_where : a name beside it that is false where there is no probe.
    """

    unit: Unit
    of: Literal["device", "nothing"] | None = None
    no_value: tuple[float, ...] = ()
    absent_where: Words | None = None

    @property
    def is_probe(self) -> bool:
        return self.unit == "°C" and self.of is None

    def says_nothing(self, value: float, *, beside: Mapping[str, object]) -> bool:
        """True for a code of no value, and for any number where no probe is connected."""
        absent = self.absent_where is not None and beside.get(self.absent_where) is False
        return absent or value in self.no_value


class LoggerModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """known_as : what the stated model, profile or brand and model are called; letters and digits
    count, and whole words.

    unit_beside : `display` where a `temperature_unit` beside a temperature says what the screen
        shows, and the number is in °C all the same.
    """

    maker: Words
    model: Words
    known_as: Annotated[tuple[Words, ...], Meta(min_length=1)]
    source: Words
    names: Annotated[dict[str, Named], Meta(min_length=1)]
    unit_beside: Literal["display"] | None = None


class LoggerModels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    day: date
    model: Annotated[tuple[LoggerModel, ...], Meta(min_length=1)]

    def marks(self) -> Mapping[str, LoggerModel]:
        """The models by each of their names, without case and punctuation."""
        return {_bare(name): model for model in self.model for name in model.known_as}


@cache
def logger_models() -> LoggerModels:
    """Those of the program's own file, read once."""
    return load_logger_models(MODELS_FILE)


def load_logger_models(path: Path) -> LoggerModels:
    """Raises ConfigError naming file, model, key and value."""
    models = checked(toml_file(path), LoggerModels, where=path.name)
    seen: set[str] = set()
    for model in models.model:
        place = f"{path.name}: {model.model}"
        for name in map(_bare, model.known_as):
            if not name or name in seen:
                raise ConfigError(f"{place}: known_as: {name!r} stands twice or is no name")
            seen.add(name)
        for name, fact in model.names.items():
            if fact.of == "device" and fact.unit != "°C":
                raise ConfigError(f"{place}: {name}: of = 'device' stands with unit °C only")
        if not any(fact.is_probe or fact.of == "nothing" for fact in model.names.values()):
            raise ConfigError(f"{place}: names: expected a temperature that is a probe's")
    return models


def logger_model(*descriptions: str | None) -> LoggerModel | None:
    """The model that brand, model or profile names describe; None if it is not in the table.

    The first description that names one decides, and in it the longest name: `LHT65N-E31F` is
    not an LHT65N.
    """
    for text in (*descriptions, " ".join(part for part in descriptions if part)):
        found = _described(text[:_MAX_DESCRIPTION]) if text else None
        if found is not None:
            return found
    return None


_MAX_DESCRIPTION = 200


@cache
def _marks() -> Mapping[str, LoggerModel]:
    return logger_models().marks()


@lru_cache(maxsize=1024)
def _described(text: str) -> LoggerModel | None:
    words = re.findall(r"[a-z0-9]+", text.lower())
    spans = {
        "".join(words[start:end])
        for start in range(len(words))
        for end in range(start + 1, min(len(words), start + _MAX_WORDS) + 1)
    }
    marks = _marks()
    return max(
        ((mark, marks[mark]) for mark in spans if mark in marks),
        key=lambda found: (len(found[0]), found[0]),
        default=("", None),
    )[1]


_MAX_WORDS = 5
"""No name of a model has more words than this."""


def _bare(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
