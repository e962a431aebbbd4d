"""Texts of findings: `{peak_c}` stands for a measure, `when` says for which findings it is.

Of several texts the first that fits is said. There is no other template language.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from string import Formatter

import msgspec

from coldwitness.domain.errors import ConfigError
from coldwitness.domain.words import Certainty

When = Mapping[str, bool | str | Sequence[str]]
_CERTAINTIES = frozenset(certainty.name.lower() for certainty in Certainty)


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A text, and when it is said: each condition names `certainty` or a measure and gives the
    word it has to be (or some), or true for given and not zero, false for the contrary. Of several
    tables of conditions one has to fit."""

    zh: str
    en: str
    when: dict[str, bool | str | list[str]] | list[dict[str, bool | str | list[str]]] = []

    @property
    def alternatives(self) -> Sequence[When]:
        return [self.when] if isinstance(self.when, dict) else self.when


@cache
def placeholders(text: str) -> tuple[tuple[str, str | None], ...]:
    """A text cut at its placeholders: what stands before each, and the measure; None at the end."""
    return tuple((before, name) for before, name, _, _ in Formatter().parse(text))


def check_text(
    case: Case, *, measures: Collection[str], everywhere: Collection[str], place: str
) -> None:
    """Whether a text stands in both languages, names measures of its finding (or what every
    finding has) and is said under conditions that can be met; ConfigError with the place if not."""
    for text in (case.zh, case.en):
        if not text:
            raise ConfigError(f"{place}: expected a text in both languages, got ''")
        try:
            names = [name for _, name in placeholders(text) if name is not None]
        except ValueError as problem:
            raise ConfigError(f"{place}: {problem}, got {text!r}") from problem
        for name in names:
            if name not in measures and name not in everywhere:
                raise ConfigError(f"{place}: no measure {name!r}, got {text!r}")
    for when in case.alternatives:
        for name, wanted in when.items():
            _check_condition(measures, name, wanted, f"{place}.when.{name}")


def _check_condition(
    measures: Collection[str], name: str, wanted: bool | str | Sequence[str], place: str
) -> None:
    if name not in measures and name != "certainty":
        raise ConfigError(f"{place}: expected certainty or a measure of the subtype")
    if name != "certainty":
        return
    if isinstance(wanted, bool):
        raise ConfigError(f"{place}: expected a certainty, got {wanted!r}")
    for word in [wanted] if isinstance(wanted, str) else wanted:
        if word not in _CERTAINTIES:
            raise ConfigError(
                f"{place}: expected some of {', '.join(sorted(_CERTAINTIES))}, got {word!r}"
            )
