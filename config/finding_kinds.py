"""Kinds of finding as data: one file a kind in `findings/`, one entry a subtype.

An entry says what the subtype asks, whether it accuses, which measures it has and how they are
told, and every word about it in Chinese and English. A text takes measures in braces: `{peak_c}`.
Where a text depends on the finding, the entry gives several, each with `when` (finding_texts).
"""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import msgspec

from coldwitness.config.checked import checked, toml_file
from coldwitness.config.finding_texts import Case, check_text
from coldwitness.config.rules import Question
from coldwitness.domain.errors import ConfigError
from coldwitness.domain.text import Text

FOLDER = Path(__file__).parent / "findings"

Form = Literal[
    "number", "count", "flag", "instant", "duration", "share", "text", "pair", "list", "logger"
]
"""How a measure stands in the result, and in a text: a number with `digits`; a whole number; true
or false; RFC 3339; seconds, told as a duration; a share of 1, told per cent; a word; a word in both
languages, parted by ` / `; a list; the logger's name."""

ANCHOR_PLACES = (
    "logger",
    "cause",
    "facet",
    "item_line",
    "above_c",
    "up_to_c",
    "other_shipment",
)
"""Places of the anchor measures in the text that a finding's id is made of. They are part of every
id ever given: the order stays, and none is added; a new kind's other anchors follow after them."""

_ABSENT = Text("—", "—")
_DETAILS = ("text", "pair", "list", "logger")


class Measure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A figure or word of a finding. `words`: how its values are told. `join`: what stands between
    the members of a list. `absent`: what is said where it is not known. `always`: null in the
    result where it is not known, and not left out. `same_as`: another name of that measure."""

    form: Form
    unit: str = ""
    digits: int = 2
    anchor: bool = False
    always: bool = False
    same_as: str | None = None
    words: dict[str, Text] = {}
    join: Text = Text("、", ", ")
    absent: Text = _ABSENT


EVERYWHERE: Mapping[str, Measure] = {
    "probe": Measure(form="text", absent=Text("drug", "drug")),
    "duration_s": Measure(form="duration"),
    "lasting": Measure(form="duration"),
}
"""What every finding's texts can name, whatever its kind; `lasting` is its duration in known
time, told as what it is where a single reading has none."""


class _Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A subtype as it stands in its file."""

    code: int
    title: Text
    asks: list[Question]
    measures: list[str]
    explanation: list[Case]
    would_settle: list[Case] = []
    against: list[Case] = []
    episode: bool = False
    silence: bool = False
    accuses: bool | None = None


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: Text
    accuses: bool
    gravity: int
    measures: dict[str, Any]
    subtypes: dict[str, Any]


class FindingKind(msgspec.Struct, frozen=True):
    """One kind and subtype of finding.

    code : its number in the columns of a FindingTable; findings that start together stand in the
        order of their codes.
    accuses : becomes a clue. gravity : place among the kinds where findings are listed in
        short, 1 the gravest. asks : the questions that it always weighs on.
    episode : outside a limit, and took place somewhere. silence : a hole of the drug's record, in
        which a stop could hide.
    columns : each measure that a FindingTable has as numbers, with the name of its column, in the
        order of columns. given : every column and detail that a detector may give.
    anchors : measures that tell apart findings of one kind, probe and start, in the order in which
        the id takes them; "" where a place is not its own.
    """

    code: int
    kind: str
    subtype: str
    kind_title: Text
    title: Text
    accuses: bool
    gravity: int
    asks: tuple[Question, ...]
    episode: bool
    silence: bool
    measures: dict[str, Measure]
    columns: tuple[tuple[str, str], ...]
    given: frozenset[str]
    anchors: tuple[str, ...]
    explanation: tuple[Case, ...]
    would_settle: tuple[Case, ...]
    against: tuple[Case, ...]

    def texts(self) -> Iterator[tuple[str, Case]]:
        """Every text of the entry with the key it stands under."""
        for key in ("explanation", "would_settle", "against"):
            yield from ((key, case) for case in getattr(self, key))


