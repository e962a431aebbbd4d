"""Words of the pages that the report does not have (`config/words/pages.toml`), by language."""

from coldwitness.api.reports.made.wording import Lang, tell
from coldwitness.config.labels import labels

_WORDS = labels("pages")["words"]


def word(key: str, lang: Lang) -> str:
    """The page's word; an unknown key is a mistake of ours and raises KeyError."""
    return tell(_WORDS[key], lang)
