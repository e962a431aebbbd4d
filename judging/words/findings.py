"""What a finding says to its reader: the texts of its kind, filled with its measures."""

from collections.abc import Mapping, Sequence

from coldwitness.config.finding_kinds import EVERYWHERE, FindingKind, Measure
from coldwitness.config.finding_texts import Case, When, placeholders
from coldwitness.domain.text import Text
from coldwitness.domain.words import Certainty
from coldwitness.judging.words.figures import decimal, duration, number
from coldwitness.judging.words.probes import lasting, probe_words

Value = bool | float | str | Sequence[str] | None
Measures = Mapping[str, Value]
"""A finding's measures as they stand in the result, its probe and `duration_s` among them."""


def explanation(kind: FindingKind, certainty: Certainty, measures: Measures) -> Text:
    """One or two sentences: what was seen, how far, how long; 待核查 where it accuses."""
    always = kind.explanation[-1]  # without conditions: the loader demands it
    said = _said(kind, kind.explanation[:-1], certainty, measures)
    return said or _filled(always, kind, measures)


def would_settle(kind: FindingKind, certainty: Certainty, measures: Measures) -> Text | None:
    """What evidence would decide a doubtful finding; None where nothing is in doubt."""
    return _said(kind, kind.would_settle, certainty, measures)


def against(kind: FindingKind, certainty: Certainty, measures: Measures) -> Text | None:
    """What speaks against a finding that accuses; None for gaps and integrity."""
    return _said(kind, kind.against, certainty, measures)


def _said(
    kind: FindingKind, cases: Sequence[Case], certainty: Certainty, measures: Measures
) -> Text | None:
    """The first text that fits, filled."""
    for case in cases:
        if not case.alternatives or any(_fits(w, certainty, measures) for w in case.alternatives):
            return _filled(case, kind, measures)
    return None


def _fits(when: When, certainty: Certainty, measures: Measures) -> bool:
    for name, wanted in when.items():
        value = certainty.name.lower() if name == "certainty" else measures.get(name)
        if isinstance(wanted, bool):
            if bool(value) is not wanted:
                return False
        elif value != wanted and (isinstance(wanted, str) or value not in wanted):
            return False
    return True


def _filled(case: Case, kind: FindingKind, measures: Measures) -> Text:
    zh, en = [], []
    for before, name in placeholders(case.zh):
        zh.append(before)
        if name is not None:
            zh.append(_spoken(kind, name, measures).zh)
    for before, name in placeholders(case.en):
        en.append(before)
        if name is not None:
            en.append(_spoken(kind, name, measures).en)
    return Text("".join(zh), "".join(en))


def _spoken(kind: FindingKind, name: str, measures: Measures) -> Text:
    """A probe by its place, a lasting as what it is, any other measure as its form says."""
    if name == "lasting":
        return lasting(measures.get("duration_s"))
    told = _told(kind, name, measures)
    return probe_words(told.en) if name == "probe" else told


def _told(kind: FindingKind, name: str, measures: Measures) -> Text:
    """A measure of the finding in both languages."""
    measure = kind.measures[name] if name in kind.measures else EVERYWHERE[name]
    value = measures.get(name)
    if measure.form == "duration" or measure.unit == "min":
        scale = 60.0 if measure.unit == "min" else 1.0
        return duration(scale * value if isinstance(value, float | int) else None)
    if measure.form == "count":
        return _same(str(int(value) if isinstance(value, float | int) else 0))
    if value is None or (isinstance(value, Sequence) and not value):
        return measure.absent
    if measure.form == "list" and isinstance(value, Sequence):
        members = [_word(measure, member) for member in value]
        return Text(
            measure.join.zh.join(member.zh for member in members),
            measure.join.en.join(member.en for member in members),
        )
    if measure.form == "share" and isinstance(value, float | int):
        return _word(measure, 100 * value)
    return _word(measure, value)


def _word(measure: Measure, value: Value) -> Text:
    if isinstance(value, float | int):
        told = decimal(value, places=measure.digits) if measure.unit == "°C" else None
        return _same(told or number(value, measure.digits))
    if measure.form == "pair":
        zh, _, en = str(value).partition(" / ")
        return Text(zh, en)
    return measure.words.get(str(value)) or _same(str(value))


def _same(text: str) -> Text:
    return Text(text, text)