def load_finding_kinds(folder: Path = FOLDER) -> tuple[FindingKind, ...]:
    """All kinds in the order of their codes; raises ConfigError naming file, key and value."""
    found: dict[int, FindingKind] = {}
    for path in sorted(folder.glob("*.toml")):
        for kind in _kinds_of(path):
            if kind.code in found:
                taken = found[kind.code]
                raise ConfigError(
                    f"{path.name}: subtypes.{kind.subtype}.code: {kind.code} is already that of "
                    f"{taken.kind}/{taken.subtype}"
                )
            found[kind.code] = kind
    if not found:
        raise ConfigError(f"{folder}: expected files of kinds of finding, got none")
    return tuple(found[code] for code in sorted(found))


@cache
def finding_kinds() -> tuple[FindingKind, ...]:
    """The kinds that the program knows, read once."""
    return load_finding_kinds()


@cache
def kind_of(code: int) -> FindingKind:
    """The kind with this code; KeyError where there is none."""
    return {kind.code: kind for kind in finding_kinds()}[code]


@cache
def code_of(name: str) -> int:
    """Code of `kind/subtype`; an unknown name is a mistake of ours and raises KeyError."""
    return {f"{kind.kind}/{kind.subtype}": kind.code for kind in finding_kinds()}[name]


@cache
def accusing_kinds() -> frozenset[tuple[str, str]]:
    """Kind and subtype of the findings that become clues."""
    return frozenset((kind.kind, kind.subtype) for kind in finding_kinds() if kind.accuses)


def _kinds_of(path: Path) -> Iterator[FindingKind]:
    place = path.name
    file = checked(toml_file(path), _File, where=place)
    measures = {
        name: checked(measure, Measure, where=place, under=f"measures.{name}")
        for name, measure in file.measures.items()
    }
    for subtype, raw_entry in file.subtypes.items():
        here = f"{place}: subtypes.{subtype}"
        entry = checked(raw_entry, _Entry, where=place, under=f"subtypes.{subtype}")
        for name in entry.measures:
            if name not in measures:
                raise ConfigError(f"{here}.measures: no measure {name!r} in this file")
        own = {name: measures[name] for name in entry.measures}
        for name, measure in own.items():
            if measure.same_as is not None and measure.same_as not in own:
                raise ConfigError(f"{here}.measures: {name} needs {measure.same_as!r} beside it")
        kind = FindingKind(
            code=entry.code,
            kind=path.stem,
            subtype=subtype,
            kind_title=file.title,
            title=entry.title,
            accuses=file.accuses if entry.accuses is None else entry.accuses,
            gravity=file.gravity,
            asks=tuple(entry.asks),
            episode=entry.episode,
            silence=entry.silence,
            measures=own,
            columns=_columns(own),
            given=_given(own),
            anchors=_anchors(own),
            explanation=tuple(entry.explanation),
            would_settle=tuple(entry.would_settle),
            against=tuple(entry.against),
        )
        if not entry.explanation or entry.explanation[-1].alternatives:
            raise ConfigError(f"{here}.explanation: expected a last text without `when`")
        for key, case in kind.texts():
            check_text(case, measures=own, everywhere=EVERYWHERE, place=f"{here}.{key}")
        yield kind


def _columns(measures: Mapping[str, Measure]) -> tuple[tuple[str, str], ...]:
    """Words and lists are no columns but details; an instant is a column of seconds."""
    found = [
        (name, name.removesuffix("_at") + "_s" if measure.form == "instant" else name)
        for name, measure in measures.items()
        if measure.form not in _DETAILS and measure.same_as is None
    ]
    own = dict(found)
    others = [(name, own[m.same_as]) for name, m in measures.items() if m.same_as is not None]
    return (*sorted(found, key=lambda pair: pair[1]), *others)


def _given(measures: Mapping[str, Measure]) -> frozenset[str]:
    words = {name for name, m in measures.items() if m.form in _DETAILS and m.same_as is None}
    number = {"logger_number"} if "logger" in words else set()
    return frozenset({column for _, column in _columns(measures)} | words | number)


def _anchors(measures: Mapping[str, Measure]) -> tuple[str, ...]:
    own = [name for name, measure in measures.items() if measure.anchor]
    return (
        *(name if name in own else "" for name in ANCHOR_PLACES),
        *(name for name in own if name not in ANCHOR_PLACES),
    )
