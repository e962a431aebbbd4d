"""What no record can show, in the words of a result."""

from functools import cache

from coldwitness.analysis.verdict.cannot_show import CannotShow
from coldwitness.config.labels import labels
from coldwitness.domain.result import Unshown
from coldwitness.domain.words import UNSHOWN_WORDS

_WORDS = labels("results")["cannot_show"]


@cache
def unshown_words(flags: int) -> tuple[Unshown, ...]:
    """One for each flag of CannotShow that is set."""
    return tuple(
        Unshown(code=word, text=_WORDS[word])
        for word in UNSHOWN_WORDS
        if CannotShow[word.upper()] & flags
    )
