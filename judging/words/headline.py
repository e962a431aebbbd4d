"""A result's verdict as its reader meets it first: with where the shipment stands."""

from coldwitness.config.labels import labels
from coldwitness.domain.measures import given
from coldwitness.domain.result import CheckResult
from coldwitness.domain.text import Text
from coldwitness.domain.words import STATUS_EN, STATUS_ZH, StateWord, Status

_STATES = labels("results")["states"]
_ON_ITS_WAY = labels("results")["on_its_way"]


def headline(result: CheckResult) -> Text:
    """The verdict's words; of a shipment on its way that it speaks of the time so far, of a planned
    one that there is nothing to judge yet."""
    return headline_of(result.verdict, given(result.state))


def headline_of(verdict: str, state: StateWord | None) -> Text:
    """The same of a verdict and a state; a result from before there were states has none."""
    if state == "planned":
        return _STATES["planned"]
    if state == "in_transit":
        return _ON_ITS_WAY[verdict]
    code = Status[verdict.upper()]
    return Text(STATUS_ZH[code], STATUS_EN[code])


def state_words(state: StateWord) -> Text:
    return _STATES[state]
