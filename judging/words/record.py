"""The words of lines that state a fact of the record and ask for a look on site."""

from collections.abc import Mapping

from coldwitness.analysis.verdict.record_reasons import RecordReason, RecordState
from coldwitness.config.labels import labels
from coldwitness.domain.text import Text
from coldwitness.judging.words.figures import decimal, duration

_LABELS = labels("record")
_WORDS = _LABELS["words"]
_ENTERED_HERE = labels("results")["also"]["entered_here"]


def _filled(text: Text, **values: Text) -> Text:
    """The text with its values in their places, in either language."""
    return Text(
        text.zh.format(**{name: value.zh for name, value in values.items()}),
        text.en.format(**{name: value.en for name, value in values.items()}),
    )


_REASONS: Mapping[int, Text] = {
    **{RecordReason[key.upper()]: text for key, text in _LABELS["reasons"].items()},
    **{
        RecordReason[key.upper()]: _filled(_WORDS["silent"], what=text)
        for key, text in _LABELS["silent"].items()
    },
}
"""What each reason says; a test holds that none is forgotten."""
_OF_OFFICE = (
    RecordReason.CALIBRATION_REGISTERED,
    RecordReason.WITHIN_REGISTERED_HOLD_TIME,
    RecordReason.BOX_REGISTERED,
    RecordReason.AGREEMENT_REGISTERED,
)

SPOKEN_AMOUNTS = frozenset(reason for reason, text in _REASONS.items() if "{" in text.zh)
"""Reasons whose words give the amount."""


def record_basis(
    reason: int, state: int, amount: float, signed_in: bool, *, to_check: Text | None
) -> tuple[Text, ...]:
    """The fact of a RecordLine; that nobody who had signed in entered it, or that the company alone
    says so, where that is so; and where the
    record does not show what is asked, `to_check`: by what evidence it is checked on site."""
    fact = _REASONS[reason]
    if reason in SPOKEN_AMOUNTS:
        celsius = decimal(amount)
        lasted = duration(max(amount, 0.0))
        fact = _filled(fact, lasting=lasted, celsius=Text(celsius, celsius))
    if reason in _OF_OFFICE and not signed_in:
        fact = _filled(_WORDS["of_office"], fact=fact, entered=_ENTERED_HERE)
    if state == RecordState.STATED:
        return (fact, _WORDS["on_its_word"])
    unproved = state in (RecordState.ABSENT, RecordState.SHORTFALL)
    return (fact, to_check) if unproved and to_check is not None else (fact,)
