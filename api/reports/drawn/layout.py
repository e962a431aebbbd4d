"""The whole report as a Document: chapters in the order an inspector reads."""

from collections.abc import Callable
from typing import Any

import msgspec

from coldwitness.api.reports.drawn.chapters.beside import beside
from coldwitness.api.reports.drawn.chapters.closing import against, methods, review, verification
from coldwitness.api.reports.drawn.chapters.decision import decision
from coldwitness.api.reports.drawn.chapters.evidence import coverage
from coldwitness.api.reports.drawn.chapters.isolation import isolation
from coldwitness.api.reports.drawn.chapters.records import custody, instruments, integrity
from coldwitness.api.reports.drawn.chapters.requirements import requirements
from coldwitness.api.reports.drawn.chapters.route import route
from coldwitness.api.reports.drawn.chapters.temperature import episodes, temperature
from coldwitness.api.reports.drawn.document import Chapter, Document
from coldwitness.api.reports.drawn.glyphs import with_codes
from coldwitness.api.reports.drawn.view import View
from coldwitness.api.reports.made.model import Report
from coldwitness.api.reports.made.wording import Lang, say

_CHAPTERS: tuple[Callable[[View], Chapter | None], ...] = (
    decision,
    requirements,
    coverage,
    temperature,
    episodes,
    route,
    isolation,
    integrity,
    instruments,
    custody,
    against,
    methods,
    review,
    verification,
)


def lay_out(report: Report, lang: Lang) -> Document:
    """Every chapter that has something to say, be it that it was looked for and not found. Another
    pack's result stands after the requirements where there is one."""
    view = View(report, lang)
    chapters = _CHAPTERS if report.beside is None else (*_CHAPTERS[:2], beside, *_CHAPTERS[2:])
    document = Document(
        lang="zh-CN" if lang == "zh" else "en",
        title=say("title", lang),
        shipment=report.shipment,
        issued=_issued(view),
        running_head=f"{say('title', lang)} · {report.shipment}",
        time_note=say("layout.time_note", lang),
        foot=say("layout.foot", lang),
        digest=report.seal.sha256 if report.seal is not None else "",
        links=_links(view),
        chapters=tuple(made for chapter in chapters if (made := chapter(view)) is not None),
    )
    return _with_visible_signs(document if lang == "zh" else _with_plain_quotes(document), lang)


def _issued(view: View) -> str:
    """Number, date and office, as far as they were given."""
    issue = view.report.issue
    if issue is None:
        return ""
    told = (
        (key, value)
        for key, value in (
            ("layout.number", issue.number),
            ("layout.issued", issue.issued),
            ("layout.office", issue.office),
        )
        if value is not None
    )
    return view.say("layout.between").join(f"{view.say(key)} {value}" for key, value in told)


def _links(view: View) -> tuple[tuple[str, str], ...]:
    """Word and address of the PDF, the shipment's page and the list, where the report has one."""
    address = view.report.origin.address
    if address is None:
        return ()
    server = address.partition("/v1/")[0]
    return (
        (view.say("layout.pdf"), f"{address.removesuffix('.html')}.pdf?lang={view.lang}"),
        (view.say("shipment"), f"{server}/shipments/{view.report.shipment}?lang={view.lang}"),
        (view.say("layout.list"), f"{server}/?lang={view.lang}"),
    )


def _with_visible_signs(document: Document, lang: Lang) -> Document:
    """What no font draws, and what is not seen, stands as its code; then the foot says so."""
    replaced = False

    def shown(value: Any) -> Any:
        nonlocal replaced
        if isinstance(value, str):
            text = with_codes(value)
            replaced = replaced or text != value
            return text
        if isinstance(value, list | tuple):
            return [shown(one) for one in value]
        if isinstance(value, dict):
            return {key: shown(one) for key, one in value.items()}
        return value

    made = msgspec.convert(shown(msgspec.to_builtins(document)), Document)
    if not replaced:
        return document
    return msgspec.structs.replace(made, foot=f"{made.foot} {say('layout.codes', lang)}")


def _with_plain_quotes(document: Document) -> Document:
    """Curly quotes are an em wide in a Chinese font, which tears English words apart."""
    text = msgspec.json.encode(document).decode("utf-8")
    return msgspec.json.decode(text.replace("“", "'").replace("”", "'"), type=Document)
