"""A page out of its template, with the words of its language and who is looking."""

from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from coldwitness.api.http.caller import Caller
from coldwitness.api.pages import shown
from coldwitness.api.pages.app_files import asset
from coldwitness.api.pages.menu import has_use_for_the_api, is_here, menu_of
from coldwitness.api.pages.words import word
from coldwitness.api.reports.made.bounded_times import time_out
from coldwitness.api.reports.made.wording import (
    STATUS_WORDS,
    Lang,
    celsius,
    finding_words,
    percent,
    role_words,
    say_or_key,
    site_words,
    tell,
)
from coldwitness.domain.text import Text
from coldwitness.domain.visible import visible
from coldwitness.domain.words import StateWord, Verdict
from coldwitness.judging.words.headline import headline_of, state_words


def _seen(value: object) -> object:
    """Every text that a template puts in; what is markup was made of such ones."""
    return visible(value) if type(value) is str else value


_templates = Environment(
    loader=PackageLoader("coldwitness.api.pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    finalize=_seen,
)


def page(
    template: str, lang: Lang, request: Request, *, status: int = 200, **values: Any
) -> HTMLResponse:
    """The template drawn; `caller` is nobody before anybody signed in."""

    def say(key: str) -> str:
        return say_or_key(key, lang)

    def finding(kind: str, subtype: str) -> str:
        return tell(finding_words(kind, subtype), lang)

    def status_word(status_: str | None, _: StateWord | None = None) -> str:
        if status_ is None:
            return word("not_judged_yet", lang)
        return tell(STATUS_WORDS[status_], lang)

    def headline(verdict: Verdict | None, state: StateWord | None) -> str:
        return (
            word("not_judged_yet", lang)
            if verdict is None
            else tell(headline_of(verdict, state), lang)
        )

    def state_word(state: StateWord) -> str:
        return tell(state_words(state), lang)

    def text(value: Text) -> str:
        return tell(value, lang)

    def site(name: str) -> str:
        return site_words(name, lang)

    def role(probe: str) -> str:
        return role_words(probe, lang)

    other = "en" if lang == "zh" else "zh"
    query = {**request.query_params, "lang": other}
    caller: Caller | None = getattr(request.state, "caller", None)
    html = _templates.get_template(template).render(
        lang=lang,
        other_language=other,
        other_address="?" + urlencode(query),
        w=lambda key: word(key, lang),
        say=say,
        finding=finding,
        status_word=status_word,
        headline=headline,
        state_word=state_word,
        text=text,
        site=site,
        role=role,
        shown=shown,
        caller=caller,
        menu=menu_of(caller),
        here=request.url.path,
        asset=asset,
        is_here=is_here,
        for_programs=has_use_for_the_api(caller),
        celsius=celsius,
        percent=percent,
        time_out=time_out,
        **values,
    )
    headers = {
        "Content-Language": "zh-CN" if lang == "zh" else "en",
        "Vary": "Accept-Language",
        "Cache-Control": "no-store",
    }
    return HTMLResponse(html, status_code=status, headers=headers)
