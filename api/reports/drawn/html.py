"""The report as one self-contained page: no script, no outside request, prints on A4."""

from functools import singledispatch
from html import escape
from importlib import resources

from coldwitness.api.reports.drawn.document import (
    Bullets,
    Cell,
    Chapter,
    Column,
    Facts,
    Figure,
    Paragraph,
    Signatures,
    Subheading,
    Table,
    Verdict,
)
from coldwitness.api.reports.drawn.layout import lay_out
from coldwitness.api.reports.made.model import Report
from coldwitness.api.reports.made.wording import Lang


def render_html(report: Report, *, lang: Lang) -> str:
    """The whole page; the same report gives the same bytes."""
    document = lay_out(report, lang)
    style = (
        resources.files("coldwitness.api.reports.drawn")
        .joinpath("report.css")
        .read_text(encoding="utf-8")
    )
    contents = "".join(
        f'<li><a href="#{c.id}">{escape(c.title)}</a></li>' for c in document.chapters
    )
    return (
        f'<!doctype html>\n<html lang="{document.lang}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'\">\n"
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(document.running_head)}</title>\n<style>\n{style}</style>\n</head>\n"
        f'<body>\n<header><p class="brand">ColdWitness 冷证</p><h1>{escape(document.title)}</h1>'
        f'<p class="when">{escape(document.time_note)}</p>{_issued(document.issued)}</header>\n'
        f"{_links(document.links)}"
        f"<nav><ol>{contents}</ol></nav>\n"
        f"<main>\n{''.join(_chapter(c) for c in document.chapters)}</main>\n"
        f'<footer><p>{escape(document.foot)}</p><p class="digest">SHA-256 {document.digest}</p>'
        "</footer>\n</body>\n</html>\n"
    )


def _issued(text: str) -> str:
    return f'<p class="issued">{escape(text)}</p>' if text else ""


def _links(links: tuple[tuple[str, str], ...]) -> str:
    if not links:
        return ""
    pairs = "".join(f'<a href="{escape(to)}">{escape(word)}</a>' for word, to in links)
    return f'<p class="links">{pairs}</p>\n'


def _chapter(chapter: Chapter) -> str:
    blocks = "\n".join(_block(block) for block in chapter.blocks)
    return f'<section id="{chapter.id}"><h2>{escape(chapter.title)}</h2>\n{blocks}\n</section>\n'


@singledispatch
def _block(block: object) -> str:
    raise TypeError(f"no page for {type(block).__name__}")


@_block.register
def _(block: Verdict) -> str:
    sentences = "".join(f"<p>{escape(s)}</p>" for s in block.sentences)
    if block.reasons:
        sentences += "<ol>" + "".join(f"<li>{escape(s)}</li>" for s in block.reasons) + "</ol>"
    return (
        f'<div class="verdict {block.tone}"><div class="said">'
        f'<p class="word"><span class="mark">{block.mark}</span> {escape(block.word)}'
        f'<span class="review">{escape(block.review)}</span></p>{sentences}</div>'
        f'<figure class="qr">{block.qr_svg}<figcaption>{escape(block.qr_caption)}</figcaption>'
        "</figure></div>"
    )


@_block.register
def _(block: Table) -> str:
    if not block.rows:
        return f'<p class="empty">{escape(block.empty)}</p>'
    total = sum(column.width for column in block.columns)
    widths = "".join(f'<col style="width:{c.width / total:.1%}">' for c in block.columns)
    head = "".join(
        f'<th scope="col" class="{c.align}">{escape(c.title)}</th>' for c in block.columns
    )
    body = "".join(
        "<tr>"
        + "".join(_cell(cell, column) for cell, column in zip(row, block.columns, strict=True))
        + "</tr>\n"
        for row in block.rows
    )
    return (
        f"<table><colgroup>{widths}</colgroup><thead><tr>{head}</tr></thead>\n"
        f"<tbody>{body}</tbody></table>"
    )


def _cell(cell: Cell, column: Column) -> str:
    tone = f" tone {cell.tone}" if cell.tone else ""
    notes = "".join(
        f'<span class="note">{escape(line)}</span>' for line in cell.note.split("\n") if line
    )
    aside = f' <small class="aside">{escape(cell.aside)}</small>' if cell.aside else ""
    title = f' data-title="{escape(column.title)}"' if column.title else ""
    text = f"{escape(cell.text)}{aside}{notes}"
    return f'<td class="{column.align}{tone}"{title}><div>{text}</div></td>'


@_block.register
def _(block: Facts) -> str:
    pairs = "".join(
        f"<div{' class=wide' if max(len(value), len(note)) > 40 else ''}><dt>{escape(label)}</dt>"
        f"<dd>{escape(value)}"
        + (f'<span class="note">{escape(note)}</span>' if note else "")
        + "</dd></div>"
        for label, value, note in block.pairs
    )
    return f"<dl>{pairs}</dl>"


@_block.register
def _(block: Figure) -> str:
    side = " side" if block.half else ""
    wide = " wide" if block.narrow else ""
    drawings = _drawings(block.svgs, wide)
    if block.narrow:
        drawings += _drawings(block.narrow, " narrow")
    return (
        f'<figure class="chart{side}">{drawings}'
        f"<figcaption>{escape(block.caption)}</figcaption></figure>"
    )


def _drawings(svgs: tuple[str, ...], kind: str) -> str:
    inner = "".join(f'<div class="drawing">{svg}</div>' for svg in svgs)
    return f'<div class="drawings{kind}">{inner}</div>'


@_block.register
def _(block: Paragraph) -> str:
    return f"<p{' class=small' if block.small else ''}>{escape(block.text)}</p>"


@_block.register
def _(block: Bullets) -> str:
    start = '<ul class="small">' if block.small else "<ul>"
    return start + "".join(f"<li>{escape(item)}</li>" for item in block.items) + "</ul>"


@_block.register
def _(block: Subheading) -> str:
    return f"<h3>{escape(block.text)}</h3>"


@_block.register
def _(block: Signatures) -> str:
    people = "".join(
        '<div class="person">'
        + "".join(f"<p><span>{escape(label)}</span></p>" for label in person)
        + "</div>"
        for person in block.people
    )
    return f'<div class="signatures">{people}</div>'
