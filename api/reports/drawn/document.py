"""The report laid out as blocks: the page and the PDF draw the same blocks, so they agree.

A block holds finished texts in one language and finished SVG; renderers decide only where
things stand on their sheet.
"""

from typing import Literal

import msgspec

Align = Literal["left", "right", "center"]


class Cell(msgspec.Struct, frozen=True):
    """Text of a table cell; smaller stand `aside` behind, `note` under it; `tone` a status word or
    ''."""

    text: str
    note: str = ""
    tone: str = ""
    aside: str = ""


class Column(msgspec.Struct, frozen=True):
    """width : share of the table's width."""

    title: str
    width: float = 1.0
    align: Align = "left"


class Table(msgspec.Struct, frozen=True, tag="table"):
    """halves : short rows, which a sheet may show as two tables side by side."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str = "—"
    halves: bool = False


class Facts(msgspec.Struct, frozen=True, tag="facts"):
    """Label, value and small note in a grid."""

    pairs: tuple[tuple[str, str, str], ...]


class Figure(msgspec.Struct, frozen=True, tag="figure"):
    """svgs stand side by side; `half`: each half as wide as the sheet, even one alone.
    narrow : the same drawn for a phone, where a wide drawing would be too small to read."""

    svgs: tuple[str, ...]
    caption: str
    alt: str
    half: bool = False
    narrow: tuple[str, ...] = ()


class Paragraph(msgspec.Struct, frozen=True, tag="paragraph"):
    text: str
    small: bool = False


class Bullets(msgspec.Struct, frozen=True, tag="bullets"):
    items: tuple[str, ...]
    small: bool = False


class Subheading(msgspec.Struct, frozen=True, tag="subheading"):
    text: str


class Signatures(msgspec.Struct, frozen=True, tag="signatures"):
    """Empty fields to sign by hand: per officer its labels."""

    people: tuple[tuple[str, ...], ...]


class Verdict(msgspec.Struct, frozen=True, tag="verdict"):
    """The head of the first page. tone: the verdict's machine word."""

    word: str
    mark: str
    tone: str
    sentences: tuple[str, ...]
    reasons: tuple[str, ...]
    """What was found, worst first; empty where one sentence says it all."""
    review: str
    qr_svg: str
    qr_caption: str


Block = Table | Facts | Figure | Paragraph | Bullets | Subheading | Signatures | Verdict


class Chapter(msgspec.Struct, frozen=True):
    """`id` is the anchor on the page; new_page: begins on a new sheet of the PDF."""

    id: str
    title: str
    blocks: tuple[Block, ...]
    new_page: bool = False


class Document(msgspec.Struct, frozen=True):
    lang: str
    title: str
    shipment: str
    issued: str
    """Number, date and office in one line, "" where none was given."""
    running_head: str
    time_note: str
    foot: str
    digest: str
    links: tuple[tuple[str, str], ...]
    """Word and address of what belongs to the report on its server; only the page has them."""
    chapters: tuple[Chapter, ...]
