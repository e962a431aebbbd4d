"""The report's labels (`config/words/report.toml`) by language, and how numbers are written.

The report finds clues. It never calls an act illegal or a drug inferior: such words stand
in no label, and a test reads labels and rendered reports for them.
"""

import math
from collections.abc import Mapping
from functools import cache
from typing import Literal

from coldwitness.config.finding_kinds import finding_kinds
from coldwitness.config.labels import labels
from coldwitness.domain.text import Text
from coldwitness.domain.words import STATUS_EN, STATUS_ZH, Status
from coldwitness.judging.words.figures import decimal
from coldwitness.judging.words.figures import duration as durations
from coldwitness.judging.words.probes import probe_words

Lang = Literal["zh", "en"]
LANGUAGES: tuple[Lang, ...] = ("zh", "en")

STATUS_WORDS = {
    status.name.lower(): Text(STATUS_ZH[status], STATUS_EN[status]) for status in Status
}

_LABELS = labels("report")
_UNITS = labels("results")["units"]


def unit_words(unit: str, lang: Lang) -> str:
    """A rule pack's unit as it is read; most are the same in both languages."""
    return tell(_UNITS.get(unit, Text(unit, unit)), lang)


def storage_words(name: str, lang: Lang) -> str:
    """The storage class; one that a bureau has added is printed by its own name."""
    return tell(_LABELS["storage"].get(name, Text(name, name)), lang)


def say(key: str, lang: Lang, **values: object) -> str:
    """The words for `key` (`section.key`, or a key of the section `words`) with `values` in their
    places; an unknown key and a place without a value are mistakes of ours and raise KeyError."""
    return tell(both(key), lang).format(**values)


def told(key: str, **values: Text | str | int) -> Text:
    """As `say`, in both languages; a value may be a Text of its own."""

    def said(lang: Lang) -> str:
        spoken = {k: tell(v, lang) if isinstance(v, Text) else v for k, v in values.items()}
        return say(key, lang, **spoken)

    return Text(said("zh"), said("en"))


def say_or_key(key: str, lang: Lang) -> str:
    """As `say`, for words that come from a result; an unknown one is printed as it is."""
    return say(key, lang) if key in _LABELS["words"] else key


def both(key: str) -> Text:
    section, _, name = key.rpartition(".")
    return _LABELS[section or "words"][name]


def finding_words(kind: str, subtype: str) -> Text:
    """Title of a subtype; one that another version of the program named is printed as it is."""
    return _subtype_titles().get((kind, subtype), Text(subtype, subtype))


def kind_words(kind: str) -> Text:
    """Title of a kind, as `finding_words`."""
    return _kind_titles().get(kind, Text(kind, kind))


@cache
def _subtype_titles() -> Mapping[tuple[str, str], Text]:
    return {(kind.kind, kind.subtype): kind.title for kind in finding_kinds()}


@cache
def _kind_titles() -> Mapping[str, Text]:
    return {kind.kind: kind.kind_title for kind in finding_kinds()}


def event_words(name: str) -> Text:
    return _LABELS["events"].get(name, Text(name, name))


def tell(text: Text, lang: Lang) -> str:
    return text.zh if lang == "zh" else text.en


def celsius(value: float | None) -> str:
    """`8.04 °C`: one decimal, two where the second is not 0, so a value never looks like a
    limit that it is beyond."""
    return "—" if value is None else f"{decimal(value)} °C"


def range_words(low_c: float | None, high_c: float | None) -> str:
    """`2.0 – 8.0 °C`, open ends as ≤ and ≥."""
    if low_c is None:
        return "—" if high_c is None else f"≤ {celsius(high_c)}"
    if high_c is None:
        return f"≥ {celsius(low_c)}"
    return f"{decimal(low_c)} – {celsius(high_c)}"


def quantity(value: float | None, unit: str, *, places: int = 2) -> str:
    if value is None:
        return "—"
    text = f"{value:,.{places}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    text = "0" if text == "-0" else text.replace("-", "−")
    return f"{text} {unit}".rstrip()


def percent(share: float | None) -> str:
    """One decimal, never rounded up to 100 % or down to 0 %."""
    if share is None:
        return "—"
    value = math.floor(share * 1000.0 + 1e-9) / 10.0 if share < 1.0 else 100.0
    if share > 0.0 and value == 0.0:
        return "< 0.1 %"
    return f"{value:.1f} %"


def duration(seconds: float | None, lang: Lang) -> str:
    """As a result writes it; a dash where it is not known."""
    return "—" if seconds is None else tell(durations(seconds), lang)


def site_words(site: str, lang: Lang) -> str:
    """A place that an event names by a common word, in the reader's; an id or a name as it is."""
    return say_or_key(f"site_{site}", lang).removeprefix("site_")


def role_words(probe: str, lang: Lang) -> str:
    """`drug.2` -> `药品 2`; other names as they are."""
    return tell(probe_words(probe), lang)
