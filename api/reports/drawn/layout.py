"""The whole report as a Document: chapters in the order an inspector reads."""

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
from coldwitness.api.reports.drawn.document import Document
from coldwitness.api.reports.drawn.view import View
from coldwitness.api.reports.made.model import Report
from coldwitness.api.reports.made.wording import Lang, say

_CHAPTERS = (
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
    """Every chapter, also where it has nothing to say: that it was looked for is told. Another
    pack's result stands after the requirements where there is one."""
    view = View(report, lang)
    chapters = _CHAPTERS if report.beside is None else (*_CHAPTERS[:2], beside, *_CHAPTERS[2:])
    digest = report.seal.sha256 if report.seal is not None else ""
    document = Document(
        lang="zh-CN" if lang == "zh" else "en",
        title=say("title", lang),
        shipment=report.shipment,
        running_head=f"{say('title', lang)} · {report.shipment}",
        time_note=say("layout.time_note", lang),
        foot=say("layout.foot", lang),
        digest=digest,
        chapters=tuple(chapter(view) for chapter in chapters),
    )
    return document if lang == "zh" else _with_plain_quotes(document)


def _with_plain_quotes(document: Document) -> Document:
    """Curly quotes are an em wide in a Chinese font, which tears English words apart."""
    text = msgspec.json.encode(document).decode("utf-8")
    return msgspec.json.decode(text.replace("“", "'").replace("”", "'"), type=Document)
