"""Words of the pages that the report does not have (`config/words/pages.toml`), by language."""

from collections.abc import Callable, Mapping

from coldwitness.api.reports.made.wording import Lang, tell
from coldwitness.config.labels import labels
from coldwitness.domain.text import Text

_WORDS = labels("pages")["words"]


def word(key: str, lang: Lang) -> str:
    """The page's word; an unknown key is a mistake of ours and raises KeyError."""
    return tell(_WORDS[key], lang)


def sayer(words: Mapping[str, Text], lang: Lang) -> Callable[..., str]:
    """Says words of one subject in one language."""

    def said(key: str, **values: object) -> str:
        return tell(words[key], lang).format(**values)

    return said
