"""A Sphinx extension: pages in Chinese are Chinese to browsers, readers' programs and the search.

Sphinx knows one language a site. Here a page whose name ends in `.zh` says so (`lang`), has its
theme's words in Chinese. The search finds Chinese by pairs of characters: no dictionary, the same
rule in Python and in the browser.
"""

import re
from collections.abc import Mapping
from gettext import translation
from pathlib import Path
from typing import Any

import sphinx
from sphinx.application import Sphinx
from sphinx.search import languages
from sphinx.search.en import SearchEnglish

from docs.site.contents import CHINESE

LOCALES = Path(sphinx.__file__).parent / "locale"
THEMES_OWN = {
    "Back to top": "回到页首",
    "On this page": "本页内容",
    "Home": "首页",
    "Skip to content": "跳到正文",
    "View this page": "查看本页源文",
}
"""Words of the theme that Sphinx's translation lacks."""
HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
WORD = re.compile(rf"[{HAN}]+|[^\W{HAN}]+")


def pairs(text: str) -> list[str]:
    """Words, and of a run of Chinese characters each two that stand beside each other.

    >>> pairs("冷链证据 journal")
    ['冷链', '链证', '证据', 'journal']
    """
    found: list[str] = []
    for word in WORD.findall(text):
        if re.match(f"[{HAN}]", word) and len(word) > 1:
            found.extend(word[at : at + 2] for at in range(len(word) - 1))
        else:
            found.append(word)
    return found


class SearchByPairs(SearchEnglish):
    """English by its stems, Chinese by pairs of characters."""

    js_splitter_code = f"""
function splitQuery(query) {{
  return (query.match(/[{HAN}]+|[\\p{{L}}\\p{{N}}_]+/gu) || []).flatMap((word) =>
    /^[{HAN}]{{2,}}/.test(word)
      ? Array.from(word).slice(1).map((_, at) => word.slice(at, at + 2)) : [word]);
}}
"""

    def split(self, input: str) -> list[str]:
        return pairs(input)


def of_its_language(
    app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object
) -> None:
    """Tell the template of a page in Chinese its language, and the theme's words in it."""
    if pagename.endswith(CHINESE):
        words = translation("sphinx", LOCALES, ["zh_CN"])

        def told(text: str) -> str:
            return THEMES_OWN.get(text) or words.gettext(text)

        context |= {"language": "zh-CN", "_": told, "gettext": told}


def setup(app: Sphinx) -> Mapping[str, object]:
    languages["en"] = SearchByPairs
    app.connect("html-page-context", of_its_language)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
